"""Outlines and lines as arrays of points in cm, and as SVG path data.

Here: geometry without a camera. Not here: painting.
"""

from math import cos, sin

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Point = tuple[float, float]


def track(points: Floats) -> str:
    """Return path data of an open line."""
    template = "M%.2f %.2f" + "L%.2f %.2f" * (len(points) - 1)
    return str(template % tuple(points.ravel()))


def outline(points: Floats, smooth: bool = False) -> str:
    """Return path data of one closed outline (k x 2) or of many (n x k x 2)."""
    many = points.reshape(-1, *points.shape[-2:])
    count, corners = many.shape[0], many.shape[1]
    if not smooth:
        template = "M%.2f %.2f" + "L%.2f %.2f" * (corners - 1) + "Z"
        return str((template * count) % tuple(many.ravel()))
    middles = (many + np.roll(many, -1, axis=1)) / 2
    curve = np.concatenate([np.roll(many, -1, axis=1), np.roll(middles, -1, axis=1)], axis=2).reshape(count, -1)
    template = "M%.2f %.2f" + "Q%.2f %.2f %.2f %.2f" * corners + "Z"
    return str((template * count) % tuple(np.concatenate([middles[:, 0], curve], axis=1).ravel()))


def box(width: float, height: float, corner: float = 0.0, steps: int = 4) -> Floats:
    """Return a rectangle's outline about the origin, its corners rounded by `corner` cm."""
    quarter = np.linspace(0, np.pi / 2, steps if corner else 1)
    arcs = []
    for turn, (sx, sy) in enumerate([(1, 1), (-1, 1), (-1, -1), (1, -1)]):
        hub = np.array([sx * (width / 2 - corner), sy * (height / 2 - corner)])
        angles = quarter + turn * np.pi / 2
        arcs.append(hub + corner * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    return np.concatenate(arcs)


def turned(points: Floats, angle: float, center: Point = (0.0, 0.0)) -> Floats:
    """Turn an outline about the origin by `angle` radians, then move it to `center`."""
    c, s = cos(angle), sin(angle)
    return np.asarray(points @ np.array([[c, s], [-s, c]]) + np.array(center))
