"""Model assets: what the base checkpoint can do untuned, the tuned model, and how good it is on unseen recipes."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import msgspec
import pandas as pd

from recipe_assets.defs.reporting import percent, picture, plain_errors, table
from recipe_assets.defs.resources import (
    BaseCheckpointResource,
    StorageResource,
    VocabularyResource,
)
from recipe_assets.figures import confusion_heatmap, training_curves

if TYPE_CHECKING:
    from recipe_assets.model.training import EpochMetrics

TAGS = {"stage": "model"}


class FineTuningConfig(dg.Config):
    """How to fine-tune. `learning_rate` None: 1e-5 for a large tower, the better of 3e-4 and 3e-5 else."""

    epochs: int = 20
    batch_size: int = 64
    learning_rate: float | None = None
    patience: int = 6
    seed: int = 17


@dg.asset(
    group_name="model", kinds={"pytorch", "huggingface"}, owners=["team:data"], tags=TAGS, deps=["raw_images"]
)
def zero_shot_baseline(
    splits: pd.DataFrame, base: BaseCheckpointResource, vocabulary: VocabularyResource, storage: StorageResource
) -> dg.MaterializeResult[pd.DataFrame]:
    """What the base checkpoint answers on the test photos from the prompts alone, before any training."""
    from recipe_assets.model.gates import measure
    from recipe_assets.model.pipeline import TrainingInputs, zero_shot

    with plain_errors():
        predictions = zero_shot(TrainingInputs(storage.tables(), splits, vocabulary.load(), base.name))
    accuracy, (low, high) = measure(predictions)
    return dg.MaterializeResult(
        value=predictions,
        metadata={
            "base_checkpoint": base.name,
            "test_photos": len(predictions),
            "macro_accuracy": accuracy,
            "interval_95": f"{percent(low)} to {percent(high)}",
            "chance": 1 / max(1, predictions["keyword"].nunique()),
        },
    )


@dg.asset(
    group_name="model",
    kinds={"pytorch", "huggingface", "mlflow"},
    owners=["team:data"],
    tags=TAGS,
    deps=["raw_images"],
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
    """CLIP's image tower and keyword head, tuned on balanced batches; the best validation epoch is kept."""
    from recipe_assets.model.pipeline import TrainingInputs, tune
    from recipe_assets.model.training import TrainingConfig

    folder = storage.folders().new("fine_tuned_model", context.run_id)
    settings = TrainingConfig(**config.model_dump())
    mlflow.log_params({**msgspec.structs.asdict(settings), "base_checkpoint": base.name})
    try:
        with plain_errors():
            inputs = TrainingInputs(storage.tables(), splits, vocabulary.load(), base.name)
            run_ids = (context.run_id, mlflow.active_run().info.run_id)
            tuned = tune(inputs, settings, folder, run_ids, _report_epoch(context, mlflow))
    except BaseException:
        mlflow.end_run(status="FAILED")
        raise
    curves = training_curves(tuned.history, tuned.best.epoch)
    (folder / "training_curves.png").write_bytes(curves)
    mlflow.log_artifacts(str(folder), artifact_path="checkpoint")
    return dg.MaterializeResult(
        value=folder,
        metadata={
            "validation_macro_accuracy": tuned.best.val_macro_accuracy,
            "best_epoch": tuned.best.epoch,
            "epochs": len(tuned.history),
            "temperature": tuned.temperature,
            "mlflow_run_id": run_ids[1],
            "curves": picture(curves),
            "history": table(tuned.history),
        },
    )


def _report_epoch(context: dg.AssetExecutionContext, mlflow: Any) -> Any:  # noqa: ANN401 (MLflow's resource is untyped)
    def report(metrics: "EpochMetrics") -> None:
        values = asdict(metrics)
        epoch = values.pop("epoch")
        mlflow.log_metrics(values, step=epoch)
        context.log.info(
            f"epoch {epoch}: loss {metrics.train_loss:.3f}, validation loss {metrics.val_loss:.3f}, "
            f"validation macro accuracy {percent(metrics.val_macro_accuracy)}"
        )

    return report


@dg.asset(group_name="model", kinds={"pytorch", "sklearn"}, owners=["team:data"], tags=TAGS, deps=["raw_images"])
def confusion_matrix(
    fine_tuned_model: Path, splits: pd.DataFrame, storage: StorageResource
) -> dg.MaterializeResult[pd.DataFrame]:
    """How the tuned model answers on recipes it has never seen: matrix, per-keyword table, macro accuracy."""
    from recipe_assets.model.baseline import as_labels
    from recipe_assets.model.evaluation import confusion, keyword_table
    from recipe_assets.model.gates import measure
    from recipe_assets.model.pipeline import evaluate

    with plain_errors():
        predictions = evaluate(storage.tables(), splits, fine_tuned_model)
    names = sorted(set(predictions["keyword"]) | set(predictions["predicted"]))
    truth, predicted = (as_labels(predictions[column], names) for column in ("keyword", "predicted"))
    accuracy, (low, high) = measure(predictions)
    wrong = predictions[predictions["keyword"] != predictions["predicted"]]
    return dg.MaterializeResult(
        value=predictions,
        metadata={
            "macro_accuracy": accuracy,
            "interval_95": f"{percent(low)} to {percent(high)}",
            "test_photos": len(predictions),
            "matrix": picture(confusion_heatmap(confusion(truth, predicted, len(names)), names)),
            "per_keyword": table(keyword_table(truth, predicted, names)),
            "mistakes": table(wrong[["shoot", "file", "keyword", "predicted", "confidence"]]),
        },
    )
