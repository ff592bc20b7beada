"""Squares of red, green and blue: the smallest thing that a model can learn to name."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from recipe_assets.model.checkpoints import load_base
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.photo_data import PhotoData
from recipe_assets.release.manifest import ReleasedKeyword

KEYWORDS = tuple(ReleasedKeyword(name, f"{name} square", "default") for name in ("red", "green", "blue"))


def squares(count: int, seed: int, size: int = 32) -> PhotoData:
    """Noisy squares, colors in turn."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    pixels = generator.integers(0, 120, (count, 3, size, size))
    pixels[np.arange(count), labels] += 110
    return PhotoData(torch.from_numpy(pixels.astype(np.uint8)), torch.from_numpy(labels.astype(np.int64)))


def fresh(checkpoint: Path) -> KeywordModel:
    return KeywordModel.from_base(load_base(str(checkpoint)), KEYWORDS)


def as_image(square: torch.Tensor, size: tuple[int, int] = (640, 400)) -> Image.Image:
    """A square blown up to a photo."""
    return Image.fromarray(square.numpy().transpose(1, 2, 0)).resize(size, Image.Resampling.BICUBIC)
