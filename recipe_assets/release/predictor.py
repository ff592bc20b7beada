"""From the bytes of a photo to ranked keywords, with ONNX Runtime on the CPU. API and batch tagging share it.

Where a release comes from is `store`'s subject; how a photo becomes numbers is `studio.photos`'.
"""

from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from recipe_assets.errors import ReleaseError
from recipe_assets.release.files import check_files
from recipe_assets.release.manifest import IMAGE_ENCODER, Manifest, read_manifest
from recipe_assets.studio.photos import preprocess

INPUT = "pixel_values"
OUTPUT = "logits"


class Prediction(msgspec.Struct, frozen=True):
    """One keyword with how sure the model is, in percent (0-100)."""

    keyword: str
    confidence: float


class Predictor:
    """The model of one verified release. Safe to share between threads."""

    def __init__(self, manifest: Manifest, session: Any) -> None:  # noqa: ANN401 (onnxruntime has no types)
        self.manifest = manifest
        self._session = session

    @classmethod
    def load(cls, folder: Path, threads: int | None = None) -> Self:
        """Open a release's folder after checking every file, and run the model once.

        Args:
            folder: a whole release, as `ReleaseStore.fetch` leaves it.
            threads: how many threads one forward pass may use; None lets ONNX Runtime choose.

        Raises:
            ReleaseError: if a file differs from the manifest or the graph does not fit it.
        """
        manifest = read_manifest(folder)
        check_files(folder, manifest)
        predictor = cls(manifest, _open_session(folder / IMAGE_ENCODER, threads))
        predictor._check_graph()
        return predictor

    def logits(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Raw scores: (N, 3, S, S) float32 -> (N, K) float32, in the order of the manifest's keywords."""
        scores: NDArray[np.float32] = self._session.run([OUTPUT], {INPUT: batch})[0]
        return scores

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated probabilities: (N, 3, S, S) float32 -> (N, K) float64, each row sums to 1."""
        scaled = self.logits(batch).astype(np.float64) / self.manifest.temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def rank(self, photo: bytes, top: int = 3) -> list[Prediction]:
        """The `top` most likely keywords of a photo, best first.

        Raises:
            UnreadablePhotoError: if the bytes are not a photo.
        """
        shares = self.probabilities(preprocess(photo, self.manifest.preprocessing)[np.newaxis])[0]
        best = np.argsort(-shares, kind="stable")[:top]
        names = [keyword.name for keyword in self.manifest.keywords]
        return [Prediction(names[index], round(100 * float(shares[index]), 2)) for index in best]

    def _check_graph(self) -> None:
        size, keywords = self.manifest.preprocessing.size, len(self.manifest.keywords)
        inputs = {node.name: node.shape for node in self._session.get_inputs()}
        outputs = {node.name: node.shape for node in self._session.get_outputs()}
        if not (_fits(inputs.get(INPUT), (3, size, size)) and set(inputs) == {INPUT}):
            raise self._misfit(f"takes {inputs}, not {INPUT} (N, 3, {size}, {size})")
        if not _fits(outputs.get(OUTPUT), (keywords,)):
            raise self._misfit(f"gives {outputs}, not {OUTPUT} (N, {keywords})")
        scores = self.logits(np.zeros((2, 3, size, size), np.float32))
        if scores.shape != (2, keywords) or not np.isfinite(scores).all():
            raise self._misfit(f"gives {scores.shape} scores, not finite ones of shape (2, {keywords})")

    def _misfit(self, found: str) -> ReleaseError:
        release = self.manifest.release_id
        return ReleaseError(f"the graph of release {release} {found}: export it again and publish under a new id")


def _fits(shape: list[int | str | None] | None, tail: tuple[int, ...]) -> bool:
    # A name or None stands for a free dimension: the batch must be one, the others may be.
    if shape is None or len(shape) != 1 + len(tail) or isinstance(shape[0], int):
        return False
    return all(not isinstance(have, int) or have == want for have, want in zip(shape[1:], tail, strict=True))


def _open_session(path: Path, threads: int | None) -> Any:  # noqa: ANN401 (onnxruntime has no types)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # ONNX Runtime's errors share no base class but Exception.
        reason = " ".join(str(error).split())[:300]
        raise ReleaseError(f"{path} is no graph that ONNX Runtime can open ({reason}): export it again") from error
