"""Who answers: a keyword model or a released graph, on the same photos, as tables of predictions.

What such a table holds stands in `predictions`.
"""

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from recipe_assets.errors import ModelError
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.photo_data import PhotoData, normalize
from recipe_assets.model.predicting import predict_logits
from recipe_assets.model.predictions import COLUMNS, as_labels, predictions_table
from recipe_assets.release.predictor import Predictor

__all__ = ["COLUMNS", "as_labels", "predict_released", "predict_table"]

BATCH = 32


def predict_table(
    model: KeywordModel, photos: pd.DataFrame, data: PhotoData, temperature: float = 1.0
) -> pd.DataFrame:
    """The table of predictions of a keyword model.

    Args:
        model: whose answers.
        photos: one row per photo, with the columns `COLUMNS` of `predictions`.
        data: the same photos in the same order. Where there are no squares, the embeddings are answered: they are
            those of the untuned base, so only a model with an untuned image tower may be asked that way.
        temperature: what the logits are divided by for the confidence.

    Raises:
        ModelError: if `data` is not of these photos.
    """
    logits = _logits(model, data)
    if len(logits) != len(photos):
        raise ModelError(f"{len(photos)} photos but {len(logits)} answers: the photos were not read as squares")
    return predictions_table(photos, logits, [word.name for word in model.keywords], temperature)


@torch.inference_mode()
def _logits(model: KeywordModel, data: PhotoData) -> NDArray[np.float32]:
    if len(data.squares) or data.embeddings is None:
        return predict_logits(model, data.squares).float().numpy()
    head = nn.functional.normalize(model.head, dim=-1).cpu()
    logits: NDArray[np.float32] = (model.base.logit_scale.cpu() * data.embeddings @ head.T).numpy()
    return logits


def predict_released(predictor: Predictor, photos: pd.DataFrame, data: PhotoData) -> pd.DataFrame:
    """The same table by a released model; `data` must be squares of that release's size."""
    manifest = predictor.manifest
    logits = np.empty((len(data.squares), len(manifest.keywords)), np.float32)
    for start in range(0, len(logits), BATCH):
        pixels = normalize(data.squares[start : start + BATCH], manifest.preprocessing)
        logits[start : start + BATCH] = predictor.logits(pixels.numpy())
    return predictions_table(photos, logits, [word.name for word in manifest.keywords], manifest.temperature)
