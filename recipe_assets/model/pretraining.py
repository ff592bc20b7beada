"""Make `builtin:tiny`: a small CLIP pre-trained on captioned renders of a kitchen wider than the sample studio.

Run `python -m recipe_assets.model.pretraining --help`. What came out, with seed, data and limits, is written down
beside the weights, in `tiny/README.md`.
"""

import argparse
import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

from recipe_assets.model.clip import BaseModel, load_base, save_base
from recipe_assets.model.identity import BUILTIN
from recipe_assets.model.photo_data import normalize
from recipe_assets.model.pretraining_scenes import SIZE, draw_scenes
from recipe_assets.model.tokenizer import train_tokenizer
from recipe_assets.model.training import warmup_cosine
from recipe_assets.release.manifest import BaseCheckpoint
from recipe_assets.studio.photos import Preprocessing

log = logging.getLogger(__name__)

SPEC = Preprocessing(size=SIZE)


class Stage(msgspec.Struct, frozen=True):
    """One stage of pre-training: how many scenes of the world and of the studio, and how to learn from them."""

    world: int
    studio: int
    epochs: int
    learning_rate: float


STAGES = {
    "world": Stage(world=40_000, studio=0, epochs=14, learning_rate=1e-3),
    "studio": Stage(world=16_000, studio=24_000, epochs=5, learning_rate=5e-4),
}
"""First the wide world, to see with; then, from there, studio photos among it, to tell cookware apart by size."""


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


def word_targets(tokens: Tensor, vocabulary_size: int, special: set[int]) -> Tensor:
    """Which words each caption holds, rare ones weighing more: float32 (N, vocabulary), rows sum to 1.

    Predicting them from the picture alone is the objective of SuperClass (Huang et al. 2024, arXiv:2411.03313),
    inverse document frequency as there. Beside the contrastive loss it tells each picture what to look for,
    which small batches of contrast teach slowly.
    """
    present = torch.zeros((len(tokens), vocabulary_size))
    present.scatter_(1, tokens, 1.0)
    present[:, sorted(special)] = 0
    weights = torch.log(len(tokens) / (1 + present.sum(dim=0)))
    weighted = present * weights.clamp(min=0)
    return weighted / weighted.sum(dim=1, keepdim=True).clamp(min=1e-6)


@dataclass
class _Pretrainer:
    """Both towers, the word head, their optimizer and the random state of one run."""

    config: PretrainingConfig
    stage: Stage
    clip: CLIPModel
    tokens: dict[str, Tensor]
    words: Tensor
    squares: Tensor

    def __post_init__(self) -> None:
        self.noise = torch.Generator().manual_seed(self.config.seed)
        self.word_head = nn.Linear(self.clip.config.vision_config.hidden_size, self.words.shape[1])
        self.parameters = [*self.clip.parameters(), *self.word_head.parameters()]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=self.stage.learning_rate, weight_decay=self.config.weight_decay, betas=(0.9, 0.98)
        )
        steps = self.stage.epochs * (len(self.squares) // self.config.batch_size)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: warmup_cosine(step, steps // 20, steps)
        )

    def run_epoch(self) -> tuple[float, float]:
        """Train on every scene once and return the mean contrastive and word losses."""
        order = torch.randperm(len(self.squares), generator=self.noise)
        whole = len(order) - len(order) % self.config.batch_size
        batches = torch.split(order[:whole], self.config.batch_size)
        losses = []
        for step, batch in enumerate(batches, 1):
            losses.append(self._step(batch))
            if step % 50 == 0:
                contrastive, words = np.mean(losses[-50:], axis=0)
                log.info("  step %d of %d: contrastive %.3f, words %.3f", step, len(batches), contrastive, words)
        contrastive, words = np.mean(losses, axis=0)
        return float(contrastive), float(words)

    def _step(self, batch: Tensor) -> tuple[float, float]:
        # Scenes are drawn with varied light already; mirroring is the one augmentation that costs nothing.
        mirror = torch.rand((len(batch), 1, 1, 1), generator=self.noise) < 0.5
        squares = self.squares[batch]
        pixels = normalize(torch.where(mirror, squares.flip(-1), squares), SPEC)
        texts = {name: part[batch] for name, part in self.tokens.items()}
        output = self.clip(pixel_values=pixels, **texts, return_loss=True)
        guesses = self.word_head(output.vision_model_output.pooler_output).log_softmax(dim=-1)
        words = -(self.words[batch] * guesses).sum(dim=-1).mean()
        self.optimizer.zero_grad()
        (output.loss + words).backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.schedule.step()
        return float(output.loss.item()), float(words.item())


def pretrain(
    base: BaseModel, stage: Stage, config: PretrainingConfig, squares: Tensor, captions: list[str]
) -> list[tuple[float, float]]:
    """Train both towers of `base` in place; returns each epoch's mean contrastive and word losses."""
    tokens = dict(base.tokenizer(captions, padding=True, truncation=True, return_tensors="pt"))
    words = word_targets(tokens["input_ids"], len(base.tokenizer), set(base.tokenizer.all_special_ids))
    trainer = _Pretrainer(config, stage, base.clip.train(), tokens, words, squares)
    history = []
    for epoch in range(1, stage.epochs + 1):
        start = time.monotonic()
        history.append(trainer.run_epoch())
        log.info("epoch %d: contrastive %.3f, words %.3f in %.0f s", epoch, *history[-1], time.monotonic() - start)
    base.clip.eval()
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
    squares, captions = draw_scenes(stage.world, stage.studio, config.seed, arguments.scratch)
    torch.manual_seed(config.seed)
    base = untrained(captions, config) if arguments.stage == "world" else load_base(str(arguments.out))
    history = pretrain(base, stage, config, squares, captions)
    base.clip.half()
    save_base(base, arguments.out)
    losses = [{"contrastive": round(contrast, 4), "words": round(words, 4)} for contrast, words in history]
    settings = msgspec.to_builtins(config) | msgspec.to_builtins(stage)
    record = {"config": settings, "losses_per_epoch": losses}
    content = json.dumps(record, indent=2) + "\n"
    (arguments.out / f"pretraining-{arguments.stage}.json").write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
