"""Stored tables of a studio of colored squares, small enough to search it in seconds."""

import hashlib
import io
from pathlib import Path

import pandas as pd

from recipe_assets.model.pipeline import TrainingInputs
from recipe_assets.storage import TableStore
from recipe_assets.studio.vocabulary import load_vocabulary
from tests.defs.colors import VOCABULARY
from tests.model import colors

SIDES = {"train": 24, "val": 12, "test": 6}


def small_studio(root: Path, base: Path) -> TrainingInputs:
    """One shoot with a photo of each color in turn; thumbnails, splits and vocabulary as the graph stores them."""
    root.mkdir(parents=True, exist_ok=True)
    vocabulary = root / "vocabulary.yaml"
    vocabulary.write_text(VOCABULARY)
    tables = TableStore(root / "tables")
    photos = pd.DataFrame([photo for side in SIDES for photo in _photos(side)])
    tables.write(photos[["shoot", "file", "sha256", "thumbnail"]], "raw_images", "week")
    splits = photos.drop(columns="thumbnail").sort_values(["shoot", "file"], ignore_index=True)
    return TrainingInputs(tables, splits, load_vocabulary(vocabulary), str(base))


def _photos(side: str) -> list[dict[str, object]]:
    data = colors.squares(SIDES[side], seed=len(side))
    rows = []
    for place, (square, label) in enumerate(zip(data.squares, data.labels.tolist(), strict=True)):
        buffer = io.BytesIO()
        colors.as_image(square, (48, 40)).save(buffer, "PNG")
        name = f"{side}-{place:02d}.jpg"
        rows.append(
            {
                "shoot": "week",
                "file": name,
                "sha256": hashlib.sha256(name.encode()).hexdigest(),
                "thumbnail": buffer.getvalue(),
                "keyword": colors.KEYWORDS[label].name,
                "group": f"{side}-{place // 3}",
                "split": side,
            }
        )
    return rows
