"""The loop that all strategies share: steps, validation, early stopping, and going on after a kill.

What is trained is `learners`' subject, what comes before and after is `training`'s.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recipe_assets.errors import ModelError
from recipe_assets.model.fits import EpochMetrics, TrainingData
from recipe_assets.model.learner import Learner
from recipe_assets.model.metrics import macro_accuracy
from recipe_assets.model.photo_data import PhotoData
from recipe_assets.model.sampling import balanced_batches, shuffled_batches
from recipe_assets.model.strategies import TrainingConfig
from recipe_assets.model.training_state import load_state, random_state, restore_random, save_state

OnEpoch = Callable[[EpochMetrics], None]


@dataclass
class TrainingRun:
    """One training: optimizer, schedule, random state and history, kept in a folder after each epoch."""

    learner: Learner
    data: TrainingData
    config: TrainingConfig
    folder: Path | None
    key: str
    history: list[EpochMetrics] = field(default_factory=list)

    def train(self, rates: tuple[float, ...], on_epoch: OnEpoch | None) -> None:
        """Train at each rate from the same start; the learner then has the best epoch's weights."""
        start = self.learner.weights()
        self.best_weights = start
        stored = load_state(self.folder, self.key) if self.folder else None
        if stored:
            self._take_up(stored)
        for metrics in self.history:
            report(on_epoch, metrics)
        for place, rate in enumerate(rates):
            if stored and place < stored["place"]:
                continue
            self.begin(start, rate)
            if stored and place == stored["place"]:
                self._restore(stored)
            for metrics in self._epochs(place, rate):
                report(on_epoch, metrics)
        self.learner.load_weights(self.best_weights)

    @property
    def best(self) -> EpochMetrics:
        """The epoch with the lowest validation loss.

        The loss and not the accuracy: on some tens of photos accuracy moves in large steps, and the highest of
        many epochs is mostly luck.
        """
        return min(self.history, key=lambda metrics: metrics.val_loss)

    def begin(self, start: dict[str, Tensor], rate: float) -> None:
        """Start from these weights with a fresh optimizer, schedule and random state."""
        torch.manual_seed(self.config.seed)
        self.learner.load_weights(start)
        self.learner.noise.manual_seed(self.config.seed)
        self.order = np.random.default_rng(self.config.seed)
        self.optimizer = torch.optim.AdamW(
            self.learner.parameter_groups(rate), weight_decay=self.config.weight_decay
        )
        steps = self.config.epochs * math.ceil(len(self.data.train) / self.config.batch_size)
        warmup = max(1, round(self.config.warmup_share * steps))
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: warmup_cosine(step, warmup, steps)
        )

    def _epochs(self, place: int, rate: float) -> Iterator[EpochMetrics]:
        """Train at one learning rate, epoch by epoch, until the validation loss stops falling."""
        mine = [metrics for metrics in self.history if metrics.peak_learning_rate == rate]
        while len(mine) < self.config.epochs and not self._is_out_of_patience(mine):
            loss = self.run_epoch()
            logits = self.learner.logits(self.data.val)
            mine.append(validate(logits, self.data.val, len(self.history) + 1, loss, rate))
            self.history.append(mine[-1])
            if self.best == mine[-1]:
                self.best_weights = self.learner.weights()
            if self.folder:
                save_state(self.folder, self._state(place))
            yield mine[-1]

    def _is_out_of_patience(self, mine: list[EpochMetrics]) -> bool:
        if not mine:
            return False
        lowest = min(range(len(mine)), key=lambda place: mine[place].val_loss)
        return len(mine) - 1 - lowest >= self.config.patience

    def run_epoch(self) -> float:
        """Train one epoch and return its mean loss."""
        self.learner.train()
        total, steps = torch.zeros((), device=self.learner.model.head.device), 0
        for batch in self._batches():
            total, steps = total + self._step(torch.from_numpy(batch)), steps + 1
        mean = (total / steps).item()
        # Asked once an epoch: asking each step would make a GPU wait for its answer.
        require_finite(mean)
        return mean

    def _batches(self) -> Iterator[NDArray[np.int64]]:
        labels, size = self.data.train.labels.numpy(), self.config.batch_size
        if self.config.balance == "sampling":
            return balanced_batches(labels, size, self.order)
        return shuffled_batches(len(labels), size, self.order)

    def _step(self, batch: Tensor) -> Tensor:
        loss = self.learner.loss(batch)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        trained = [part for group in self.optimizer.param_groups for part in group["params"]]
        nn.utils.clip_grad_norm_(trained, self.config.gradient_clip)
        self.optimizer.step()
        self.schedule.step()
        return loss.detach()

    def _state(self, place: int) -> dict[str, Any]:
        return {
            "key": self.key, "place": place, "history": [astuple(metrics) for metrics in self.history],
            "weights": self.learner.weights(), "best_weights": self.best_weights,
            "optimizer": self.optimizer.state_dict(), "schedule": self.schedule.state_dict(),
            "random": random_state(self.order, self.learner.noise),
        }  # fmt: skip

    def _take_up(self, stored: dict[str, Any]) -> None:
        self.history = [EpochMetrics(*values) for values in stored["history"]]
        self.best_weights = stored["best_weights"]

    def _restore(self, stored: dict[str, Any]) -> None:
        self.learner.load_weights(stored["weights"])
        self.optimizer.load_state_dict(stored["optimizer"])
        self.schedule.load_state_dict(stored["schedule"])
        restore_random(stored["random"], self.order, self.learner.noise)


def report(on_epoch: OnEpoch | None, metrics: EpochMetrics) -> None:
    """Tell whoever wants to know."""
    if on_epoch:
        on_epoch(metrics)


def warmup_cosine(step: int, warmup: int, total: int) -> float:
    """The learning rate's factor at a step: linear to 1 over `warmup` steps, then a cosine to 0 at `total`."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


def require_finite(loss: float) -> None:
    """Stop a training that has diverged.

    Raises:
        ModelError: if the loss is no finite number.
    """
    if not math.isfinite(loss):
        raise ModelError(f"the loss became {loss}: lower the learning rate of the training configuration")


def validate(logits: Tensor, val: PhotoData, epoch: int, train_loss: float, rate: float) -> EpochMetrics:
    """What logits (N, K) of the validation photos are worth."""
    loss = nn.functional.cross_entropy(logits, val.labels).item()
    require_finite(loss)
    accuracy = macro_accuracy(val.labels.numpy(), logits.argmax(dim=1).numpy())
    return EpochMetrics(epoch, train_loss, loss, accuracy, rate)
