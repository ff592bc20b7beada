"""A cook's hand that comes in from an edge of the frame, with its sleeve.

Here: the hand, about 9 cm across the palm. Not here: what it holds.
"""

from math import atan2

import numpy as np

from recipe_assets.studio.sample.palette import RGB, WHITE, ink, mix, rgb, shade
from recipe_assets.studio.sample.paths import Point, turned
from recipe_assets.studio.sample.projection import Canvas

SKINS = ("f1c9a8", "e3b088", "c98f66", "a86f48", "7d4e32", "593626")
SLEEVES = ("e9e7e2", "2b2e34", "5f7a94", "a8b0a0", "7a2f33", "d0c2a8", "48604e")


def draw_hand(canvas: Canvas, at: Point, start: Point, skin: RGB, sleeve: RGB | None, z: float = 9.0) -> None:
    """Paint a hand that grips something at `at`; its arm reaches in from `start`, outside the frame."""
    angle = atan2(at[1] - start[1], at[0] - start[0])
    length = float(np.hypot(at[0] - start[0], at[1] - start[1]))
    arm = np.array([[-length, -4.0], [-9.0, -3.1], [-6.0, -3.6], [-6.0, 3.6], [-9.0, 3.1], [-length, 4.0]])
    palm = np.array(
        [[-8.0, -3.2], [-4.0, -4.3], [0.4, -4.5], [1.8, -2.5], [1.9, 2.0], [0.6, 4.2], [-4.0, 4.4], [-8.0, 3.2]]
    )
    limb = turned(arm, angle, at)
    canvas.shade_shape(limb, z - 4, z)
    canvas.shape(limb - np.array(canvas.light.toward) * 2.0, z - 3, "#100a08", 'fill-opacity="0.18"')
    canvas.shape(limb, z, _round_shade(canvas, at, angle, skin))
    if sleeve is not None:
        _sleeve(canvas, at, angle, length, sleeve, z)
    canvas.shape(turned(palm, angle, at), z, _round_shade(canvas, at, angle, skin), smooth=True)
    _fingers(canvas, at, angle, skin, z)


def _round_shade(canvas: Canvas, at: Point, angle: float, color: RGB) -> str:
    side = np.array([-np.sin(angle), np.cos(angle)]) * 4.6
    if float(side @ np.array(canvas.light.toward)) < 0:
        side = -side
    x, y = canvas.at(*at, 9)
    stops = ((0.0, shade(color, 1.08), 1.0), (0.5, color, 1.0), (1.0, shade(color, 0.6), 1.0))
    return canvas.linear((x + side[0], y + side[1]), (x - side[0], y - side[1]), *stops)


def _sleeve(canvas: Canvas, at: Point, angle: float, length: float, color: RGB, z: float) -> None:
    cuff = np.array([[-length - 2, -6.0], [-14.0, -4.8], [-13.6, 0.0], [-14.0, 4.8], [-length - 2, 6.0]])
    canvas.shape(turned(cuff, angle, at), z + 1, _round_shade(canvas, at, angle, color))
    edge = turned(np.array([[-14.4, -4.7], [-14.0, 0.0], [-14.4, 4.7]]), angle, at)
    canvas.line(edge, z + 1, 0.8, ink(shade(color, 0.7)))


def _fingers(canvas: Canvas, at: Point, angle: float, skin: RGB, z: float) -> None:
    """Four curled fingers side by side, and the thumb."""
    lit = np.array(canvas.light.toward) * 0.3
    for row, reach in ((-3.1, 2.6), (-1.1, 3.3), (0.9, 3.2), (2.8, 2.3)):
        bone = turned(np.array([[-1.6, row], [reach * 0.6, row * 0.96], [reach, row * 0.86]]), angle, at)
        canvas.line(bone, z, 1.95, ink(shade(skin, 0.74)))
        canvas.line(bone, z, 1.72, ink(shade(skin, 0.93)))
        canvas.line(bone + lit * 0.7, z, 1.1, ink(shade(skin, 1.06)), 'stroke-opacity="0.5"')
        canvas.line(bone[2:] - np.diff(bone[1:], axis=0) * 0.1, z, 1.0, ink(shade(mix(skin, WHITE, 0.25), 1.0)))
    thumb = turned(np.array([[-5.0, 3.6], [-1.5, 5.3], [1.5, 4.6]]), angle, at)
    canvas.line(thumb, z, 2.25, ink(shade(skin, 0.75)))
    canvas.line(thumb, z, 1.95, ink(shade(skin, 0.97)))


def entry(canvas: Canvas, at: Point, main: Point) -> Point:
    """Return where an arm that ends at `at` comes from: outside the frame, on the far side from the main thing."""
    outward = np.array(at) - np.array(main) + np.array([0.0, 4.0])
    turn = float(np.arctan2(outward[1], outward[0]) + canvas.rng.normal(0, 0.3))
    reach = float(np.hypot(*canvas.frame)) * 0.75
    return (at[0] + reach * float(np.cos(turn)), at[1] + reach * float(np.sin(turn)))


def skin_tone(rng: np.random.Generator) -> RGB:
    """Draw a skin tone."""
    return rgb(str(rng.choice(SKINS)))


def sleeve_color(rng: np.random.Generator) -> RGB | None:
    """Draw a sleeve, or none for a bare arm."""
    return None if rng.random() < 0.3 else rgb(str(rng.choice(SLEEVES)))
