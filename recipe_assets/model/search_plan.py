"""How a search goes about a space: which trials are planned, how the others are drawn, when one is given up.

Keeping the trials is `search_studies`' subject, what may be tried `search_space`'s.
"""

import hashlib
from typing import Any

import msgspec
import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial

from recipe_assets.errors import ModelError
from recipe_assets.model.search_space import Space, Value

SAMPLERS = ("grid", "random", "tpe")
PRUNERS = ("median", "halving", "none")
DRAWN_FIRST = 6
"""Trials of a strategy that are drawn at random before TPE has enough to learn from."""
VERSION = 1
"""Raise it when the same settings come to mean another trial: studies of before are then left alone."""


class SearchPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How to search.

    `trials` is how many each strategy gets, the same for all, so that the best one is not simply the one that was
    tried most (Dodge et al. 2019, "Show Your Work", arXiv:1909.03004); a grid must not have more. `seconds` is
    when the last trial may begin. `seed` decides what is drawn, `training_seed` how each trial trains.
    """

    sampler: str = "tpe"
    trials: int = 12
    prune: str = "median"
    seed: int = 17
    training_seed: int = 17
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise ModelError(f"there is no sampler '{self.sampler}': choose from {', '.join(SAMPLERS)}")
        if self.prune not in PRUNERS:
            raise ModelError(f"there is no pruning '{self.prune}': choose from {', '.join(PRUNERS)}")
        if self.trials < 1:
            raise ModelError(f"a search of {self.trials} trials finds nothing: give each strategy at least one")


def study_name(data: str, space: Space, plan: SearchPlan) -> str:
    """The strategy, and a hash of all that decides what a trial is and which come: the same name goes on.

    How many trials there shall be is no part of it, so that a search can be continued with more.
    """
    content = [
        VERSION, data, msgspec.structs.asdict(space.default), sorted(space.settings.items()),
        plan.sampler, plan.prune, plan.seed,
    ]  # fmt: skip
    return f"{space.strategy}-{hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:16]}"


def planned_settings(space: Space, plan: SearchPlan) -> list[dict[str, Value]]:
    """The settings of the first trials, or of all where they can be listed: grids, and spaces without a range.

    A drawn search begins with the strategy's default, so that what it finds is never worse.
    """
    grid = space.grid()
    if plan.sampler == "grid":
        if len(grid) > plan.trials:
            raise ModelError(
                f"the grid of {space.strategy} has {len(grid)} combinations, and trials is {plan.trials}: "
                "raise it, or list fewer values"
            )
        return grid
    start = space.start()
    if not space.is_finite:
        return [start]
    rest = [settings for settings in grid if settings != start]
    order = np.random.default_rng(plan.seed).permutation(len(rest))
    return [start, *(rest[place] for place in order)][: plan.trials]


def pruner_of(plan: SearchPlan, space: Space) -> BasePruner:
    """Gives up on the worse half, or all but a third, by validation loss; no trial in its first epoch.

    Nothing is given up where ways to balance keywords compete: an epoch's plain loss counts frequent keywords most
    and would always prefer no balance, whatever `macro_loss` says in the end.
    """
    if plan.prune == "none" or "balance" in space.free:
        return NopPruner()
    if plan.prune == "median":
        return MedianPruner(n_startup_trials=4, n_warmup_steps=2)
    return SuccessiveHalvingPruner(min_resource=2, reduction_factor=3)


def sampler_of(plan: SearchPlan, planned: list[dict[str, Value]], place: int) -> BaseSampler:
    """What draws the trial at this place, of those that are settled; the same each time."""
    if place < len(planned):
        return _Planned(planned[place])
    # One seed for a whole study would draw its first trials once more after each interruption.
    seed = int.from_bytes(hashlib.sha256(f"{plan.seed} {place}".encode()).digest()[:4])
    if plan.sampler == "random":
        return RandomSampler(seed=seed)
    return TPESampler(seed=seed, n_startup_trials=DRAWN_FIRST)


class _Planned(BaseSampler):  # type: ignore[misc]  # Optuna is untyped here
    """Draws what is given."""

    def __init__(self, settings: dict[str, Value]) -> None:
        self.settings = settings

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Nothing is drawn together."""
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Nothing is drawn together."""
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:  # noqa: ANN401 (as Optuna declares it)
        """The setting's value."""
        return self.settings[param_name]
