"""LoRA on an image tower: small trained updates beside frozen weights, merged into them at the end (peft)."""

import warnings

from peft import LoraConfig, get_peft_model
from peft.tuners.lora import LoraLayer
from torch import nn

from recipe_assets.model.strategies import TrainingConfig

TARGETS = ["q_proj", "k_proj", "v_proj", "out_proj"]
"""All of attention's projections; CLIP-LoRA (Zanella, Ben Ayed 2024, arXiv:2405.18541) adapts the first three."""


def add_lora(tower: nn.Module, config: TrainingConfig) -> None:
    """Freeze a tower and put trainable updates beside its attention projections, in place."""
    settings = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=TARGETS,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft looks for a model card and a vocabulary that a tower has not
        get_peft_model(tower, settings)


def merge_lora(tower: nn.Module) -> None:
    """Add the updates to the weights and take them away, in place; what the tower computes stays the same."""
    for parent in list(tower.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LoraLayer):
                child.merge()
                setattr(parent, name, child.get_base_layer())
