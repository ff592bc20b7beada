"""Model assets: what the base checkpoint can do untuned and with a tuned head alone, and the tuned model.

How good it is on unseen recipes is `evaluation`'s subject, which settings to take `search`'s.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import msgspec
import pandas as pd

from recipe_assets.defs.reporting import percent, picture, plain_errors, table
from recipe_assets.defs.resources import BaseCheckpointResource, StorageResource, VocabularyResource
from recipe_assets.defs.upkeep import POOL
from recipe_assets.figures import training_curves

if TYPE_CHECKING:
    from recipe_assets.model.pipeline import Tuned
    from recipe_assets.model.training import EpochMetrics

TAGS = {"stage": "model"}
EMBEDDED = ["raw_images", "photo_embeddings"]


class FineTuningConfig(dg.Config):
    """How to fine-tune; a setting that is left out is the strategy's own.

    `strategy`: zero_shot, linear_probe, lp_ft, contrastive, lora, full, or "auto" for the default of the data's
    size. `from_search`: take the winner of `hyperparameter_search` instead. `balance`: sampling, logit_adjustment
    or none.
    """

    strategy: str = "auto"
    from_search: bool = False
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    patience: int | None = None
    weight_decay: float | None = None
    label_smoothing: float | None = None
    balance: str | None = None
    wise_ft: bool | None = None
    lora_rank: int | None = None
    precision: str | None = None
    seed: int = 17

    def changes(self) -> dict[str, object]:
        """The settings that are not left out."""
        given = self.model_dump(exclude={"strategy", "from_search"})
        return {name: value for name, value in given.items() if value is not None}


def _baseline(predictions: pd.DataFrame, base: str) -> dg.MaterializeResult[pd.DataFrame]:
    from recipe_assets.model.comparison import measure

    test = predictions[predictions["split"] == "test"]
    accuracy, (low, high) = measure(test)
    return dg.MaterializeResult(
        value=predictions,
        metadata={
            "base_checkpoint": base,
            "test_photos": len(test),
            "macro_accuracy": accuracy,
            "interval_95": f"{percent(low)} to {percent(high)}",
            "chance": 1 / max(1, test["keyword"].nunique()),
        },
    )


@dg.asset(
    group_name="model",
    kinds={"huggingface"},
    owners=["team:data"],
    tags=TAGS,
    deps=EMBEDDED,
)
def zero_shot_baseline(
    splits: pd.DataFrame, base: BaseCheckpointResource, vocabulary: VocabularyResource, storage: StorageResource
) -> dg.MaterializeResult[pd.DataFrame]:
    """What the base checkpoint answers from the prompts alone, before any training."""
    from recipe_assets.model.pipeline import TrainingInputs, zero_shot

    with plain_errors():
        found = zero_shot(TrainingInputs(storage.tables(), splits, vocabulary.load(), base.name))
    return _baseline(found, base.name)


@dg.asset(group_name="model", kinds={"pytorch"}, owners=["team:data"], tags=TAGS, deps=EMBEDDED)
def linear_probe_baseline(
    splits: pd.DataFrame, base: BaseCheckpointResource, vocabulary: VocabularyResource, storage: StorageResource
) -> dg.MaterializeResult[pd.DataFrame]:
    """What a linear head on the untuned checkpoint's embeddings answers: the bar for tuning the tower."""
    from recipe_assets.model.pipeline import TrainingInputs, linear_probe

    with plain_errors():
        found = linear_probe(TrainingInputs(storage.tables(), splits, vocabulary.load(), base.name))
    return _baseline(found, base.name)


@dg.asset(
    group_name="model",
    kinds={"pytorch", "huggingface", "mlflow"},
    owners=["team:data"],
    tags=TAGS,
    deps=["raw_images", "photo_embeddings", "hyperparameter_search"],
    pool=POOL,
    io_manager_key="folders",
)
def fine_tuned_model(
    context: dg.AssetExecutionContext,
    config: FineTuningConfig,
    splits: pd.DataFrame,
    base: BaseCheckpointResource,
    vocabulary: VocabularyResource,
    storage: StorageResource,
    mlflow: dg.ResourceParam[Any],
) -> dg.MaterializeResult[Path]:
    """The keyword model by the configured strategy; the best validation epoch is kept.

    A run that was killed goes on from its last epoch when it is run again.
    """
    from recipe_assets.model.pipeline import TrainingInputs, tune

    folder = storage.folders().new("fine_tuned_model", context.run_id)
    try:
        with plain_errors():
            settings = _settings(config, splits, storage)
            context.log.info(f"strategy {settings.strategy}, base checkpoint {base.name}")
            mlflow.log_params({**msgspec.structs.asdict(settings), "base_checkpoint": base.name})
            inputs = TrainingInputs(storage.tables(), splits, vocabulary.load(), base.name)
            run_ids = (context.run_id, mlflow.active_run().info.run_id)
            report, state = _report_epoch(context.log.info, mlflow), storage.scratch("training")
            tuned = tune(inputs, settings, folder, run_ids, report, state)
    except BaseException:
        mlflow.end_run(status="FAILED")
        raise
    curves = training_curves(tuned.history, tuned.best.epoch)
    (folder / "training_curves.png").write_bytes(curves)
    mlflow.log_artifacts(str(folder), artifact_path="checkpoint")
    metadata = {**_described(tuned), "mlflow_run_id": run_ids[1], "curves": picture(curves)}
    return dg.MaterializeResult(value=folder, metadata={**metadata, "history": table(tuned.history)})


def _settings(config: FineTuningConfig, splits: pd.DataFrame, storage: StorageResource) -> Any:  # noqa: ANN401 (model)
    """The training configuration: the search's winner or the strategy's own, with what was configured beside."""
    from recipe_assets.model.pipeline import configured

    if config.from_search:
        from recipe_assets.model.search import best_config

        return best_config(storage.tables().read("hyperparameter_search"))
    return configured(config.strategy, int((splits["split"] == "train").sum()), **config.changes())


def _described(tuned: "Tuned") -> dict[str, Any]:
    return {
        "strategy": tuned.strategy,
        "validation_macro_accuracy": tuned.best.val_macro_accuracy,
        "validation_loss": tuned.best.val_loss,
        "best_epoch": tuned.best.epoch,
        "epochs": len(tuned.history),
        "share_of_tuned_weights": "not mixed" if tuned.mix is None else tuned.mix,
        "temperature": tuned.temperature,
    }


def _report_epoch(say: Callable[[str], None], mlflow: Any) -> "Callable[[EpochMetrics], None]":  # noqa: ANN401 (untyped)
    def report(metrics: "EpochMetrics") -> None:
        values = asdict(metrics)
        epoch = values.pop("epoch")
        mlflow.log_metrics(values, step=epoch)
        say(
            f"epoch {epoch}: loss {metrics.train_loss:.3f}, validation loss {metrics.val_loss:.3f}, "
            f"validation macro accuracy {percent(metrics.val_macro_accuracy)}"
        )

    return report
