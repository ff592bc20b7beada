"""What became of a search's trials, as a table; and the configuration that won.

The table is made of what the studies keep, so that trials of before a kill stand in it like all others.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
import optuna
import pandas as pd
from optuna.trial import FrozenTrial, TrialState

from recipe_assets.errors import ModelError, RecipeError
from recipe_assets.model.search_studies import Study
from recipe_assets.model.search_trials import Outcome
from recipe_assets.model.strategies import TrainingConfig

STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
TYPES = {
    "number": "int64", "strategy": "string", "state": "string", "settings": "string",
    "val_macro_loss": "float64", "val_macro_accuracy": "float64", "val_loss": "float64", "epochs": "int64",
    "seconds": "float64", "error": "string", "mlflow_run_id": "string", "config": "string",
}  # fmt: skip


def note_start(trial: optuna.Trial, config: TrainingConfig, run_id: str | None) -> None:
    """Keep with a trial what it is."""
    trial.set_user_attr("start", {"config": msgspec.json.encode(config).decode(), "mlflow_run_id": run_id})


def note_outcome(trial: optuna.Trial, outcome: Outcome) -> None:
    """Keep with a trial what it reached."""
    trial.set_user_attr("outcome", asdict(outcome))


def trials_table(studies: Iterable[Study]) -> pd.DataFrame:
    """One row per settled trial, in the order in which they were run.

    Columns: number (from 1), strategy, state (complete, pruned, failed), settings (JSON, those that are searched),
    val_macro_loss (see `Outcome`; the lowest is the best), val_macro_accuracy (0-1), val_loss (of the best epoch),
    epochs, seconds, error, mlflow_run_id, config (JSON: a `TrainingConfig`). What was not measured is missing.
    """
    trials = [(study.space.strategy, trial) for study in studies for trial in study.settled()]
    trials.sort(key=lambda pair: pair[1].datetime_start or pair[1].datetime_complete)
    rows = [_row(number, strategy, trial) for number, (strategy, trial) in enumerate(trials, 1)]
    return pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)


def _row(number: int, strategy: str, trial: FrozenTrial) -> dict[str, Any]:
    outcome = reached(trial)
    return {
        "number": number,
        "strategy": strategy,
        "state": STATES[trial.state],
        "settings": msgspec.json.encode(trial.params, order="sorted").decode(),
        "val_macro_loss": outcome["macro_loss"],
        "val_macro_accuracy": outcome["macro_accuracy"],
        "val_loss": outcome["loss"],
        "epochs": outcome["epochs"],
        "seconds": trial.duration.total_seconds() if trial.duration else None,
        "error": trial.user_attrs.get("error"),
        **trial.user_attrs.get("start", {}),
    }


def reached(trial: FrozenTrial) -> dict[str, Any]:
    """What a trial reached, as far as it went; Optuna's value of a pruned trial is its last epoch's loss."""
    losses = trial.intermediate_values
    partly = {
        "macro_loss": None,
        "macro_accuracy": None,
        "loss": min(losses.values(), default=None),
        "epochs": len(losses),
    }
    return {**partly, **trial.user_attrs.get("outcome", {})}


def best_trial(table: pd.DataFrame) -> "pd.Series[Any]":
    """The row of the complete trial with the lowest validation macro loss; of equal ones the first, and cheapest.

    Raises:
        ModelError: if no trial is complete.
    """
    complete = table[table["state"] == "complete"].sort_values("number")
    if complete.empty:
        raise ModelError("the search has no complete trial: materialize hyperparameter_search again")
    return complete.iloc[int(complete["val_macro_loss"].argmin())]


def best_config(table: pd.DataFrame) -> TrainingConfig:
    """The configuration that won a search.

    Args:
        table: the value of `hyperparameter_search`.

    Raises:
        ModelError: if no trial is complete, or the table was written by another version of the program.
    """
    text = str(best_trial(table)["config"])
    try:
        return msgspec.json.decode(text, type=TrainingConfig)
    except (msgspec.DecodeError, RecipeError) as error:
        raise ModelError(
            f"the search was made by another version of this program ({error}): "
            "materialize hyperparameter_search again"
        ) from None


def open_end(table: pd.DataFrame) -> str | None:
    """On which side of the winner's learning rate nothing was tried, as advice; None if both sides were."""
    best = best_trial(table)
    own = table.loc[table["strategy"] == best["strategy"], "settings"]
    tried = {rate for text in own if (rate := json.loads(text).get("learning_rate"))}
    chosen = json.loads(str(best["settings"])).get("learning_rate")
    if len(tried) < 3 or min(tried) < chosen < max(tried):
        return None
    side, values = ("lower", "below") if chosen == min(tried) else ("higher", "above")
    return (
        f"no learning rate {side} than the winner's {chosen:.2g} was tried for {best['strategy']}: "
        f"give the search values {values} it"
    )


def say_trial(trials: Sequence[FrozenTrial], study: Study) -> str:
    """The last settled trial in one line, for the log."""
    trial = trials[-1]
    head = f"{study.space.strategy} {len(trials)} of {study.size}:"
    seconds = trial.duration.total_seconds() if trial.duration else 0
    if trial.state == TrialState.FAIL:
        return f"{head} failed after {seconds:.0f} s: {trial.user_attrs.get('error')}"
    outcome = reached(trial)
    epochs = f"{outcome['epochs']} epochs, {seconds:.0f} s"
    if trial.state == TrialState.PRUNED:
        return f"{head} pruned after {epochs}"
    best = min(other.value for other in trials if other.state == TrialState.COMPLETE)
    accuracy = 100 * outcome["macro_accuracy"]
    said = f"{head} macro loss {trial.value:.3f} (best {best:.3f}), macro accuracy {accuracy:.1f} %, {epochs}"
    return ", ".join([said, *(f"{name} {_short(value)}" for name, value in trial.params.items())])


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
