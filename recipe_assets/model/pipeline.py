"""The model's stages on stored tables: zero-shot, fine-tuning, evaluation. Knows neither Dagster nor MLflow."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from recipe_assets.errors import ModelError
from recipe_assets.model.baseline import predict_released, predict_table
from recipe_assets.model.clip import KeywordModel, load_base
from recipe_assets.model.dataset import load_photos, photos_of, trained_keywords
from recipe_assets.model.evaluation import fit_temperature
from recipe_assets.model.gates import measure
from recipe_assets.model.packaging import Evaluation, TrainingRecord
from recipe_assets.model.photo_data import PhotoData
from recipe_assets.model.training import EpochMetrics, TrainingConfig, fine_tune, predict_logits
from recipe_assets.release.predictor import Predictor
from recipe_assets.storage import TableStore
from recipe_assets.studio.split_state import data_fingerprint
from recipe_assets.studio.vocabulary import Vocabulary

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingInputs:
    """What training needs: the tables, the splits, the vocabulary, and the base checkpoint's name."""

    tables: TableStore
    splits: pd.DataFrame
    vocabulary: Vocabulary
    base: str


@dataclass(frozen=True)
class Tuned:
    """What fine-tuning left: the history (a row per epoch), the best epoch, the temperature."""

    history: pd.DataFrame
    best: EpochMetrics
    temperature: float


def zero_shot(inputs: TrainingInputs) -> pd.DataFrame:
    """Predictions of the untuned base checkpoint on the test photos."""
    base = load_base(inputs.base)
    model = KeywordModel.from_base(base, trained_keywords(inputs.splits, inputs.vocabulary))
    photos = photos_of(inputs.splits, "test", model.keywords)
    _require_photos(photos, "test")
    return predict_table(model, photos, load_photos(inputs.tables, photos, model.keywords, base.preprocessing))


def tune(
    inputs: TrainingInputs,
    config: TrainingConfig,
    folder: Path,
    run_ids: tuple[str | None, str | None] = (None, None),
    on_epoch: Callable[[EpochMetrics], None] | None = None,
) -> Tuned:
    """Fine-tune, calibrate on validation, and leave checkpoint and training record in `folder`.

    Args:
        inputs: data and base checkpoint.
        config: how to train.
        folder: an empty folder.
        run_ids: Dagster and MLflow run ids for the record.
        on_epoch: called after each epoch.
    """
    base = load_base(inputs.base)
    model = KeywordModel.from_base(base, trained_keywords(inputs.splits, inputs.vocabulary))
    train, val = (
        load_photos(
            inputs.tables, photos_of(inputs.splits, side, model.keywords), model.keywords, base.preprocessing
        )
        for side in ("train", "val")
    )
    result = fine_tune(model, train, val, config, on_epoch)
    temperature = fit_temperature(predict_logits(model, val.squares).numpy(), val.labels.numpy())
    model.save(folder)
    TrainingRecord(
        base_checkpoint=base.source,
        data_fingerprint=data_fingerprint(inputs.splits, inputs.vocabulary.sha256),
        vocabulary_sha256=inputs.vocabulary.sha256,
        temperature=temperature,
        best_epoch=result.best.epoch,
        dagster_run_id=run_ids[0],
        mlflow_run_id=run_ids[1],
    ).write(folder)
    return Tuned(pd.DataFrame([asdict(metrics) for metrics in result.history]), result.best, temperature)


def evaluate(tables: TableStore, splits: pd.DataFrame, model_folder: Path) -> pd.DataFrame:
    """Predictions of a tuned model on the test photos."""
    model, record = KeywordModel.load(model_folder), TrainingRecord.read(model_folder)
    photos = photos_of(splits, "test", model.keywords)
    _require_photos(photos, "test")
    data = load_photos(tables, photos, model.keywords, model.base.preprocessing)
    return predict_table(model, photos, data, record.temperature)


def evaluate_released(tables: TableStore, splits: pd.DataFrame, release_folder: Path) -> pd.DataFrame:
    """Predictions of a released model on those test photos whose keyword it knows."""
    predictor = Predictor.load(release_folder)
    keywords = predictor.manifest.keywords
    photos = photos_of(splits, "test", keywords)
    data = load_photos(tables, photos, keywords, predictor.manifest.preprocessing)
    return predict_released(predictor, photos, data)


def _require_photos(photos: pd.DataFrame, side: str) -> None:
    if photos.empty:
        raise ModelError(f"there is no {side} photo: add recipes, so that every split gets some")


def held_out_photos(tables: TableStore, splits: pd.DataFrame, model_folder: Path) -> PhotoData:
    """The test photos as the tuned model reads them."""
    model = KeywordModel.load(model_folder)
    photos = photos_of(splits, "test", model.keywords)
    return load_photos(tables, photos, model.keywords, model.base.preprocessing)


def summarize(predictions: pd.DataFrame, zero_shot_predictions: pd.DataFrame | None) -> Evaluation:
    """What a release says about its accuracy."""
    accuracy, bounds = measure(predictions)
    untuned = None if zero_shot_predictions is None else measure(zero_shot_predictions)[0]
    return Evaluation(predictions, accuracy, bounds, untuned)
