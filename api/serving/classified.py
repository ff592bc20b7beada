"""One photo's answer, wholly by one release. How it is made is `pipeline`'s subject, how it is told `schemas`'."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from api.releases.loading import Served
from recipe_assets.release.neighbors import Neighbor
from recipe_assets.release.predictor import Prediction


class Classified(NamedTuple):
    """One photo's answer.

    Attributes:
        served: the release that answered.
        shares: calibrated probabilities, float64 (K,), in the order of its manifest's keywords.
        embedding: what the model saw, a unit vector, float32 (D,); None for a release whose graph gives none.
        thumbnail: the photo as all releases see it before their own preprocessing: sRGB, short side 256.
    """

    served: Served
    shares: NDArray[np.float64]
    embedding: NDArray[np.float32] | None
    thumbnail: Image.Image

    def ranked(self, top: int = 3) -> list[Prediction]:
        """The `top` most likely keywords, best first, with confidence in percent."""
        return self.served.predictor.ranked(self.shares, top)

    @property
    def needs_review(self) -> bool:
        """Whether a person should look, by the release's rule."""
        return self.served.predictor.needs_review(self.ranked(1)[0])

    @property
    def pipeline(self) -> str:
        """Where post-production sends the photo: the pipeline of its first keyword."""
        return self.served.predictor.pipeline(self.ranked(1)[0].keyword)

    def nearest(self, count: int) -> list[Neighbor] | None:
        """The training photos nearest to this one, nearest first; None for a release that carries none."""
        neighbors = self.served.predictor.neighbors
        if neighbors is None or self.embedding is None:
            return None
        return neighbors.nearest(self.embedding, count)
