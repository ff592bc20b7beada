"""The chopping board: heaps of cut food, a knife, a hand.

Here: the board's step. Not here: how boards, knives and foods are painted.
"""

import numpy as np

from recipe_assets.studio.sample.contents import clutter, hold
from recipe_assets.studio.sample.flats import near_middle, slight_turn
from recipe_assets.studio.sample.food import Patch
from recipe_assets.studio.sample.larder import Food
from recipe_assets.studio.sample.look import RecipeLook
from recipe_assets.studio.sample.materials import Material
from recipe_assets.studio.sample.palette import Rng, rgb, vary
from recipe_assets.studio.sample.paths import Point, turned
from recipe_assets.studio.sample.projection import Canvas
from recipe_assets.studio.sample.props import (
    knife,
)
from recipe_assets.studio.sample.servings import fill_patch, strew
from recipe_assets.studio.sample.trays import Tray, draw_board

BOARD_COLORS = ("c89a62", "a87444", "7d5232", "ddbb86", "e9e7e0", "7fa67a", "b4564c", "4a4a4e", "8fb2c4")


def draw_chopping_board(canvas: Canvas, rng: Rng, center: Point, angle: float) -> Tray:
    """Paint an empty board, whose looks are drawn from `rng`, and return it."""
    tone = vary(rgb(str(rng.choice(BOARD_COLORS, p=[0.25, 0.2, 0.12, 0.15, 0.12, 0.05, 0.04, 0.04, 0.03]))), rng)
    name = "wooden" if tone[0] > tone[2] * 1.3 else "plastic"
    board = Tray(
        kind="board",
        material=Material(name, "", tone, tone, tone, 0.2),
        width=float(rng.uniform(35, 44)),
        depth=float(rng.uniform(24, 30)),
        height=float(rng.uniform(1.2, 2.6)),
        corner=float(rng.uniform(0.6, 3.0)),
        angle=angle,
        center=center,
    )
    draw_board(canvas, board, rng)
    return board


def board_step(canvas: Canvas, look: RecipeLook) -> None:
    """A chopping board with food in heaps or being cut, a knife, perhaps the hands."""
    rng = canvas.rng
    center = near_middle(canvas)
    clutter(canvas, look, center, 21, 2)
    board = draw_chopping_board(canvas, look.maker(rng, "board"), center, slight_turn(canvas, 0.12))
    heaps = int(rng.integers(1, 4))
    for index in range(heaps):
        offset = np.array([(index - (heaps - 1) / 2) * board.width / (heaps + 0.6), rng.normal(0, 2.5)])
        at = turned(offset[None], board.angle, board.center)[0]
        heap(canvas, look.food(rng, "c"), (float(at[0]), float(at[1])), board.height, heaps)
    if rng.random() < 0.7:
        side = 1 if rng.random() < 0.5 else -1
        at = turned(np.array([[-12.0, side * (board.depth / 2 - 3.2)]]), board.angle, board.center)[0]
        blade = board.angle + float(rng.normal(0, 0.12))
        knife(canvas, (float(at[0]), float(at[1])), blade, board.height + 0.8)
        if rng.random() < 0.45:
            grip = turned(np.array([[24.0, 0.0]]), blade, (float(at[0]), float(at[1])))[0]
            hold(canvas, look, (float(grip[0]), float(grip[1])), 6, center)


def heap(canvas: Canvas, food: Food, at: Point, z: float, heaps: int = 1) -> None:
    """Paint a loose heap of one food on a board."""
    rng, reach = canvas.rng, float(canvas.rng.uniform(3.6, 5.6)) * (1.35 if heaps == 1 else 1.0)
    patch = Patch(at, (reach, reach * float(rng.uniform(0.7, 1.0))), z, True, float(rng.uniform(0, 3)))
    if food.shape in ("fillet", "patty", "dough", "leaf"):
        patch = Patch(at, (7.5, 7.0), z)
    if rng.random() < 0.7:
        fill_patch(canvas, patch, food, 0.8)
    strew(canvas, patch.shrunk(1.25), food, int(rng.integers(4, 14)))
