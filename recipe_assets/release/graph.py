"""The exported graph of a release, run by ONNX Runtime on the CPU: pixels in, logits and an embedding out.

What its numbers mean to people is `predictor`'s subject; how it is made and proven, the model room's.
"""

from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from recipe_assets.errors import ReleaseError

INPUT = "pixel_values"
LOGITS = "logits"
EMBEDDING = "embedding"


class Scores(NamedTuple):
    """What a graph says of N photos.

    Attributes:
        logits: float32 (N, K), before the temperature.
        embeddings: unit vectors, float32 (N, D); None where the graph, of an older release, gives none.
    """

    logits: NDArray[np.float32]
    embeddings: NDArray[np.float32] | None


class ImageGraph:
    """An open graph. Safe to share between threads.

    Attributes:
        alone: whether the photos of a batch are run one by one.
    """

    def __init__(self, session: Any, *, alone: bool) -> None:  # noqa: ANN401 (onnxruntime has no types)
        self._session = session
        self.alone = alone
        self._inputs = {node.name: node.shape for node in session.get_inputs()}
        self._outputs = {node.name: node.shape for node in session.get_outputs()}
        self._wanted = [name for name in (LOGITS, EMBEDDING) if name in self._outputs]

    @classmethod
    def open(cls, path: Path, threads: int | None = None, *, alone: bool = False) -> Self:
        """Open a graph.

        Args:
            path: the ONNX file.
            threads: how many threads one forward pass may use; None lets ONNX Runtime choose.
            alone: run each photo of a batch by itself. An int8 graph rounds activations by the range that they
                have in the whole batch, so that in company a photo would get slightly other scores.

        Raises:
            ReleaseError: if ONNX Runtime cannot open it.
        """
        import onnxruntime as ort  # 50 MB that Dagster's definitions, which know this module, load without

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        # Threads that spin while they wait for each other take the processors from those that decode: two threads
        # of one pass used 33 to 60 ms of processor time for a photo in int8, without spinning 24, one thread 21.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            return cls(ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]), alone=alone)
        except Exception as error:
            # ONNX Runtime's errors share no base class but Exception.
            reason = " ".join(str(error).split())[:300]
            raise ReleaseError(
                f"{path} is no graph that ONNX Runtime can open ({reason}): export it again"
            ) from error

    def run(self, batch: NDArray[np.float32]) -> Scores:
        """Score pixel values, float32 (N, 3, S, S); a photo's scores do not depend on the others of its batch."""
        parts = np.split(batch, len(batch)) if self.alone and len(batch) > 1 else [batch]
        found = [self._session.run(self._wanted, {INPUT: part}) for part in parts]
        columns = [np.concatenate(column) for column in zip(*found, strict=True)]
        return Scores(columns[0], columns[1] if len(columns) > 1 else None)

    def misfit(self, size: int, keywords: int, dimensions: int | None = None) -> str | None:
        """What is wrong with this graph, or None; runs it once.

        Args:
            size: side of the photos in pixels.
            keywords: how many logits it must give.
            dimensions: how long its embeddings must be; None if nothing needs them.
        """
        if not (_fits(self._inputs.get(INPUT), (3, size, size)) and set(self._inputs) == {INPUT}):
            return f"takes {self._inputs}, not {INPUT} (N, 3, {size}, {size})"
        if not _fits(self._outputs.get(LOGITS), (keywords,)):
            return f"gives {self._outputs}, not {LOGITS} (N, {keywords})"
        logits, embeddings = self.run(np.zeros((2, 3, size, size), np.float32))
        if logits.shape != (2, keywords) or not np.isfinite(logits).all():
            return f"gives {logits.shape} scores, not finite ones of shape (2, {keywords})"
        found = () if embeddings is None else embeddings.shape[1:]
        if dimensions is not None and found != (dimensions,):
            return f"gives embeddings of shape {found}, those of the training photos are ({dimensions},)"
        return None


def _fits(shape: list[int | str | None] | None, tail: tuple[int, ...]) -> bool:
    # A name or None stands for a free dimension: the batch must be one, the others may be.
    if shape is None or len(shape) != 1 + len(tail) or isinstance(shape[0], int):
        return False
    return all(not isinstance(have, int) or have == want for have, want in zip(shape[1:], tail, strict=True))
