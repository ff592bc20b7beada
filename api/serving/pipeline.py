"""The path of one photo: decoder thread, micro-batch, forward pass, answer.

Whether a photo is let in, how long it may take and who hears of it is `serving`'s subject.
"""

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple
from weakref import WeakSet

import numpy as np
from PIL import Image

from api.errors import OverloadedError
from api.releases.loading import Served
from api.serving.batching import Batcher
from api.serving.classified import Classified
from api.serving.decoding import Decoder
from api.settings import Settings
from recipe_assets.errors import RecipeError
from recipe_assets.studio.photos import pixel_values


class Outcome(NamedTuple):
    """An answer and what it took, in seconds.

    Attributes:
        classified: the answer.
        photo_sha256: of the photo's bytes, in hexadecimal digits; empty where nobody reads it.
        queue: waiting for a decoder and for a forward pass.
        decode: from bytes to thumbnail, and the hash.
        forward: the pass, shared by all photos of the micro-batch.
    """

    classified: Classified
    photo_sha256: str
    queue: float
    decode: float
    forward: float


class _Decoded(NamedTuple):
    thumbnail: Image.Image
    sha256: str
    seconds: float


class _Work(Future[Outcome]):
    """A photo on its way. As soon as it is done, by whomever, nothing of it is left to work on."""

    def __init__(self, photo: bytes) -> None:
        super().__init__()
        self.submitted = time.perf_counter()
        self.photo: bytes | None = photo
        self.decoded: _Decoded | None = None
        # The function, not the bound method: a circle would keep the photo until the next collection of garbage.
        self.add_done_callback(_forget)

    def succeed(self, outcome: Outcome) -> None:
        with suppress(InvalidStateError):  # cancelled meanwhile
            self.set_result(outcome)

    def fail(self, error: Exception) -> None:
        if isinstance(error, RecipeError):
            # Of no use to anybody, and its frames lead back to this photo: a circle again.
            error.with_traceback(None)
        with suppress(InvalidStateError):
            self.set_exception(error)


def _forget(work: Future[Outcome]) -> None:
    """Let go of the photo, so that a client who left does not occupy memory either."""
    if isinstance(work, _Work):
        work.photo = work.decoded = None


class Pipeline:
    """Threads that decode and threads that run the graph, with a queue between them."""

    def __init__(
        self,
        settings: Settings,
        decoder: Decoder,
        current: Callable[[], Served],
        batched: Callable[[int], None],
        hashed: Callable[[], bool],
    ) -> None:
        """Start nothing yet.

        Args:
            settings: with sizes of pools that are not 0.
            decoder: makes thumbnails; it is closed with this pipeline.
            current: the release that answers now; asked once for each micro-batch.
            batched: told the size of each micro-batch, in the thread that runs it.
            hashed: whether anybody reads a photo's hash; asked for each photo.
        """
        self._current = current
        self._batched = batched
        self._hashed = hashed
        self._decoder = decoder
        self._decoding = ThreadPoolExecutor(settings.decoders, "decode")
        self._works: WeakSet[_Work] = WeakSet()
        self._most = settings.batch_size
        self._batcher: Batcher[_Work] = Batcher(
            self._forward,
            workers=settings.forwards,
            size=self._size,
            wait_seconds=settings.batch_wait_ms / 1000,
        )

    def submit(self, photo: bytes) -> Future[Outcome]:
        """Put a photo on its way; cancel the future to take it back.

        The future raises UnreadablePhotoError if the bytes are no photo.
        """
        work = _Work(photo)
        self._works.add(work)
        self._batcher.announce()
        self._decoding.submit(self._decode, work)
        return work

    def close(self) -> None:
        """Give up what is under way, so that nobody waits for it, and stop all threads and processes."""
        self._decoding.shutdown(wait=False, cancel_futures=True)
        self._batcher.close()
        for work in list(self._works):
            work.fail(OverloadedError("the API has stopped before it came to the photo: send it again", 1))
        self._decoder.close()

    def _size(self) -> int:
        # A graph that runs photos one by one gains nothing from waiting for a second one.
        return 1 if self._current().predictor.alone else self._most

    def _decode(self, work: _Work) -> None:
        photo = work.photo
        if photo is None:  # its client left while it waited
            self._batcher.withdraw()
            return
        start = time.perf_counter()
        try:
            small = self._decoder.decode(photo)
            sha256 = hashlib.sha256(photo).hexdigest() if self._hashed() else ""
            work.decoded = _Decoded(small, sha256, time.perf_counter() - start)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is told to whoever waits for this photo)
            self._batcher.withdraw()
            work.fail(error)
        else:
            self._batcher.add(work)  # a photo whose client left meanwhile is left out there

    def _forward(self, batch: list[_Work]) -> None:
        wanted = [(work, decoded) for work in batch if (decoded := work.decoded) and not work.done()]
        if not wanted:
            return
        start = time.perf_counter()
        try:
            answers = _classify(self._current(), [decoded.thumbnail for _, decoded in wanted])
        except Exception as error:  # noqa: BLE001 (likewise; the photos that are not to blame are run again)
            if len(wanted) == 1:
                wanted[0][0].fail(error)
            else:
                for work, _ in wanted:
                    self._forward([work])
            return
        took = time.perf_counter() - start
        self._batched(len(wanted))
        for (work, decoded), answer in zip(wanted, answers, strict=True):
            waited = start - work.submitted - decoded.seconds
            work.succeed(Outcome(answer, decoded.sha256, waited, decoded.seconds, took))


def _classify(served: Served, thumbnails: list[Image.Image]) -> list[Classified]:
    predictor = served.predictor
    spec = predictor.manifest.preprocessing
    scores = predictor.score(np.stack([pixel_values(small, spec) for small in thumbnails]))
    shares = predictor.calibrated(scores.logits)
    embeddings = scores.embeddings if scores.embeddings is not None else [None] * len(thumbnails)
    return [Classified(served, *row) for row in zip(shares, embeddings, thumbnails, strict=True)]
