"""Steps without a round vessel: trays, dishes, grill plates.

Here: one function per such keyword. Not here: how trays, props and foods are painted.
"""

from dataclasses import replace

import numpy as np

from recipe_assets.studio.sample.contents import clutter, hold, lay_spoon, load, season, stir
from recipe_assets.studio.sample.food import Patch
from recipe_assets.studio.sample.handles import draw_handles
from recipe_assets.studio.sample.larder import foods_for, larder, pick
from recipe_assets.studio.sample.look import RecipeLook
from recipe_assets.studio.sample.materials import DISHES, HANDLES, TRAYS, draw_material
from recipe_assets.studio.sample.palette import rgb
from recipe_assets.studio.sample.paths import Point, turned
from recipe_assets.studio.sample.projection import Canvas
from recipe_assets.studio.sample.roundware import Vessel
from recipe_assets.studio.sample.servings import fill_patch, strew
from recipe_assets.studio.sample.trays import Tray, draw_tray, draw_tray_rim


def near_middle(canvas: Canvas) -> Point:
    """Draw where a thing without a long handle stands, in cm."""
    x, y = np.clip(canvas.rng.normal(0, 1.8, 2), -4, 4)
    return (float(x), float(y) * 0.7)


def slight_turn(canvas: Canvas, spread: float = 0.14) -> float:
    """Draw how far a rectangular thing is turned, in radians; now and then it stands upright."""
    quarter = np.pi / 2 if canvas.rng.random() < 0.12 else 0.0
    return float(quarter + canvas.rng.normal(0, spread))


def tray_step(canvas: Canvas, look: RecipeLook) -> None:
    """An oven tray: a low metal rim, often paper, pieces spread on it."""
    rng = canvas.rng
    made = look.maker(rng, "tray")
    tray = Tray(
        kind="tray",
        material=draw_material(made, TRAYS),
        width=float(made.uniform(36, 42)),
        depth=float(made.uniform(28, 32)),
        height=float(made.uniform(1.8, 2.6)),
        corner=2.2,
        angle=slight_turn(canvas, 0.1),
        center=near_middle(canvas),
        full=0.15,
        paper=bool(rng.random() < 0.6),
    )
    clutter(canvas, look, tray.center, 18, 2)
    draw_tray(canvas, tray)
    spread(canvas, look, tray.patch(2.6), "o")
    draw_tray_rim(canvas, tray)
    if rng.random() < 0.55:
        stir(canvas, look, tray.center, 8, 3.0, 0.6)
    elif rng.random() < 0.5:
        hold(canvas, look, (tray.center[0] + float(rng.normal(0, 8)), tray.center[1] + 10), 7, tray.center)


def spread(canvas: Canvas, look: RecipeLook, patch: Patch, place: str) -> None:
    """Spread food as for roasting: one layer of one to three foods, or nothing yet."""
    rng = canvas.rng
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.08, 0.42, 0.35, 0.15]))):
        food = look.food(rng, place)
        while food.shape in ("sauce", "gratin", "dough"):
            food = pick(rng, foods_for(place))
        strew(canvas, patch, food, int(np.clip(0.5 * patch.area / food.size**2, 4, canvas.pieces * 0.6)))
    season(canvas, patch)


def dish_step(canvas: Canvas, look: RecipeLook) -> None:
    """An oven dish: deep, ceramic or glass, with ears, filled."""
    rng = canvas.rng
    made = look.maker(rng, "dish")
    dish = Tray(
        kind="dish",
        material=draw_material(made, DISHES),
        width=float(made.uniform(24, 32)),
        depth=float(made.uniform(17, 22)),
        height=float(made.uniform(5.4, 6.4)),
        corner=float(made.uniform(2, 4)),
        angle=slight_turn(canvas, 0.2),
        center=near_middle(canvas),
        full=float(rng.uniform(0.2, 0.75)),
        ears=bool(made.random() < 0.8),
        oval=bool(made.random() < 0.3),
    )
    clutter(canvas, look, dish.center, 14)
    lay_spoon(canvas, dish.center, 19)
    draw_tray(canvas, dish)
    load(canvas, look, dish.patch(0.9), "o", 0.05)
    if rng.random() < 0.35:
        fill_patch(canvas, dish.patch(0.9), larder()["melted cheese"], 0.97)
        season(canvas, dish.patch(2.0))
    draw_tray_rim(canvas, dish)
    stir(canvas, look, dish.center, 7, dish.height, 0.3)


def grill_step(canvas: Canvas, look: RecipeLook) -> None:
    """A ridged grill plate, perhaps with food that has char marks."""
    rng = canvas.rng
    made = look.maker(rng, "grill")
    side = float(made.uniform(25.5, 28.5))
    coat = draw_material(made, ("iron", "iron", "nonstick", "graphite", "teal", "red"))
    ridged = draw_material(made, ("iron", "nonstick", "graphite")).inside
    plate = Tray(
        kind="grill",
        material=replace(coat, inside=ridged, gloss=0.3),
        width=side,
        depth=side * float(made.choice([1.0, 0.98, 0.82])),
        height=2.6,
        corner=2.4,
        angle=float(rng.uniform(-0.5, 0.5)),
        center=near_middle(canvas),
        full=0.3,
    )
    clutter(canvas, look, plate.center, 14)
    lay_spoon(canvas, plate.center, 16)
    _grill_handle(canvas, plate)
    draw_tray(canvas, plate)
    grilled(canvas, look, plate)
    draw_tray_rim(canvas, plate)
    stir(canvas, look, plate.center, 7, 3.0, 0.35)


def _grill_handle(canvas: Canvas, plate: Tray) -> None:
    if canvas.rng.random() > 0.55:
        return
    stem = Vessel(
        kind="grill",
        material=plate.material,
        diameter=plate.width - 1.0,
        height=2.6,
        handles="long",
        angle=plate.angle,
        handle_color=rgb(str(canvas.rng.choice(HANDLES))),
        handle_length=float(canvas.rng.uniform(14, 18)),
        center=plate.center,
    )
    draw_handles(canvas, stem)


def grilled(canvas: Canvas, look: RecipeLook, plate: Tray) -> None:
    """Lay a few pieces on the ridges, and char them along the ridges."""
    rng = canvas.rng
    if rng.random() < 0.1:
        return
    food, patch = look.food(rng, "g"), plate.patch(4.0)
    if food.shape in ("fillet", "patty"):
        fill_patch(canvas, patch.shrunk(0.9), food, 0.85)
    else:
        strew(canvas, patch, food, int(np.clip(0.3 * patch.area / food.size**2, 4, 26)), max(food.size, 2.6))
    marks = np.arange(-0.8, 0.81, 0.26)
    for x in marks if food.shape in ("fillet", "patty") else ():
        for y in rng.uniform(-0.6, 0.6, 3):
            bar = np.array([[x, y - 0.1], [x, y + 0.1]]) * np.array(patch.half)
            canvas.line(
                turned(bar, plate.angle, plate.center), plate.food_z, 0.5, "#1c0f08", 'stroke-opacity="0.5"'
            )
