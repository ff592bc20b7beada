"""Fine-tuning as a plain function of data and configuration; metrics leave by a callback.

Knows neither Dagster nor MLflow. Validation each epoch, early stopping, and the best epoch's weights are kept.
"""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from recipe_assets.errors import ModelError
from recipe_assets.model.clip import KeywordModel, device
from recipe_assets.model.evaluation import macro_accuracy
from recipe_assets.model.photo_data import PhotoData, augment, normalize
from recipe_assets.model.sampling import balanced_batches

LARGE_MODEL = 50_000_000
"""Parameters above which a tower counts as large and is tuned with small steps."""


class TrainingConfig(msgspec.Struct, frozen=True):
    """How to fine-tune.

    `learning_rate` None means 1e-5 for a large tower, as CLIP ViT-B/32 is usually tuned; a small one is cheap
    enough to try both 3e-4 and 3e-5 from the same start, since photos far from its pre-training need the one and
    photos near it the other. The head learns `head_factor` times as fast as the tower. `patience` is how many
    epochs may pass without a lower validation loss before training stops.
    """

    epochs: int = 20
    batch_size: int = 64
    learning_rate: float | None = None
    head_factor: float = 3
    weight_decay: float = 0.05
    warmup_share: float = 0.1
    label_smoothing: float = 0.1
    gradient_clip: float = 1.0
    patience: int = 6
    seed: int = 17


@dataclass(frozen=True)
class EpochMetrics:
    """What one epoch measured; losses are mean cross-entropies, accuracy is 0-1.

    `epoch` counts on over all learning rates that are tried; `peak_learning_rate` says which one it belongs to.
    """

    epoch: int
    train_loss: float
    val_loss: float
    val_macro_accuracy: float
    peak_learning_rate: float


@dataclass(frozen=True)
class TrainingResult:
    """The history of a run and which epoch's weights the model now has."""

    history: tuple[EpochMetrics, ...]
    best: EpochMetrics


def fine_tune(
    model: KeywordModel,
    train: PhotoData,
    val: PhotoData,
    config: TrainingConfig,
    on_epoch: Callable[[EpochMetrics], None] | None = None,
) -> TrainingResult:
    """Tune image tower and head by cross-entropy on balanced batches; the model keeps its best epoch's weights.

    Raises:
        ModelError: if a split is empty or the loss stops being a number.
    """
    if not len(train) or not len(val):
        raise ModelError(f"{len(train)} training and {len(val)} validation photos: both splits need photos")
    start = copy.deepcopy(model.to(device()).state_dict())
    best = _Best(start)
    history: list[EpochMetrics] = []
    for rate in _rates(model, config):
        model.load_state_dict(start)
        for metrics in _epochs(model, train, val, config, rate, len(history)):
            history.append(metrics)
            if on_epoch:
                on_epoch(metrics)
            best.consider(metrics, model)
    model.load_state_dict(best.weights)
    model.cpu().eval()
    return TrainingResult(tuple(history), best.metrics or history[-1])


class _Best:
    """The epoch with the lowest validation loss so far, with its weights.

    The loss and not the accuracy: on some tens of photos accuracy moves in large steps, and the highest of many
    epochs is mostly luck.
    """

    def __init__(self, weights: dict[str, Tensor]) -> None:
        self.weights = weights
        self.metrics: EpochMetrics | None = None

    def consider(self, metrics: EpochMetrics, model: KeywordModel) -> None:
        if self.metrics is None or metrics.val_loss < self.metrics.val_loss:
            self.weights, self.metrics = copy.deepcopy(model.state_dict()), metrics


def _rates(model: KeywordModel, config: TrainingConfig) -> tuple[float, ...]:
    if config.learning_rate is not None:
        return (config.learning_rate,)
    large = sum(part.numel() for part in model.clip.vision_model.parameters()) > LARGE_MODEL
    return (1e-5,) if large else (3e-4, 3e-5)


def _epochs(
    model: KeywordModel, train: PhotoData, val: PhotoData, config: TrainingConfig, rate: float, done: int
) -> Iterator[EpochMetrics]:
    """Train at one learning rate, epoch by epoch, until the validation loss stops falling."""
    torch.manual_seed(config.seed)
    trainer = _Trainer(model, train, config, rate)
    lowest, lowest_epoch = math.inf, 0
    for epoch in range(1, config.epochs + 1):
        metrics = _validate(model, val, done + epoch, trainer.run_epoch(), rate)
        yield metrics
        if metrics.val_loss < lowest:
            lowest, lowest_epoch = metrics.val_loss, epoch
        elif epoch - lowest_epoch >= config.patience:
            return


class _Trainer:
    """Optimizer, schedule and random state of one run."""

    def __init__(self, model: KeywordModel, train: PhotoData, config: TrainingConfig, rate: float) -> None:
        self.model, self.train, self.config = model, train, config
        self.order = np.random.default_rng(config.seed)
        self.noise = torch.Generator().manual_seed(config.seed)
        tower = [*model.clip.vision_model.parameters(), *model.clip.visual_projection.parameters()]
        groups = [{"params": tower, "lr": rate}, {"params": [model.head], "lr": rate * config.head_factor}]
        self.optimizer = torch.optim.AdamW(groups, weight_decay=config.weight_decay)
        steps = config.epochs * math.ceil(len(train) / config.batch_size)
        warmup = max(1, round(config.warmup_share * steps))
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: warmup_cosine(step, warmup, steps)
        )

    def run_epoch(self) -> float:
        """Train one epoch and return its mean loss."""
        self.model.train()
        losses = []
        for batch in balanced_batches(self.train.labels.numpy(), self.config.batch_size, self.order):
            losses.append(self._step(torch.from_numpy(batch)))
        return float(np.mean(losses))

    def _step(self, batch: Tensor) -> float:
        spec = self.model.base.preprocessing
        pixels = normalize(augment(self.train.squares[batch], self.noise), spec).to(device())
        labels = self.train.labels[batch].to(device())
        loss = nn.functional.cross_entropy(self.model(pixels), labels, label_smoothing=self.config.label_smoothing)
        _require_finite(loss.item())
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.gradient_clip)
        self.optimizer.step()
        self.schedule.step()
        return loss.item()


def warmup_cosine(step: int, warmup: int, total: int) -> float:
    """The learning rate's factor at a step: linear to 1 over `warmup` steps, then a cosine to 0 at `total`."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


def _require_finite(loss: float) -> None:
    if not math.isfinite(loss):
        raise ModelError(f"the loss became {loss}: lower the learning rate of the training configuration")


def _validate(model: KeywordModel, val: PhotoData, epoch: int, train_loss: float, rate: float) -> EpochMetrics:
    logits = predict_logits(model, val.squares)
    loss = nn.functional.cross_entropy(logits, val.labels).item()
    _require_finite(loss)
    accuracy = macro_accuracy(val.labels.numpy(), logits.argmax(dim=1).numpy())
    return EpochMetrics(epoch, train_loss, loss, accuracy, rate)


@torch.inference_mode()
def predict_logits(model: KeywordModel, squares: Tensor, batch_size: int = 64) -> Tensor:
    """Logits (N, K) of squares uint8 (N, 3, S, S), on the device where the model is; the result is on the CPU."""
    model.eval()
    place = model.head.device
    spec = model.base.preprocessing
    if not len(squares):
        return torch.empty((0, len(model.keywords)))
    return torch.cat([model(normalize(batch.to(place), spec)).cpu() for batch in torch.split(squares, batch_size)])
