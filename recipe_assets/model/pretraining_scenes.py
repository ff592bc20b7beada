"""Captioned scenes for pre-training `builtin:tiny`, drawn on all cores and kept between runs.

Two kinds: the wider kitchen world, and studio photos of other recipes than the sample's. How a model learns from
them is `pretraining`'s subject.
"""

import json
import logging
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recipe_assets.studio.photos import crop_square
from recipe_assets.studio.sample import KEYWORDS, draw_measured_step, draw_world
from recipe_assets.studio.sample.cookware import PLANS
from recipe_assets.studio.sample.roundware import Vessel

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
WEIGHTS = np.array([2.0 if keyword in PLANS else 1.0 for keyword in KEYWORDS])
SHARES = WEIGHTS / WEIGHTS.sum()
"""How often each keyword is drawn: round vessels, which differ in size and handles alone, twice as often."""


MEASURES = 6
"""Numbers that describe a round vessel: centre x and y, diameter, height (cm), kind of handles, their angle."""
HANDLES = ("none", "long", "loops")


def caption_groups(captions: list[str]) -> Tensor:
    """Which captions say the same: int64 (N,). Those of one keyword's studio photos share a group."""
    known = {
        view.format(text): place
        for place, texts in enumerate(DESCRIPTIONS.values())
        for text in texts
        for view in VIEWS
    }
    return torch.tensor([known.get(caption, len(known) + place) for place, caption in enumerate(captions)])


class Scenes(NamedTuple):
    """Squares, uint8 (N, 3, S, S); captions; measures, float32 (N, MEASURES), NaN where there is no vessel."""

    squares: Tensor
    captions: list[str]
    measures: Tensor


def draw_scenes(world: int, studio: int, seed: int, folder: Path) -> Scenes:
    """Draw scenes, or take up those that an earlier run left.

    Args:
        world: scenes of the wider kitchen world, a multiple of `CHUNK`.
        studio: studio photos, likewise.
        seed: of the world's scenes.
        folder: where drawn scenes are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [folder / f"{world}-{studio}-{what}" for what in ("squares.npy", "measures.npy", "captions.json")]
    squares, measures, captions = names
    if not captions.is_file():
        seeds = [*range(seed, seed + world // CHUNK), *range(STUDIO_SEED, STUDIO_SEED + studio // CHUNK)]
        chunks = []
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            for chunk in pool.map(_draw_chunk, seeds):
                chunks.append(chunk)
                log.info("drew %d of %d scenes", len(chunks) * CHUNK, world + studio)
        np.save(squares, np.concatenate([chunk[0] for chunk in chunks]))
        np.save(measures, np.concatenate([chunk[2] for chunk in chunks]))
        captions.write_text(json.dumps([text for chunk in chunks for text in chunk[1]]), encoding="utf-8")
    texts = json.loads(captions.read_text(encoding="utf-8"))
    return Scenes(torch.from_numpy(np.load(squares)), texts, torch.from_numpy(np.load(measures)))


def _draw_chunk(seed: int) -> tuple[NDArray[np.uint8], list[str], NDArray[np.float32]]:
    generator = np.random.default_rng(seed)
    draw = _draw_studio if seed >= STUDIO_SEED else _draw_world
    squares, captions, measures = zip(*(draw(generator) for _ in range(CHUNK)), strict=True)
    return np.stack(squares).transpose(0, 3, 1, 2), list(captions), np.array(measures, np.float32)


def _draw_world(generator: np.random.Generator) -> tuple[NDArray[np.uint8], str, list[float]]:
    image, caption = draw_world(generator, SCENE)
    return crop_square(image, SIZE), caption, _measures(None)


def _draw_studio(generator: np.random.Generator) -> tuple[NDArray[np.uint8], str, list[float]]:
    keyword = str(generator.choice(KEYWORDS, p=SHARES))
    description = str(generator.choice(DESCRIPTIONS[keyword]))
    image, vessel = draw_measured_step(keyword, generator, size=SCENE)
    return crop_square(image, SIZE), str(generator.choice(VIEWS)).format(description), _measures(vessel)


def _measures(vessel: Vessel | None) -> list[float]:
    if vessel is None:
        return [float("nan")] * MEASURES
    return [*vessel.center, vessel.diameter, vessel.height, HANDLES.index(vessel.handles), vessel.angle]
