"""The golden set of a release as it is packaged: real photos, answers of the very graph that ships."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from recipe_assets.release.golden import Golden
from recipe_assets.release.graph import ImageGraph
from recipe_assets.release.predictor import Predictor
from tests.model.conftest import Built


@pytest.fixture
def golden(built: Built) -> Golden:
    found = Golden.load(built.folder, built.manifest)
    assert found is not None
    return found


def test_the_golden_set_holds_validation_photos_of_every_keyword(built: Built, golden: Golden) -> None:
    squares = built.photos.squares.permute(0, 2, 3, 1).numpy()
    places = [int(np.flatnonzero((squares == square).all(axis=(1, 2, 3)))[0]) for square in golden.squares]
    assert len(set(places)) == len(places) == min(32, len(built.photos))
    labels = built.photos.labels.numpy()
    assert set(labels[places]) == set(labels)


def test_the_packaged_release_answers_it_alone_and_in_batches(built: Built, golden: Golden) -> None:
    predictor = Predictor.load(built.folder)
    for batch in (1, 8):
        assert golden.replay(predictor.logits, built.manifest, batch=batch, runs=2) is None
    assert np.array_equal(
        golden.logits, Golden.record(predictor.logits, golden.squares, built.manifest.preprocessing).logits
    )


def test_other_last_digits_of_another_processor_pass(built: Built, golden: Golden) -> None:
    predictor = Predictor.load(built.folder)
    noise = np.random.default_rng(1)

    def elsewhere(batch: np.ndarray) -> np.ndarray:
        return predictor.logits((batch * (1 + 1e-6 * noise.standard_normal(batch.shape))).astype(np.float32))

    assert golden.replay(elsewhere, built.manifest) is None


def test_a_kernel_that_computes_one_product_wrongly_is_found(built: Built, golden: Golden, tmp_path: Path) -> None:
    """As processors did that saturate: every int8 product of one layer comes out too small."""
    model = onnx.load(built.folder / "image_encoder.onnx")
    scales = [value for value in model.graph.initializer if value.name.endswith("_scale")]
    assert len(scales) > 4
    scales[2].CopyFrom(numpy_helper.from_array(numpy_helper.to_array(scales[2]) * np.float32(0.5), scales[2].name))
    onnx.save(model, tmp_path / "wrong.onnx")
    wrong = ImageGraph.open(tmp_path / "wrong.onnx", alone=True)
    found = golden.replay(lambda batch: wrong.run(batch).logits, built.manifest)
    assert found is not None
    assert "is allowed" in found
