"""From the bytes of a photo to ranked keywords, whether a person should look, and which training photos are near.

API and batch tagging share it. Where a release comes from is `store`'s subject, how the graph runs `graph`'s, how
a photo becomes numbers `studio.photos`'.
"""

from pathlib import Path
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from recipe_assets.errors import ReleaseError
from recipe_assets.release.files import check_files
from recipe_assets.release.graph import ImageGraph, Scores
from recipe_assets.release.manifest import IMAGE_ENCODER, NEIGHBORS, Manifest, read_manifest
from recipe_assets.release.neighbors import Neighbor, Neighbors
from recipe_assets.studio.photos import preprocess


class Prediction(msgspec.Struct, frozen=True):
    """One keyword with how sure the model is, in percent (0-100)."""

    keyword: str
    confidence: float


class Predictor:
    """The model of one verified release. Safe to share between threads.

    Attributes:
        manifest: of the release.
        neighbors: the training photos that explain predictions; None in a release that carries none.
    """

    def __init__(self, manifest: Manifest, graph: ImageGraph, neighbors: Neighbors | None = None) -> None:
        self.manifest = manifest
        self.neighbors = neighbors
        self._graph = graph
        self._pipelines = {keyword.name: keyword.pipeline for keyword in manifest.keywords}

    @classmethod
    def load(cls, folder: Path, threads: int | None = None) -> Self:
        """Open a release's folder after checking every file but the checkpoint's, and run the model once.

        Args:
            folder: a release as `ReleaseStore.fetch` leaves it, with or without its checkpoint.
            threads: how many threads one forward pass may use; None lets ONNX Runtime choose.

        Raises:
            ReleaseError: if a file differs from the manifest or the graph does not fit it.
        """
        manifest = read_manifest(folder)
        check_files(folder, manifest, checkpoint=False)
        is_int8 = manifest.graph is not None and manifest.graph.precision == "int8"
        graph = ImageGraph.open(folder / IMAGE_ENCODER, threads, alone=is_int8)
        neighbors = Neighbors.load(folder) if NEIGHBORS in manifest.files else None
        dimensions = neighbors.dimensions if neighbors else None
        if found := graph.misfit(manifest.preprocessing.size, len(manifest.keywords), dimensions):
            raise ReleaseError(
                f"the graph of release {manifest.release_id} {found}: export it again and publish under a new id"
            )
        return cls(manifest, graph, neighbors)

    @property
    def alone(self) -> bool:
        """Whether the photos of a batch run one by one, so that a batch is no faster than its photos."""
        return self._graph.alone

    def logits(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Raw scores: (N, 3, S, S) float32 -> (N, K) float32, in the order of the manifest's keywords."""
        return self._graph.run(batch).logits

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated probabilities: (N, 3, S, S) float32 -> (N, K) float64, each row sums to 1."""
        return self.calibrated(self.logits(batch))

    def score(self, batch: NDArray[np.float32]) -> Scores:
        """Logits and embeddings of one run: (N, 3, S, S) float32 -> (N, K) and, if the graph has them, (N, D)."""
        return self._graph.run(batch)

    def calibrated(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        """Softmax of logits over the release's temperature: (N, K) float32 -> (N, K) float64, rows sum to 1."""
        scaled = logits.astype(np.float64) / self.manifest.temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def rank(self, photo: bytes, top: int = 3) -> list[Prediction]:
        """The `top` most likely keywords of a photo, best first.

        Raises:
            UnreadablePhotoError: if the bytes are not a photo.
        """
        return self.ranked(self.probabilities(self._pixels(photo))[0], top)

    def ranked(self, shares: NDArray[np.float64], top: int = 3) -> list[Prediction]:
        """The `top` most likely keywords, best first, of one photo's probabilities (K,)."""
        best = np.argsort(-shares, kind="stable")[:top]
        keywords = self.manifest.keywords
        return [Prediction(keywords[index].name, round(100 * float(shares[index]), 2)) for index in best]

    def pipeline(self, keyword: str) -> str:
        """Where post-production sends a photo of this keyword; KeyError for a keyword of another release."""
        return self._pipelines[keyword]

    def needs_review(self, prediction: Prediction) -> bool:
        """Whether a person should look at a photo, given its first prediction; always if there is no rule."""
        rule = self.manifest.review
        return rule is None or rule.needs_review(prediction.keyword, prediction.confidence)

    def embed(self, photo: bytes) -> NDArray[np.float32]:
        """What the model sees in a photo: a unit vector, float32 (D,).

        Raises:
            UnreadablePhotoError: if the bytes are not a photo.
            ReleaseError: if the graph, of an older release, gives no embedding.
        """
        embeddings = self._graph.run(self._pixels(photo)).embeddings
        if embeddings is None:
            raise ReleaseError(
                f"release {self.manifest.release_id} is older than embeddings: publish a new one to get them"
            )
        return np.asarray(embeddings[0], np.float32)

    def explain(self, photo: bytes, count: int = 5) -> list[Neighbor] | None:
        """The training photos nearest to a photo, nearest first; None for a release without training photos.

        Raises:
            UnreadablePhotoError: if the bytes are not a photo.
        """
        if self.neighbors is None:
            return None
        return self.neighbors.nearest(self.embed(photo), count)

    def _pixels(self, photo: bytes) -> NDArray[np.float32]:
        return preprocess(photo, self.manifest.preprocessing)[np.newaxis]
