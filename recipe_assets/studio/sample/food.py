"""Food on a level patch: what fills a pan, lies on a board or is heaped on a plate.

Here: patches and how each shape of food is painted on one. Not here: which food, and what it lies in.
"""

from dataclasses import dataclass

import numpy as np

from recipe_assets.studio.sample.larder import Food
from recipe_assets.studio.sample.palette import RGB, WHITE, ink, mix, shade, vary
from recipe_assets.studio.sample.paths import Floats, Point, outline, track, turned
from recipe_assets.studio.sample.pieces import ANGULAR, blobs, make
from recipe_assets.studio.sample.projection import Canvas

GOLDEN = 2.399963


@dataclass(frozen=True)
class Patch:
    """A level area for food: its centre and half sizes in cm, its height, whether it is round, and its turn."""

    center: Point
    half: tuple[float, float]
    z: float
    round: bool = True
    angle: float = 0.0

    @property
    def area(self) -> float:
        """Square centimetres."""
        return float(self.half[0] * self.half[1] * (np.pi if self.round else 4))

    def spots(self, canvas: Canvas, count: int, margin: float) -> Floats:
        """Return `count` evenly scattered points of the patch in shuffled order, `margin` cm from its edge."""
        rng, half = canvas.rng, np.maximum(np.array(self.half) - margin, 0.15)
        index = np.arange(count)
        if self.round:
            radius = np.sqrt((index + 0.5) / count)
            turn = index * GOLDEN + rng.uniform(0, 6)
            unit = np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)
        else:
            unit = np.stack([(index * 0.7548776662) % 1, (index * 0.5698402910) % 1], axis=1) * 2 - 1
        spread = 0.5 / np.sqrt(max(count, 1))
        unit = np.clip(unit + rng.normal(0, spread, unit.shape) * 0.7, -1, 1)
        return turned(rng.permutation(unit) * half, self.angle, self.center)

    def edge(self, canvas: Canvas, share: float = 1.0, rough: float = 0.0) -> Floats:
        """Return the patch's outline, shrunk to `share` and made irregular by `rough`."""
        turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        unit = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        if not self.round:
            unit = np.clip(unit * 1.28, -1, 1)
        waves = sum(
            canvas.rng.normal(0, rough / k) * np.sin(k * turn + canvas.rng.uniform(0, 6)) for k in (2, 3, 5)
        )
        return turned(
            unit * (share * (1 + np.asarray(waves)))[..., None] * np.array(self.half), self.angle, self.center
        )

    def shrunk(self, share: float) -> "Patch":
        """Return the same patch made smaller."""
        return Patch(self.center, (self.half[0] * share, self.half[1] * share), self.z, self.round, self.angle)


def scatter(canvas: Canvas, food: Food, spots: Floats, z: float, size: float, dark: float = 0.4) -> None:
    """Paint one piece at each spot in overlapping layers, each with a soft shadow and a lit side."""
    rng, (lx, ly) = canvas.rng, canvas.light.toward
    shapes, s = make(food.shape, rng, len(spots), size), canvas.scale(z)
    smooth, light = food.shape not in ANGULAR, np.array([lx, ly])
    layers = np.array_split(np.arange(len(spots)), min(len(spots), 12 if canvas.fine else 3))
    for layer in layers:
        tone: RGB = vary(food.tones[int(rng.integers(len(food.tones)))], rng)
        placed, shape = spots[layer][:, None] * s, shapes[layer] * s
        fall = outline(placed + shape * 1.06 - light * min(0.17 * size, 0.5), smooth)
        canvas.paint(f'<path d="{fall}" fill="#140c06" fill-opacity="{dark:.2f}"/>')
        edge = f'stroke="{ink(shade(tone, 0.7))}" stroke-width="0.07"' if canvas.detail > 20 else ""
        canvas.paint(f'<path d="{outline(placed + shape, smooth)}" fill="{ink(tone)}" {edge}/>')
        if canvas.fine and size * canvas.detail > 7:
            _details(canvas, food, placed, shape, size, (lx, ly))


def _details(canvas: Canvas, food: Food, placed: Floats, shape: Floats, size: float, light: Point) -> None:
    toward = np.array(light)
    if food.shape == "coin":
        inner = mix(food.tones[0], WHITE, 0.18)
        canvas.paint(f'<path d="{outline(placed + shape * 0.84, True)}" fill="{ink(inner)}"/>')
        core = outline(placed + shape * 0.45, True)
        canvas.paint(f'<path d="{core}" fill="{ink(shade(food.tones[1], 0.9))}" fill-opacity="0.4"/>')
    elif food.shape == "leaf":
        veins = np.stack([placed[:, 0] + shape[:, 0] * 0.9, placed[:, 0] + shape[:, 4] * 0.9], axis=1)
        data = "".join(track(vein) for vein in veins)
        canvas.paint(f'<path d="{data}" stroke="#dff0b8" stroke-opacity="0.4" stroke-width="{size * 0.035:.3f}"/>')
    if canvas.detail > 20:
        dim = outline(placed + shape * 0.8 - toward * 0.08 * size, food.shape not in ANGULAR)
        canvas.paint(f'<path d="{dim}" fill="#2a1206" fill-opacity="0.1"/>')
        spot = outline(placed + shape * 0.16 + toward * 0.2 * size, True)
        canvas.paint(f'<path d="{spot}" fill="#ffffff" fill-opacity="0.35"/>')
    glow = outline(placed + shape * 0.5 + toward * 0.13 * size * canvas.scale(0), food.shape not in ANGULAR)
    canvas.paint(f'<path d="{glow}" fill="#fff4dc" fill-opacity="{0.34 if food.shape == "ball" else 0.17}"/>')


def underlay(canvas: Canvas, food: Food, patch: Patch, share: float, rough: float) -> None:
    """Paint the dense mass below the pieces, with a shadow at its foot."""
    tone, s = shade(food.tones[1], 0.74), canvas.scale(patch.z)
    edge = patch.edge(canvas, share, rough)
    if share < 0.95:
        drop = np.array(canvas.light.toward) * 0.5
        canvas.shape(edge - drop, patch.z, "#120c08", 'fill-opacity="0.28"', smooth=True)
    middle, reach = (patch.center[0] * s, patch.center[1] * s), max(patch.half) * share * s
    fill = ink(tone)
    if canvas.fine:
        fill = canvas.radial(middle, reach, (0, shade(tone, 1.08), 1), (0.75, tone, 1), (1, shade(tone, 0.72), 1))
    canvas.shape(edge, patch.z, fill, smooth=True)


def lump(canvas: Canvas, center: Point, z: float, outline_: Floats, food: Food, height: float = 2.0) -> None:
    """Paint one large piece with volume: shadow, rounded shading and a lit crown."""
    (x, y), s = canvas.at(*center, z), canvas.scale(z)
    reach = float(np.abs(outline_).max()) * s
    (lx, ly), tone = canvas.light.toward, vary(food.tones[0], canvas.rng, 5)
    drop = np.array([lx, ly]) * height * 0.35
    canvas.shape(outline_ * 1.03 + np.array(center) - drop, z, "#120c08", 'fill-opacity="0.4"', smooth=True)
    hub = (x + lx * reach * 0.35, y + ly * reach * 0.35)
    stops = ((0.0, shade(tone, 1.2), 1.0), (0.55, tone, 1.0), (1.0, shade(food.tones[1], 0.68), 1.0))
    canvas.shape(outline_ + np.array(center), z, canvas.radial(hub, reach * 1.35, *stops), smooth=True)


def speckle(canvas: Canvas, center: Point, z: float, reach: float, tone: str, count: int) -> None:
    """Sprinkle browned or dark spots over a round area."""
    if not canvas.fine:
        return
    spots = Patch(center, (reach, reach), z).spots(canvas, count, 0) * canvas.scale(z)
    shapes = blobs(canvas.rng, count, 6, 0.25) * canvas.rng.uniform(0.25, 0.8, (count, 1, 1))
    canvas.paint(f'<path d="{outline(spots[:, None] + shapes, True)}" fill="{tone}" fill-opacity="0.4"/>')
