"""Wet food: soups, sauces, water, broth, with their swirls, bubbles and reflections.

Here: how a liquid's surface is painted. Not here: pieces in it.
"""

import numpy as np

from recipe_assets.studio.sample.food import Patch, scatter
from recipe_assets.studio.sample.larder import Food
from recipe_assets.studio.sample.palette import WHITE, ink, shade, vary
from recipe_assets.studio.sample.paths import outline, track, turned
from recipe_assets.studio.sample.pieces import blobs
from recipe_assets.studio.sample.projection import Canvas


def liquid(canvas: Canvas, patch: Patch, food: Food, share: float) -> None:
    """A smooth surface: gradient, swirls and a window's reflection."""
    s, (lx, ly) = canvas.scale(patch.z), canvas.light.toward
    (x, y), reach = canvas.at(*patch.center, patch.z), max(patch.half) * share * s
    first, second = vary(food.tones[0], canvas.rng, 6), food.tones[1]
    hub = (x + lx * reach * 0.4, y + ly * reach * 0.4)
    stops = ((0.0, shade(first, 1.12), 1.0), (0.6, first, 1.0), (1.0, shade(second, 0.84), 1.0))
    rough = 0.0 if share > 0.95 else 0.03
    canvas.shape(patch.edge(canvas, share, rough), patch.z, canvas.radial(hub, reach * 1.5, *stops), smooth=True)
    swirls(canvas, patch.shrunk(share * 0.8), ink(shade(second, 1.18)), 0.22)
    sheen(canvas, patch.shrunk(share))


def swirls(canvas: Canvas, patch: Patch, tone: str, opacity: float) -> None:
    """Paint a few curved streaks as a spoon leaves them."""
    rng, s = canvas.rng, canvas.scale(patch.z)
    for share in rng.uniform(0.2, 0.95, 2 if not canvas.fine else 5):
        turn = np.linspace(0, rng.uniform(0.8, 2.6), 9) + rng.uniform(0, 6)
        arc = np.stack([np.cos(turn), np.sin(turn)], 1) * np.array(patch.half) * share
        style = f'stroke="{tone}" stroke-width="{rng.uniform(0.2, 0.8) * s:.2f}" stroke-opacity="{opacity:.2f}"'
        path = track(turned(arc, patch.angle, patch.center) * s)
        canvas.paint(f'<path d="{path}" fill="none" stroke-linecap="round" {style}/>')


def sheen(canvas: Canvas, patch: Patch) -> None:
    """Paint the lamp's reflection on something wet."""
    rng, (lx, ly) = canvas.rng, canvas.light.toward
    reach = min(patch.half)
    center = (patch.center[0] + lx * reach * 0.45, patch.center[1] + ly * reach * 0.45)
    spot = blobs(rng, 1, 8, 0.2, 2.2)[0] * reach * rng.uniform(0.25, 0.6)
    (x, y), r = canvas.at(*center, patch.z), reach * 0.6
    fill = canvas.radial((x, y), r, (0, WHITE, 0.4), (0.5, WHITE, 0.16), (1, WHITE, 0))
    canvas.shape(turned(spot, float(np.arctan2(ly, lx)) + 1.57, center), patch.z, fill, smooth=True)


def sauce(canvas: Canvas, patch: Patch, food: Food, share: float) -> None:
    """A thick sauce: liquid with lumps."""
    liquid(canvas, patch, food, share)
    count = 14 if not canvas.fine else 60
    bits = Food(food.name, "chunk", food.tones, 1.1, "")
    scatter(canvas, bits, patch.shrunk(share * 0.92).spots(canvas, count, 0.5), patch.z, 1.1, 0.22)


def water(canvas: Canvas, patch: Patch, food: Food, share: float) -> None:
    """Clear water with bubbles: the bottom shows through."""
    rng, s = canvas.rng, canvas.scale(patch.z)
    canvas.shape(patch.edge(canvas, share), patch.z, ink(food.tones[0]), 'fill-opacity="0.45"', smooth=True)
    count = 20 if not canvas.fine else 110
    spots = patch.shrunk(share * 0.95).spots(canvas, count, 0.4) * s
    rings = blobs(rng, count, 7, 0.03) * (rng.lognormal(-0.35, 0.45, (count, 1, 1)) * s)
    style = 'fill="#ffffff" fill-opacity="0.2" stroke="#ffffff" stroke-opacity="0.6" stroke-width="0.09"'
    canvas.paint(f'<path d="{outline(spots[:, None] + rings, True)}" {style}/>')
    sheen(canvas, patch.shrunk(share))


def broth(canvas: Canvas, patch: Patch, food: Food, share: float) -> None:
    """A clear soup or molten fat: translucent, with drops of fat."""
    rng, s = canvas.rng, canvas.scale(patch.z)
    canvas.shape(patch.edge(canvas, share), patch.z, ink(food.tones[0]), 'fill-opacity="0.72"', smooth=True)
    count = 8 if not canvas.fine else 36
    spots = patch.shrunk(share * 0.9).spots(canvas, count, 0.5) * s
    eyes = blobs(rng, count, 8, 0.03) * (rng.lognormal(-0.2, 0.5, (count, 1, 1)) * s)
    fill = f'fill="{ink(shade(food.tones[0], 1.25))}" fill-opacity="0.5"'
    canvas.paint(f'<path d="{outline(spots[:, None] + eyes, True)}" {fill}/>')
    sheen(canvas, patch.shrunk(share))
