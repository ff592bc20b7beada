"""What tests of export and packaging share: a model that knows its colors, its graph, and a release made of it."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from recipe_assets.model.assessment import Assessment, assess
from recipe_assets.model.checkpoints import load_base
from recipe_assets.model.export import Agreement, export_onnx
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.neighbors import TrainingPhotos, collect_training_photos
from recipe_assets.model.packaging import build_release
from recipe_assets.model.photo_data import PhotoData
from recipe_assets.model.pipeline import TrainingInputs, evaluate, validation_photos
from recipe_assets.model.records import TrainingRecord
from recipe_assets.model.strategies import TrainingConfig
from recipe_assets.model.training import TrainingData, fit
from recipe_assets.release.manifest import BaseCheckpoint, Manifest, encode_manifest
from tests.model import colors
from tests.model.small_studio import small_studio

CONFIG = TrainingConfig(strategy="full", epochs=4, batch_size=12, learning_rate=2e-3, head_factor=2.5)
RECORD = TrainingRecord(
    base_checkpoint=BaseCheckpoint("untrained-clip", "mit", None),
    data_fingerprint="3f" * 32,
    vocabulary_sha256="ab" * 32,
    temperature=1.7,
    best_epoch=3,
    dagster_run_id="run-1",
    mlflow_run_id=None,
    strategy="full",
    settings=msgspec.structs.asdict(CONFIG),
    wise_ft_mix=0.75,
)


@pytest.fixture(scope="session")
def color_model(untrained_checkpoint: Path) -> KeywordModel:
    """A model that knows its colors; tests must not change it."""
    data = TrainingData(colors.KEYWORDS, colors.squares(48, 1), colors.squares(9, 2))
    return fit(load_base(str(untrained_checkpoint)), data, CONFIG).model


@pytest.fixture(scope="session")
def color_graph(color_model: KeywordModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its exported graph, fp32."""
    path = tmp_path_factory.mktemp("graph") / "image_encoder.onnx"
    export_onnx(color_model, path)
    return path


def with_head(graph: Path, head: np.ndarray, path: Path) -> None:
    """The graph of a model with another head, scaled vectors (3, 32); exporting it anew would take seconds."""
    loaded = onnx.load(graph)
    (stored,) = [value for value in loaded.graph.initializer if tuple(value.dims) == (32, 3)]
    stored.CopyFrom(numpy_helper.from_array(head.T.astype(np.float32).copy(), stored.name))
    onnx.save(loaded, path)


@dataclass(frozen=True)
class Built:
    """A release with everything that it was built from."""

    folder: Path
    manifest: Manifest
    agreement: Agreement
    model_folder: Path
    inputs: TrainingInputs
    photos: PhotoData
    assessment: Assessment
    neighbors: TrainingPhotos


@pytest.fixture(scope="session")
def built(
    color_model: KeywordModel, untrained_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> Built:
    """A whole release as it would be published."""
    root = tmp_path_factory.mktemp("releases")
    inputs = small_studio(root / "studio", untrained_checkpoint)
    model_folder, folder = root / "tuned", root / "built"
    color_model.save(model_folder)
    RECORD.write(model_folder)
    folder.mkdir()
    photos = validation_photos(inputs.tables, inputs.splits, model_folder)
    assessment = assess(evaluate(inputs.tables, inputs.splits, model_folder))
    neighbors = collect_training_photos(inputs.tables, inputs.splits, color_model)
    manifest, agreement = build_release(model_folder, photos, assessment, neighbors, "c0ffee", folder)
    (folder / "manifest.json").write_bytes(encode_manifest(manifest))
    return Built(folder, manifest, agreement, model_folder, inputs, photos, assessment, neighbors)
