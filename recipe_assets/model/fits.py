"""What goes into a training and what comes out of it."""

import hashlib
from dataclasses import dataclass

import msgspec
import torch
from torch import Tensor

from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.photo_data import PhotoData
from recipe_assets.model.strategies import TrainingConfig
from recipe_assets.release.manifest import ReleasedKeyword


@dataclass(frozen=True)
class TrainingData:
    """Keywords in logit order, and the photos to learn from and to validate on."""

    keywords: tuple[ReleasedKeyword, ...]
    train: PhotoData
    val: PhotoData


@dataclass(frozen=True)
class EpochMetrics:
    """What one epoch measured; losses are means, the validation loss is a cross-entropy, accuracy is 0-1.

    `epoch` counts on over all learning rates that are tried; `peak_learning_rate` says which one it belongs to.
    """

    epoch: int
    train_loss: float
    val_loss: float
    val_macro_accuracy: float
    peak_learning_rate: float


@dataclass(frozen=True)
class Fit:
    """A trained model with its history.

    Attributes:
        model: on the CPU, with the best epoch's weights, mixed where the strategy says so.
        history: one entry per epoch; empty for zero-shot.
        best: the kept epoch, measured as the model now is.
        mix: WiSE-FT's share of tuned weights, or None where nothing was mixed.
    """

    model: KeywordModel
    history: tuple[EpochMetrics, ...]
    best: EpochMetrics
    mix: float | None


def fit_key(model: KeywordModel, data: TrainingData, config: TrainingConfig) -> str:
    """Hash of everything that decides a training's result: settings, start, photos and labels."""
    digest = hashlib.sha256(msgspec.json.encode(config, order="deterministic"))
    digest.update("\n".join(word.name for word in data.keywords).encode())
    digest.update(_bytes(model.head))
    for part in model.base.image_parameters():
        digest.update(_bytes(part.sum()))
    for split in (data.train, data.val):
        digest.update(_bytes(split.labels))
        digest.update(_bytes(split.squares.sum(dim=(1, 2, 3))))
        if split.embeddings is not None:
            digest.update(_bytes(split.embeddings))
    return digest.hexdigest()


def _bytes(values: Tensor) -> bytes:
    content: bytes = values.detach().to("cpu", torch.float64).numpy().tobytes()
    return content
