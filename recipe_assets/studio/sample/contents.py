"""What happens in a vessel or on a board: food, utensils, hands, and the things at the frame's edge.

Here: choices shared by all steps. Not here: which vessel it is.
"""

from math import atan2, cos, hypot, sin

import numpy as np

from recipe_assets.studio.sample.food import Patch
from recipe_assets.studio.sample.hands import draw_hand, entry
from recipe_assets.studio.sample.larder import HERB, PEPPER, SEEDS, larder, pick
from recipe_assets.studio.sample.look import RecipeLook
from recipe_assets.studio.sample.materials import BOWLS, draw_material
from recipe_assets.studio.sample.paths import Point
from recipe_assets.studio.sample.projection import Canvas
from recipe_assets.studio.sample.props import UTENSILS, jar, napkin, packet, small_dish, sprig
from recipe_assets.studio.sample.servings import fill_patch, strew


def load(canvas: Canvas, look: RecipeLook, patch: Patch, place: str, empty: float = 0.08) -> None:
    """Fill a patch in one of the ways cooks do: covered, a heap, a base with pieces, loose pieces, nothing."""
    rng = canvas.rng
    draw = float(rng.random())
    if draw < empty:
        return
    food = look.food(rng, place)
    if draw < 0.4:
        fill_patch(canvas, patch, food, 0.97 if rng.random() < 0.55 else float(rng.uniform(0.55, 0.85)))
    elif draw < 0.78:
        fill_patch(canvas, patch, food, 0.97 if rng.random() < 0.7 else float(rng.uniform(0.65, 0.88)))
        top(canvas, look, patch.shrunk(0.8), place)
    else:
        strew(canvas, patch, food, int(rng.integers(6, 34)))
        if rng.random() < 0.5:
            strew(canvas, patch, look.food(rng, place), int(rng.integers(4, 18)))
    season(canvas, patch)


def top(canvas: Canvas, look: RecipeLook, patch: Patch, place: str) -> None:
    """Lay pieces of one or two more foods on top."""
    rng = canvas.rng
    for _ in range(int(rng.integers(1, 3))):
        food = look.food(rng, place)
        if food.shape in ("liquid", "water", "broth", "sauce", "powder"):
            fill_patch(canvas, patch.shrunk(float(rng.uniform(0.3, 0.6))), food, 0.8)
        else:
            strew(canvas, patch, food, int(rng.integers(5, 30)), min(food.size, min(patch.half) * 0.6))


def season(canvas: Canvas, patch: Patch, chance: float = 0.4) -> None:
    """Now and then sprinkle herbs, spices or seeds."""
    rng = canvas.rng
    if canvas.fine and rng.random() < chance:
        strew(canvas, patch, pick(rng, [HERB, HERB, PEPPER, SEEDS]), int(rng.integers(15, 70)))


def stir(canvas: Canvas, look: RecipeLook, center: Point, reach: float, rim: float, chance: float = 0.5) -> None:
    """Perhaps leave a utensil in a vessel, its handle over the rim; perhaps a hand holds it."""
    rng = canvas.rng
    if rng.random() > chance * look.stirring:
        return
    turn = float(rng.uniform(0.1, np.pi - 0.1) if rng.random() < 0.75 else rng.uniform(-np.pi, 0))
    back = float(rng.uniform(0.05, 0.6)) * reach
    at = (center[0] - cos(turn) * back, center[1] - sin(turn) * back)
    name = str(rng.choice(list(UTENSILS), p=[0.4, 0.2, 0.2, 0.14, 0.06]))
    UTENSILS[name](canvas, at, turn, rim)
    if rng.random() < 0.55:
        grip = {"spoon": 14.0, "fork": 14.0}.get(name, 21.0)
        hold(canvas, look, (at[0] + cos(turn) * grip, at[1] + sin(turn) * grip), rim + 2, center)


def hold(canvas: Canvas, look: RecipeLook, at: Point, z: float, main: Point) -> None:
    """Let the cook's hand hold something at a point, its arm clear of the main thing."""
    draw_hand(canvas, at, entry(canvas, at, main), look.skin, look.sleeve, max(z, 6.0))


def lay_spoon(canvas: Canvas, main: Point, reach: float, chance: float = 0.55) -> None:
    """Perhaps lay a spoon or fork beside the main thing: a common object of constant size."""
    rng = canvas.rng
    if rng.random() > chance:
        return
    side = 1.0 if rng.random() < 0.5 else -1.0
    x = main[0] + side * (reach + float(rng.uniform(2.5, 5.0)))
    turn = float(rng.normal(np.pi / 2, 0.18))
    name = "fork" if rng.random() < 0.3 else "spoon"
    UTENSILS[name](canvas, (x, main[1] - 9 + float(rng.normal(0, 3))), turn, 0.6)


def clutter(canvas: Canvas, look: RecipeLook, main: Point, reach: float, most: int = 3) -> None:
    """Put up to `most` small things near the frame's edge, clear of the main thing."""
    rng = canvas.rng
    for _ in range(int(rng.integers(0, most + 1))):
        spot = _edge_spot(canvas)
        if hypot(spot[0] - main[0], spot[1] - main[1]) > reach + 8:
            clutter_piece(canvas, look, spot)


def _edge_spot(canvas: Canvas) -> Point:
    rng, (width, height) = canvas.rng, canvas.frame
    side = 1.0 if rng.random() < 0.5 else -1.0
    if rng.random() < 0.75:
        return (side * width * float(rng.uniform(0.39, 0.52)), height * float(rng.uniform(-0.5, 0.5)))
    return (width * float(rng.uniform(-0.5, 0.5)), side * height * float(rng.uniform(0.44, 0.56)))


def clutter_piece(canvas: Canvas, look: RecipeLook, spot: Point) -> None:
    """Paint one small thing: a dish, a jar, a napkin, a packet, herbs or single vegetables."""
    rng, draw = canvas.rng, float(canvas.rng.random())
    turn = float(rng.uniform(0, 3.1))
    if draw < 0.35:
        small_dish(canvas, spot, draw_material(rng, BOWLS), look.food(rng, "b"), float(rng.uniform(6.5, 9.5)))
    elif draw < 0.5:
        jar(canvas, spot)
    elif draw < 0.65:
        napkin(canvas, spot, turn)
    elif draw < 0.75:
        packet(canvas, spot, turn)
    elif draw < 0.85:
        sprig(canvas, spot, turn, larder()["basil"])
    else:
        raw = larder()[str(rng.choice(["cherry tomatoes", "lemon slices", "mushrooms", "potatoes", "onions"]))]
        strew(canvas, Patch(spot, (5.0, 5.0), 0.8), raw, int(rng.integers(2, 7)), max(2.6, raw.size * 1.2))


def bearing(start: Point, end: Point) -> float:
    """Return the direction from one point to another, in radians."""
    return atan2(end[1] - start[1], end[0] - start[0])
