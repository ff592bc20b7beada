"""The hyperparameter search as an asset: what is tried, what came of it, and what to look at before trusting it.

It is run by itself, not with every retraining; `fine_tuned_model` takes its winner when it is told to.
"""

from typing import TYPE_CHECKING, Any

import dagster as dg
import msgspec
import pandas as pd
from pydantic import Field

from recipe_assets.defs.model import TAGS
from recipe_assets.defs.reporting import percent, picture, plain_errors, table
from recipe_assets.defs.resources import BaseCheckpointResource, StorageResource, VocabularyResource
from recipe_assets.defs.upkeep import POOL
from recipe_assets.figures.search import search_summary, setting_importance

if TYPE_CHECKING:
    from recipe_assets.model.search import Searched

MOST_FAILURES = 0.2
"""Share of failed trials above which a search says more about the machine than about the settings."""


class StrategySpace(dg.Config):
    """Values to try of each setting; of those left out, the ones that are tried by default.

    A grid takes the values as they are. Random and TPE draw learning_rate and head_factor (logarithmically),
    weight_decay and label_smoothing between the lowest and the highest; of all others they take one of the values.
    """

    learning_rate: list[float] | None = None
    head_factor: list[float] | None = None
    weight_decay: list[float] | None = None
    label_smoothing: list[float] | None = None
    epochs: list[int] | None = None
    batch_size: list[int] | None = None
    balance: list[str] | None = None
    wise_ft: list[bool] | None = None
    lora_rank: list[int] | None = None


class SearchConfig(dg.Config):
    """How to search.

    `sampler`: tpe, random or grid. `trials`: of each strategy. `prune`: median, halving or none.
    `timeout_minutes`: no trial begins after it. `seed` decides what is drawn, `training_seed` how trials train.
    """

    sampler: str = "tpe"
    trials: int = 12
    strategies: list[str] = Field(["linear_probe", "lp_ft", "lora", "contrastive", "full"])
    space: dict[str, StrategySpace] = Field({}, description="values to try, by strategy")
    prune: str = "median"
    timeout_minutes: float | None = None
    seed: int = 17
    training_seed: int = 17

    def wanted(self) -> dict[str, dict[str, Any]]:
        """The values that are given, by strategy and setting."""
        return {name: space.model_dump(exclude_none=True) for name, space in self.space.items()}

    def plan(self) -> dict[str, Any]:
        """The rest, as `SearchPlan` takes it."""
        seconds = None if self.timeout_minutes is None else 60 * self.timeout_minutes
        return {**self.model_dump(exclude={"strategies", "space", "timeout_minutes"}), "seconds": seconds}


@dg.asset(
    group_name="model",
    kinds={"pytorch", "optuna", "mlflow"},
    owners=["team:data"],
    tags=TAGS,
    deps=["raw_images", "photo_embeddings"],
    pool=POOL,
)
def hyperparameter_search(
    context: dg.AssetExecutionContext,
    config: SearchConfig,
    splits: pd.DataFrame,
    base: BaseCheckpointResource,
    vocabulary: VocabularyResource,
    storage: StorageResource,
    mlflow: dg.ResourceParam[Any],
) -> dg.MaterializeResult[pd.DataFrame]:
    """Strategies and settings tried on training photos and ranked by validation photos; test photos are not read.

    A search that was killed goes on where it was; one that is run again with more trials adds the difference.
    """
    from recipe_assets.model.pipeline import TrainingInputs
    from recipe_assets.model.search import SearchPlan, search

    try:
        with plain_errors():
            mlflow.log_params({f"search_{name}": value for name, value in config.model_dump().items()})
            inputs = TrainingInputs(storage.tables(), splits, vocabulary.load(), base.name)
            plan, folder = SearchPlan(**config.plan()), storage.scratch("search")
            found = search(
                inputs, base.identity(), config.strategies, plan, folder, config.wanted(), mlflow, context.log.info
            )
    except BaseException:
        mlflow.end_run(status="FAILED")
        raise
    _track(found, mlflow)
    found.trials.attrs.update({"data_fingerprint": inputs.fingerprint, "base": base.identity()})
    metadata = {**_described(found), "mlflow_run_id": mlflow.active_run().info.run_id}
    return dg.MaterializeResult(value=found.trials, metadata=metadata)


def _track(found: "Searched", mlflow: Any) -> None:  # noqa: ANN401 (MLflow's resource is untyped)
    from recipe_assets.model.search import best_config, best_trial

    best = best_trial(found.trials)
    mlflow.log_metrics({name: float(best[name]) for name in ("val_macro_loss", "val_macro_accuracy")})
    mlflow.log_dict(msgspec.to_builtins(best_config(found.trials)), "best_configuration.json")


def _described(found: "Searched") -> dict[str, Any]:
    from recipe_assets.model.search import best_config, best_trial

    trials, best = found.trials, best_trial(found.trials)
    states = trials["state"].value_counts()
    pictures = {"summary": picture(search_summary(trials))}
    if found.importance:
        pictures["importance"] = picture(setting_importance(found.importance))
    return {
        "strategy": best["strategy"],
        "validation_macro_loss": float(best["val_macro_loss"]),
        "validation_macro_accuracy": float(best["val_macro_accuracy"]),
        "configuration": dg.MetadataValue.json(msgspec.to_builtins(best_config(trials))),
        "trials": {name: int(states.get(name, 0)) for name in ("complete", "pruned", "failed")},
        "not_tried_for_want_of_time": found.unfinished,
        **pictures,
        "all_trials": table(trials.sort_values("val_macro_loss", ignore_index=True).drop(columns="config")),
    }


@dg.asset_check(asset=hyperparameter_search)
def most_trials_succeed(hyperparameter_search: pd.DataFrame) -> dg.AssetCheckResult:
    """At most a fifth of the trials failed; where more did, look at memory and the range of learning rates."""
    failed = hyperparameter_search[hyperparameter_search["state"] == "failed"]
    share = len(failed) / max(1, len(hyperparameter_search))
    cause = f"; the last one: {failed['error'].iloc[-1]}" if len(failed) else ""
    return dg.AssetCheckResult(
        passed=share <= MOST_FAILURES,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(failed)} of {len(hyperparameter_search)} trials failed ({percent(share)}){cause}",
    )


@dg.asset_check(asset=hyperparameter_search)
def winner_is_inside_the_space(hyperparameter_search: pd.DataFrame) -> dg.AssetCheckResult:
    """Learning rates on both sides of the winner's were tried; if not, the best one may lie beyond the range."""
    from recipe_assets.model.search import open_end

    end = open_end(hyperparameter_search)
    return dg.AssetCheckResult(
        passed=end is None,
        severity=dg.AssetCheckSeverity.WARN,
        description=end or "learning rates on both sides of the winner's were tried",
    )
