"""The loop of `builtin:tiny`'s pre-training: both towers by contrast, words and measures of drawn scenes.

Which stages there are, and what becomes of the weights, is `pretraining`'s subject.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from transformers import CLIPModel

from recipe_assets.model.checkpoints import BaseModel
from recipe_assets.model.losses import contrastive_loss
from recipe_assets.model.photo_data import normalize
from recipe_assets.model.pretraining_losses import MeasureHead, word_loss, word_targets
from recipe_assets.model.pretraining_scenes import SIZE, Scenes, caption_groups
from recipe_assets.model.training_loop import warmup_cosine
from recipe_assets.studio.photos import Preprocessing

log = logging.getLogger(__name__)

SPEC = Preprocessing(size=SIZE)
unit = partial(nn.functional.normalize, dim=-1)


class Losses(NamedTuple):
    """The parts of the loss; `measures` is 0 in a stage that is not guided."""

    contrastive: float
    words: float
    measures: float


class Stage(msgspec.Struct, frozen=True):
    """One stage of pre-training: how many scenes of the world and of the studio, and how to learn from them.

    A `guided` stage is told which captions of the studio mean the same, and what the round vessel in the picture
    measures. A `widen` stage doubles the image tower's width before it starts.
    """

    world: int
    studio: int
    epochs: int
    learning_rate: float
    guided: bool = False
    widen: bool = False


class PretrainingConfig(msgspec.Struct, frozen=True):
    """What both stages share."""

    batch_size: int = 128
    weight_decay: float = 0.1
    vocabulary_size: int = 1024
    seed: int = 2024


@dataclass
class _Pretrainer:
    """Both towers, the heads that are thrown away, their optimizer and the random state of one run."""

    config: PretrainingConfig
    stage: Stage
    clip: CLIPModel
    tokens: dict[str, Tensor]
    words: Tensor
    scenes: Scenes

    def __post_init__(self) -> None:
        self.noise = torch.Generator().manual_seed(self.config.seed)
        width = self.clip.config.vision_config.hidden_size
        self.word_head, self.measure_head = nn.Linear(width, self.words.shape[1]), MeasureHead(width)
        self.groups = caption_groups(self.scenes.captions if self.stage.guided else [""] * len(self.words))
        parts = (self.clip, self.word_head, self.measure_head)
        self.parameters = [parameter for part in parts for parameter in part.parameters()]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=self.stage.learning_rate, weight_decay=self.config.weight_decay, betas=(0.9, 0.98)
        )
        steps = self.stage.epochs * (len(self.words) // self.config.batch_size)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: warmup_cosine(step, steps // 20, steps)
        )

    def run_epoch(self) -> Losses:
        """Train on every scene once and return the mean losses."""
        order = torch.randperm(len(self.words), generator=self.noise)
        whole = len(order) - len(order) % self.config.batch_size
        batches = torch.split(order[:whole], self.config.batch_size)
        losses = []
        for step, batch in enumerate(batches, 1):
            losses.append(self._step(batch))
            if step % 50 == 0:
                log.info("  step %d of %d: %s", step, len(batches), _mean(losses[-50:]))
        return _mean(losses)

    def _step(self, batch: Tensor) -> Losses:
        # Scenes are drawn with varied light already; mirroring is the one augmentation that costs nothing.
        mirror = torch.rand(len(batch), generator=self.noise) < 0.5
        squares = self.scenes.squares[batch]
        pixels = normalize(torch.where(mirror.view(-1, 1, 1, 1), squares.flip(-1), squares), SPEC)
        texts = {name: part[batch] for name, part in self.tokens.items()}
        # bfloat16 for the large products only: half the time on a CPU that has it, and as exact as needed.
        with torch.autocast("cpu", torch.bfloat16, enabled=self.stage.guided):
            seen = self.clip.vision_model(pixel_values=pixels)
            images = self.clip.visual_projection(seen.pooler_output)
            captions = self.clip.text_projection(self.clip.text_model(**texts).pooler_output)
        pooled, tokens = seen.pooler_output.float(), seen.last_hidden_state[:, 1:].float()
        scale = self.clip.logit_scale.exp()
        contrast = contrastive_loss(unit(images.float()), unit(captions.float()), scale, self.groups[batch])
        words = word_loss(self.word_head(pooled), self.words[batch])
        measures = self.measure_head.loss(tokens, pooled, self.scenes.measures[batch], mirror)
        self.optimizer.zero_grad()
        (contrast + words + self.stage.guided * measures).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.schedule.step()
        return Losses(contrast.item(), words.item(), measures.item())


def _mean(losses: list[Losses]) -> Losses:
    return Losses(*(round(float(value), 4) for value in np.mean(losses, axis=0)))


def pretrain(
    base: BaseModel, stage: Stage, config: PretrainingConfig, scenes: Scenes, on_epoch: Callable[[], None]
) -> list[Losses]:
    """Train both towers of `base` in place; returns each epoch's mean losses."""
    tokens = dict(base.tokenizer(scenes.captions, padding=True, truncation=True, return_tensors="pt"))
    words = word_targets(tokens["input_ids"], len(base.tokenizer), set(base.tokenizer.all_special_ids))
    # On a CPU, torch's fused attention spends half of a step in its backward pass over so few tokens.
    base.encoder.set_attn_implementation("eager")
    trainer = _Pretrainer(config, stage, base.encoder.train(), tokens, words, scenes)
    history = []
    for epoch in range(1, stage.epochs + 1):
        start = time.monotonic()
        history.append(trainer.run_epoch())
        log.info("epoch %d: %s in %.0f s", epoch, history[-1], time.monotonic() - start)
        on_epoch()
    base.encoder.eval()
    return history
