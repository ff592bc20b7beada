"""A studio that a small untrained model can learn in seconds: photos of red, green and blue things."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from recipe_assets.studio.metadata import add_iptc_keywords

COLORS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (40, 60, 200)}
VOCABULARY = "keywords:\n" + "".join(f"  {name}: {{prompt: {name}, pipeline: {name}-line}}\n" for name in COLORS)


def color_photo(color: str, seed: tuple[int, ...]) -> bytes:
    """A JPEG of 480x320 in shades of one color, with that keyword in its IPTC block."""
    shades = np.random.default_rng(seed).normal(0, 45, (6, 9, 3)) + np.array(COLORS[color])
    small = Image.fromarray(shades.clip(0, 255).astype(np.uint8))
    buffer = io.BytesIO()
    small.resize((480, 320), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return add_iptc_keywords(buffer.getvalue(), [color])


def write_shoot(studio: Path, shoot: str, number: int, recipes: int = 10) -> Path:
    """A shoot with one photo of each color in each recipe, under the file-name convention."""
    folder = studio / shoot
    folder.mkdir(parents=True)
    for recipe in range(recipes):
        for step, color in enumerate(COLORS, 1):
            name = f"HF_Y24_R01_W{number:02d}_SE_K{number}{recipe:03d}-{step}_0{step}__original.jpg"
            (folder / name).write_bytes(color_photo(color, (number, recipe, step)))
    return folder
