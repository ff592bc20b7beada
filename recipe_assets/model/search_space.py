"""What a search may try: the settings of each strategy, as values to list or ranges to draw from.

Which of it is tried next is `search_studies`' subject, trying it `search_trials`'.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import msgspec
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from recipe_assets.errors import ModelError
from recipe_assets.model.strategies import STRATEGIES, TrainingConfig, learning_rates

Value = str | int | float | bool
Settings = Mapping[str, Value]

CHEAP = ("zero_shot", "linear_probe")
"""Strategies that work on stored embeddings: no thumbnail is read for them."""
ORDER = (*CHEAP, "lp_ft", "lora", "contrastive", "full")
"""Strategies from cheap to dear: whoever runs out of time has the cheap ones whole."""

LOGARITHMIC = {"learning_rate": True, "head_factor": True, "weight_decay": False, "label_smoothing": False}
"""Settings that are drawn between the lowest and the highest value given; all others are one of the values."""

_ALWAYS = ("learning_rate", "weight_decay", "label_smoothing", "epochs", "batch_size", "balance")
_MOVING = (*_ALWAYS, "head_factor", "wise_ft")
_NO_HEAD = tuple(name for name in _MOVING if name not in ("head_factor", "label_smoothing"))
MEANT_FOR = {
    "zero_shot": (),
    "linear_probe": _ALWAYS,
    "lp_ft": _MOVING,
    "lora": (*_MOVING, "lora_rank"),
    "contrastive": _NO_HEAD,
    "full": _MOVING,
}
"""The settings that change what a strategy does."""


@dataclass(frozen=True)
class Space:
    """What is tried of one strategy.

    `settings` holds the values of each setting; what is not in it stays as in `default`.
    """

    default: TrainingConfig
    settings: Mapping[str, tuple[Value, ...]]

    @property
    def strategy(self) -> str:
        """The strategy's name."""
        return self.default.strategy

    @property
    def free(self) -> dict[str, tuple[Value, ...]]:
        """The settings that have more than one value."""
        return {name: values for name, values in self.settings.items() if len(values) > 1}

    def grid(self) -> list[dict[str, Value]]:
        """Every combination of the free settings' values, in the order given."""
        free = self.free
        return [dict(zip(free, values, strict=True)) for values in product(*free.values())]

    @property
    def is_finite(self) -> bool:
        """Nothing is drawn from a range: the grid is all there is."""
        return not any(name in LOGARITHMIC for name in self.free)

    def distributions(self) -> dict[str, BaseDistribution]:
        """The free settings as Optuna draws them."""
        return {name: _distribution(name, values) for name, values in self.free.items()}

    def start(self) -> dict[str, Value]:
        """The strategy's default, or the middle of the values where the default is open or not among them."""
        return {
            name: default if _covers(name, values, default := getattr(self.default, name)) else _middle(values)
            for name, values in self.free.items()
        }

    def config(self, settings: Settings) -> TrainingConfig:
        """The whole configuration of a trial with these free settings."""
        fixed = {name: values[0] for name, values in self.settings.items()}
        return msgspec.structs.replace(self.default, **(fixed | dict(settings)))


def space_of(
    strategy: str, tower_parameters: int, wanted: Mapping[str, Sequence[Value]] | None = None, seed: int = 17
) -> Space:
    """What to try of a strategy.

    Args:
        strategy: a name in `STRATEGIES`.
        tower_parameters: of the base's image tower; large ones are tuned with small steps.
        wanted: values by setting, in place of those that are tried by default.
        seed: of every trial's training: trials differ by their settings, not by luck.

    Raises:
        ModelError: if there is no such strategy or setting, or a value cannot be used.
    """
    if strategy not in STRATEGIES:
        raise ModelError(f"there is no strategy '{strategy}': choose from {', '.join(STRATEGIES)}")
    default = msgspec.structs.replace(STRATEGIES[strategy], seed=seed)
    settings = _default_settings(default, tower_parameters)
    for name, values in (wanted or {}).items():
        _require_usable(default, name, values)
        settings[name] = tuple(dict.fromkeys(values))
    return Space(default, settings)


def _default_settings(default: TrainingConfig, tower_parameters: int) -> dict[str, tuple[Value, ...]]:
    """A hundredfold range of rates around the default one, two ways to regularize, and LoRA's rank."""
    rates = learning_rates(default, tower_parameters)
    if not rates:
        return {}
    middle = math.exp(sum(map(math.log, rates)) / len(rates))
    settings: dict[str, tuple[Value, ...]] = {
        "learning_rate": tuple(float(f"{middle * factor:.2g}") for factor in (0.1, 1, 10)),
        "weight_decay": (0.0, 0.05, 0.2),
        "label_smoothing": (0.0, 0.1, 0.2),
        "lora_rank": (2, 4, 8, 16),
    }
    return {name: values for name, values in settings.items() if name in MEANT_FOR[default.strategy]}


def _require_usable(default: TrainingConfig, name: str, values: Sequence[Value]) -> None:
    where = f"the search space of {default.strategy}"
    if name not in MEANT_FOR[default.strategy]:
        known = ", ".join(MEANT_FOR[default.strategy]) or "none"
        raise ModelError(f"{where} has no setting '{name}': choose from {known}")
    if not values:
        raise ModelError(f"{where} has no value for {name}: give at least one, or leave it out")
    for value in values:
        try:
            msgspec.convert(msgspec.structs.asdict(default) | {name: value}, TrainingConfig)
        except (msgspec.ValidationError, ModelError) as error:
            raise ModelError(f"{where} cannot use {name} {value!r}: {error}") from None
        if isinstance(value, float) and not math.isfinite(value):
            raise ModelError(f"{where} cannot use {name} {value}: give finite numbers")
        if LOGARITHMIC.get(name) and not float(value) > 0:
            raise ModelError(f"{where} cannot use {name} {value}: give numbers above 0")


def _distribution(name: str, values: tuple[Value, ...]) -> BaseDistribution:
    if name not in LOGARITHMIC:
        return CategoricalDistribution(values)
    numbers = [float(value) for value in values]
    return FloatDistribution(min(numbers), max(numbers), log=LOGARITHMIC[name])


def _covers(name: str, values: tuple[Value, ...], value: Value | None) -> bool:
    if value is None or name not in LOGARITHMIC:
        return value in values
    return min(map(float, values)) <= float(value) <= max(map(float, values))


def _middle(values: tuple[Value, ...]) -> Value:
    return sorted(values, key=lambda value: (str(type(value)), value))[len(values) // 2]
