"""Where the wider world's scenes stand: tables, counters, a hob, a sink, an oven rack, a picnic.

Here: places, their caption phrases, and what is painted of them below everything else. Not here: things.
"""

from dataclasses import dataclass

import numpy as np

from recipe_assets.studio.sample.palette import Rng, ink, rgb, shade
from recipe_assets.studio.sample.paths import box
from recipe_assets.studio.sample.projection import Canvas
from recipe_assets.studio.sample.surfaces import Surface, draw_surface

PHRASES: dict[str, tuple[str, ...]] = {
    "dark wood": ("on a dark wooden table", "on dark wood", "on a wooden table"),
    "light wood": ("on a light wooden table", "on pale wood", "on a wooden table"),
    "white wood": ("on white painted wood", "on a white wooden table"),
    "marble": ("on marble", "on a marble counter"),
    "slate": ("on dark slate", "on dark stone"),
    "concrete": ("on concrete", "on a gray stone counter"),
    "white": ("on a white counter", "on a white background"),
    "black": ("on a black counter", "on a black background"),
    "tiles": ("on tiles", "on a tiled counter"),
    "cloth": ("on a tablecloth", "on cloth"),
    "striped cloth": ("on a striped tablecloth", "on a striped cloth"),
    "steel": ("on a steel counter", "on a metal table"),
    "hob": ("on a stove", "on the hob", "on a stove with burners"),
    "sink": ("in a sink", "in a steel sink"),
    "rack": ("on an oven rack", "on a wire rack in the oven"),
    "picnic": ("on a picnic cloth", "on a checked cloth"),
    "grass": ("on grass", "on the lawn"),
}


@dataclass(frozen=True)
class Place:
    """A place: its name in `PHRASES` and the surface below it."""

    name: str
    surface: Surface


def draw_place(rng: Rng) -> Place:
    """Draw a place: two in three are tables and counters."""
    if rng.random() < 0.66:
        return Place(*draw_surface(rng))
    name = str(rng.choice(["hob", "hob", "sink", "rack", "picnic", "grass"]))
    if name == "grass":
        return Place(name, Surface("grass", rgb("6f9a3f"), rgb("3f6a26"), False, int(rng.integers(2**31))))
    under = {"hob": "black", "sink": "steel", "rack": "black", "picnic": "white"}[name]
    return Place(name, draw_surface(rng, under)[1])


def paint_place(canvas: Canvas, place: Place) -> None:
    """Paint what a place has besides its surface."""
    painters = {"hob": _hob, "sink": _sink, "rack": _rack, "picnic": _checks}
    if place.name in painters:
        painters[place.name](canvas)


def _hob(canvas: Canvas) -> None:
    x, y = (float(v) for v in canvas.rng.uniform(-4, 4, 2))
    for dx, dy in ((0, 0), (-28, -6), (28, -6), (-27, 24), (27, 24)):
        canvas.ring((x + dx, y + dy), 0.1, 10.5, 0.45, "#8d8d92", 0.8)
        canvas.ring((x + dx, y + dy), 0.1, 7.5, 1.4, "#a8402c" if (dx, dy) == (0, 0) else "#4a4a50", 0.6)
    for dx in (-30, -25, 25, 30):
        canvas.disc((dx, canvas.frame[1] / 2 - 2.5), 1.5, 1.9, "#b9babd")


def _sink(canvas: Canvas) -> None:
    width, height = canvas.frame[0] * 0.86, canvas.frame[1] * 0.86
    for inset, tone in ((0.0, 0.45), (1.2, 0.75), (3.0, 0.92)):
        canvas.shape(box(width - inset * 2, height - inset * 2, 6.0), 0, ink(shade(rgb("a9acaf"), tone)))
    canvas.disc((width * 0.3, 0), 0, 4.0, "#6a6d70")
    canvas.disc((width * 0.3, 0), 0, 2.6, "#2e3032")


def _rack(canvas: Canvas) -> None:
    half_w, half_h = canvas.frame[0] / 2, canvas.frame[1] / 2
    for x in np.arange(-half_w, half_w, 3.2):
        canvas.line(np.array([[x, -half_h], [x, half_h]]), 0, 0.55, "#a9aaad")
    for y in (-half_h * 0.7, half_h * 0.7):
        canvas.line(np.array([[-half_w, y], [half_w, y]]), 0, 0.9, "#c0c1c4")


def _checks(canvas: Canvas) -> None:
    color = str(canvas.rng.choice(["#c0322c", "#2f5f9a", "#3f8a4a"]))
    half_w, half_h, step = canvas.frame[0] / 2, canvas.frame[1] / 2, float(canvas.rng.uniform(5, 8))
    for x in np.arange(-half_w, half_w + step, step):
        ends = np.array([[x, -half_h], [x, half_h]])
        canvas.line(ends, 0, step / 2, color, 'stroke-opacity="0.5"', "butt")
        across = np.array([[-half_w, x], [half_w, x]])
        canvas.line(across, 0, step / 2, color, 'stroke-opacity="0.5"', "butt")
