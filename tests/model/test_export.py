"""The exported graph says what the model says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from recipe_assets.errors import ModelError
from recipe_assets.model import export
from recipe_assets.model.export import Reference, check_export, export_onnx, graph_logits
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.photo_data import PhotoData, normalize
from recipe_assets.model.predicting import predict_logits
from tests.model import colors
from tests.model.conftest import with_head
from tests.model.small import write_siglip

PHOTOS = colors.squares(12, 9)


def run(graph: Path, photos: PhotoData, model: KeywordModel) -> tuple[np.ndarray, np.ndarray]:
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    pixels = normalize(photos.squares, model.base.preprocessing).numpy()
    return tuple(session.run(["logits", "embedding"], {"pixel_values": pixels}))


def embeddings(model: KeywordModel, photos: PhotoData) -> np.ndarray:
    with torch.inference_mode():
        return model.eval().features(normalize(photos.squares, model.base.preprocessing)).numpy()


@pytest.mark.parametrize("count", [1, 5])
def test_the_graph_takes_any_batch_and_gives_the_models_logits_and_embeddings(
    color_model: KeywordModel, color_graph: Path, count: int
) -> None:
    """The exporter calls CLIP's own positions "embedding", too, which once made a graph that would not open."""
    photos = colors.squares(count, 20 + count)
    logits, found = run(color_graph, photos, color_model)
    np.testing.assert_allclose(logits, predict_logits(color_model, photos.squares).numpy(), atol=1e-3)
    np.testing.assert_allclose(found, embeddings(color_model, photos), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_siglip_is_exported_like_clip(tmp_path: Path) -> None:
    model = colors.fresh(write_siglip(tmp_path / "base"))
    export_onnx(model, tmp_path / "graph.onnx")
    assert check_export(Reference.of(model, PHOTOS), tmp_path / "graph.onnx").largest_difference < 1e-3
    _, found = run(tmp_path / "graph.onnx", PHOTOS, model)
    np.testing.assert_allclose(found, embeddings(model, PHOTOS), atol=1e-5)


def test_the_check_passes_for_the_model_and_says_how_close(color_model: KeywordModel, color_graph: Path) -> None:
    found = check_export(Reference.of(color_model, PHOTOS), color_graph)
    assert (found.photos, found.same_keyword) == (12, 1)
    assert 0 <= found.largest_difference < 1e-3


def test_the_graph_is_one_file(color_graph: Path) -> None:
    assert [path.name for path in color_graph.parent.iterdir()] == [color_graph.name]


def test_the_graph_of_another_model_is_refused(untrained_checkpoint: Path, color_graph: Path) -> None:
    other = Reference.of(colors.fresh(untrained_checkpoint), PHOTOS)
    with pytest.raises(ModelError, match=r"disagrees with the model: .* of 12 photos .*nothing was published"):
        check_export(other, color_graph)


def test_a_graph_of_broken_weights_is_refused(
    color_model: KeywordModel, color_graph: Path, tmp_path: Path
) -> None:
    """A difference that is not a number is larger than no tolerance, so it passed."""
    color_model.save(tmp_path / "broken")
    broken = KeywordModel.load(tmp_path / "broken")
    with torch.no_grad():
        broken.head[:] = float("nan")
    with pytest.raises(ModelError, match="disagrees"):
        check_export(Reference.of(broken, PHOTOS), color_graph)


def test_a_tie_that_falls_the_other_way_stops_nothing(
    color_model: KeywordModel, color_graph: Path, tmp_path: Path
) -> None:
    """Two keywords with one vector: which comes first is rounding, and a release was refused over "0.0000"."""
    seen = embeddings(color_model, PHOTOS).mean(axis=0)
    with_head(color_graph, np.stack([seen, seen, -seen]), tmp_path / "tied.onnx")
    reference = Reference.of(color_model, PHOTOS)
    said = graph_logits(tmp_path / "tied.onnx", reference) + np.array([0, 1e-5, 0], np.float32)
    found = check_export(replace(reference, logits=said), tmp_path / "tied.onnx")
    assert found.same_keyword == 0
    assert found.largest_difference < 1e-4


def test_without_a_photo_nothing_is_shown_to_agree(color_model: KeywordModel) -> None:
    with pytest.raises(ModelError, match="no photo to check the exported graph on: add recipes"):
        Reference.of(color_model, PhotoData(PHOTOS.squares[:0], PHOTOS.labels[:0]))


def test_a_tower_too_large_for_one_file_is_refused_before_any_work(
    color_model: KeywordModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "LARGEST_FILE", 1000)
    with pytest.raises(ModelError, match=r"GB of weights and one ONNX file holds 2\.1 GB: choose a smaller"):
        export_onnx(color_model, tmp_path / "graph.onnx")
    assert not list(tmp_path.iterdir())
