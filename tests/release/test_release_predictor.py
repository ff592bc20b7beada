"""From a release's folder to ranked keywords."""

import io
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from onnx import helper
from PIL import Image

from recipe_assets.errors import ReleaseError, UnreadablePhotoError
from recipe_assets.release.files import describe_files
from recipe_assets.release.manifest import Graph, Manifest, ReviewRule, decode_manifest, encode_manifest
from recipe_assets.release.predictor import Prediction, Predictor
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


def test_a_rank_is_made_of_scores_that_are_calibrated_and_put_in_order(explained: Predictor) -> None:
    """The steps that the API takes one by one, for many photos at once."""
    photos = [factory.photo(color) for color in ("red", "gray", "navy")]
    batch = np.stack([preprocess(photo, factory.PREPROCESSING) for photo in photos])
    scores = explained.score(batch)
    assert scores.embeddings is not None
    for row, photo in enumerate(photos):
        assert explained.ranked(explained.calibrated(scores.logits)[row], 3) == explained.rank(photo)
        np.testing.assert_array_equal(scores.embeddings[row], explained.embed(photo))


def test_a_keyword_names_its_pipeline(predictor: Predictor) -> None:
    assert predictor.pipeline("red-pan") == "stove"
    with pytest.raises(KeyError):
        predictor.pipeline("of another release")


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
    (tmp_path / "release" / "confusion_matrix.png").write_bytes(b"{}")
    with pytest.raises(ReleaseError, match=r"confusion_matrix\.png has 2 bytes"):
        Predictor.load(tmp_path / "release")


@pytest.fixture
def explained(tmp_path: Path) -> Predictor:
    """A release with everything that schema version 2 adds; nobody measured a rule for two keywords."""
    folder = tmp_path / "explained"
    factory.write_explained_files(folder)
    rule = ReviewRule(0.95, {"red-pan": 0.9, "green-bowl": 0.5}, coverage=0.8, accuracy=0.96)
    manifest = msgspec.structs.replace(factory.manifest_of(folder), review=rule)
    (folder / "manifest.json").write_bytes(encode_manifest(manifest))
    return Predictor.load(folder, threads=1)


@pytest.mark.parametrize(
    ("keyword", "confidence", "looked_at"),
    [
        ("red-pan", 89.99, True),
        ("red-pan", 90.0, False),
        ("green-bowl", 50.0, False),
        ("green-bowl", 49.0, True),
        ("blue-pot", 99.99, True),
    ],
)
def test_a_person_looks_below_the_threshold_of_the_first_keyword(
    explained: Predictor, keyword: str, confidence: float, looked_at: bool
) -> None:
    assert explained.needs_review(Prediction(keyword, confidence)) is looked_at


def test_without_a_rule_a_person_looks_at_everything(predictor: Predictor) -> None:
    assert predictor.needs_review(Prediction("red-pan", 100.0))


def test_an_embedding_is_a_unit_vector_of_the_photo(explained: Predictor) -> None:
    found = explained.embed(factory.photo("red"))
    pixels = preprocess(factory.photo("red"), factory.PREPROCESSING).mean(axis=(1, 2))
    np.testing.assert_allclose(found, pixels / np.linalg.norm(pixels), atol=1e-6)
    assert found.dtype == np.float32


def test_a_photo_is_explained_by_the_training_photos_nearest_to_it(explained: Predictor) -> None:
    nearest = explained.explain(factory.photo("red"), count=2)
    assert nearest is not None
    assert [(found.file, found.keyword) for found in nearest] == [
        ("red.jpg", "red-pan"),
        ("orange.jpg", "red-pan"),
    ]
    assert nearest[0].similarity == pytest.approx(1, abs=1e-3)
    assert explained.neighbors is not None
    with Image.open(io.BytesIO(explained.neighbors.thumbnail(nearest[0].place))) as picture:
        red, green, blue = picture.convert("RGB").getpixel((4, 4))
    assert red > 240 > 20 > max(green, blue)


def test_a_release_of_version_1_predicts_and_says_what_it_cannot(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    factory.write_files(folder)
    golden = (Path(__file__).parents[1] / "golden" / "manifest-v1.json").read_bytes()
    old = msgspec.structs.replace(decode_manifest(golden), files=describe_files(folder))
    # Version 1 knew none of these fields.
    content = msgspec.json.decode(encode_manifest(old))
    for field in ("strategy", "review", "graph"):
        del content[field]
    (folder / "manifest.json").write_bytes(msgspec.json.encode(content))
    predictor = Predictor.load(folder)
    assert predictor.rank(factory.photo("red"))[0].keyword == "red-pan"
    assert predictor.neighbors is None
    assert predictor.explain(factory.photo("red")) is None
    with pytest.raises(ReleaseError, match="is older than embeddings: publish a new one"):
        predictor.embed(factory.photo("red"))


def test_neighbors_that_do_not_fit_the_graph_are_refused(tmp_path: Path) -> None:
    """Their embeddings are of another model, or the graph gives none."""
    folder = tmp_path / "mixed"
    factory.write_explained_files(folder)
    onnx.save_model(factory.graph(), folder / "image_encoder.onnx")
    (folder / "manifest.json").write_bytes(encode_manifest(factory.manifest_of(folder)))
    with pytest.raises(ReleaseError, match=r"embeddings of shape \(\), those of the training photos are \(3,\)"):
        Predictor.load(folder)


def test_an_int8_release_scores_a_photo_alone_as_in_company(tmp_path: Path) -> None:
    """Its graph rounds by what it sees in the whole batch, so the predictor shows it one photo at a time."""
    model = quantizing_graph()
    batch = np.stack(
        [preprocess(factory.photo(color), factory.PREPROCESSING) for color in ("red", "gray", "navy")]
    )
    for precision in ("int8", "fp32"):
        write(tmp_path / precision, model, graph=Graph(precision, "", 1.0, 0.0, 3))
    int8, fp32 = (Predictor.load(tmp_path / precision) for precision in ("int8", "fp32"))
    alone = np.concatenate([int8.logits(photo[np.newaxis]) for photo in batch])
    np.testing.assert_array_equal(int8.logits(batch), alone)
    assert not np.array_equal(fp32.logits(batch), alone), "then this test shows nothing"
    assert (int8.alone, fp32.alone) == (True, False)


def quantizing_graph() -> onnx.ModelProto:
    """The graph of mean colors with its means rounded to 8 bits over the whole batch, as int8 graphs do."""
    model = factory.graph()
    mean, product = model.graph.node
    rounded = [
        helper.make_node("DynamicQuantizeLinear", ["means"], ["eight", "scale", "zero"]),
        helper.make_node("DequantizeLinear", ["eight", "scale", "zero"], ["rounded"]),
    ]
    product.input[0] = "rounded"
    nodes = [mean, *rounded, product]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model
