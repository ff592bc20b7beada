"""Fine-tuning as a plain function of base, data and configuration; metrics leave by a callback.

Knows neither Dagster nor MLflow. The loop is in `training_loop`, what is trained in `learners`, settings in
`strategies`.
"""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from recipe_assets.errors import ModelError
from recipe_assets.model.calibration import macro_loss
from recipe_assets.model.checkpoints import BaseModel
from recipe_assets.model.fits import EpochMetrics, Fit, TrainingData, fit_key
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.learners import LEARNERS
from recipe_assets.model.photo_data import PhotoData
from recipe_assets.model.predicting import predict_logits
from recipe_assets.model.strategies import STRATEGIES, TrainingConfig, learning_rates
from recipe_assets.model.training_loop import OnEpoch, TrainingRun, validate
from recipe_assets.model.training_state import drop_state
from recipe_assets.model.wise_ft import Weights, best_mix

__all__ = ["EpochMetrics", "Fit", "TrainingData", "fit"]


def fit(
    base: BaseModel,
    data: TrainingData,
    config: TrainingConfig,
    on_epoch: OnEpoch | None = None,
    state: Path | None = None,
) -> Fit:
    """Make a keyword model by one strategy; the base itself is not changed.

    Args:
        base: the untuned checkpoint.
        data: training and validation photos; squares or embeddings, as the strategy needs.
        config: the strategy and its settings.
        on_epoch: called after each epoch; what it raises ends the training.
        state: a folder in which to keep where the training stands; a run that was killed there goes on.

    Raises:
        ModelError: if a split is empty, a keyword has no training photos, the loss stops being a number, or
            memory runs out.
    """
    _require_photos(data)
    base = replace(base, encoder=copy.deepcopy(base.encoder))
    if config.random_weights:
        _forget(base, config.seed)
    model = KeywordModel.from_base(base, data.keywords)
    if config.strategy == "zero_shot":
        return Fit(model, (), _zero_shot(model, data.val), None)
    with _memory_errors(config):
        return _train(model, data, config, on_epoch, state)


def _train(
    model: KeywordModel, data: TrainingData, config: TrainingConfig, on_epoch: OnEpoch | None, state: Path | None
) -> Fit:
    untuned = _tower_and_head(model)
    if config.strategy == "lp_ft":
        probe = msgspec.structs.replace(STRATEGIES["linear_probe"], seed=config.seed)
        model.head.data.copy_(fit(model.base, data, probe).model.head)
    size = sum(part.numel() for part in model.base.image_parameters())
    learner = LEARNERS[config.strategy](model, data.train, config)
    run = TrainingRun(learner, data, config, state, fit_key(model, data, config))
    run.train(learning_rates(config, size), on_epoch)
    best, mix = run.best, None
    model = learner.finish()
    if config.wise_ft and config.moves_tower:
        mix = _mix(model, untuned, data.val)
        logits = predict_logits(model, data.val.squares)
        best = validate(logits, data.val, best.epoch, best.train_loss, best.peak_learning_rate)
    if state is not None:
        drop_state(state)
    return Fit(model, tuple(run.history), best, mix)


def _zero_shot(model: KeywordModel, val: PhotoData) -> EpochMetrics:
    if val.embeddings is None:
        logits = predict_logits(model, val.squares)
    else:
        with torch.inference_mode():
            logits = model.base.logit_scale * val.embeddings @ model.head.T
    return validate(logits, val, 0, math.nan, 0.0)


def _tower_and_head(model: KeywordModel) -> dict[str, Tensor]:
    """A copy of what decides the logits, by name: image tower, projection, head."""
    wanted = {id(part) for part in [*model.base.image_parameters(), model.head]}
    return {name: part.detach().clone() for name, part in model.named_parameters() if id(part) in wanted}


def _mix(model: KeywordModel, untuned: Weights, val: PhotoData) -> float:
    """Give the model the mix of untuned and tuned weights that is best on validation; returns the mix."""

    def load(weights: Weights) -> None:
        model.load_state_dict(dict(weights), strict=False)

    return best_mix(
        untuned,
        _tower_and_head(model),
        load,
        lambda: macro_loss(predict_logits(model, val.squares).numpy(), val.labels.numpy()),
    )[0]


def _forget(base: BaseModel, seed: int) -> None:
    """Give the image tower fresh random weights, as its architecture starts out."""
    torch.manual_seed(seed)
    fresh = type(base.encoder)(base.encoder.config)
    tower = {name: part for name, part in fresh.state_dict().items() if name.startswith(("vision", "visual"))}
    base.encoder.load_state_dict(tower, strict=False)


def _require_photos(data: TrainingData) -> None:
    if not len(data.train) or not len(data.val):
        raise ModelError(
            f"{len(data.train)} training and {len(data.val)} validation photos: both splits need photos"
        )
    counts = torch.bincount(data.train.labels, minlength=len(data.keywords))
    missing = [word.name for word, count in zip(data.keywords, counts.tolist(), strict=True) if not count]
    if missing:
        raise ModelError(
            f"{', '.join(missing)} without training photos: add photos or take the keyword out of the vocabulary"
        )


@contextmanager
def _memory_errors(config: TrainingConfig) -> Iterator[None]:
    """Say what to do when memory runs out; torch's own message says how many bytes."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = str(error).lower()
        told = isinstance(error, MemoryError) or "out of memory" in text or "allocate memory" in text
        if not told:
            raise
        raise ModelError(
            f"memory ran out with batches of {config.batch_size} photos: lower batch_size, or take strategy "
            "linear_probe, which needs the embeddings only"
        ) from error
