"""Captioned scenes for pre-training `builtin:tiny`, drawn on all cores and kept between runs.

Two kinds: the wider kitchen world, and studio photos of other recipes than the sample's. How a model learns from
them is `pretraining`'s subject.
"""

import json
import logging
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recipe_assets.studio.photos import crop_square
from recipe_assets.studio.sample import draw_step, draw_world

log = logging.getLogger(__name__)

SIZE = 112
"""Side of the squares that the model sees, in pixels."""
SCENE = (180, 120)
"""Pixels of a rendered scene; the model sees its centre square."""
CHUNK = 500
STUDIO_SEED = 1_000_000
"""Studio scenes count from here, far from the seeds of the world and of the sample studio."""

VIEWS = ("a photo of {}", "an overhead photo of {}", "a top view of {}", "a picture of {}", "{}")
DESCRIPTIONS = {
    "CP": ("a close-up of food", "a close-up of plated food", "a finished dish from near"),
    "chopping-board": ("a chopping board", "a cutting board", "chopped food on a board"),
    "finalstep": ("a finished dish on a plate", "a plated dish", "a meal on a plate with cutlery"),
    "glass-bowl-large": ("a large glass bowl", "a large transparent bowl", "a big clear glass bowl"),
    "glass-bowl-medium": ("a medium glass bowl", "a medium transparent bowl", "a medium sized clear glass bowl"),
    "glass-bowl-small": ("a small glass bowl", "a small transparent bowl", "a little clear glass bowl"),
    "grill-plate": ("a grill plate", "a ridged grill plate", "a cast iron grill with ridges"),
    "group_step": ("a group of ingredients", "ingredients laid out", "different ingredients side by side"),
    "medium": ("a medium mixing bowl", "an opaque mixing bowl", "a medium sized mixing bowl"),
    "oven-dish": ("an oven dish", "a baking dish", "a deep oven dish with food"),
    "oven-tray": ("an oven tray", "a baking sheet", "a large flat oven tray"),
    "pan": ("a frying pan", "a skillet", "a wide flat pan with one long handle"),
    "pot-one-handle": (
        "a pot with one handle",
        "a deep pot with one long handle",
        "a cooking pot with one handle",
    ),
    "pot-two-handles-medium": ("a medium pot with two handles", "a medium deep cooking pot with two loop handles"),
    "pot-two-handles-shallow": ("a shallow pot with two handles", "a wide shallow pot with two loop handles"),
    "pot-two-handles-small": ("a small pot with two handles", "a small deep cooking pot with two loop handles"),
    "saucepan": ("a small saucepan", "a saucepan", "a little milk pan with one handle"),
}
"""What may be said of a studio photo of each keyword; all true of every photo of it."""


def draw_scenes(world: int, studio: int, seed: int, folder: Path) -> tuple[Tensor, list[str]]:
    """Draw scenes, or take up those that an earlier run left.

    Args:
        world: scenes of the wider kitchen world, in thousands' halves (`CHUNK`).
        studio: studio photos, likewise.
        seed: of the world's scenes.
        folder: where drawn scenes are kept.

    Returns:
        Squares, uint8 (N, 3, S, S), and captions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pixels, captions = folder / f"squares-{world}-{studio}.npy", folder / f"captions-{world}-{studio}.json"
    if not captions.is_file():
        seeds = [*range(seed, seed + world // CHUNK), *range(STUDIO_SEED, STUDIO_SEED + studio // CHUNK)]
        chunks = []
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            for chunk in pool.map(_draw_chunk, seeds):
                chunks.append(chunk)
                log.info("drew %d of %d scenes", len(chunks) * CHUNK, world + studio)
        np.save(pixels, np.concatenate([squares for squares, _ in chunks]))
        captions.write_text(json.dumps([text for _, texts in chunks for text in texts]), encoding="utf-8")
    return torch.from_numpy(np.load(pixels)), json.loads(captions.read_text(encoding="utf-8"))


def _draw_chunk(seed: int) -> tuple[NDArray[np.uint8], list[str]]:
    generator = np.random.default_rng(seed)
    draw = _draw_studio if seed >= STUDIO_SEED else _draw_world
    scenes = [draw(generator) for _ in range(CHUNK)]
    squares = np.stack([square for square, _ in scenes])
    return squares.transpose(0, 3, 1, 2), [caption for _, caption in scenes]


def _draw_world(generator: np.random.Generator) -> tuple[NDArray[np.uint8], str]:
    image, caption = draw_world(generator, SCENE)
    return crop_square(image, SIZE), caption


def _draw_studio(generator: np.random.Generator) -> tuple[NDArray[np.uint8], str]:
    keyword = str(generator.choice(list(DESCRIPTIONS)))
    description = str(generator.choice(DESCRIPTIONS[keyword]))
    image = draw_step(keyword, generator, size=SCENE)
    return crop_square(image, SIZE), str(generator.choice(VIEWS)).format(description)
