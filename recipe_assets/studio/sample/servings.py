"""How a patch is filled: foods with a way of their own (strands, fillets, eggs), and the rest in pieces.

Here: `fill_patch` and `strew`, which everything that holds food calls. Not here: vessels, plates and boards.
"""

from collections.abc import Callable

import numpy as np

from recipe_assets.studio.sample.food import Patch, lump, scatter, speckle, underlay
from recipe_assets.studio.sample.larder import Food
from recipe_assets.studio.sample.palette import ink, mix, shade, vary
from recipe_assets.studio.sample.paths import Floats, track, turned
from recipe_assets.studio.sample.pieces import blobs
from recipe_assets.studio.sample.projection import Canvas
from recipe_assets.studio.sample.wet import broth, liquid, sauce, water

SLIM = {"tube": 0.3, "strip": 0.3, "shred": 0.2, "grain": 0.4, "leaf": 0.6}


def strands(canvas: Canvas, patch: Patch, food: Food, share: float) -> None:
    """Spaghetti or noodles: many long arcs over and under each other."""
    rng, s, coarse = canvas.rng, canvas.scale(patch.z), not canvas.fine
    underlay(canvas, food, patch, share, 0.0 if share > 0.95 else 0.05)
    heap, width = patch.shrunk(share * 0.96), food.size * (1.5 if coarse else 1.0)
    for layer in range(3 if coarse else 9):
        data = "".join(track(_strand(rng, heap) * s) for _ in range(5 if coarse else 11))
        tone = vary(food.tones[layer % len(food.tones)], rng, 7)
        for extra, color in ((0.22, shade(tone, 0.45)), (0.0, tone)):
            style = f'stroke="{ink(color)}" stroke-width="{(width + extra) * s:.2f}" stroke-linecap="round"'
            canvas.paint(f'<path d="{data}" fill="none" {style}/>')


def _strand(rng: np.random.Generator, patch: Patch) -> Floats:
    reach, turn = rng.uniform(0.25, 0.7), rng.uniform(0, 6.3)
    hub = np.array([np.cos(turn), np.sin(turn)]) * rng.uniform(0, 0.92 - reach + 0.08)
    sweep = np.linspace(0, rng.uniform(1.2, 3.6), 9) + rng.uniform(0, 6.3)
    unit = hub + np.stack([np.cos(sweep), np.sin(sweep)], 1) * reach
    unit /= np.maximum(1, np.linalg.norm(unit, axis=1, keepdims=True))
    return turned(unit * np.array(patch.half), patch.angle, patch.center)


def big_pieces(canvas: Canvas, patch: Patch, food: Food, share: float) -> None:
    """Fillets, patties, pancakes: as many large pieces as fit side by side."""
    rng = canvas.rng
    aspect = 2.1 if food.shape == "fillet" else 1.05
    size = min(
        food.size * float(rng.uniform(0.9, 1.1)), 1.7 * min(patch.half) * share * (1.1 if aspect > 2 else 0.9)
    )
    room = size**2 * (0.62 if aspect > 2 else 0.95)
    count = int(np.clip(0.85 * patch.area * share**2 / room, 1, 9))
    spots, turn = patch.shrunk(share).spots(canvas, count, size * 0.45), rng.uniform(0, 3.1)
    if count == 1:
        spots = np.array([patch.center])
    for x, y in spots:
        body = blobs(rng, 1, 9, 0.05 if aspect > 2 else 0.02, aspect)[0] * size * aspect**-0.15
        body = turned(body, float(turn + rng.normal(0, 0.25)))
        lump(canvas, (x, y), patch.z, body, food)
        _browning(canvas, (x, y), patch.z, body, food)


def _browning(canvas: Canvas, center: tuple[float, float], z: float, body: Floats, food: Food) -> None:
    reach = float(np.abs(body).max())
    speckle(canvas, center, z, reach * 0.5, ink(shade(food.tones[-1], 0.55)), 16)
    if canvas.fine and food.shape == "fillet":
        for share in (-0.5, -0.25, 0, 0.25, 0.5):
            ribs = np.array([[-0.11, 0], [0.0, 0.05], [0.11, 0]]) * reach + body[0] * share
            canvas.line(ribs + np.array(center), z, 0.12, ink(shade(food.tones[2], 1.25)), 'stroke-opacity="0.5"')


def eggs(canvas: Canvas, patch: Patch, food: Food, share: float) -> None:
    """Fried eggs."""
    size, count = food.size, int(np.clip(patch.area * share / food.size**2 / 1.3, 1, 4))
    for x, y in patch.shrunk(share).spots(canvas, count, size * 0.45):
        white = Food(food.name, "egg", (food.tones[0], food.tones[2], food.tones[2]), size, "")
        lump(canvas, (x, y), patch.z, blobs(canvas.rng, 1, 11, 0.1)[0] * size, white, 0.7)
        yolk = Food(food.name, "egg", (food.tones[1],) * 3, size, "")
        lump(canvas, (x + 0.4, y), patch.z, blobs(canvas.rng, 1, 9, 0.01)[0] * 3.8, yolk, 0.5)


def dough(canvas: Canvas, patch: Patch, food: Food, share: float) -> None:
    """One ball of dough."""
    size = min(food.size, 1.75 * min(patch.half) * share)
    lump(canvas, patch.center, patch.z, blobs(canvas.rng, 1, 10, 0.04)[0] * size, food, 3.0)


def gratin(canvas: Canvas, patch: Patch, food: Food, share: float) -> None:
    """A browned crust of cheese."""
    underlay(canvas, food, patch, share, 0.0)
    count = 20 if not canvas.fine else 120
    spots = patch.shrunk(share * 0.95).spots(canvas, count, 0.8)
    scatter(canvas, food, spots, patch.z, 2.4, 0.12)
    if canvas.fine:
        burnt = Food("", "crumb", (shade(food.tones[2], 0.6), food.tones[2]), 0.9, "")
        scatter(canvas, burnt, patch.shrunk(share).spots(canvas, 40, 0.8), patch.z, 0.9, 0.05)


def powder(canvas: Canvas, patch: Patch, food: Food, share: float) -> None:
    """A soft heap of flour or sugar."""
    heap = Food(food.name, "powder", (food.tones[0], mix(food.tones[1], (190, 180, 170), 0.2)), 4, "")
    for part in (share, share * 0.7, share * 0.4):
        edge = patch.edge(canvas, part, 0.05) - np.array(patch.center)
        lump(canvas, patch.center, patch.z, edge, heap, 0.8)


SPECIAL: dict[str, Callable[[Canvas, Patch, Food, float], None]] = {
    "liquid": liquid, "sauce": sauce, "water": water, "broth": broth, "strand": strands, "fillet": big_pieces,
    "patty": big_pieces, "egg": eggs, "dough": dough, "gratin": gratin, "powder": powder,
}  # fmt: skip


def piece_count(canvas: Canvas, patch: Patch, food: Food) -> int:
    """Return how many pieces cover a patch, within what a frame of this size can afford."""
    return int(np.clip(1.25 * patch.area / (food.size**2 * SLIM.get(food.shape, 0.8)), 5, canvas.pieces))


def fill_patch(canvas: Canvas, patch: Patch, food: Food, share: float = 0.97) -> None:
    """Cover `share` of a patch with a food; below about 0.95 it becomes a heap with a loose edge."""
    if food.shape in SPECIAL:
        SPECIAL[food.shape](canvas, patch, food, share)
        return
    underlay(canvas, food, patch, share, 0.0 if share > 0.95 else 0.06)
    heap = patch.shrunk(share)
    scatter(canvas, food, heap.spots(canvas, piece_count(canvas, heap, food), food.size * 0.3), patch.z, food.size)


def strew(canvas: Canvas, patch: Patch, food: Food, count: int, size: float | None = None) -> None:
    """Lay `count` single pieces on a patch: a garnish, or food that does not fill its vessel."""
    if food.shape in SPECIAL:
        fill_patch(canvas, patch.shrunk(0.75), food, 0.85)
        return
    size = size or food.size
    spots = patch.spots(canvas, max(1, count), min(size * 0.5, min(patch.half) * 0.6))
    scatter(canvas, food, spots, patch.z, size)
