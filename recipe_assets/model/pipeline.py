"""The model's stages on stored tables: baselines, fine-tuning, evaluation. Knows neither Dagster nor MLflow."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from recipe_assets.errors import ModelError
from recipe_assets.model.baseline import predict_released, predict_table
from recipe_assets.model.calibration import fit_temperature
from recipe_assets.model.checkpoints import BaseModel, load_base
from recipe_assets.model.dataset import load_embeddings, load_photos, photos_of, trained_keywords
from recipe_assets.model.fits import EpochMetrics, Fit, TrainingData
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.packaging import TrainingRecord
from recipe_assets.model.photo_data import PhotoData
from recipe_assets.model.predicting import predict_logits
from recipe_assets.model.predictions import answers, predictions_table
from recipe_assets.model.strategies import AUTO, STRATEGIES, TrainingConfig, default_strategy
from recipe_assets.model.training import fit
from recipe_assets.release.predictor import Predictor
from recipe_assets.storage import TableStore
from recipe_assets.studio.split_state import data_fingerprint
from recipe_assets.studio.vocabulary import Vocabulary

MEASURED = ("val", "test")


@dataclass(frozen=True)
class TrainingInputs:
    """What training needs: the tables, the splits, the vocabulary, and the base checkpoint's name."""

    tables: TableStore
    splits: pd.DataFrame
    vocabulary: Vocabulary
    base: str

    @property
    def fingerprint(self) -> str:
        """Hash of the photos, keywords and splits that a model learns from."""
        return data_fingerprint(self.splits, self.vocabulary.sha256)


@dataclass(frozen=True)
class Tuned:
    """What fine-tuning left.

    Attributes:
        strategy: which one was carried out.
        history: a row per epoch.
        best: the kept epoch.
        mix: WiSE-FT's share of tuned weights, if any.
        temperature: fitted on validation.
    """

    strategy: str
    history: pd.DataFrame
    best: EpochMetrics
    mix: float | None
    temperature: float


def configured(strategy: str, photos: int, **changes: object) -> TrainingConfig:
    """The default configuration of a strategy with changes; "auto" stands for the default of so many photos.

    Raises:
        ModelError: if there is no such strategy or a setting contradicts it.
    """
    name = default_strategy(photos) if strategy == AUTO else strategy
    if name not in STRATEGIES:
        raise ModelError(f"there is no strategy '{name}': choose {AUTO}, {', '.join(STRATEGIES)}")
    return msgspec.convert(msgspec.structs.asdict(STRATEGIES[name]) | changes, TrainingConfig)


def training_data(inputs: TrainingInputs, base: BaseModel, pixels: bool = True) -> TrainingData:
    """Training and validation photos with their embeddings; squares only where pixels are asked for."""
    keywords = trained_keywords(inputs.splits, inputs.vocabulary)
    train, val = (
        _photo_data(inputs, base, photos_of(inputs.splits, side, keywords), pixels) for side in ("train", "val")
    )
    return TrainingData(keywords, train, val)


def _photo_data(inputs: TrainingInputs, base: BaseModel, photos: pd.DataFrame, pixels: bool) -> PhotoData:
    keywords = trained_keywords(inputs.splits, inputs.vocabulary)
    embeddings = load_embeddings(inputs.tables, photos, inputs.base)
    wanted = photos if pixels else photos.head(0)
    squares = load_photos(inputs.tables, wanted, keywords, base.preprocessing).squares
    index = {word.name: place for place, word in enumerate(keywords)}
    labels = np.array([index[keyword] for keyword in photos["keyword"]], dtype=np.int64)
    return PhotoData.of(squares, labels, embeddings)


def zero_shot(inputs: TrainingInputs) -> pd.DataFrame:
    """Predictions of the untuned base checkpoint on validation and test photos, calibrated on validation."""
    return _without_pixels(inputs, "zero_shot")


def linear_probe(inputs: TrainingInputs) -> pd.DataFrame:
    """Predictions of a linear probe on validation and test photos: what the head alone can learn."""
    return _without_pixels(inputs, "linear_probe")


def _without_pixels(inputs: TrainingInputs, strategy: str) -> pd.DataFrame:
    base = load_base(inputs.base)
    data = training_data(inputs, base, pixels=False)
    model = fit(base, data, STRATEGIES[strategy]).model
    photos = _measured(inputs.splits, model)
    return _calibrated(predict_table(model, photos, _photo_data(inputs, base, photos, pixels=False)))


def _calibrated(table: pd.DataFrame) -> pd.DataFrame:
    """The same answers with confidences at the temperature that fits the validation photos."""
    val, every = answers(table, "val"), answers(table)
    return predictions_table(table, every.logits, every.keywords, fit_temperature(val.logits, val.truth))


def tune(
    inputs: TrainingInputs,
    config: TrainingConfig,
    folder: Path,
    run_ids: tuple[str | None, str | None] = (None, None),
    on_epoch: Callable[[EpochMetrics], None] | None = None,
    state: Path | None = None,
) -> Tuned:
    """Train, calibrate on validation, and leave checkpoint and training record in `folder`.

    Args:
        inputs: data and base checkpoint.
        config: how to train.
        folder: an empty folder.
        run_ids: Dagster and MLflow run ids for the record.
        on_epoch: called after each epoch.
        state: where to keep how far training is, so that a killed run goes on; see `training.fit`.
    """
    base = load_base(inputs.base)
    data = training_data(inputs, base)
    found = fit(base, data, config, on_epoch, state)
    temperature = fit_temperature(predict_logits(found.model, data.val.squares).numpy(), data.val.labels.numpy())
    found.model.save(folder)
    TrainingRecord(
        base_checkpoint=base.source,
        data_fingerprint=inputs.fingerprint,
        vocabulary_sha256=inputs.vocabulary.sha256,
        strategy=config.strategy,
        settings=msgspec.structs.asdict(config),
        wise_ft_mix=found.mix,
        temperature=temperature,
        best_epoch=found.best.epoch,
        dagster_run_id=run_ids[0],
        mlflow_run_id=run_ids[1],
    ).write(folder)
    return Tuned(config.strategy, _history(found), found.best, found.mix, temperature)


def _history(found: Fit) -> pd.DataFrame:
    rows = [asdict(metrics) for metrics in found.history or (found.best,)]
    return pd.DataFrame(rows)


def evaluate(tables: TableStore, splits: pd.DataFrame, model_folder: Path) -> pd.DataFrame:
    """Predictions of a tuned model on validation and test photos."""
    model, record = KeywordModel.load(model_folder), TrainingRecord.read(model_folder)
    photos = _measured(splits, model)
    data = load_photos(tables, photos, model.keywords, model.base.preprocessing)
    return predict_table(model, photos, data, record.temperature)


def evaluate_released(tables: TableStore, splits: pd.DataFrame, release_folder: Path) -> pd.DataFrame:
    """Predictions of a released model on those test photos whose keyword it knows."""
    predictor = Predictor.load(release_folder)
    keywords = predictor.manifest.keywords
    photos = photos_of(splits, "test", keywords)
    data = load_photos(tables, photos, keywords, predictor.manifest.preprocessing)
    return predict_released(predictor, photos, data)


def validation_photos(tables: TableStore, splits: pd.DataFrame, model_folder: Path) -> PhotoData:
    """The validation photos as the tuned model reads them."""
    model = KeywordModel.load(model_folder)
    photos = photos_of(splits, "val", model.keywords)
    return load_photos(tables, photos, model.keywords, model.base.preprocessing)


def _measured(splits: pd.DataFrame, model: KeywordModel) -> pd.DataFrame:
    sides = [photos_of(splits, side, model.keywords) for side in MEASURED]
    if any(side.empty for side in sides):
        raise ModelError("there is no validation or no test photo: add recipes, so that every split gets some")
    return pd.concat(sides, ignore_index=True)
