"""From a keyword model to the ONNX graph that is served, and the proof that both agree on real photos."""

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from recipe_assets.errors import ModelError
from recipe_assets.model.clip import KeywordModel
from recipe_assets.model.photo_data import normalize
from recipe_assets.model.training import predict_logits

OPSET = 18
TOLERANCE = 1e-2
"""Largest difference of a logit that counts as agreement; logits span some tens of units."""


@dataclass(frozen=True)
class Agreement:
    """How close both are: largest logit difference, share of photos with the same first keyword."""

    photos: int
    largest_difference: float
    same_keyword: float


def export_onnx(model: KeywordModel, path: Path) -> None:
    """Write image tower and keyword head as one graph: `pixel_values` (N, 3, S, S) -> `logits` (N, K)."""
    size = model.base.preprocessing.size
    model.clip.set_attn_implementation("eager")
    example = torch.zeros((2, 3, size, size))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own internals on every model
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            model.eval(),
            (example,),
            input_names=["pixel_values"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
        assert program is not None  # noqa: S101 (None only for the old exporter)
        program.save(path, external_data=False)


def check_export(model: KeywordModel, path: Path, squares: Tensor) -> Agreement:
    """Run real photos, uint8 (N, 3, S, S), through both and compare.

    Raises:
        ModelError: if any logit differs by more than the tolerance or any photo gets another first keyword,
            or if there is no photo to show it.
    """
    if not len(squares):
        raise ModelError("there is no photo to check the exported graph on: add recipes to the test split")
    expected = predict_logits(model, squares).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    batches = torch.split(normalize(squares, model.base.preprocessing), 32)
    got = np.concatenate([session.run(["logits"], {"pixel_values": batch.numpy()})[0] for batch in batches])
    agreement = Agreement(
        photos=len(squares),
        largest_difference=float(np.abs(got - expected).max()),
        same_keyword=float(np.mean(got.argmax(axis=1) == expected.argmax(axis=1))),
    )
    if not agreement.largest_difference <= TOLERANCE or agreement.same_keyword < 1:
        raise ModelError(
            "the exported graph disagrees with the model: logits differ by up to "
            f"{agreement.largest_difference:.4f}, {agreement.same_keyword:.1%} of {agreement.photos} photos keep "
            "their keyword; nothing was published"
        )
    return agreement
