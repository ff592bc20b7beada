"""What the training loop asks of every strategy, and what all share: frozen parts, weights in and out, loss.

The strategies themselves are `learners`' subject.
"""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from recipe_assets.model.checkpoints import device
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.losses import logit_adjusted_cross_entropy
from recipe_assets.model.photo_data import PhotoData
from recipe_assets.model.strategies import TrainingConfig


class Learner(nn.Module, ABC):
    """A keyword model with what of it is trained; everything else is frozen."""

    def __init__(self, model: KeywordModel, train: PhotoData, config: TrainingConfig) -> None:
        super().__init__()
        self.model, self.config = model.requires_grad_(False).to(device()), config
        self.train_data = train
        self.noise = torch.Generator().manual_seed(config.seed)
        counts = torch.bincount(train.labels, minlength=len(model.keywords)).float()
        self.shares = (counts / counts.sum()).to(device())

    @abstractmethod
    def parameter_groups(self, rate: float) -> list[dict[str, Any]]:
        """What the optimizer moves, and how fast."""

    @abstractmethod
    def loss(self, batch: Tensor) -> Tensor:
        """Mean loss of the training photos with these indices."""

    @abstractmethod
    def logits(self, data: PhotoData) -> Tensor:
        """Logits (N, K) on the CPU, as the finished model would give them."""

    def weights(self) -> dict[str, Tensor]:
        """A copy of what is trained, on the CPU."""
        trained = ((name, part) for name, part in self.named_parameters() if part.requires_grad)
        return {name: part.detach().cpu().clone() for name, part in trained}

    @torch.no_grad()
    def load_weights(self, weights: dict[str, Tensor]) -> None:
        """Take up what `weights` gave."""
        for name, part in self.named_parameters():
            if name in weights:
                part.copy_(weights[name])

    def finish(self) -> KeywordModel:
        """The model by itself, on the CPU, ready to be saved."""
        return self.model.cpu().eval()

    def _cross_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        smoothing = self.config.label_smoothing
        if self.config.balance == "logit_adjustment":
            return logit_adjusted_cross_entropy(logits, labels, self.shares, smoothing)
        return nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)
