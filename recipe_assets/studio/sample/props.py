"""Things beside and in the vessels: spoons, knives, forks, napkins, glasses, jars, packets, small dishes.

Here: props and their real sizes in cm. Not here: hands, cookware, food shapes.
"""

from collections.abc import Callable

import numpy as np

from recipe_assets.studio.sample.food import Patch
from recipe_assets.studio.sample.larder import Food
from recipe_assets.studio.sample.materials import Material
from recipe_assets.studio.sample.palette import RGB, ink, rgb, shade, vary
from recipe_assets.studio.sample.paths import Floats, Point, box, turned
from recipe_assets.studio.sample.projection import Canvas
from recipe_assets.studio.sample.roundware import Vessel
from recipe_assets.studio.sample.servings import fill_patch, strew
from recipe_assets.studio.sample.vessels import draw_body, draw_rim

WOOD, STEEL = rgb("b98350"), rgb("c3c6c9")


def _rod(
    canvas: Canvas, at: Point, angle: float, span: tuple[float, float], width: float, color: RGB, z: float
) -> None:
    ends = turned(np.array([[span[0], 0.0], [span[1], 0.0]]), angle, at)
    toward = np.array(canvas.light.toward)
    bands = ((1.0, 0.72, 0.0), (0.8, 0.9, 0.08), (0.5, 1.06, 0.17))
    for part, tone, shift in bands if canvas.fine else bands[::2]:
        canvas.line(ends + toward * width * shift, z, width * part, ink(shade(color, tone)))


def _head(canvas: Canvas, shape: Floats, at: Point, angle: float, color: RGB, z: float, bowl: float) -> None:
    points, lit = turned(shape, angle, at), np.array(canvas.light.toward) * 0.15
    canvas.shape(points, z, ink(shade(color, 0.74)), smooth=True)
    canvas.shape(turned((shape - shape.mean(0)) * 0.93 + shape.mean(0), angle, at) + lit * 0.7, z,
                 ink(shade(color, 1.04)), smooth=True)  # fmt: skip
    if bowl:
        hollow = turned((shape - shape.mean(0)) * bowl + shape.mean(0), angle, at)
        (x, y), reach = canvas.at(float(hollow[:, 0].mean()), float(hollow[:, 1].mean()), z), 2.6
        (lx, ly) = canvas.light.toward
        ends = ((x + lx * reach, y + ly * reach), (x - lx * reach, y - ly * reach))
        fill = canvas.linear(
            *ends, (0, shade(color, 0.72), 1), (0.6, shade(color, 0.98), 1), (1, shade(color, 1.3), 1)
        )
        canvas.shape(hollow, z, fill, smooth=True)


def _oval(cx: float, half_x: float, half_y: float) -> Floats:
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    return np.stack([cx + half_x * np.cos(turn), half_y * np.sin(turn)], 1)


def _cast(canvas: Canvas, at: Point, angle: float, length: float, width: float, z: float) -> None:
    ends = turned(np.array([[0.5, 0.0], [length - 0.5, 0.0]]), angle, at)
    canvas.shade_line(ends, width, z)
    drop = np.array(canvas.light.drop(min(z, 4.0) * 0.5 + 0.5))
    canvas.line(ends + drop, z, width, "#120c08", 'stroke-opacity="0.2"')


def spoon(canvas: Canvas, at: Point, angle: float, z: float, color: RGB = STEEL, length: float = 19.0) -> None:
    """A tablespoon, 19 cm, its head at `at` and its handle along `angle`."""
    _cast(canvas, at, angle, length, 1.2, z)
    _rod(canvas, at, angle, (4.0, length), 0.85, color, z)
    _head(canvas, _oval(2.8, 3.3, 2.1), at, angle, color, z, 0.72)


def wooden_spoon(canvas: Canvas, at: Point, angle: float, z: float) -> None:
    """A cooking spoon of wood, 30 cm."""
    color = vary(WOOD, canvas.rng, 10)
    _cast(canvas, at, angle, 30.0, 1.6, z)
    _rod(canvas, at, angle, (5.0, 30.0), 1.3, color, z)
    _head(canvas, _oval(3.6, 4.2, 2.7), at, angle, color, z, 0.66)


def spatula(canvas: Canvas, at: Point, angle: float, z: float) -> None:
    """A turner, 31 cm, black or red or steel."""
    color = rgb(str(canvas.rng.choice(["2b2b2e", "a8332c", "9da0a3", "3b5f7a"])))
    _cast(canvas, at, angle, 31.0, 1.8, z)
    _rod(canvas, at, angle, (8.0, 31.0), 1.5, color, z)
    _head(canvas, box(9.0, 7.2, 1.2) + np.array([4.5, 0]), at, angle, color, z, 0.0)


def fork(canvas: Canvas, at: Point, angle: float, z: float) -> None:
    """A fork, 19 cm."""
    _cast(canvas, at, angle, 19.0, 1.2, z)
    _rod(canvas, at, angle, (5.0, 19.0), 0.85, STEEL, z)
    _head(canvas, _oval(5.2, 2.0, 1.25), at, angle, STEEL, z, 0.0)
    for side in (-0.95, -0.32, 0.32, 0.95):
        tine = turned(np.array([[0.2, side * 0.9], [4.2, side]]), angle, at)
        canvas.line(tine, z, 0.42, ink(shade(STEEL, 0.95)))


def knife(canvas: Canvas, at: Point, angle: float, z: float) -> None:
    """A chef's knife, 32 cm, its point at `at`."""
    _cast(canvas, at, angle, 32.0, 2.6, z)
    blade = np.array([[0, 0.9], [4, -0.9], [10, -2.0], [19, -2.4], [19.5, 1.5], [8, 1.5]])
    canvas.shape(turned(blade, angle, at), z, ink(shade(STEEL, 0.8)))
    ground = turned(blade * np.array([0.97, 0.55]) + np.array([0.4, 0.6]), angle, at)
    canvas.shape(ground, z, ink(shade(STEEL, 1.12)))
    _rod(canvas, at, angle, (20.5, 31.0), 2.4, rgb(str(canvas.rng.choice(["232326", "5a3a22", "8b5c36"]))), z)


def table_knife(canvas: Canvas, at: Point, angle: float, z: float) -> None:
    """A table knife, 21 cm."""
    _cast(canvas, at, angle, 21.0, 1.2, z)
    _rod(canvas, at, angle, (10.0, 21.0), 1.1, STEEL, z)
    _head(canvas, _oval(5.4, 5.6, 0.95), at, angle, STEEL, z, 0.0)


def whisk(canvas: Canvas, at: Point, angle: float, z: float) -> None:
    """A whisk, 27 cm."""
    _cast(canvas, at, angle, 27.0, 1.6, z)
    for bulge in (-2.7, -1.4, 0.0, 1.4, 2.7):
        wire = np.array([[0.3, bulge * 0.3], [2.5, bulge * 0.9], [6, bulge], [10, bulge * 0.5], [13, 0]])
        canvas.line(turned(wire, angle, at), z, 0.22, ink(shade(STEEL, 1.1)))
    _rod(canvas, at, angle, (13.0, 27.0), 1.7, shade(STEEL, 0.85), z)


UTENSILS: dict[str, Callable[[Canvas, Point, float, float], None]] = {
    "wooden spoon": wooden_spoon, "spatula": spatula, "spoon": spoon, "whisk": whisk, "fork": fork,
}  # fmt: skip


def napkin(canvas: Canvas, at: Point, angle: float, side: float = 17.0) -> None:
    """A folded napkin."""
    color = vary(
        rgb(str(canvas.rng.choice(["e8e4da", "6f86a0", "b5533f", "7d8a6a", "c9a55a", "3f4a58"]))), canvas.rng
    )
    points = turned(box(side, side * 0.7, 0.4) + canvas.rng.normal(0, 0.15, (16, 2)), angle, at)
    canvas.shade_shape(points, 0, 0.8)
    canvas.shape(points, 0.4, canvas.across(at, 0, side / 2, shade(color, 1.06), shade(color, 0.86)))
    fold = turned(np.array([[-side / 2, 0.8], [side / 2, 0.5]]), angle, at)
    canvas.line(fold, 0.4, 0.3, ink(shade(color, 0.7)), 'stroke-opacity="0.7"')


def small_dish(
    canvas: Canvas, at: Point, stuff: Material, food: Food, diameter: float = 8.0, full: float = 0.6
) -> None:
    """A little bowl of something, about 8 cm."""
    dish = Vessel("dish", stuff, diameter, 3.5, base=0.7, curve=0.7, full=full, center=at)
    draw_body(canvas, dish)
    fill_patch(canvas, dish.patch(), food, 0.93)
    draw_rim(canvas, dish)


def drinking_glass(canvas: Canvas, at: Point, stuff: Material, drink: Food) -> None:
    """A tumbler, 7.5 cm across and 10 high."""
    tumbler = Vessel("cup", stuff, 7.5, 10.0, base=0.8, full=0.65, center=at)
    draw_body(canvas, tumbler)
    fill_patch(canvas, tumbler.patch(), drink)
    draw_rim(canvas, tumbler)


def jar(canvas: Canvas, at: Point, radius: float = 3.4, height: float = 9.0) -> None:
    """A jar or tin with its lid on."""
    lid = vary(rgb(str(canvas.rng.choice(["c9a24a", "b8322a", "dcdcd8", "3a3a3e", "5f7f4a"]))), canvas.rng)
    canvas.shade_disc(at, radius, 0, height)
    for z in (0.0, height * 0.5):
        canvas.disc(at, z, radius, canvas.across(at, z, radius, shade(lid, 0.8), shade(lid, 0.45)))
    canvas.disc(at, height, radius, canvas.across(at, height, radius, shade(lid, 1.15), shade(lid, 0.8)))
    canvas.ring(at, height, radius * 0.82, 0.18, ink(shade(lid, 1.3)), 0.6)


def packet(canvas: Canvas, at: Point, angle: float, width: float = 11.0, depth: float = 15.0) -> None:
    """A printed bag or carton lying flat."""
    rng = canvas.rng
    color = vary(rgb(str(rng.choice(["d8d2c4", "a8763e", "4f7a8c", "b5413a", "7d9a4a", "e2b63c"]))), rng)
    points = turned(box(width, depth, 0.7) + rng.normal(0, 0.12, (16, 2)), angle, at)
    canvas.shade_shape(points, 0, 3.0)
    canvas.shape(points, 2.5, canvas.across(at, 2.5, depth / 2, shade(color, 1.1), shade(color, 0.8)))
    label = turned(box(width * 0.66, depth * 0.42, 0.5) - np.array([0, depth * 0.08]), angle, at)
    canvas.shape(label, 2.5, ink(shade(color, 1.6)), 'fill-opacity="0.85"')
    for row in (0.22, 0.3):
        text = turned(np.array([[-width * 0.22, depth * row], [width * 0.22, depth * row]]), angle, at)
        canvas.line(text, 2.5, 0.4, ink(shade(color, 0.5)), 'stroke-opacity="0.7"')


def sprig(canvas: Canvas, at: Point, angle: float, food: Food, length: float = 11.0) -> None:
    """A bunch of herbs."""
    stem = turned(np.array([[-length / 2, 0.0], [0.0, 0.5], [length / 2, 0.0]]), angle, at)
    canvas.shade_line(stem, 3.0, 0.6)
    canvas.line(stem, 0.4, 0.5, "#5d7a3a")
    strew(canvas, Patch(at, (length / 2, 2.2), 0.6, True, angle), food, 16, 2.4)
