"""The golden set of a release: a few photos, and the logits that the shipped graph gave them when it was packaged.

Replaying it shows that a release still answers as it was measured, on another machine and another ONNX Runtime.
Which photos go in is the model room's subject, what happens to a release that fails `api.releases.loading`'s.
"""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recipe_assets.errors import ReleaseError
from recipe_assets.release.manifest import GOLDEN, Manifest
from recipe_assets.studio.photos import Preprocessing, pixel_values

MOST = 32
"""Photos of a golden set at most: every keyword gets one in most studios, and a replay costs a second or two."""
TOLERANCE = {"fp32": 0.01, "int8": 0.15}
"""How far a logit may be off, by the graph's precision, as a share of how much one photo's logits vary (standard
deviation over keywords, mean over photos). The same sum in another order has other last digits; an int8 graph
rounds its activations, so that a last digit may become a whole step.

Measured as such shares, largest of all logits. int8 on emulated processors without VNNI (AVX2, SSE; QEMU 7.2):
1.5 % for the built-in checkpoint, 3.1 % for ViT-B/32; with other last digits (pixels times 1 +- 1e-6): 2.4 % and
5.1 %; int8 instead of fp32: 7.8 %. fp32 on those processors: 0.0002 %. Kernels that saturate or are wrong are off
by the logits' whole range (onnxruntime issues 5849, 6004, 14642, 26324). Ours cannot saturate: `quantization`
leaves one of the 8 bits unused; what a processor does to another graph, or another version, is seen here.
"""
SQUARES, LOGITS = "squares", "logits"
_LEAST = 1e-3
"""Allowed in any case, for logits that hardly vary."""
_HEADER_BYTES = 4096

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Pixel values, float32 (N, 3, S, S), to logits, float32 (N, K)."""


def spread(labels: Sequence[int], most: int = MOST) -> list[int]:
    """Places of at most `most` photos, evenly over the keywords: a first one of each, then a second one."""
    seen: dict[int, int] = {}
    turns = []
    for place, label in enumerate(labels):
        seen[label] = seen.get(label, 0) + 1
        turns.append((seen[label], label, place))
    return [place for _, _, place in sorted(turns)[:most]]


class Golden:
    """Photos with known answers.

    Attributes:
        squares: what the preprocessing crops, uint8 (N, S, S, 3), RGB.
        logits: float32 (N, K), in the order of the manifest's keywords.
    """

    def __init__(self, squares: NDArray[np.uint8], logits: NDArray[np.float32]) -> None:
        self.squares = squares
        self.logits = logits

    @classmethod
    def record(cls, run: Run, squares: NDArray[np.uint8], spec: Preprocessing) -> Self:
        """Ask the graph that ships."""
        return cls(squares, np.concatenate([run(batch) for batch in _batches(squares, spec, 1)]))

    def write(self, path: Path) -> None:
        """Write both arrays; equal sets give equal bytes."""
        np.savez(path, squares=self.squares, logits=self.logits)

    @classmethod
    def load(cls, folder: Path, manifest: Manifest) -> Self | None:
        """Read the golden set in a release's folder; None in a release that carries none.

        Raises:
            ReleaseError: if it is damaged or does not belong to this release.
        """
        if GOLDEN not in manifest.files:
            return None
        path, size, keywords = folder / GOLDEN, manifest.preprocessing.size, len(manifest.keywords)
        try:
            with zipfile.ZipFile(path) as archive:
                squares = _array(archive, SQUARES, np.dtype(np.uint8), (size, size, 3))
                logits = _array(archive, LOGITS, np.dtype(np.float32), (keywords,))
            if len(squares) != len(logits) or not np.isfinite(logits).all():
                raise ValueError(f"{len(squares)} photos, {len(logits)} rows of logits, not all of them finite")
        except Exception as error:
            # On damaged bytes zipfile, zlib and numpy raise nine kinds of errors, and tell of few of them.
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise ReleaseError(f"{path} cannot be read ({reason}): publish the release again") from error
        return cls(squares, logits)

    def replay(self, run: Run, manifest: Manifest, *, batch: int = 1, runs: int = 1) -> str | None:
        """What a graph answers otherwise than when it was packaged, in a few words, or None.

        No logit may be off by more than the tolerance, and a photo keeps its first keyword wherever that led by
        more than the tolerance.

        Args:
            run: asks the graph.
            manifest: of the release.
            batch: photos of one forward pass; the first photo goes alone, so that both shapes have run.
            runs: how many forward passes run at once.
        """
        batches = list(_batches(self.squares, manifest.preprocessing, batch))
        with ThreadPoolExecutor(runs) as pool:
            found = np.concatenate(list(pool.map(run, batches)))
        precision = manifest.graph.precision if manifest.graph else "fp32"
        allowed = max(TOLERANCE[precision] * float(self.logits.std(axis=1).mean()), _LEAST)
        return self._mismatch(found, allowed, [keyword.name for keyword in manifest.keywords])

    def _mismatch(self, found: NDArray[np.float32], allowed: float, names: Sequence[str]) -> str | None:
        if found.shape != self.logits.shape:
            return f"logits of shape {found.shape} instead of {self.logits.shape}"
        off = float(np.abs(found - self.logits).max())
        was, now = self.logits.argmax(axis=1), found.argmax(axis=1)
        ranked = np.sort(self.logits, axis=1)
        clear = ranked[:, -1] - ranked[:, -2] > allowed if len(names) > 1 else np.zeros(len(was), bool)
        changed = np.flatnonzero((was != now) & clear)
        if off <= allowed and not len(changed):  # so written, a logit that is no number fails, too
            return None
        example = f" (such as {names[now[changed[0]]]} for {names[was[changed[0]]]})" if len(changed) else ""
        return (
            f"{len(changed)} of {len(was)} golden photos get another keyword{example}, logits are off by up to "
            f"{off:.3g}, {allowed:.3g} is allowed"
        )


def _batches(squares: NDArray[np.uint8], spec: Preprocessing, size: int) -> Iterator[NDArray[np.float32]]:
    """Pixel values of one photo, then of `size` photos at a time; made as serving makes them."""
    starts = [0, *range(1, len(squares), size)]
    for start, end in zip(starts, [*starts[1:], len(squares)], strict=True):
        yield np.stack([pixel_values(Image.fromarray(square), spec) for square in squares[start:end]])


def _array(archive: zipfile.ZipFile, name: str, dtype: np.dtype[Any], tail: tuple[int, ...]) -> NDArray[Any]:
    """One array of at most `MOST` rows; nothing is unpacked or unpickled that is not of this size and type."""
    member = archive.getinfo(f"{name}.npy")
    most = MOST * dtype.itemsize * int(np.prod(tail)) + _HEADER_BYTES
    if member.file_size > most:
        raise ValueError(f"{name} has {member.file_size} bytes, {most} are allowed")
    array: NDArray[Any] = np.load(io.BytesIO(archive.read(member)), allow_pickle=False)
    if array.dtype != dtype or array.shape[1:] != tail or not 1 <= len(array) <= MOST:
        raise ValueError(f"{name} are {array.dtype} {array.shape}, not {dtype} (1 to {MOST}, {tail})")
    return array
