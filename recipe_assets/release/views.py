"""What the model of a release sees in many photos: batch by batch, in little memory.

For one photo at a time, see `predictor`.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_assets.release.predictor import Prediction, Predictor
from recipe_assets.studio.photos import preprocess

BATCH = 32
"""Photos that the model sees at once."""


class View(NamedTuple):
    """What the model sees in one photo.

    Attributes:
        ranked: the three most likely keywords, best first.
        embedding: a unit vector, float32 (D,); None where the graph, of an older release, gives none.
    """

    ranked: list[Prediction]
    embedding: NDArray[np.float32] | None


def views(predictor: Predictor, photos: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, View]]:
    """Each photo's name with what the model sees in it, in the order given.

    Args:
        predictor: of the release.
        photos: names and bytes; taken as they are needed.

    Raises:
        UnreadablePhotoError: if bytes are not a photo.
    """
    waiting = iter(photos)
    while some := list(islice(waiting, BATCH)):
        spec = predictor.manifest.preprocessing
        scores = predictor.score(np.stack([preprocess(photo, spec) for _, photo in some]))
        for place, shares in enumerate(predictor.calibrated(scores.logits)):
            embedding = None if scores.embeddings is None else scores.embeddings[place]
            yield some[place][0], View(predictor.ranked(shares), embedding)
