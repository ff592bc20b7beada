"""What a scene stands on, as pixels: wood, stone, tile, cloth, metal, grass, a hob.

Here: textures of the counter, computed with numpy at the size of the render. Not here: anything that stands on it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recipe_assets.studio.sample.palette import RGB, Rng, rgb

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class Surface:
    """A counter: its kind, its main and second colour, the angle of its grain, and a seed of its own."""

    kind: str
    color: RGB
    second: RGB
    across: bool
    seed: int


KINDS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "dark wood": ("wood", (("5b3c26", "3b2415"), ("4a3426", "2c1d14"), ("6b4730", "452b1a"))),
    "light wood": ("wood", (("c79d6b", "a97c4b"), ("d8b88c", "b8935f"), ("b98b5c", "94683c"))),
    "white wood": ("wood", (("e2ded6", "c6c0b4"), ("d6d4d0", "b4b2ae"))),
    "marble": ("marble", (("e9e7e4", "a9a7a8"), ("dcd8d2", "8f8a86"), ("f0ece4", "c4b49a"))),
    "slate": ("stone", (("3c4044", "2a2d30"), ("4a4a4c", "333436"))),
    "concrete": ("stone", (("a3a19c", "85837f"), ("bab7b0", "9a978f"))),
    "white": ("plain", (("eeece8", "e2e0dc"), ("e6e8ea", "dadcdf"))),
    "black": ("plain", (("26262a", "1c1c1f"),)),
    "tiles": ("tile", (("dfe3e2", "b7b9b6"), ("8fb0b5", "dcdcd6"), ("c9bca6", "8d8170"), ("3f5a6b", "b9bcbc"))),
    "cloth": ("cloth", (("8c2f39", "7a2530"), ("5d7a8c", "4b6778"), ("d9cdb4", "c6b898"), ("7b8f6a", "67795a"),
                        ("d4a84f", "c0933b"))),
    "striped cloth": ("stripes", (("e6e2d8", "5c7fa3"), ("ece6da", "b04a42"), ("e0ddd2", "7d8a6a"))),
    "steel": ("metal", (("b4b7ba", "9a9da1"), ("a5a7a8", "8b8e90"))),
}  # fmt: skip


def draw_surface(rng: Rng, name: str | None = None) -> tuple[str, Surface]:
    """Draw a counter, of the named kind or of any; return its name and what it looks like."""
    name = name or str(rng.choice(list(KINDS)))
    kind, colors = KINDS[name]
    first, second = colors[int(rng.integers(len(colors)))]
    jitter = float(rng.normal(0, 6))
    main, other = (brighter(rgb(code), jitter) for code in (first, second))
    return name, Surface(kind, main, other, bool(rng.random() < 0.4), int(rng.integers(2**31)))


def brighter(color: RGB, levels: float) -> RGB:
    """Add `levels` of 255 to every channel."""
    return (color[0] + levels, color[1] + levels, color[2] + levels)


def cloud(rng: Rng, size: tuple[int, int], cells: tuple[int, int]) -> Pixels:
    """Return smooth noise of about unit spread, with `cells` bumps across and down."""
    small = rng.normal(0, 1, (max(2, cells[1]), max(2, cells[0]))).astype(np.float32)
    return np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC), dtype=np.float32)


def blend(surface: Surface, share: Pixels) -> Pixels:
    """Mix the two colours of a surface pixel by pixel."""
    first, second = np.array(surface.color, np.float32), np.array(surface.second, np.float32)
    return np.asarray(first + (second - first) * np.clip(share, -0.5, 1.5)[..., None], np.float32)


def wood(surface: Surface, rng: Rng, size: tuple[int, int], scale: float) -> Pixels:
    """Planks with a fine grain; `scale` is pixels per cm."""
    w, h = size
    plank = float(rng.uniform(8, 16)) * scale
    rows = np.arange(h, dtype=np.float32)[:, None]
    index = (rows / plank).astype(int)
    tone = rng.normal(0, 0.22, index.max() + 1).astype(np.float32)[index]
    grain = 0.22 * cloud(rng, size, (5, max(4, h // 3))) + 0.14 * cloud(rng, size, (22, max(4, h // 2)))
    knots = 0.18 * cloud(rng, size, (4, max(3, h // 40)))
    gap = np.abs(rows / plank - np.round(rows / plank)) * plank < max(0.6, 0.06 * scale)
    share = 0.4 + tone + grain + knots + np.where(gap & (index > 0), 0.9, 0)
    return blend(surface, share + np.zeros((h, w), np.float32))


def marble(surface: Surface, rng: Rng, size: tuple[int, int], scale: float) -> Pixels:
    """Pale stone with thin veins."""
    field = cloud(rng, size, (4, 3)) + 0.5 * cloud(rng, size, (11, 8)) + 0.18 * cloud(rng, size, (40, 27))
    veins = np.exp(-np.abs(field) * 14) * (0.4 + 0.4 * np.abs(cloud(rng, size, (5, 4))))
    return blend(surface, veins + 0.12 * cloud(rng, size, (7, 5)))


def stone(surface: Surface, rng: Rng, size: tuple[int, int], scale: float) -> Pixels:
    """Slate or concrete: blotches of several sizes."""
    coarse = 0.22 * cloud(rng, size, (6, 4)) + 0.14 * cloud(rng, size, (24, 16))
    return blend(surface, 0.5 + coarse + 0.1 * cloud(rng, size, (size[0] // 3, size[1] // 3)))


def plain(surface: Surface, rng: Rng, size: tuple[int, int], scale: float) -> Pixels:
    """A painted board: nearly even."""
    return blend(surface, 0.5 + 0.25 * cloud(rng, size, (4, 3)))


def tile(surface: Surface, rng: Rng, size: tuple[int, int], scale: float) -> Pixels:
    """Square tiles with grout between them."""
    side = float(rng.uniform(9, 16)) * scale
    x, y = (np.arange(n, dtype=np.float32) / side + rng.random() for n in size)
    near = [np.abs(v - np.round(v)) * side < max(0.6, 0.13 * scale) for v in (x, y)]
    tones = rng.normal(0, 0.1, (int(y[-1]) + 1, int(x[-1]) + 1)).astype(np.float32)
    share = tones[y.astype(int)][:, x.astype(int)] + 0.06 * cloud(rng, size, (12, 8))
    grout = near[0][None, :] | near[1][:, None]
    return blend(surface, np.asarray(np.where(grout, 1.0, share), np.float32))


def cloth(surface: Surface, rng: Rng, size: tuple[int, int], scale: float) -> Pixels:
    """A woven cloth with soft folds."""
    w, h = size
    weave = 0.2 * cloud(rng, size, (w // 2, 40)) + 0.2 * cloud(rng, size, (60, h // 2))
    return blend(surface, 0.5 + weave + 0.5 * cloud(rng, size, (4, 3)))


def stripes(surface: Surface, rng: Rng, size: tuple[int, int], scale: float) -> Pixels:
    """A pale cloth with coloured stripes."""
    period = float(rng.uniform(3, 7)) * scale
    phase = np.arange(size[0], dtype=np.float32) / period % 1
    share = np.where(phase < rng.uniform(0.15, 0.45), 0.85, 0.0)[None, :]
    return blend(surface, share.astype(np.float32) + 0.12 * cloud(rng, size, (60, size[1] // 2)))


def metal(surface: Surface, rng: Rng, size: tuple[int, int], scale: float) -> Pixels:
    """Brushed steel."""
    return blend(surface, 0.5 + 0.3 * cloud(rng, size, (3, size[1] // 2)) + 0.3 * cloud(rng, size, (4, 3)))


def grass(surface: Surface, rng: Rng, size: tuple[int, int], scale: float) -> Pixels:
    """A lawn."""
    blades = 0.45 * cloud(rng, size, (size[0] // 2, size[1] // 4)) + 0.3 * cloud(rng, size, (9, 6))
    return blend(surface, np.asarray(0.5 + blades, np.float32))


PAINTERS: dict[str, Callable[[Surface, Rng, tuple[int, int], float], Pixels]] = {
    "wood": wood, "marble": marble, "stone": stone, "plain": plain, "tile": tile, "cloth": cloth,
    "stripes": stripes, "metal": metal, "grass": grass,
}  # fmt: skip


def paint_surface(surface: Surface, size: tuple[int, int], scale: float) -> Pixels:
    """Compute a counter's pixels, (height, width, 3) in 0-255; `scale` is pixels per cm."""
    rng = np.random.default_rng(surface.seed)
    if not surface.across:
        return PAINTERS[surface.kind](surface, rng, size, scale)
    return PAINTERS[surface.kind](surface, rng, size[::-1], scale).transpose(1, 0, 2)
