"""Outlines of food pieces, many at a time: dice, grains, leaves, strands, slices.

Here: unit shapes about the origin as (n, corners, 2) arrays, about 1 across. Not here: colours, places, painting.
"""

from collections.abc import Callable

import numpy as np

from recipe_assets.studio.sample.palette import Rng
from recipe_assets.studio.sample.paths import Floats


def blobs(rng: Rng, count: int, corners: int = 7, rough: float = 0.12, aspect: float = 1.0) -> Floats:
    """Irregular roundish outlines; `aspect` stretches them along x."""
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False) + rng.normal(0, 0.5 / corners, (count, corners))
    radii = 0.54 * (1 + rng.normal(0, rough, (count, corners)))
    stretch = np.array([aspect**0.5, aspect**-0.5])
    return np.asarray(np.stack([np.cos(angles), np.sin(angles)], axis=2) * radii[..., None] * stretch)


def dice(rng: Rng, count: int) -> Floats:
    """Cubes as cut by hand: four corners, not quite square."""
    square = np.array([[0.45, 0.45], [-0.45, 0.45], [-0.45, -0.45], [0.45, -0.45]])
    return square * rng.uniform(0.75, 1.15, (count, 1, 2)) + rng.normal(0, 0.06, (count, 4, 2))


def bars(rng: Rng, count: int, thickness: float) -> Floats:
    """Rods seen from the side: tubes, beans, strips."""
    half = thickness / 2
    rod = np.array([[0.5, half], [0, half], [-0.5, half], [-0.5, -half], [0, -half], [0.5, -half]])
    bend = rng.normal(0, thickness * 0.5, (count, 1))
    bars_ = rod * rng.uniform(0.8, 1.1, (count, 1, 1))
    bars_[:, [1, 4], 1] += bend
    return bars_


def halves(rng: Rng, count: int) -> Floats:
    """Mushroom slices or shrimp: a cap with a narrower foot."""
    half = np.array([[-0.5, 0.02], [-0.34, -0.36], [0, -0.48], [0.34, -0.36], [0.5, 0.02], [0.22, 0.1],
                     [0.16, 0.44], [-0.16, 0.44], [-0.22, 0.1]])  # fmt: skip
    return half * rng.uniform(0.8, 1.1, (count, 1, 2))


def leaves(rng: Rng, count: int) -> Floats:
    """Pointed leaves with an uneven edge."""
    leaf = np.array(
        [[-0.55, 0], [-0.3, -0.22], [0, -0.3], [0.32, -0.2], [0.55, 0], [0.3, 0.22], [0, 0.3], [-0.3, 0.2]]
    )
    return leaf * rng.uniform(0.75, 1.2, (count, 1, 2)) + rng.normal(0, 0.03, (count, 8, 2))


MAKERS: dict[str, Callable[[Rng, int], Floats]] = {
    "grain": lambda rng, n: blobs(rng, n, 6, 0.06, 2.6),
    "bean": lambda rng, n: blobs(rng, n, 7, 0.06, 1.2),
    "dice": dice,
    "chunk": lambda rng, n: blobs(rng, n, 7, 0.17, 1.25),
    "crumb": lambda rng, n: blobs(rng, n, 6, 0.25, 1.2),
    "tube": lambda rng, n: bars(rng, n, 0.24),
    "strip": lambda rng, n: bars(rng, n, 0.26),
    "shred": lambda rng, n: bars(rng, n, 0.16),
    "leaf": leaves,
    "half": halves,
    "floret": lambda rng, n: blobs(rng, n, 11, 0.2, 1.05),
    "coin": lambda rng, n: blobs(rng, n, 9, 0.03, 1.04),
    "ball": lambda rng, n: blobs(rng, n, 9, 0.02, 1.04),
    "flake": lambda rng, n: blobs(rng, n, 5, 0.3, 1.5),
    "gratin": lambda rng, n: blobs(rng, n, 8, 0.25, 1.3),
    "powder": lambda rng, n: blobs(rng, n, 8, 0.2, 1.3),
}
ANGULAR = ("dice", "strip", "shred")


def make(shape: str, rng: Rng, count: int, size: float) -> Floats:
    """Return `count` outlines of a shape, turned at random, `size` cm across with some spread."""
    units = MAKERS[shape](rng, count) * (size * rng.lognormal(0, 0.13, (count, 1, 1)))
    angles = rng.uniform(0, 2 * np.pi, count)
    c, s = np.cos(angles), np.sin(angles)
    return np.asarray(np.einsum("nki,nij->nkj", units, np.stack([np.stack([c, s], 1), np.stack([-s, c], 1)], 1)))
