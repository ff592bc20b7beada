"""Predictions as tables: zero-shot, a tuned model, and a released one, on the same photos."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from recipe_assets.model.clip import KeywordModel
from recipe_assets.model.evaluation import softmax
from recipe_assets.model.photo_data import PhotoData, normalize
from recipe_assets.model.training import predict_logits
from recipe_assets.release.predictor import Predictor

COLUMNS = ["shoot", "file", "sha256", "group", "keyword"]


def predict_table(
    model: KeywordModel, photos: pd.DataFrame, data: PhotoData, temperature: float = 1.0
) -> pd.DataFrame:
    """Add `predicted` and `confidence` (0-1) to the photos' `COLUMNS`."""
    shares = softmax(predict_logits(model, data.squares).numpy(), temperature)
    return _with_predictions(photos, shares, [word.name for word in model.keywords])


def predict_released(predictor: Predictor, photos: pd.DataFrame, data: PhotoData) -> pd.DataFrame:
    """The same table by a released model; `data` must be squares of that release's size."""
    batches = torch.split(normalize(data.squares, predictor.manifest.preprocessing), 32)
    shares = np.concatenate([predictor.probabilities(batch.numpy()) for batch in batches])
    return _with_predictions(photos, shares, [word.name for word in predictor.manifest.keywords])


def _with_predictions(photos: pd.DataFrame, shares: NDArray[np.float64], names: Sequence[str]) -> pd.DataFrame:
    table = photos[COLUMNS].reset_index(drop=True)
    table["predicted"] = pd.Series([names[place] for place in shares.argmax(axis=1)], dtype="string")
    table["confidence"] = shares.max(axis=1)
    return table


def as_labels(names: pd.Series, keywords: Sequence[str]) -> NDArray[np.int64]:
    """Keyword names to indices; -1 for a name that is not among the keywords."""
    index = {name: place for place, name in enumerate(keywords)}
    return np.array([index.get(name, -1) for name in names], dtype=np.int64)
