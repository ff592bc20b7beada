"""The int8 graph, and the guard between it and a release."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from recipe_assets.model import quantization
from recipe_assets.model.export import Reference, check_export
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.photo_data import normalize
from recipe_assets.model.quantization import FULL, GENTLE, choose_graph, difference, quantize
from recipe_assets.release.graph import ImageGraph
from tests.model import colors
from tests.model.conftest import with_head

PHOTOS = colors.squares(60, 9)


@pytest.fixture(scope="module")
def int8(color_graph: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("int8") / "int8.onnx"
    quantize(color_graph, path)
    return path


def weights(path: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each int8 matrix of a graph with its scales."""
    found = {value.name: numpy_helper.to_array(value) for value in onnx.load(path).graph.initializer}
    for name, value in found.items():
        if value.dtype == np.int8 and name.endswith("_quantized"):
            yield value, found[name.removesuffix("_quantized") + "_scale"]


def test_matrices_are_quantized_per_channel_in_seven_bits(int8: Path) -> None:
    """Seven, so that no processor saturates: 2 * 255 * 64 is below 2 ** 15."""
    found = list(weights(int8))
    assert len(found) >= 2 * 6  # two blocks: queries, keys, values, their output, and both layers of the MLP
    for matrix, scales in found:
        assert 60 < np.abs(matrix.astype(int)).max() <= 64
        assert scales.shape == (matrix.shape[1],)


def test_the_gentle_graph_leaves_products_that_narrow_as_they_are(color_graph: Path, tmp_path: Path) -> None:
    quantize(color_graph, tmp_path / "gentle.onnx", GENTLE)
    shapes = [matrix.shape for matrix, _ in weights(tmp_path / "gentle.onnx")]
    assert (32, 64) in shapes
    assert (64, 32) not in shapes


def test_the_head_stays_exact(int8: Path) -> None:
    """Logits are the very products of the graph's embeddings and the head."""
    graph = onnx.load(int8).graph
    (last,) = [node for node in graph.node if "logits" in node.output]
    assert last.op_type == "MatMul"


def test_quantizing_says_nothing_and_leaves_nothing_beside_the_graph(
    color_graph: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = sorted(path.name for path in color_graph.parent.iterdir())
    with caplog.at_level(logging.WARNING):
        quantize(color_graph, tmp_path / "int8.onnx")
    assert not caplog.records
    assert [path.name for path in tmp_path.iterdir()] == ["int8.onnx"]
    assert sorted(path.name for path in color_graph.parent.iterdir()) == before


def test_a_photo_gets_the_same_scores_alone_and_in_any_company(color_model: KeywordModel, int8: Path) -> None:
    pixels = normalize(PHOTOS.squares[:8], color_model.base.preprocessing).numpy()
    apart = [ImageGraph.open(int8).run(pixels[place : place + 1]) for place in range(8)]
    together = ImageGraph.open(int8, alone=True).run(pixels)
    for place, alone in enumerate(apart):
        np.testing.assert_array_equal(together.logits[place], alone.logits[0])
        np.testing.assert_array_equal(together.embeddings[place], alone.embeddings[0])
    mixed = ImageGraph.open(int8).run(pixels)
    assert not np.array_equal(mixed.logits, together.logits), "then nothing would have to run alone"


def test_int8_ships_where_nothing_changes_and_the_reason_has_the_numbers(
    color_model: KeywordModel, color_graph: Path, tmp_path: Path
) -> None:
    chosen = choose_graph(color_graph, Reference.of(color_model, PHOTOS, 1.7), tmp_path / "ships.onnx")
    assert (chosen.precision, chosen.same_keyword, chosen.photos) == ("int8", 1.0, 60)
    assert chosen.macro_accuracy_change == 0
    assert "60 of 60 validation photos keep their keyword (100.0%)" in chosen.reason
    assert "below 200 photos that means that all keep theirs" in chosen.reason
    assert list(weights(tmp_path / "ships.onnx"))


@torch.inference_mode()
def by_a_hair(model: KeywordModel, graph: Path, folder: Path) -> tuple[KeywordModel, Path]:
    """The same tower under a head that decides by what differs little among the photos; model and graph."""
    seen = model.features(normalize(PHOTOS.squares, model.base.preprocessing))
    _, spread, directions = torch.linalg.svd(seen)
    least = directions[int((spread > 1e-3).sum()) - 1]
    middle = torch.nn.functional.normalize(seen.mean(dim=0), dim=0)
    tipping = KeywordModel(model.base, model.keywords, torch.stack([middle + least, middle - least, -middle]))
    head = model.base.logit_scale * torch.nn.functional.normalize(tipping.head, dim=-1)
    with_head(graph, head.numpy(), folder / "exported.onnx")
    return tipping, folder / "exported.onnx"


def test_fp32_ships_where_int8_decides_otherwise_and_says_why(
    color_model: KeywordModel, color_graph: Path, tmp_path: Path
) -> None:
    model, exported = by_a_hair(color_model, color_graph, tmp_path)
    reference = Reference.of(model, PHOTOS)
    check_export(reference, exported)
    chosen = choose_graph(exported, reference, tmp_path / "ships.onnx")
    assert (chosen.precision, chosen.same_keyword, chosen.macro_accuracy_change) == ("fp32", 1.0, 0.0)
    assert chosen.reason.count("of 60 validation photos keep their keyword") == 2
    assert FULL in chosen.reason
    assert GENTLE in chosen.reason
    assert (tmp_path / "ships.onnx").read_bytes() == exported.read_bytes()


def test_fp32_ships_where_the_quantizer_fails(
    color_model: KeywordModel, color_graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(prepared: Path, target: Path, **_: object) -> None:
        target.write_bytes(b"half a graph")
        raise RuntimeError("no such\noperator")

    monkeypatch.setattr("onnxruntime.quantization.quantize_dynamic", fail)
    chosen = choose_graph(color_graph, Reference.of(color_model, PHOTOS), tmp_path / "ships.onnx")
    assert chosen.precision == "fp32"
    assert chosen.reason.count("ONNX Runtime cannot quantize it (RuntimeError: no such operator)") == 2
    assert (tmp_path / "ships.onnx").read_bytes() == color_graph.read_bytes()


def by_hand(logits: list[list[float]], labels: list[int], temperature: float = 1.0) -> Reference:
    photos = replace(colors.squares(len(labels), 1), labels=torch.tensor(labels))
    return Reference(photos, None, np.array(logits, np.float32), temperature)


def test_differences_are_as_computed_by_hand() -> None:
    """Of three photos of keyword 0 one is lost, of one photo of keyword 1 none: recall falls by (1/3 + 0) / 2."""
    reference = by_hand([[2, 0], [2, 0], [2, 0], [0, 2]], [0, 0, 0, 1])
    found = difference(reference, np.array([[2, 0], [2, 0], [0, 2], [0, 2]], np.float32))
    assert (found.photos, found.changed, found.same_keyword) == (4, 1, 0.75)
    assert found.accuracy_change == pytest.approx(-1 / 6)
    # The one photo's loss goes from log(1 + e^-2) to log(1 + e^2), which is 2 more; a quarter of that on average.
    assert found.surprise == pytest.approx(0.5)
    assert not found.is_allowed


@pytest.mark.parametrize(
    ("logits", "temperature", "is_allowed"),
    [
        ([[2.0, 0.0]] * 4, 1.0, True),
        ([[2.04, 0.0]] * 4, 1.0, True),
        ([[1.9, 0.0]] * 4, 1.0, False),  # the same keywords, but 0.0122 nats less sure
        ([[1.9, 0.0]] * 4, 4.0, True),  # which a high temperature makes harmless: 0.0096
    ],
)
def test_confidences_must_stay_what_they_were(
    logits: list[list[float]], temperature: float, is_allowed: bool
) -> None:
    reference = by_hand([[2.0, 0.0]] * 4, [0] * 4, temperature)
    assert difference(reference, np.array(logits, np.float32)).is_allowed is is_allowed


@pytest.mark.parametrize(("photos", "changed", "is_allowed"), [(200, 1, True), (199, 1, False), (399, 2, False)])
def test_five_in_a_thousand_may_change(photos: int, changed: int, is_allowed: bool) -> None:
    found = quantization.Difference(photos, changed, accuracy_change=0.0, surprise=0.0)
    assert found.is_allowed is is_allowed
