"""Tables of predictions for tests of evaluations: planted answers and confidences, recipes of several photos."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from recipe_assets.model.predictions import predictions_table

KEYWORDS = ("pan", "pot", "tray", "bowl")


def photos(keywords: Sequence[str], split: str = "test", per_recipe: int = 1) -> pd.DataFrame:
    """Rows for photos of these keywords; so many one after the other are of one recipe."""
    count = len(keywords)
    return pd.DataFrame(
        {
            "shoot": [f"shoot-{n % 2}" for n in range(count)],
            "file": [f"{split}-{n:04d}.jpg" for n in range(count)],
            "sha256": [f"{split}-{n:04d}" for n in range(count)],
            "group": [f"{split}-{n // per_recipe}" for n in range(count)],
            "keyword": pd.Series(keywords, dtype="string"),
            "split": split,
        }
    )


def answered(
    keywords: Sequence[str],
    predicted: Sequence[str],
    confidence: float | Sequence[float] = 0.9,
    split: str = "test",
    per_recipe: int = 1,
    known: Sequence[str] = KEYWORDS,
) -> pd.DataFrame:
    """Predictions with these answers; the logits are those that give the confidence at temperature 1."""
    rows = photos(keywords, split, per_recipe)
    sure = np.broadcast_to(np.asarray(confidence, float), len(rows))
    logits = np.repeat(np.log((1 - sure) / (len(known) - 1))[:, None], len(known), axis=1)
    logits[np.arange(len(rows)), [list(known).index(name) for name in predicted]] = np.log(sure)
    return predictions_table(rows, logits.astype(np.float32), known)


def right_and_wrong(keyword: str, right: int, wrong: int, instead: str) -> tuple[list[str], list[str]]:
    """A keyword's photos and what they were given."""
    return [keyword] * (right + wrong), [keyword] * right + [instead] * wrong


def both_sides(validation: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """One table of validation and test photos."""
    table = pd.concat([validation, test], ignore_index=True)
    table.attrs = dict(test.attrs)
    return table
