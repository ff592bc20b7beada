"""Put a release together: graph, checkpoint, golden set, pictures, card and manifest in one folder, all checked.

Each of them is made by its own module; where a release is published is the release room's subject.
"""

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from recipe_assets.figures import confusion_heatmap
from recipe_assets.model.assessment import Assessment
from recipe_assets.model.export import Agreement, Reference, check_export, export_onnx
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.metrics import confusion
from recipe_assets.model.model_card import write_model_card
from recipe_assets.model.neighbors import TrainingPhotos
from recipe_assets.model.photo_data import PhotoData
from recipe_assets.model.predictions import HELD_OUT, answers
from recipe_assets.model.quantization import choose_graph
from recipe_assets.model.records import TrainingRecord as TrainingRecord
from recipe_assets.release.files import describe_file, describe_files
from recipe_assets.release.golden import Golden, spread
from recipe_assets.release.graph import ImageGraph
from recipe_assets.release.manifest import (
    CHECKPOINT,
    CONFUSION_MATRIX,
    GOLDEN,
    IMAGE_ENCODER,
    MODEL_CARD,
    NEIGHBORS,
    Graph,
    Manifest,
    new_release_id,
)
from recipe_assets.studio.photos import Preprocessing

HUB_CARD = f"{CHECKPOINT}/README.md"
"""The card once more, where Hugging Face and `load_base` look for the licence of a checkpoint."""


def build_release(
    model_folder: Path,
    photos: PhotoData,
    assessment: Assessment,
    neighbors: TrainingPhotos,
    git_sha: str | None,
    folder: Path,
) -> tuple[Manifest, Agreement]:
    """Fill `folder` with a release and describe it.

    Args:
        model_folder: what `fine_tuned_model` stored.
        photos: validation photos, on which graph and model must agree; some become the golden set.
        assessment: held-out results, for manifest and picture.
        neighbors: training photos that explain predictions.
        git_sha: the commit of the code.
        folder: an empty folder.

    Raises:
        ModelError: if the exported graph disagrees with the model, or there is no photo to show that it does not.
    """
    model, record = KeywordModel.load(model_folder), TrainingRecord.read(model_folder)
    graph, agreement = _export(model, Reference.of(model, photos, record.temperature), folder / IMAGE_ENCODER)
    golden_set(folder / IMAGE_ENCODER, graph, photos, model.base.preprocessing).write(folder / GOLDEN)
    shutil.copytree(model_folder, folder / CHECKPOINT)
    (folder / CONFUSION_MATRIX).write_bytes(_confusion_matrix(assessment))
    neighbors.write(folder / NEIGHBORS)
    manifest = _manifest(model, record, assessment, graph, git_sha, folder)
    card = write_model_card(manifest, record, neighbors.data)
    for name in (MODEL_CARD, HUB_CARD):
        (folder / name).write_text(card, encoding="utf-8")
    cards = {name: describe_file(folder / name) for name in (MODEL_CARD, HUB_CARD)}
    return msgspec.structs.replace(manifest, files=manifest.files | cards), agreement


def _export(model: KeywordModel, reference: Reference, target: Path) -> tuple[Graph, Agreement]:
    """Write the graph that ships, and say how close the exported one is to the model."""
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        exported = Path(work) / IMAGE_ENCODER
        export_onnx(model, exported)
        agreement = check_export(reference, exported)
        return choose_graph(exported, reference, target), agreement


def golden_set(path: Path, graph: Graph, photos: PhotoData, spec: Preprocessing) -> Golden:
    """Photos of as many keywords as there are, with what the graph that ships answers, as it is served.

    Args:
        path: the graph that ships.
        graph: what the manifest says of it.
        photos: validation photos.
        spec: the model's preprocessing.
    """
    squares = photos.squares[spread(photos.labels.tolist())].permute(0, 2, 3, 1).numpy()
    opened = ImageGraph.open(path, alone=graph.precision == "int8")
    return Golden.record(lambda batch: opened.run(batch).logits, np.ascontiguousarray(squares), spec)


def _confusion_matrix(assessment: Assessment) -> bytes:
    tested = answers(assessment.predictions, HELD_OUT)
    names = tested.keywords
    return confusion_heatmap(confusion(tested.truth, tested.predicted, len(names)), names)


def _manifest(
    model: KeywordModel,
    record: TrainingRecord,
    assessment: Assessment,
    graph: Graph,
    git_sha: str | None,
    folder: Path,
) -> Manifest:
    """The manifest as it is before the cards are written, which quote it."""
    created_at = datetime.now(UTC)
    return Manifest(
        release_id=new_release_id(created_at, record.data_fingerprint),
        created_at=created_at,
        keywords=model.keywords,
        preprocessing=model.base.preprocessing,
        temperature=record.temperature,
        metrics=assessment.metrics,
        data_fingerprint=record.data_fingerprint,
        vocabulary_sha256=record.vocabulary_sha256,
        base_checkpoint=record.base_checkpoint,
        git_sha=git_sha,
        dagster_run_id=record.dagster_run_id,
        mlflow_run_id=record.mlflow_run_id,
        files=describe_files(folder),
        strategy=record.strategy,
        review=assessment.review,
        graph=graph,
    )
