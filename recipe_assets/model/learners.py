"""What a strategy trains: which weights move, the loss of a batch, and the answers it gives on validation.

The loop around them, the same for all, is `training`'s subject.
"""

import contextlib
from typing import Any

import torch
from torch import Tensor, nn

from recipe_assets.errors import ModelError
from recipe_assets.model.checkpoints import device, has_bfloat16
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.learner import Learner
from recipe_assets.model.lora import add_lora, merge_lora
from recipe_assets.model.losses import contrastive_loss
from recipe_assets.model.photo_data import PhotoData, augment, normalize
from recipe_assets.model.predicting import predict_logits
from recipe_assets.model.prompts import PROMPTS, prompt_embeddings
from recipe_assets.model.strategies import TrainingConfig


class HeadLearner(Learner):
    """Linear probe: the head alone, started from the text embeddings, over cached embeddings."""

    def __init__(self, model: KeywordModel, train: PhotoData, config: TrainingConfig) -> None:
        super().__init__(model, train, config)
        self.model.head.requires_grad_(True)
        self.embeddings = _embeddings(train).to(device())

    def parameter_groups(self, rate: float) -> list[dict[str, Any]]:
        """The head."""
        return [{"params": [self.model.head], "lr": rate}]

    def loss(self, batch: Tensor) -> Tensor:
        """Cross-entropy of cached embeddings."""
        labels = self.train_data.labels[batch].to(device())
        return self._cross_entropy(self._answers(self.embeddings[batch.to(device())]), labels)

    @torch.inference_mode()
    def logits(self, data: PhotoData) -> Tensor:
        """Logits of cached embeddings."""
        return self._answers(_embeddings(data).to(device())).cpu()

    def _answers(self, embeddings: Tensor) -> Tensor:
        return self.model.base.logit_scale * embeddings @ nn.functional.normalize(self.model.head, dim=-1).T


class TowerLearner(Learner):
    """Image tower and head by cross-entropy over augmented photos."""

    def __init__(self, model: KeywordModel, train: PhotoData, config: TrainingConfig) -> None:
        super().__init__(model, train, config)
        _require_squares(train)
        self.model.head.requires_grad_(True)
        self._open_tower()
        on_gpu = device().type == "cuda"
        # On a CPU the fused attention's backward pass takes half of a step; plain products are faster there.
        self.model.encoder.set_attn_implementation("sdpa" if on_gpu else "eager")
        self._embed: Any = self.model.base.image_embeddings
        if config.compile or (config.compile is None and on_gpu):
            self._embed = torch.compile(self._embed)
        half = config.precision == "bf16" or (config.precision == "auto" and has_bfloat16(device()))
        self._precision: Any = torch.autocast(device().type, torch.bfloat16) if half else contextlib.nullcontext()

    def _open_tower(self) -> None:
        for part in self.model.base.image_parameters():
            part.requires_grad_(True)

    def parameter_groups(self, rate: float) -> list[dict[str, Any]]:
        """The tower, and the head faster."""
        tower = [part for name, part in self.named_parameters() if part.requires_grad and name != "model.head"]
        return [
            {"params": tower, "lr": rate},
            {"params": [self.model.head], "lr": rate * self.config.head_factor},
        ]

    def embed_batch(self, batch: Tensor) -> Tensor:
        """Unit embeddings (N, D) of augmented training photos."""
        squares = self.train_data.squares[batch].to(device(), non_blocking=True)
        photos = augment(squares, self.noise) if self.config.augment else squares
        pixels = normalize(photos, self.model.base.preprocessing)
        with self._precision:
            return nn.functional.normalize(self._embed(pixels).float(), dim=-1)

    def loss(self, batch: Tensor) -> Tensor:
        """Cross-entropy of augmented photos."""
        head = nn.functional.normalize(self.model.head, dim=-1)
        logits = self.model.base.logit_scale * self.embed_batch(batch) @ head.T
        return self._cross_entropy(logits, self.train_data.labels[batch].to(device()))

    def logits(self, data: PhotoData) -> Tensor:
        """Logits of photos as they are."""
        return predict_logits(self.model, data.squares)


class LoraLearner(TowerLearner):
    """The same with a frozen tower and LoRA's updates beside it."""

    def _open_tower(self) -> None:
        # The updates start from random numbers, which are part of what a seed decides.
        torch.manual_seed(self.config.seed)
        add_lora(self.model.base.encoder.vision_model, self.config)
        self.to(device())

    def finish(self) -> KeywordModel:
        """The model with the updates merged into its tower."""
        merge_lora(self.model.base.encoder.vision_model)
        return super().finish()


class ContrastiveLearner(TowerLearner):
    """FLYP: both towers by the contrastive loss between photos and their keywords' prompts; no head is trained."""

    def _open_tower(self) -> None:
        self.model.head.requires_grad_(False)
        for part in [*self.model.base.image_parameters(), *self.model.base.text_parameters()]:
            part.requires_grad_(True)

    def parameter_groups(self, rate: float) -> list[dict[str, Any]]:
        """Both towers."""
        return [{"params": [part for part in self.parameters() if part.requires_grad], "lr": rate}]

    def loss(self, batch: Tensor) -> Tensor:
        """Contrastive loss between the photos and their keywords, each in one of the prompt templates."""
        labels = self.train_data.labels[batch]
        shown, places = torch.unique(labels, return_inverse=True)
        choice = torch.randint(len(PROMPTS), (len(shown),), generator=self.noise).tolist()
        names = [self.model.keywords[label].prompt for label in shown.tolist()]
        texts = [PROMPTS[template].format(name) for template, name in zip(choice, names, strict=True)]
        prompts = self.model.base.text_embeddings(texts)[places.to(device())]
        scale = self.model.base.logit_scale
        return contrastive_loss(self.embed_batch(batch), prompts, scale, labels.to(device()))

    def logits(self, data: PhotoData) -> Tensor:
        """Logits by the prompts as the text tower reads them now."""
        self._read_prompts()
        return super().logits(data)

    def finish(self) -> KeywordModel:
        """The model with the tuned text tower's prompts as its head."""
        self._read_prompts()
        return super().finish()

    @torch.no_grad()
    def _read_prompts(self) -> None:
        self.model.head.copy_(prompt_embeddings(self.model.base, self.model.keywords))


LEARNERS: dict[str, type[Learner]] = {
    "linear_probe": HeadLearner,
    "lp_ft": TowerLearner,
    "contrastive": ContrastiveLearner,
    "lora": LoraLearner,
    "full": TowerLearner,
}


def _embeddings(data: PhotoData) -> Tensor:
    if data.embeddings is None:
        raise ModelError("the linear probe needs embeddings: materialize photo_embeddings of every shoot first")
    return data.embeddings


def _require_squares(data: PhotoData) -> None:
    if len(data.squares) != len(data.labels):
        raise ModelError("this strategy trains on pixels, and the photos were loaded without: load their squares")
