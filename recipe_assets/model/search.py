"""Search strategies and their settings: which configuration does best on the validation photos?

Goes on where it was killed. Knows no Dagster; how MLflow is told stands in `search_runs`.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
from optuna.storages import RDBStorage

from recipe_assets.errors import ModelError, RecipeError
from recipe_assets.model.pipeline import TrainingInputs
from recipe_assets.model.search_plan import SearchPlan
from recipe_assets.model.search_runs import TrialRun, TrialRuns
from recipe_assets.model.search_space import CHEAP, ORDER, Value, space_of
from recipe_assets.model.search_studies import Study, give_up_running, open_storage
from recipe_assets.model.search_table import (
    best_config,
    best_trial,
    note_outcome,
    note_start,
    open_end,
    say_trial,
    trials_table,
)
from recipe_assets.model.search_trials import Workbench
from recipe_assets.model.strategies import TrainingConfig
from recipe_assets.model.training import EpochMetrics

__all__ = ["SearchPlan", "Searched", "best_config", "best_trial", "open_end", "search"]

TRIAL_ERRORS = (RecipeError, RuntimeError, MemoryError, ArithmeticError, ValueError)
"""What may go wrong with one trial and right with the next: no memory, no number, an impossible setting.

Anything else is a bug, or tracking is out of reach; every trial would fail of it, so it ends the search.
"""

Wanted = Mapping[str, Mapping[str, Sequence[Value]]]
"""Values to try, by strategy and setting, in place of those that are tried by default."""


@dataclass(frozen=True)
class Searched:
    """What a search found.

    Attributes:
        trials: see `trials_table`.
        importance: by strategy with trials enough, the share of each setting in what sets the best apart.
        unfinished: trials that time did not allow, by strategy.
    """

    trials: pd.DataFrame
    importance: dict[str, dict[str, float]]
    unfinished: dict[str, int]


def search(
    inputs: TrainingInputs,
    identity: str,
    strategies: Sequence[str],
    plan: SearchPlan,
    folder: Path,
    wanted: Wanted | None = None,
    tracking: Any | None = None,  # noqa: ANN401 (MLflow is untyped)
    say: Callable[[str], None] = lambda _: None,
) -> Searched:
    """Try each strategy with several settings; cheap strategies first.

    Args:
        inputs: data and base checkpoint.
        identity: what the base checkpoint's name stands for now.
        strategies: which to try.
        plan: how to search.
        folder: keeps the trials, so that the same search goes on where it was and repeats none.
        wanted: values to try in place of the default ones.
        tracking: MLflow with an active run, or None.
        say: told how it goes.

    Raises:
        ModelError: if the plan or a value cannot be used, another search is running, or no trial succeeds.
    """
    deadline = time.monotonic() + (float("inf") if plan.seconds is None else plan.seconds)
    names = _ordered(strategies, wanted or {})
    with open_storage(folder) as storage:
        bench = Workbench(inputs, folder)
        data = f"{inputs.fingerprint} {identity}"
        spaces = [
            space_of(name, bench.tower_parameters, (wanted or {}).get(name), plan.training_seed) for name in names
        ]
        studies = [Study(storage, data, space, plan) for space in spaces]
        runs = TrialRuns(tracking)
        _recover(storage, runs, say)
        for study in studies:
            study.retry_failures()
            if done := len(study.settled()):
                say(f"{study.space.strategy}: {done} of {study.size} trials are done already")
        for study in studies:
            _run_study(study, bench, runs, deadline, say)
        return _found(studies, plan)


def _ordered(strategies: Sequence[str], wanted: Wanted) -> list[str]:
    if unknown := sorted({*strategies, *wanted} - set(ORDER)):
        raise ModelError(f"there is no strategy '{unknown[0]}': choose from {', '.join(ORDER)}")
    if unused := sorted(set(wanted) - set(strategies)):
        raise ModelError(
            f"the search has a space for {unused[0]}, which is not among its strategies: add it there"
        )
    if not strategies:
        raise ModelError(f"a search needs at least one strategy: choose from {', '.join(ORDER)}")
    return [name for name in ORDER if name in strategies]


def _recover(storage: RDBStorage, runs: TrialRuns, say: Callable[[str], None]) -> None:
    for trial in give_up_running(storage):
        say("a trial was interrupted: it is tried again when its search goes on")
        if run_id := trial.user_attrs.get("start", {}).get("mlflow_run_id"):
            runs.close(run_id)


def _run_study(
    study: Study, bench: Workbench, runs: TrialRuns, deadline: float, say: Callable[[str], None]
) -> None:
    while time.monotonic() < deadline and study.is_open():
        bench.load(study.space.strategy)  # what is wrong with the photos is no trial's fault
        if trial := study.ask():
            _run_trial(study, trial, bench, runs)
            say(say_trial(study.settled(), study))


def _run_trial(study: Study, trial: optuna.Trial, bench: Workbench, runs: TrialRuns) -> None:
    """Run a trial and settle it; one that is stopped from outside is left to be tried again."""
    config = study.space.config(trial.params)
    try:
        with runs.trial(f"{config.strategy} {len(study.settled()) + 1}", config) as run:
            loss = _train(trial, config, bench, run)
    except optuna.TrialPruned:
        study.prune(trial)
    except TRIAL_ERRORS as error:
        trial.set_user_attr("error", " ".join(str(error).split()) or type(error).__name__)
        study.fail(trial)
    except BaseException:
        study.stop(trial)
        raise
    else:
        study.complete(trial, loss)


def _train(trial: optuna.Trial, config: TrainingConfig, bench: Workbench, run: TrialRun) -> float:
    """Train, and note what was reached; returns the loss, raises TrialPruned if it is not worth going on."""
    note_start(trial, config, run.run_id)

    def on_epoch(metrics: EpochMetrics) -> None:
        values = asdict(metrics)
        run.log(values, step=values.pop("epoch"))
        if config.strategy in CHEAP:
            return  # looking up whether to prune takes longer than an epoch over embeddings
        trial.report(metrics.val_loss, metrics.epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    outcome = bench.run(config, on_epoch)
    run.log({f"trial_{name}": value for name, value in asdict(outcome).items()}, step=outcome.epochs)
    note_outcome(trial, outcome)
    return outcome.macro_loss


def _found(studies: Sequence[Study], plan: SearchPlan) -> Searched:
    trials = trials_table(studies)
    if not (trials["state"] == "complete").any():
        failed = trials[trials["state"] == "failed"]
        if failed.empty:
            raise ModelError(f"no trial was finished within {plan.seconds:.0f} seconds: give the search more time")
        raise ModelError(f"all {len(failed)} trials failed; the first one: {failed['error'].iloc[0]}")
    return Searched(
        trials,
        {study.space.strategy: shares for study in studies if (shares := study.importance())},
        {study.space.strategy: left for study in studies if (left := study.size - len(study.settled()))},
    )
