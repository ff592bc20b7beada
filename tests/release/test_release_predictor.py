"""From a release's folder to ranked keywords."""

from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest

from recipe_assets.errors import ReleaseError, UnreadablePhotoError
from recipe_assets.release.manifest import Manifest, encode_manifest
from recipe_assets.release.predictor import Predictor
from recipe_assets.studio.photos import preprocess
from tests.release import factory


def write(folder: Path, model: onnx.ModelProto | bytes | None = None, **changes: object) -> Manifest:
    """A whole release, with another graph or other manifest fields if given."""
    factory.write_files(folder)
    if model is not None:
        content = model if isinstance(model, bytes) else model.SerializeToString()
        (folder / "image_encoder.onnx").write_bytes(content)
    manifest = msgspec.structs.replace(factory.manifest_of(folder), **changes)
    (folder / "manifest.json").write_bytes(encode_manifest(manifest))
    return manifest


@pytest.fixture
def predictor(tmp_path: Path) -> Predictor:
    write(tmp_path / "release")
    return Predictor.load(tmp_path / "release", threads=1)


@pytest.mark.parametrize(("color", "keyword"), [("red", "red-pan"), ("lime", "green-bowl"), ("blue", "blue-pot")])
def test_the_best_keyword_comes_first_with_percent(predictor: Predictor, color: str, keyword: str) -> None:
    predictions = predictor.rank(factory.photo(color))
    assert predictions[0].keyword == keyword
    assert len(predictions) == 3
    assert predictions == sorted(predictions, key=lambda prediction: -prediction.confidence)
    whole = predictor.rank(factory.photo(color), top=10)
    assert sum(prediction.confidence for prediction in whole) == pytest.approx(100, abs=0.05)
    assert len(whole) == len(factory.KEYWORDS)


def test_equal_scores_keep_the_order_of_the_manifest(predictor: Predictor) -> None:
    names = [prediction.keyword for prediction in predictor.rank(factory.photo("white"), top=4)]
    assert names == list(factory.KEYWORDS)


def test_probabilities_are_the_softmax_of_logits_over_temperature(predictor: Predictor) -> None:
    photos = [preprocess(factory.photo(color), factory.PREPROCESSING) for color in ("red", "gray", "navy")]
    batch = np.stack(photos)
    logits = predictor.logits(batch)
    assert (logits.shape, logits.dtype) == ((3, 4), np.float32)
    powers = np.exp(logits.astype(np.float64) / 1.5)
    np.testing.assert_allclose(predictor.probabilities(batch), powers / powers.sum(axis=1, keepdims=True))


def test_huge_logits_do_not_overflow(tmp_path: Path) -> None:
    write(tmp_path / "release", temperature=1e-6)
    predictions = Predictor.load(tmp_path / "release").rank(factory.photo("red"))
    assert [prediction.confidence for prediction in predictions] == [100, 0, 0]


def test_what_is_no_photo_is_refused(predictor: Predictor) -> None:
    with pytest.raises(UnreadablePhotoError):
        predictor.rank(b"nothing")


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (factory.graph(size=32), r"takes .*not pixel_values \(N, 3, 16, 16\)"),
        (factory.graph(keywords=5), r"gives .*not logits \(N, 4\)"),
        (factory.graph(bias=float("nan")), "not finite ones"),
        (b"no graph", "no graph that ONNX Runtime can open"),
        (b"", "no graph that ONNX Runtime can open"),
    ],
    ids=["size", "keywords", "not finite", "no graph", "empty"],
)
def test_a_graph_that_does_not_fit_the_manifest_is_refused(
    tmp_path: Path, model: onnx.ModelProto | bytes, reason: str
) -> None:
    write(tmp_path / "release", model)
    with pytest.raises(ReleaseError, match=reason) as raised:
        Predictor.load(tmp_path / "release")
    assert "\n" not in str(raised.value)


def test_a_graph_with_a_fixed_batch_is_refused(tmp_path: Path) -> None:
    model = factory.graph()
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    write(tmp_path / "release", model)
    with pytest.raises(ReleaseError, match="export it again"):
        Predictor.load(tmp_path / "release")


def test_a_folder_without_a_manifest_or_with_a_changed_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="not complete"):
        Predictor.load(tmp_path)
    write(tmp_path / "release")
    (tmp_path / "release" / "checkpoint" / "config.json").write_text("{}")
    with pytest.raises(ReleaseError, match=r"config\.json has 2 bytes"):
        Predictor.load(tmp_path / "release")
