"""Put a release together: graph, checkpoint, picture and manifest in one folder, checked, ready to publish."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from recipe_assets.figures import confusion_heatmap
from recipe_assets.model.baseline import as_labels
from recipe_assets.model.clip import KeywordModel
from recipe_assets.model.evaluation import confusion, keyword_table
from recipe_assets.model.export import Agreement, check_export, export_onnx
from recipe_assets.model.photo_data import PhotoData
from recipe_assets.release.files import describe_files
from recipe_assets.release.manifest import (
    CHECKPOINT,
    CONFUSION_MATRIX,
    IMAGE_ENCODER,
    BaseCheckpoint,
    KeywordMetrics,
    Manifest,
    Metrics,
    new_release_id,
)


class TrainingRecord(msgspec.Struct, frozen=True):
    """What a fine-tuned model's folder says about its training, in `training.json`."""

    base_checkpoint: BaseCheckpoint
    data_fingerprint: str
    vocabulary_sha256: str
    temperature: float
    best_epoch: int
    dagster_run_id: str | None
    mlflow_run_id: str | None

    FILE = "training.json"

    def write(self, folder: Path) -> None:
        """Store the record beside the checkpoint."""
        (folder / self.FILE).write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")

    @classmethod
    def read(cls, folder: Path) -> "TrainingRecord":
        """Read the record of a fine-tuned model's folder."""
        return msgspec.json.decode((folder / cls.FILE).read_bytes(), type=cls)


@dataclass(frozen=True)
class Evaluation:
    """The predictions on the test photos with what was measured on them."""

    predictions: pd.DataFrame
    macro_accuracy: float
    interval: tuple[float, float]
    zero_shot_macro_accuracy: float | None


def build_release(
    model_folder: Path, photos: PhotoData, evaluation: Evaluation, git_sha: str | None, folder: Path
) -> tuple[Manifest, Agreement]:
    """Fill `folder` with a release and describe it.

    Args:
        model_folder: what `fine_tuned_model` stored.
        photos: real photos on which graph and model must agree.
        evaluation: held-out results, for manifest and picture.
        git_sha: the commit of the code.
        folder: an empty folder.

    Raises:
        ModelError: if the exported graph disagrees with the model.
    """
    model, record = KeywordModel.load(model_folder), TrainingRecord.read(model_folder)
    export_onnx(model, folder / IMAGE_ENCODER)
    agreement = check_export(model, folder / IMAGE_ENCODER, photos.squares)
    shutil.copytree(model_folder, folder / CHECKPOINT)
    names = [word.name for word in model.keywords]
    truth, predicted = (as_labels(evaluation.predictions[column], names) for column in ("keyword", "predicted"))
    (folder / CONFUSION_MATRIX).write_bytes(confusion_heatmap(confusion(truth, predicted, len(names)), names))
    created_at = datetime.now(UTC)
    manifest = Manifest(
        release_id=new_release_id(created_at, record.data_fingerprint),
        created_at=created_at,
        keywords=model.keywords,
        preprocessing=model.base.preprocessing,
        temperature=record.temperature,
        metrics=_metrics(evaluation, keyword_table(truth, predicted, names)),
        data_fingerprint=record.data_fingerprint,
        vocabulary_sha256=record.vocabulary_sha256,
        base_checkpoint=record.base_checkpoint,
        git_sha=git_sha,
        dagster_run_id=record.dagster_run_id,
        mlflow_run_id=record.mlflow_run_id,
        files=describe_files(folder),
    )
    return manifest, agreement


def _metrics(evaluation: Evaluation, per_keyword: pd.DataFrame) -> Metrics:
    def measured(value: float) -> float | None:
        return None if np.isnan(value) else float(value)

    return Metrics(
        macro_accuracy=evaluation.macro_accuracy,
        macro_accuracy_interval=evaluation.interval,
        photos=len(evaluation.predictions),
        zero_shot_macro_accuracy=evaluation.zero_shot_macro_accuracy,
        per_keyword={
            row["keyword"]: KeywordMetrics(row["photos"], measured(row["accuracy"]), measured(row["precision"]))
            for row in per_keyword.to_dict("records")
        },
    )
