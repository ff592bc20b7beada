"""From a keyword model to the ONNX graph that is served, and the proof that both agree on real photos.

Making that graph smaller and faster is `quantization`'s subject, running it `release.graph`'s.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recipe_assets.errors import ModelError
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.photo_data import PhotoData, normalize
from recipe_assets.model.predicting import predict_logits
from recipe_assets.release.graph import EMBEDDING, INPUT, LOGITS, ImageGraph
from recipe_assets.studio.photos import Preprocessing

OPSET = 18
TOLERANCE = 1e-2
"""Largest difference of a logit that counts as agreement; logits span some tens of units."""
LARGEST_FILE = 2**31 - 2**24
"""Bytes of weights that one ONNX file holds: protobuf ends at 2 GiB, and the graph itself needs some room."""


@dataclass(frozen=True)
class Agreement:
    """How close both are: largest logit difference, share of photos with the same first keyword."""

    photos: int
    largest_difference: float
    same_keyword: float


@dataclass(frozen=True)
class Reference:
    """What a model says of photos that it did not learn from; graphs are held against it.

    Attributes:
        photos: squares and labels of N photos.
        spec: the model's preprocessing.
        logits: float32 (N, K), by torch.
        temperature: what they are divided by for a calibrated confidence.
    """

    photos: PhotoData
    spec: Preprocessing
    logits: NDArray[np.float32]
    temperature: float = 1.0

    @classmethod
    def of(cls, model: KeywordModel, photos: PhotoData, temperature: float = 1.0) -> "Reference":
        """Ask the model.

        Raises:
            ModelError: if there is no photo.
        """
        if not len(photos.squares):
            raise ModelError(
                "there is no photo to check the exported graph on: add recipes, so that every split gets some"
            )
        logits = predict_logits(model, photos.squares).float().numpy()
        return cls(photos, model.base.preprocessing, logits, temperature)


class _Served(nn.Module):
    """What is exported: the tower and a head that is normalized and scaled already, so nothing is left to fold."""

    def __init__(self, model: KeywordModel) -> None:
        super().__init__()
        self.model = model
        head = model.base.logit_scale * nn.functional.normalize(model.head, dim=-1)
        self.register_buffer("head", head.detach().T.contiguous())

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, K) and unit embeddings (N, D) of pixel values (N, 3, S, S)."""
        embedding = self.model.features(pixel_values)
        return embedding @ self.get_buffer("head"), embedding


def export_onnx(model: KeywordModel, path: Path) -> None:
    """Write one graph, `pixel_values` (N, 3, S, S) -> `logits` (N, K) and `embedding` (N, D), a unit vector.

    Raises:
        ModelError: if the image tower is too large for one ONNX file.
    """
    _require_room(model)
    size = model.base.preprocessing.size
    model.encoder.set_attn_implementation("eager")
    example = torch.zeros((2, 3, size, size), device=model.head.device)
    with _quiet():
        from onnx_ir.passes.common import NameFixPass

        program = torch.onnx.export(
            _Served(model.eval()),
            (example,),
            input_names=[INPUT],
            output_names=[LOGITS, EMBEDDING],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
        assert program is not None  # noqa: S101 (None only for the old exporter)
        # The exporter calls the positions' embedding "embedding", too; outputs keep their names, others make room.
        NameFixPass()(program.model)
        program.save(path, external_data=False)


def _require_room(model: KeywordModel) -> None:
    weights = sum(part.numel() * 4 for part in (*model.base.image_parameters(), model.head))
    if weights > LARGEST_FILE:
        raise ModelError(
            f"the image tower of '{model.base.source.name}' has {weights / 1e9:.1f} GB of weights and one ONNX "
            "file holds 2.1 GB: choose a smaller base checkpoint"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns about its own internals on every model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        yield


def graph_logits(path: Path, reference: Reference, *, alone: bool = False) -> NDArray[np.float32]:
    """Logits (N, K) that a graph gives the photos, as it is served; see `ImageGraph.open` for `alone`."""
    graph = ImageGraph.open(path, alone=alone)
    batches = torch.split(reference.photos.squares, 32)
    return np.concatenate([graph.run(normalize(batch, reference.spec).numpy()).logits for batch in batches])


def check_export(reference: Reference, path: Path) -> Agreement:
    """Run the photos through the exported graph and compare with what the model said.

    A photo may get another first keyword only where two logits are a tie within the tolerance; that stops nothing.

    Raises:
        ModelError: if any logit differs by more than the tolerance.
    """
    got, expected = graph_logits(path, reference), reference.logits
    agreement = Agreement(
        photos=len(expected),
        largest_difference=float(np.abs(got - expected).max()),
        same_keyword=float(np.mean(got.argmax(axis=1) == expected.argmax(axis=1))),
    )
    if not agreement.largest_difference <= TOLERANCE:  # so written, a difference that is no number fails, too
        raise ModelError(
            "the exported graph disagrees with the model: logits differ by up to "
            f"{agreement.largest_difference:.4f}, {agreement.same_keyword:.1%} of {agreement.photos} photos keep "
            "their keyword; nothing was published"
        )
    return agreement
