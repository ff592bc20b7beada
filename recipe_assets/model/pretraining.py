"""Make `builtin:tiny`: a small CLIP pre-trained on captioned renders of a kitchen wider than the sample studio.

Run `python -m recipe_assets.model.pretraining --help`. What came out, with seed, data and limits, is written down
beside the weights, in `tiny/README.md`.
"""

import argparse
import json
import logging
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

from recipe_assets.model.clip import BUILTIN, BaseModel, save_base
from recipe_assets.model.photo_data import normalize
from recipe_assets.model.training import warmup_cosine
from recipe_assets.release.manifest import BaseCheckpoint
from recipe_assets.studio.photos import Preprocessing, crop_square
from recipe_assets.studio.sample import draw_world

log = logging.getLogger(__name__)

SPEC = Preprocessing(size=112)
SCENE = (180, 120)
"""Pixels of a rendered scene; the model sees its centre square."""
CHUNK = 500


class PretrainingConfig(msgspec.Struct, frozen=True):
    """How `builtin:tiny` is made."""

    scenes: int = 40_000
    epochs: int = 14
    batch_size: int = 128
    learning_rate: float = 1e-3
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


def _draw_chunk(seed: int) -> tuple[NDArray[np.uint8], list[str]]:
    generator = np.random.default_rng(seed)
    scenes = [draw_world(generator, SCENE) for _ in range(CHUNK)]
    squares = np.stack([crop_square(image, SPEC.size) for image, _ in scenes])
    return squares.transpose(0, 3, 1, 2), [caption for _, caption in scenes]


def draw_scenes(config: PretrainingConfig, folder: Path) -> tuple[Tensor, list[str]]:
    """Draw scenes on all cores, or take up those that an earlier run left: uint8 (N, 3, S, S) and captions."""
    folder.mkdir(parents=True, exist_ok=True)
    pixels, captions = folder / "squares.npy", folder / "captions.json"
    if not captions.is_file():
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            seeds = range(config.seed, config.seed + config.scenes // CHUNK)
            chunks = []
            for chunk in pool.map(_draw_chunk, seeds):
                chunks.append(chunk)
                log.info("drew %d of %d scenes", len(chunks) * CHUNK, config.scenes)
        np.save(pixels, np.concatenate([squares for squares, _ in chunks]))
        captions.write_text(json.dumps([text for _, texts in chunks for text in texts]), encoding="utf-8")
    return torch.from_numpy(np.load(pixels)), json.loads(captions.read_text(encoding="utf-8"))


def train_tokenizer(captions: list[str], size: int) -> CLIPTokenizer:
    """A CLIP tokenizer (byte-pair encoding on bytes) with a vocabulary learned from the captions."""
    bare = CLIPTokenizer()
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token="<|endoftext|>"))  # noqa: S106
    learner.normalizer = bare.backend_tokenizer.normalizer
    learner.pre_tokenizer = bare.backend_tokenizer.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<|startoftext|>", "<|endoftext|>"],
        end_of_word_suffix="</w>",
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    learner.train_from_iterator(captions, trainer)
    learned = json.loads(learner.to_str())["model"]
    vocabulary: dict[str, int] = learned["vocab"]
    # The trainer keeps single characters only; each byte must also exist as a word's end, or it would be unknown.
    for letter in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary.setdefault(letter + "</w>", len(vocabulary))
    merges = [tuple(merge) for merge in learned["merges"]]
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=40)


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
    clip: CLIPModel
    tokens: dict[str, Tensor]
    words: Tensor
    squares: Tensor

    def __post_init__(self) -> None:
        self.noise = torch.Generator().manual_seed(self.config.seed)
        self.word_head = nn.Linear(self.clip.config.vision_config.hidden_size, self.words.shape[1])
        self.parameters = [*self.clip.parameters(), *self.word_head.parameters()]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=self.config.learning_rate, weight_decay=self.config.weight_decay, betas=(0.9, 0.98)
        )
        steps = self.config.epochs * (len(self.squares) // self.config.batch_size)
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
    config: PretrainingConfig, squares: Tensor, captions: list[str]
) -> tuple[BaseModel, list[tuple[float, float]]]:
    """Train both towers; returns the model and each epoch's mean contrastive and word losses."""
    torch.manual_seed(config.seed)
    tokenizer = train_tokenizer(captions, config.vocabulary_size)
    clip = CLIPModel(tiny_config(tokenizer)).train()
    tokens = dict(tokenizer(captions, padding=True, truncation=True, return_tensors="pt"))
    words = word_targets(tokens["input_ids"], len(tokenizer), set(tokenizer.all_special_ids))
    trainer = _Pretrainer(config, clip, tokens, words, squares)
    history = []
    for epoch in range(1, config.epochs + 1):
        start = time.monotonic()
        history.append(trainer.run_epoch())
        log.info("epoch %d: contrastive %.3f, words %.3f in %.0f s", epoch, *history[-1], time.monotonic() - start)
    return BaseModel(clip.eval(), tokenizer, SPEC, BaseCheckpoint("builtin:tiny", "MIT", None)), history


def main() -> None:
    """Draw, train and save; float16 on disk halves the file and moves no logit that matters."""
    parser = argparse.ArgumentParser(description="pre-train builtin:tiny on captioned renders")
    parser.add_argument("--out", type=Path, default=BUILTIN["builtin:tiny"], help="where the checkpoint goes")
    parser.add_argument("--scratch", type=Path, required=True, help="where drawn scenes are kept between runs")
    parser.add_argument("--scenes", type=int, default=PretrainingConfig().scenes)
    parser.add_argument("--epochs", type=int, default=PretrainingConfig().epochs)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    config = PretrainingConfig(scenes=arguments.scenes, epochs=arguments.epochs)
    base, history = pretrain(config, *draw_scenes(config, arguments.scratch))
    base.clip.half()
    save_base(base, arguments.out)
    losses = [{"contrastive": round(contrast, 4), "words": round(words, 4)} for contrast, words in history]
    record = {"config": msgspec.to_builtins(config), "losses_per_epoch": losses}
    (arguments.out / "pretraining.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
