"""Labelled photos as splits get them: single ones, the sample studio's plan, and random long tails."""

import hashlib

import numpy as np
import pandas as pd

from recipe_assets.studio.sample.plan import plan_photos

TYPES = {
    "phash": "UInt64", "keyword": "string", "reason": "string", "recipe_id": "string", "shoot": "string",
    "file": "string",
}  # fmt: skip


def photo(number: int, keyword: str | None, recipe: str | None, shoot: str = "a", **facts: object) -> dict:
    """One labelled photo; its hash is far from those of other numbers."""
    digest = hashlib.sha256(str(number).encode()).digest()
    return {
        "shoot": shoot, "file": f"{number:04d}.jpg", "sha256": digest.hex(), "recipe_id": recipe,
        "phash": int.from_bytes(digest[:8], "big"), "keyword": keyword,
        "reason": None if keyword else "missing: the photo has no keyword",
    } | facts  # fmt: skip


def table(rows: list[dict]) -> pd.DataFrame:
    columns = {name: pd.Series([row[name] for row in rows], dtype=TYPES.get(name)) for name in rows[0]}
    return pd.DataFrame(columns)


def sample_studio(seed: int) -> pd.DataFrame:
    """The sample studio's photos with their recipes, some of which the name does not say, and near-copies."""
    rows = []
    for number, planned in enumerate(plan_photos(seed)):
        known = number % 9 != 0
        rows.append(photo(number, planned.keyword, str(planned.recipe) if known else None, planned.shoot))
        if number % 25 == 24:
            rows[-1]["phash"] = rows[-7]["phash"] ^ 0b1011
    return table(rows)


def long_tail(seed: int) -> pd.DataFrame:
    """Random recipes of several keywords each."""
    generator = np.random.default_rng(seed)
    rows = []
    for recipe in range(40):
        for _ in range(int(generator.integers(1, 7))):
            keyword = f"k{min(9, int(generator.geometric(0.3)))}"
            rows.append(photo(len(rows) + 1000 * seed, keyword, f"r{recipe}", f"s{recipe % 4}"))
    return table(rows)
