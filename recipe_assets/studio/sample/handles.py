"""Handles of round cookware: one long handle, or two loops opposite each other.

Here: handles only. Not here: the vessel that they are riveted to, or rectangular dishes' ears.
"""

from math import cos, sin

import numpy as np

from recipe_assets.studio.sample.palette import ink, shade
from recipe_assets.studio.sample.paths import Floats, turned
from recipe_assets.studio.sample.projection import Canvas
from recipe_assets.studio.sample.roundware import Vessel


def draw_handles(canvas: Canvas, vessel: Vessel) -> None:
    """Paint the handles of a vessel; do this before its body, so that the body covers their roots."""
    if vessel.handles == "long":
        _long(canvas, vessel)
    elif vessel.handles == "loops":
        for side in (0.0, np.pi):
            _loop(canvas, vessel, vessel.angle + side)


def _long(canvas: Canvas, vessel: Vessel) -> None:
    length, start = vessel.handle_length, vessel.diameter / 2 - 0.6
    z, color = vessel.height * 0.85 + 0.6, vessel.handle_color
    canvas.shade_shape(_grip(vessel, start, length, 1.45), z - 1, z)
    neck = _placed(vessel, np.array([[start, 0.0], [start + 4.2, 0.0]]))
    canvas.line(neck, z, 1.7, ink(shade(vessel.material.rim, 0.62)))
    canvas.line(neck, z + 0.3, 1.1, ink(shade(vessel.material.rim, 0.95)))
    canvas.shape(_grip(vessel, start + 2.6, length - 2.6, 1.45), z, ink(shade(color, 0.66)), smooth=True)
    lit = np.array(canvas.light.toward) * 0.16
    canvas.shape(_grip(vessel, start + 2.7, length - 2.9, 1.2) + lit, z, ink(shade(color, 1.05)), smooth=True)
    if not canvas.fine:
        return
    shine = _placed(vessel, np.array([[start + 4.5, 0.0], [start + length - 2.5, 0.0]])) + lit * 2.4
    canvas.line(shine, z, 0.4, "#ffffff", 'stroke-opacity="0.28"')
    eye = _placed(vessel, np.array([[start + length - 1.4, 0.0], [start + length - 0.9, 0.0]]))
    canvas.line(eye, z, 0.75, ink(shade(color, 0.25)))


def _placed(vessel: Vessel, points: Floats) -> Floats:
    return turned(points, vessel.angle, vessel.center)


def _grip(vessel: Vessel, start: float, length: float, half: float) -> Floats:
    along = np.array([0.0, 0.04, 0.3, 0.7, 0.93, 1.0]) * length + start
    wide = np.array([0.45, 0.7, 0.8, 0.98, 1.0, 0.55]) * half
    upper, lower = np.stack([along, wide], 1), np.stack([along, -wide], 1)[::-1]
    return _placed(vessel, np.concatenate([upper, lower]))


def _loop(canvas: Canvas, vessel: Vessel, angle: float) -> None:
    r, z = vessel.diameter / 2, vessel.height * 0.78
    span, reach = min(4.6, r * 0.42), min(4.2, 2.6 + r * 0.08)
    turn = np.linspace(-np.pi / 2, np.pi / 2, 13)
    round_ = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.7 * span
    bow = np.stack([np.cos(turn) ** 0.7 * reach - 0.2, round_], axis=1)
    root = r * cos(span / r * 0.8)
    points = turned(bow + np.array([root, 0]), angle, vessel.center)
    color = vessel.handle_color
    canvas.shade_line(points, 1.2, z)
    canvas.line(points, z, 1.25, ink(shade(color, 0.66)))
    canvas.line(points + np.array(canvas.light.toward) * 0.12, z, 0.9, ink(color))
    if canvas.fine:
        canvas.line(
            points[3:10] + np.array(canvas.light.toward) * 0.25, z, 0.28, "#ffffff", 'stroke-opacity="0.5"'
        )
    for side in (-span, span) if canvas.fine else ():
        foot = turned(np.array([[root - 0.2, side], [root - 0.2 + 0.01, side]]), angle, vessel.center)
        canvas.line(foot, z, 1.7, ink(shade(color, 0.8)))


def handle_tip(vessel: Vessel) -> tuple[float, float]:
    """Return where a hand would hold a long handle."""
    reach = vessel.diameter / 2 + vessel.handle_length * 0.68
    return (vessel.center[0] + cos(vessel.angle) * reach, vessel.center[1] + sin(vessel.angle) * reach)
