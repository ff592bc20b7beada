"""A release as it is built: all of it tells the same story, and the checkpoint in it can be tuned further."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPModel

from recipe_assets.errors import ModelError
from recipe_assets.model.calibration import softmax
from recipe_assets.model.checkpoints import load_base
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.packaging import build_release
from recipe_assets.model.photo_data import PhotoData, load_squares
from recipe_assets.model.pipeline import TrainingInputs, tune
from recipe_assets.model.predicting import predict_logits
from recipe_assets.model.records import TrainingRecord
from recipe_assets.release.files import check_files
from recipe_assets.release.predictor import Predictor
from recipe_assets.studio.photos import open_photo, thumbnail
from tests.model import colors
from tests.model.conftest import CONFIG, RECORD, Built
from tests.model.small_studio import SIDES
from tests.studio.pictures import encode

PHOTOS = colors.squares(12, 9)


def test_the_manifest_tells_the_whole_story_and_its_files_verify(built: Built) -> None:
    manifest = built.manifest
    check_files(built.folder, manifest)
    listed = {path.relative_to(built.folder).as_posix() for path in built.folder.rglob("*") if path.is_file()}
    assert listed - {"manifest.json"} == set(manifest.files)
    top = {name for name in manifest.files if "/" not in name}
    assert top == {"image_encoder.onnx", "confusion_matrix.png", "MODEL_CARD.md", "neighbors.zip", "golden.npz"}
    assert manifest.keywords == colors.KEYWORDS
    assert (manifest.temperature, manifest.git_sha, manifest.dagster_run_id) == (1.7, "c0ffee", "run-1")
    assert (manifest.base_checkpoint, manifest.strategy) == (RECORD.base_checkpoint, "full")
    assert manifest.release_id.endswith("-3f3f3f3f")
    assert manifest.metrics == built.assessment.metrics
    assert manifest.metrics.photos == SIDES["test"]
    assert manifest.review == built.assessment.review
    with Image.open(built.folder / "confusion_matrix.png") as picture:
        picture.load()


def test_the_graph_was_compared_on_every_validation_photo(built: Built) -> None:
    assert built.agreement.photos == SIDES["val"] == len(built.photos)
    graph = built.manifest.graph
    assert graph is not None
    assert (graph.precision, graph.photos, graph.same_keyword) == ("int8", SIDES["val"], 1.0)


def test_the_api_ranks_a_photo_as_torch_ranks_its_stored_thumbnail(
    color_model: KeywordModel, built: Built
) -> None:
    """Training reads PNG thumbnails, serving the original JPEG: both must come to the same numbers.

    But for what int8 costs, which the guard bounds.
    """
    predictor = Predictor.load(built.folder)
    for square, label in zip(PHOTOS.squares[:6], PHOTOS.labels[:6], strict=True):
        original = encode(colors.as_image(square), quality=90)
        stored = encode(thumbnail(open_photo(original)), "PNG")
        logits = predict_logits(color_model, load_squares([stored], color_model.base.preprocessing)).numpy()
        expected = 100 * softmax(logits, 1.7)[0]
        found = predictor.rank(original)
        assert found[0].keyword == colors.KEYWORDS[int(label)].name
        names = [word.name for word in colors.KEYWORDS]
        for prediction in found:
            assert prediction.confidence == pytest.approx(expected[names.index(prediction.keyword)], abs=1)


def test_a_prediction_is_explained_by_training_photos_of_its_keyword(built: Built) -> None:
    predictor = Predictor.load(built.folder)
    square, label = PHOTOS.squares[1], int(PHOTOS.labels[1])
    nearest = predictor.explain(encode(colors.as_image(square), quality=95), count=4)
    assert nearest is not None
    assert {found.keyword for found in nearest} == {colors.KEYWORDS[label].name}
    splits = built.inputs.splits
    trained = set(splits.loc[splits["split"] == "train", "file"])
    assert {found.file for found in nearest} <= trained


def test_the_released_checkpoint_opens_in_transformers_and_as_a_keyword_model(
    color_model: KeywordModel, built: Built
) -> None:
    checkpoint = built.folder / "checkpoint"
    clip = CLIPModel.from_pretrained(checkpoint)
    weights = color_model.encoder.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in clip.state_dict().items())
    logits = predict_logits(KeywordModel.load(checkpoint), PHOTOS.squares)
    np.testing.assert_allclose(logits, predict_logits(color_model, PHOTOS.squares), atol=1e-5)
    assert TrainingRecord.read(checkpoint) == RECORD


def test_the_released_checkpoint_is_a_base_that_can_be_tuned_further(built: Built, tmp_path: Path) -> None:
    """It starts from what it has learned, and the licence of its own base goes on with it."""
    release = tmp_path / "fetched"
    shutil.copytree(built.folder / "checkpoint", release)
    base = load_base(str(release))
    assert base.source.licence == "mit"
    inputs = TrainingInputs(built.inputs.tables, built.inputs.splits, built.inputs.vocabulary, str(release))
    tuned = tune(inputs, CONFIG, tmp_path / "again")
    assert tuned.best.val_macro_accuracy == 1
    record = TrainingRecord.read(tmp_path / "again")
    assert (record.base_checkpoint.name, record.base_checkpoint.licence) == ("fetched", "mit")
    before, after = (KeywordModel.load(folder) for folder in (release, tmp_path / "again"))
    moved = [
        not torch.equal(old, new)
        for old, new in zip(before.base.image_parameters(), after.base.image_parameters(), strict=True)
    ]
    assert any(moved)


def test_a_release_without_photos_to_check_is_refused(built: Built, tmp_path: Path) -> None:
    """Without one photo, nothing would show that graph and model agree."""
    empty = PhotoData(PHOTOS.squares[:0], PHOTOS.labels[:0])
    with pytest.raises(ModelError, match="no photo"):
        build_release(built.model_folder, empty, built.assessment, built.neighbors, None, tmp_path)
