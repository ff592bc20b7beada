"""Make `builtin:tiny`: a small CLIP pre-trained on captioned renders of a kitchen wider than the sample studio.

Run `python -m recipe_assets.model.pretraining --help`. What came out, with seed, data and limits, is written down
beside the weights, in `tiny/README.md`.
"""

import argparse
import copy
import json
import logging
from dataclasses import replace
from pathlib import Path

import msgspec
import torch
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

from recipe_assets.model.checkpoints import BaseModel, load_base, save_base
from recipe_assets.model.identity import BUILTIN
from recipe_assets.model.pretraining_loop import SPEC, PretrainingConfig, Stage, pretrain
from recipe_assets.model.pretraining_scenes import draw_scenes
from recipe_assets.model.tokenizer import train_tokenizer
from recipe_assets.model.widening import widen
from recipe_assets.release.manifest import BaseCheckpoint

STAGES = {
    "world": Stage(world=40_000, studio=0, epochs=14, learning_rate=1e-3),
    "studio": Stage(world=16_000, studio=24_000, epochs=5, learning_rate=5e-4),
    "wide": Stage(world=24_000, studio=66_000, epochs=2, learning_rate=5e-4, guided=True, widen=True),
    "guided": Stage(world=24_000, studio=66_000, epochs=4, learning_rate=5e-4, guided=True),
    "last": Stage(world=24_000, studio=66_000, epochs=2, learning_rate=3e-4, guided=True),
}
"""First the wide world, to see with; then studio photos among it, to tell cookware apart by size; then both again
with four times the weights."""


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
