"""Tables of photos as the judges of quality get them: an ordinary shoot, labelled photos, embeddings."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

TYPES = {
    "shoot": "string", "file": "string", "sha256": "string", "recipe": "string", "recipe_id": "string",
    "tag": "string", "problem": "string", "keyword": "string", "phash": "UInt64", "width": "Int64",
    "height": "Int64",
}  # fmt: skip
USUAL = {
    "brightness": (107, 15), "contrast": (52, 7), "shadow": (25, 9), "highlight": (224, 15),
    "black": (0.001, 0.0005), "white": (0.004, 0.002), "information": (7.5, 0.15), "sharpness": (560, 150),
    "edges": (62, 15),
}  # fmt: skip
"""Mean and spread of each metric over the real studio's photos."""


def typed(rows: Sequence[dict]) -> pd.DataFrame:
    """Rows with the column types that the stored tables have."""
    table = pd.DataFrame(list(rows))
    return table.astype({name: kind for name, kind in TYPES.items() if name in table})


def usual_shoot(shoot: str = "a", count: int = 100, seed: int = 0, **facts: object) -> pd.DataFrame:
    """A raw table of ordinary photos, two a recipe; `facts` replace columns."""
    generator = np.random.default_rng([seed, count])
    rows = []
    for number in range(count):
        # Uniform, so that no ordinary photo is a chance outlier.
        metrics = {
            name: generator.uniform(mean - 1.7 * std, mean + 1.7 * std) for name, (mean, std) in USUAL.items()
        }
        name = f"{shoot}/{number:03d}"
        rows.append({
            "shoot": shoot, "file": f"{number:03d}.jpg", "sha256": hashlib.sha256(name.encode()).hexdigest(),
            "width": 1500, "height": 1000, "recipe": f"K{number // 2}", "tag": "original", "problem": pd.NA,
            **metrics,
        } | facts)  # fmt: skip
    return typed(rows)


def labelled_photos(
    keywords: Sequence[str | None], recipes: Sequence[str | None], hashes: Sequence[int] | None = None
) -> pd.DataFrame:
    """A labelled table; without `hashes`, photos look unlike each other."""
    rows = []
    for number, (keyword, recipe) in enumerate(zip(keywords, recipes, strict=True)):
        digest = hashlib.sha256(str(number).encode()).digest()
        rows.append({
            "shoot": "a", "file": f"{number:04d}.jpg", "sha256": digest.hex(), "recipe_id": recipe,
            "keyword": keyword, "tag": "original",
            "phash": int.from_bytes(digest[:8], "big") if hashes is None else hashes[number],
        })  # fmt: skip
    return typed(rows)


def with_embeddings(photos: pd.DataFrame, vectors: NDArray[np.floating]) -> pd.DataFrame:
    """The embeddings table of photos."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return photos[["shoot", "file", "sha256"]].assign(embedding=list(unit.astype(np.float32)))


def separable(
    keywords: int, recipes: int, photos: int, noise: float = 0.6, dimensions: int = 32, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Photos of keywords that embeddings tell apart: so many recipes a keyword, so many photos a recipe."""
    generator = np.random.default_rng(seed)
    names = [f"k{keyword:02d}" for keyword in range(keywords) for _ in range(recipes * photos)]
    recipe_of = [f"r{number // photos}" for number in range(len(names))]
    centers = np.repeat(generator.normal(size=(keywords, dimensions)), recipes * photos, axis=0)
    table = labelled_photos(names, recipe_of)
    return table, with_embeddings(table, centers + noise * generator.normal(size=centers.shape))
