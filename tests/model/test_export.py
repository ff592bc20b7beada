"""The served graph and the release around it say what the model says."""

from pathlib import Path

import msgspec
import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from PIL import Image
from transformers import CLIPModel

from recipe_assets.errors import ModelError
from recipe_assets.model.clip import KeywordModel
from recipe_assets.model.evaluation import softmax
from recipe_assets.model.export import check_export, export_onnx
from recipe_assets.model.packaging import Evaluation, TrainingRecord, build_release
from recipe_assets.model.photo_data import PhotoData, load_squares, normalize
from recipe_assets.model.training import TrainingConfig, fine_tune, predict_logits
from recipe_assets.release.files import check_files
from recipe_assets.release.manifest import BaseCheckpoint, Manifest, encode_manifest
from recipe_assets.release.predictor import Predictor
from recipe_assets.studio.photos import open_photo, thumbnail
from tests.model import colors
from tests.studio.pictures import encode

PHOTOS = colors.squares(12, 9)
RECORD = TrainingRecord(BaseCheckpoint("untrained-clip", "mit", None), "3f" * 32, "ab" * 32, 1.7, 1, "run-1", None)


@pytest.fixture(scope="module")
def model(untrained_checkpoint: Path) -> KeywordModel:
    """A model that knows its colors."""
    made = colors.fresh(untrained_checkpoint)
    config = TrainingConfig(epochs=4, batch_size=12, learning_rate=2e-3, head_factor=2.5)
    fine_tune(made, colors.squares(48, 1), colors.squares(9, 2), config)
    return made


@pytest.fixture(scope="module")
def graph(model: KeywordModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "image_encoder.onnx"
    export_onnx(model, path)
    return path


@pytest.fixture(scope="module")
def model_folder(model: KeywordModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tuned") / "run-1"
    model.save(folder)
    RECORD.write(folder)
    return folder


@pytest.fixture(scope="module")
def release(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """A whole release as it would be published."""
    folder = tmp_path_factory.mktemp("releases") / "built"
    folder.mkdir()
    names = [word.name for word in colors.KEYWORDS]
    truth = pd.Series([names[n % 2] for n in range(6)])  # no photo of the third keyword
    table = pd.DataFrame({"keyword": truth, "predicted": "red", "group": list("aabbcc")})
    manifest, agreement = build_release(
        model_folder, PHOTOS, Evaluation(table, 0.5, (0.4, 0.6), 0.3), "c0ffee", folder
    )
    assert agreement.photos == 12
    (folder / "manifest.json").write_bytes(encode_manifest(manifest))
    return folder, manifest


@pytest.mark.parametrize("count", [1, 5])
def test_the_graph_takes_any_batch_and_gives_the_models_logits(
    model: KeywordModel, graph: Path, count: int
) -> None:
    photos = colors.squares(count, 20 + count).squares
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    (found,) = session.run(["logits"], {"pixel_values": normalize(photos, model.base.preprocessing).numpy()})
    np.testing.assert_allclose(found, predict_logits(model, photos).numpy(), atol=1e-3)


def test_the_check_passes_for_the_model_and_says_how_close(model: KeywordModel, graph: Path) -> None:
    found = check_export(model, graph, PHOTOS.squares)
    assert found.same_keyword == 1
    assert 0 <= found.largest_difference < 1e-3


def test_the_graph_is_one_file(graph: Path) -> None:
    assert [path.name for path in graph.parent.iterdir()] == [graph.name]


def test_the_graph_of_another_model_is_refused(untrained_checkpoint: Path, graph: Path) -> None:
    other = colors.fresh(untrained_checkpoint)
    with pytest.raises(ModelError, match=r"disagrees with the model: .* of 12 photos .*nothing was published"):
        check_export(other, graph, PHOTOS.squares)


def test_a_graph_of_broken_weights_is_refused(model: KeywordModel, model_folder: Path, graph: Path) -> None:
    """A difference that is not a number is larger than no tolerance, so it passed."""
    broken = KeywordModel.load(model_folder)
    with torch.no_grad():
        broken.head[:] = float("nan")
    with pytest.raises(ModelError, match="disagrees"):
        check_export(broken, graph, PHOTOS.squares)


def test_the_manifest_tells_the_whole_story_and_its_files_verify(release: tuple[Path, Manifest]) -> None:
    folder, manifest = release
    check_files(folder, manifest)
    assert {"image_encoder.onnx", "confusion_matrix.png", "checkpoint/model.safetensors"} <= set(manifest.files)
    assert manifest.keywords == colors.KEYWORDS
    assert (manifest.temperature, manifest.git_sha, manifest.dagster_run_id) == (1.7, "c0ffee", "run-1")
    assert manifest.base_checkpoint == RECORD.base_checkpoint
    assert manifest.release_id.endswith("-3f3f3f3f")
    metrics = manifest.metrics
    assert (metrics.macro_accuracy, metrics.photos, metrics.zero_shot_macro_accuracy) == (0.5, 6, 0.3)
    per_keyword = {name: msgspec.structs.astuple(found) for name, found in metrics.per_keyword.items()}
    assert per_keyword == {"red": (3, 1.0, 0.5), "green": (3, 0.0, None), "blue": (0, None, None)}
    with Image.open(folder / "confusion_matrix.png") as picture:
        picture.load()


def test_the_api_ranks_a_photo_as_torch_ranks_its_stored_thumbnail(
    model: KeywordModel, release: tuple[Path, Manifest]
) -> None:
    """Training reads PNG thumbnails, serving the original JPEG: both must come to the same numbers."""
    predictor = Predictor.load(release[0])
    for square, label in zip(PHOTOS.squares[:6], PHOTOS.labels[:6], strict=True):
        original = encode(colors.as_image(square), quality=90)
        stored = encode(thumbnail(open_photo(original)), "PNG")
        logits = predict_logits(model, load_squares([stored], model.base.preprocessing)).numpy()
        expected = 100 * softmax(logits, 1.7)[0]
        found = predictor.rank(original)
        assert found[0].keyword == colors.KEYWORDS[int(label)].name
        names = [word.name for word in colors.KEYWORDS]
        for prediction in found:
            assert prediction.confidence == pytest.approx(expected[names.index(prediction.keyword)], abs=0.02)


def test_the_released_checkpoint_opens_in_transformers_and_as_a_keyword_model(
    model: KeywordModel, release: tuple[Path, Manifest]
) -> None:
    checkpoint = release[0] / "checkpoint"
    clip = CLIPModel.from_pretrained(checkpoint)
    weights = model.clip.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in clip.state_dict().items())
    loaded = KeywordModel.load(checkpoint)
    assert torch.equal(
        predict_logits(loaded, PHOTOS.squares), predict_logits(KeywordModel.load(checkpoint), PHOTOS.squares)
    )
    assert TrainingRecord.read(checkpoint) == RECORD


def test_a_release_without_photos_to_check_is_refused(model_folder: Path, tmp_path: Path) -> None:
    """Without one photo, nothing would show that graph and model agree."""
    empty = PhotoData(PHOTOS.squares[:0], PHOTOS.labels[:0])
    table = pd.DataFrame({"keyword": ["red"], "predicted": ["red"], "group": ["a"]})
    with pytest.raises(ModelError, match="no photo"):
        build_release(model_folder, empty, Evaluation(table, 1.0, (1.0, 1.0), None), None, tmp_path)
