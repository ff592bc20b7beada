"""The ways to make a keyword model of a base checkpoint: one configuration each, and which one is the default.

How they are carried out is `learners`' and `training`'s subject.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from recipe_assets.errors import ModelError

AUTO = "auto"
"""The strategy that stands for the default of the data's size."""
LARGE_TOWER = 50_000_000
"""Parameters above which an image tower counts as large and is tuned with small steps, as CLIP ViT-B/32 is."""

Balance = Literal["sampling", "logit_adjustment", "none"]


class TrainingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How to train.

    Attributes:
        strategy: one of `STRATEGIES`.
        epochs: at most so many; each sees as many photos as there are.
        batch_size: photos a step.
        learning_rate: peak of the tower's rate, of the head's where only the head learns; None: by `RATES`.
        head_factor: how many times as fast as the tower the head learns.
        weight_decay: AdamW's.
        warmup_share: share of all steps in which the rate rises; it falls by a cosine after.
        label_smoothing: share of the target that goes to all keywords evenly.
        gradient_clip: largest norm of the gradient.
        patience: epochs without a lower validation loss before training stops.
        balance: what is done for rare keywords, one thing at a time: batches with equal shares of keywords
            ("sampling"), cross-entropy with the keywords' log shares ("logit_adjustment"), or "none".
        augment: vary light and mirror.
        wise_ft: mix tuned and untuned weights as is best on validation (Wortsman et al. 2022, arXiv:2109.01903).
        lora_rank: rank of LoRA's updates (Hu et al. 2021, arXiv:2106.09685).
        lora_alpha: their scale, divided by the rank.
        lora_dropout: share of LoRA's inputs that are dropped.
        random_weights: forget the checkpoint's image tower first; only to see what pre-training is worth.
        precision: "fp32", "bf16", or "auto": bf16 where the GPU or CPU is fast at it.
        compile: compile the image tower; None: on a GPU only, where it pays.
        seed: of everything random.
    """

    strategy: str
    epochs: int = 15
    batch_size: int = 64
    learning_rate: float | None = None
    head_factor: float = 3
    weight_decay: float = 0.05
    warmup_share: float = 0.1
    label_smoothing: float = 0.1
    gradient_clip: float = 1.0
    patience: int = 4
    balance: Balance = "sampling"
    augment: bool = True
    wise_ft: bool = False
    lora_rank: int = 8
    lora_alpha: float = 16
    lora_dropout: float = 0.1
    random_weights: bool = False
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    compile: bool | None = None
    seed: int = 17

    def __post_init__(self) -> None:
        if self.strategy not in RATES:
            raise ModelError(f"there is no strategy '{self.strategy}': choose {', '.join(RATES)}")
        if self.strategy == "contrastive" and self.balance == "logit_adjustment":
            raise ModelError("the contrastive strategy has no logits to adjust: set balance to sampling or none")
        wrong = [name for name in ("epochs", "batch_size", "patience", "lora_rank") if getattr(self, name) < 1]
        if wrong:
            raise ModelError(f"{', '.join(wrong)} of the training configuration must be at least 1")

    @property
    def moves_tower(self) -> bool:
        """Whether the image tower itself is trained."""
        return self.strategy in ("lp_ft", "contrastive", "lora", "full")


class Rates(msgspec.Struct, frozen=True):
    """Peak learning rates for small and large towers; of several, the one that validates best is kept."""

    small: tuple[float, ...]
    large: tuple[float, ...]


RATES: Mapping[str, Rates] = {
    "zero_shot": Rates((), ()),
    "linear_probe": Rates((3e-3,), (3e-3,)),
    "lp_ft": Rates((1e-3,), (1e-5,)),
    "contrastive": Rates((1e-4,), (1e-5,)),
    "lora": Rates((5e-3,), (2e-4,)),
    "full": Rates((1e-3,), (1e-5,)),
}
STRATEGIES: Mapping[str, TrainingConfig] = {
    "zero_shot": TrainingConfig(strategy="zero_shot"),
    "linear_probe": TrainingConfig(strategy="linear_probe", epochs=100, patience=15, augment=False),
    "lp_ft": TrainingConfig(strategy="lp_ft", wise_ft=True),
    "contrastive": TrainingConfig(strategy="contrastive", wise_ft=True),
    "lora": TrainingConfig(strategy="lora", wise_ft=True),
    "full": TrainingConfig(strategy="full", wise_ft=True),
}
"""One default configuration each."""


def learning_rates(config: TrainingConfig, tower_parameters: int) -> tuple[float, ...]:
    """The peak learning rates to try, for an image tower of so many parameters."""
    if config.learning_rate is not None:
        return (config.learning_rate,)
    rates = RATES[config.strategy]
    return rates.large if tower_parameters > LARGE_TOWER else rates.small


def default_strategy(photos: int) -> str:
    """The strategy for so many training photos: LP-FT for all, measured on a thousand (docs/strategies.md)."""
    return "lp_ft"
