"""Make `builtin:tiny`: a small CLIP pre-trained on captioned renders of a kitchen wider than the sample studio.

Run `python -m recipe_assets.model.pretraining --help`. What came out, with seed, data and limits, is written down
beside the weights, in `tiny/README.md`.
"""

import argparse
import copy
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

from recipe_assets.model.checkpoints import BaseModel, load_base, save_base
from recipe_assets.model.identity import BUILTIN
from recipe_assets.model.losses import contrastive_loss
from recipe_assets.model.photo_data import normalize
from recipe_assets.model.pretraining_losses import MeasureHead, word_loss, word_targets
from recipe_assets.model.pretraining_scenes import SIZE, Scenes, caption_groups, draw_scenes
from recipe_assets.model.tokenizer import train_tokenizer
from recipe_assets.model.training_loop import warmup_cosine
from recipe_assets.model.widening import widen
from recipe_assets.release.manifest import BaseCheckpoint
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


STAGES = {
    "world": Stage(world=40_000, studio=0, epochs=14, learning_rate=1e-3),
    "studio": Stage(world=16_000, studio=24_000, epochs=5, learning_rate=5e-4),
    "wide": Stage(world=24_000, studio=66_000, epochs=2, learning_rate=5e-4, guided=True, widen=True),
    "guided": Stage(world=24_000, studio=66_000, epochs=4, learning_rate=5e-4, guided=True),
    "last": Stage(world=24_000, studio=66_000, epochs=2, learning_rate=3e-4, guided=True),
}
"""First the wide world, to see with; then studio photos among it, to tell cookware apart by size; then both again
with four times the weights."""


class PretrainingConfig(msgspec.Struct, frozen=True):
    """What both stages share."""

    batch_size: int = 128
    weight_decay: float = 0.1
    vocabulary_size: int = 1024
    seed: int = 2024


def tiny_config(tokenizer: CLIPTokenizer) -> CLIPConfig:
    """The architecture: a 6-layer ViT-128/16 at 112 pixels beside a 2-layer text tower, 128 shared dimensions."""
    special = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    text = {
        "hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 2, "num_attention_heads": 4,
        "vocab_size": len(tokenizer), "max_position_embeddings": 40, "projection_dim": 128, **special,
    }  # fmt: skip
    vision = {
        "hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 6, "num_attention_heads": 4,
        "image_size": SPEC.size, "patch_size": 16, "projection_dim": 128,
    }  # fmt: skip
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=128)


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


def untrained(captions: list[str], config: PretrainingConfig) -> BaseModel:
    """The architecture with random weights and a tokenizer learned from the captions."""
    tokenizer = train_tokenizer(captions, config.vocabulary_size)
    return BaseModel(
        CLIPModel(tiny_config(tokenizer)), tokenizer, SPEC, BaseCheckpoint("builtin:tiny", "MIT", None)
    )


def main() -> None:
    """Run one stage; float16 on disk halves the file and moves no logit that matters."""
    parser = argparse.ArgumentParser(description="pre-train builtin:tiny on captioned renders, a stage at a time")
    parser.add_argument("stage", choices=list(STAGES), help="'studio' goes on from what 'world' left in --out")
    parser.add_argument(
        "--out", type=Path, default=BUILTIN["builtin:tiny"], help="where the checkpoint is and goes"
    )
    parser.add_argument("--scratch", type=Path, required=True, help="where drawn scenes are kept between runs")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    config, stage = PretrainingConfig(), STAGES[arguments.stage]
    scenes = draw_scenes(stage.world, stage.studio, config.seed, arguments.scratch)
    torch.manual_seed(config.seed)
    base = untrained(scenes.captions, config) if arguments.stage == "world" else load_base(str(arguments.out))
    if stage.widen:
        base = replace(base, encoder=widen(base.encoder, torch.Generator().manual_seed(config.seed)))
    history = pretrain(base, stage, config, scenes, lambda: _save(base, arguments.out))
    settings = msgspec.to_builtins(config) | msgspec.to_builtins(stage)
    record = {"config": settings, "losses_per_epoch": [losses._asdict() for losses in history]}
    content = json.dumps(record, indent=2) + "\n"
    (arguments.out / f"pretraining-{arguments.stage}.json").write_text(content, encoding="utf-8")


def _save(base: BaseModel, folder: Path) -> None:
    """Write a half-precision copy: float16 on disk halves the file and moves no logit that matters."""
    save_base(replace(base, encoder=copy.deepcopy(base.encoder).half()), folder)


if __name__ == "__main__":
    main()
