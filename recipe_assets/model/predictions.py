"""The table of predictions that evaluations hand over: its columns, how it is made, its columns as arrays.

Which model answered stands in `baseline`, how good the answers are in `metrics` and the modules beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recipe_assets.errors import ModelError
from recipe_assets.model.calibration import softmax

COLUMNS = ["shoot", "file", "sha256", "group", "keyword", "split"]
"""What a row says of its photo; `group` is its recipe group, which is resampled as a whole."""
PHOTO = ["shoot", "file"]
FITTED_ON, HELD_OUT = "val", "test"

Labels = NDArray[np.int64]


def predictions_table(
    photos: pd.DataFrame, logits: NDArray[np.float32], keywords: Sequence[str], temperature: float = 1.0
) -> pd.DataFrame:
    """Put answers beside their photos.

    Args:
        photos: one row per photo with `COLUMNS`.
        logits: float32 (N, K), before the temperature.
        keywords: the K names in logit order.
        temperature: what the logits are divided by for `confidence`.

    Returns:
        `COLUMNS`, `predicted`, `confidence` (0-1, calibrated) and `logits` (float32 of K each); `attrs` hold
        "keywords", joined by line feeds, and "temperature", as text, so that a stored table keeps them.
    """
    shares = softmax(logits, temperature)
    table = photos[COLUMNS].reset_index(drop=True)
    table["predicted"] = pd.Series([keywords[place] for place in shares.argmax(axis=1)], dtype="string")
    table["confidence"] = shares.max(axis=1)
    table["logits"] = pd.Series(list(np.asarray(logits, np.float32)), dtype=object)
    table.attrs = {"keywords": "\n".join(keywords), "temperature": repr(float(temperature))}
    return table


@dataclass(frozen=True)
class Answers:
    """A table of predictions as arrays.

    Attributes:
        keywords: the K names in logit order.
        truth: int64 (N,); -1 where the model does not know the photo's keyword.
        predicted: int64 (N,).
        confidence: float64 (N,), 0-1.
        logits: float32 (N, K), before the temperature.
        groups: the N recipe groups.
        temperature: what the logits are divided by for the confidence.
    """

    keywords: tuple[str, ...]
    truth: Labels
    predicted: Labels
    confidence: NDArray[np.float64]
    logits: NDArray[np.float32]
    groups: NDArray[Any]
    temperature: float

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which photos were answered rightly: bool (N,)."""
        return np.asarray(self.truth == self.predicted)


def answers(table: pd.DataFrame, side: str | None = None) -> Answers:
    """The photos of one split, or all, as arrays.

    Raises:
        ModelError: if the table does not say which keywords its logits stand for.
    """
    if "keywords" not in table.attrs or "logits" not in table.columns:
        raise ModelError("a table of predictions has no logits with keywords: materialize its asset again")
    rows = table if side is None else of_split(table, side)
    keywords = tuple(str(table.attrs["keywords"]).split("\n"))
    logits = [np.asarray(row, np.float32) for row in rows["logits"]]
    return Answers(
        keywords=keywords,
        truth=as_labels(rows["keyword"], keywords),
        predicted=as_labels(rows["predicted"], keywords),
        confidence=rows["confidence"].to_numpy(np.float64),
        logits=np.stack(logits) if logits else np.empty((0, len(keywords)), np.float32),
        groups=rows["group"].to_numpy(),
        temperature=float(table.attrs["temperature"]),
    )


def of_split(table: pd.DataFrame, side: str) -> pd.DataFrame:
    """The rows of one split; a table without splits is of held-out photos alone."""
    if "split" not in table.columns:
        return table if side == HELD_OUT else table.head(0)
    return table[table["split"] == side]


def held_out(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that measure: photos that neither trained nor chose anything."""
    return of_split(table, HELD_OUT)


def as_labels(names: pd.Series, keywords: Sequence[str]) -> Labels:
    """Keyword names to indices; -1 for a name that is not among the keywords."""
    index = {name: place for place, name in enumerate(keywords)}
    return np.array([index.get(name, -1) for name in names], dtype=np.int64)
