"""Steps on the table: ingredients laid out, a finished dish on its plate, a close-up of it.

Here: one function per such keyword. Not here: cookware, how foods are painted.
"""

from recipe_assets.studio.sample.contents import clutter, hold, season, top
from recipe_assets.studio.sample.flats import near_middle
from recipe_assets.studio.sample.food import Patch
from recipe_assets.studio.sample.larder import foods_for, larder, pick
from recipe_assets.studio.sample.look import RecipeLook
from recipe_assets.studio.sample.materials import BOWLS, PLATES, draw_material
from recipe_assets.studio.sample.paths import Point
from recipe_assets.studio.sample.projection import Canvas
from recipe_assets.studio.sample.props import (
    drinking_glass,
    fork,
    jar,
    napkin,
    packet,
    small_dish,
    sprig,
    table_knife,
)
from recipe_assets.studio.sample.roundware import Vessel
from recipe_assets.studio.sample.servings import fill_patch, strew
from recipe_assets.studio.sample.vessels import draw_body, draw_rim

WHOLE = ("cherry tomatoes", "potatoes", "mushrooms", "broccoli", "lemon slices", "asparagus", "salmon", "steak",
         "chicken breast", "green beans", "bread rolls", "tomatoes", "sweet potatoes", "cauliflower")  # fmt: skip


def group_step(canvas: Canvas, look: RecipeLook) -> None:
    """Ingredients laid out on the counter on a loose grid, none of them the main thing."""
    rng, (width, height) = canvas.rng, canvas.frame
    columns, rows = int(rng.integers(3, 5)), int(rng.choice([2, 3, 3]))
    spots = [((c + 0.5) / columns - 0.5, (r + 0.5) / rows - 0.5) for c in range(columns) for r in range(rows)]
    keep = rng.permutation(len(spots))[: int(rng.integers(min(6, len(spots)), min(11, len(spots)) + 1))]
    for index in sorted(int(k) for k in keep):
        u, v = spots[index]
        at = (u * width * 0.8 + float(rng.normal(0, 1.3)), v * height * 0.86 + float(rng.normal(0, 1.1)))
        ingredient(canvas, look, at)


def ingredient(canvas: Canvas, look: RecipeLook, at: Point) -> None:
    """Paint one ingredient as it is laid out: in a little dish, a packet or a jar, or bare."""
    rng, draw = canvas.rng, float(canvas.rng.random())
    turn = float(rng.normal(0, 0.25))
    if draw < 0.3:
        small_dish(
            canvas,
            at,
            draw_material(rng, (*BOWLS, "glass", "glass")),
            look.food(rng, "b"),
            float(rng.uniform(7, 10)),
        )
    elif draw < 0.42:
        packet(canvas, at, turn, float(rng.uniform(9, 12)), float(rng.uniform(12, 16)))
    elif draw < 0.52:
        jar(canvas, at, float(rng.uniform(2.6, 4.2)), float(rng.uniform(6, 12)))
    elif draw < 0.62:
        sprig(canvas, at, float(rng.uniform(0, 3)), larder()[str(rng.choice(["basil", "spinach", "kale"]))])
    else:
        food = larder()[str(rng.choice(WHOLE))]
        patch = Patch(at, (6.4, 5.6), 1.0, True, turn)
        strew(canvas, patch, food, int(rng.integers(2, 8)), food.size * (1.3 if food.size < 5 else 1.0))


def serve(canvas: Canvas, look: RecipeLook, plate: Vessel) -> None:
    """Paint a plate and a dish on it: a base, things on top, garnish."""
    rng = canvas.rng
    draw_body(canvas, plate)
    well = plate.patch().shrunk(0.76 if plate.height < 3 else 0.97)
    share = float(rng.uniform(0.7, 0.95))
    fill_patch(canvas, well, look.food(rng, "p" if rng.random() < 0.6 else "b"), share)
    for _ in range(int(rng.integers(1, 3))):
        off = rng.normal(0, 0.22, 2) * well.half[0]
        spot = Patch((plate.center[0] + float(off[0]), plate.center[1] + float(off[1])), well.half, well.z + 0.6)
        top(canvas, look, spot.shrunk(float(rng.uniform(0.4, 0.65))), "p")
    season(canvas, well.shrunk(0.9), 0.75)
    draw_rim(canvas, plate)


def draw_plate(canvas: Canvas, center: Point) -> Vessel:
    """Draw a plate (26-29 cm) or a deep plate with a wide rim (25-28 cm)."""
    rng, stuff = canvas.rng, draw_material(canvas.rng, PLATES)
    if rng.random() < 0.65:
        return Vessel("plate", stuff, float(rng.uniform(26, 29)), 2.2, 0.72, 0.6, full=0.3, center=center)
    return Vessel("plate", stuff, float(rng.uniform(25, 28)), 4.2, 0.66, 5.0, full=0.45, center=center)


def plate_step(canvas: Canvas, look: RecipeLook) -> None:
    """A finished dish on its plate, with cutlery, napkin, glass."""
    rng = canvas.rng
    plate = draw_plate(canvas, near_middle(canvas))
    x, y, r = *plate.center, plate.diameter / 2
    clutter(canvas, look, plate.center, r, 2)
    side = 1.0 if rng.random() < 0.8 else -1.0
    if rng.random() < 0.5:
        napkin(canvas, (x - side * (r + 6), y), float(rng.normal(1.57, 0.15)))
    if rng.random() < 0.9:
        fork(canvas, (x - side * (r + 4), y - 9), float(rng.normal(1.57, 0.06)), 0.8)
    if rng.random() < 0.6:
        table_knife(canvas, (x + side * (r + 4), y - 10), float(rng.normal(1.57, 0.06)), 0.6)
    if rng.random() < 0.35:
        drinking_glass(
            canvas, (x + side * (r + 7), y - 17), draw_material(rng, ("glass",)), pick(rng, foods_for("w"))
        )
    serve(canvas, look, plate)
    if rng.random() < 0.12:
        hold(canvas, look, (x + side * (r - 1), y + 4), 6, plate.center)


def closeup_step(canvas: Canvas, look: RecipeLook) -> None:
    """Plated food from near: it fills the frame."""
    rng = canvas.rng
    canvas.pieces = 150
    plate = draw_plate(canvas, (float(rng.normal(0, 2.4)), float(rng.normal(0, 1.6))))
    serve(canvas, look, plate)
    if rng.random() < 0.3:
        fork(canvas, (float(rng.uniform(2, 6)), float(rng.uniform(0, 4))), float(rng.uniform(0.2, 1.2)), 2.5)
