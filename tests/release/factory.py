"""Real, tiny releases for tests: an ONNX graph that names a photo by its mean color, with a true manifest."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from recipe_assets.release.files import describe_files
from recipe_assets.release.golden import Golden
from recipe_assets.release.graph import ImageGraph
from recipe_assets.release.manifest import (
    BaseCheckpoint,
    KeywordMetrics,
    Manifest,
    Metrics,
    ReleasedKeyword,
)
from recipe_assets.release.neighbors import TrainingPhoto, write_neighbors
from recipe_assets.studio.photos import Preprocessing, preprocess

SIZE = 16
KEYWORDS = ("red-pan", "green-bowl", "blue-pot", "gray-tray")
PREPROCESSING = Preprocessing(size=SIZE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


def graph(
    size: int = SIZE, keywords: int = len(KEYWORDS), bias: float = 0.0, embeds: bool = False, megabytes: int = 0
) -> onnx.ModelProto:
    """Mean of each channel -> one linear layer: the first three logits are red, green and blue, the rest 0.

    `bias` is added to the last logit, so that two releases can be told apart by their answers. A graph that
    `embeds` gives the means as a unit vector, too, as graphs of schema version 2 do. `megabytes` is the size of
    weights that take part without changing an answer, for a graph as heavy as a real one.
    """
    weights = np.zeros((3, keywords), np.float32)
    weights[:3, :3] = 4 * np.eye(3, dtype=np.float32)[:, : min(3, keywords)] if keywords >= 3 else 0
    offsets = np.zeros(keywords, np.float32)
    offsets[-1] = bias
    nodes = [
        helper.make_node("ReduceMean", ["pixel_values", "axes"], ["means"], keepdims=0),
        helper.make_node("Gemm", ["means", "weights", "offsets"], ["logits"]),
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", keywords])]
    if embeds:
        nodes.append(helper.make_node("LpNormalization", ["means"], ["embedding"], axis=-1, p=2))
        outputs.append(helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", 3]))
    pixels = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, size, size])
    constants = {"axes": np.array([2, 3], np.int64), "weights": weights, "offsets": offsets}
    if megabytes:
        nodes[1].output[0] = "scores"
        nodes += _ballast(megabytes, constants)
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    body = helper.make_graph(nodes, "mean_color", [pixels], outputs, initializers)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def _ballast(megabytes: int, constants: dict[str, np.ndarray]) -> list[onnx.NodeProto]:
    """Layers of 1024 x 1024 weights behind the means; nothing of what they compute is left in the logits."""
    generator = np.random.default_rng(megabytes)
    constants["widen"] = generator.standard_normal((3, 1024)).astype(np.float32)
    constants["nothing"] = np.zeros((1024, 1), np.float32)
    nodes, last = [helper.make_node("MatMul", ["means", "widen"], ["wide"])], "wide"
    for layer in range(max(1, megabytes // 4)):
        constants[f"layer{layer}"] = generator.standard_normal((1024, 1024)).astype(np.float32) / 32
        nodes.append(helper.make_node("MatMul", [last, f"layer{layer}"], [last := f"wide{layer}"]))
    return [
        *nodes,
        helper.make_node("MatMul", [last, "nothing"], ["zero"]),
        helper.make_node("Add", ["scores", "zero"], ["logits"]),
    ]


def write_files(folder: Path, bias: float = 0.0, megabytes: int = 0) -> None:
    """Everything that a release of schema version 1 holds but its manifest."""
    (folder / "checkpoint").mkdir(parents=True)
    onnx.save_model(graph(bias=bias, megabytes=megabytes), folder / "image_encoder.onnx")
    (folder / "confusion_matrix.png").write_bytes(photo("gray"))
    (folder / "checkpoint" / "config.json").write_text('{"model_type": "clip"}\n')
    (folder / "checkpoint" / "model.safetensors").write_bytes(bytes(range(256)) * 64)


LEARNED = (("red", "red-pan"), ("lime", "green-bowl"), ("blue", "blue-pot"), ("orange", "red-pan"))
"""The training photos that `write_explained_files` puts in, by color and keyword."""


def write_explained_files(folder: Path) -> None:
    """The same with what version 2 adds: embeddings, training photos and a model card."""
    write_files(folder)
    onnx.save_model(graph(embeds=True), folder / "image_encoder.onnx")
    (folder / "MODEL_CARD.md").write_text("---\nlicense: mit\n---\n# Colors\n")
    pixels = np.stack([preprocess(photo(color), PREPROCESSING) for color, _ in LEARNED])
    means = pixels.mean(axis=(2, 3))
    units = means / np.linalg.norm(means, axis=1, keepdims=True)
    photos = [TrainingPhoto("week-1", f"{color}.jpg", "ab" * 32, keyword) for color, keyword in LEARNED]
    pictures = [photo(color, (12, 8)) for color, _ in LEARNED]
    write_neighbors(folder / "neighbors.zip", photos, units.astype(np.float16), pictures)


GoldenSet = Literal["true", "wrong", "none"]


def write_golden(folder: Path, *, wrong: bool = False, photos: int = 3) -> None:
    """Photos of plain colors with what the graph in the folder says of them, or of their neighbors."""
    colors = ((200, 9, 9), (9, 200, 9), (9, 9, 200))
    squares = np.stack([np.full((SIZE, SIZE, 3), colors[place % 3], np.uint8) for place in range(photos)])
    opened = ImageGraph.open(folder / "image_encoder.onnx", threads=1)
    golden = Golden.record(lambda batch: opened.run(batch).logits, squares, PREPROCESSING)
    Golden(squares, np.roll(golden.logits, 1, axis=0) if wrong else golden.logits).write(folder / "golden.npz")


def manifest_of(folder: Path, number: int = 1) -> Manifest:
    """A manifest that is true of the files in the folder."""
    created_at = datetime(2026, 11, 22, 21, 5, 1, tzinfo=UTC) + timedelta(minutes=number)
    return Manifest(
        release_id=f"{created_at:%Y%m%dT%H%M%SZ}-{number:08x}",
        created_at=created_at,
        keywords=tuple(ReleasedKeyword(name, name.replace("-", " "), "stove") for name in KEYWORDS),
        preprocessing=PREPROCESSING,
        temperature=1.5,
        metrics=Metrics(
            macro_accuracy=0.9,
            macro_accuracy_interval=(0.85, 0.94),
            photos=120,
            zero_shot_macro_accuracy=0.25,
            per_keyword={name: KeywordMetrics(30, 0.9, None) for name in KEYWORDS},
        ),
        data_fingerprint="3f9a1c2b" * 8,
        vocabulary_sha256="ab" * 32,
        base_checkpoint=BaseCheckpoint("builtin:tiny", "MIT", None),
        git_sha="0" * 40,
        dagster_run_id=None,
        mlflow_run_id=None,
        files=describe_files(folder),
    )


def build(
    folder: Path, number: int = 1, bias: float = 0.0, golden: GoldenSet = "true", megabytes: int = 0
) -> Manifest:
    """Write a whole release and describe it; `number` makes its id and its time."""
    write_files(folder, bias, megabytes)
    if golden != "none":
        write_golden(folder, wrong=golden == "wrong", photos=32 if megabytes else 3)
    return manifest_of(folder, number)


def photo(color: str = "red", size: tuple[int, int] = (64, 48), kind: str = "JPEG") -> bytes:
    """A photo of one color."""
    stream = BytesIO()
    Image.new("RGB", size, color).save(stream, kind)
    return stream.getvalue()
