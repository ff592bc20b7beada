"""A candidate release that answers a share of real photos too, unseen by clients, in capacity that is to spare.

What both said goes to the log of predictions, for the graph. How a candidate comes about and goes is
`release.candidates`' subject, loading and verifying it `loading`'s.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import NamedTuple

import anyio
import msgspec
import numpy as np

from api.monitoring.observing import Observer
from api.releases.aside import aside
from api.releases.loading import ReleaseLoader, Served
from api.serving.classified import Classified
from api.settings import Settings
from recipe_assets.errors import RecipeError
from recipe_assets.release.pointer import Pointer
from recipe_assets.studio.photos import pixel_values

_WAITING = 2
"""Photos that may wait for the candidate; more are dropped at once, since spare capacity does not queue."""

Sink = Callable[[Classified, Classified, str, str | None], None]
"""Is given what a client was answered, what the candidate said, the photo's sha256, and the client's name."""

logger = logging.getLogger(__name__)


class ShadowCounts(NamedTuple):
    """What became of the photos that were chosen, for the present candidate.

    Attributes:
        compared: answered by both.
        differed: of these, with another first keyword.
        dropped: not answered, because clients needed the processors.
        failed: the candidate could not answer.
    """

    compared: int = 0
    differed: int = 0
    dropped: int = 0
    failed: int = 0


class _Job(NamedTuple):
    classified: Classified
    photo_sha256: str
    client: str | None


class Shadow(Observer):
    """Follows the store's candidate and lets it answer. Nothing of what it does reaches a client.

    Attributes:
        candidate: the loaded candidate, if there is one.
        counts: since it was loaded.
        last_error: why a waiting candidate is not loaded; None when all is well.
    """

    def __init__(self, settings: Settings, sink: Sink, is_spare: Callable[[], bool]) -> None:
        """Start nothing yet.

        Args:
            settings: `shadow_share` of the photos are chosen, by lot.
            sink: is told of each photo that both answered, on the event loop; it must be quick.
            is_spare: whether a processor is idle; asked before each photo.

        Raises:
            ReleaseError: if the store's URL cannot be one.
        """
        self.candidate: Served | None = None
        self.counts = ShadowCounts()
        self.last_error: str | None = None
        # One photo after the other, on one processor.
        alone = msgspec.structs.replace(settings, threads=1, batch_size=1)
        self._loader = ReleaseLoader(alone, beside=True)
        self._waiting: Pointer | None = None
        self._is_noted = False
        self._settings = settings
        self._sink = sink
        self._is_spare = is_spare
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue(_WAITING)

    def answered(self, classified: Classified, photo_sha256: str, client: str | None) -> None:
        """Choose a share of the photos; the candidate answers them later, if there is room."""
        candidate = self.candidate
        if candidate is None or random.random() >= self._settings.shadow_share:
            return
        if candidate.release_id == classified.served.release_id:
            return  # it was approved a moment ago
        if not self._is_spare():
            self._count(dropped=1)
            return
        try:
            self._jobs.put_nowait(_Job(classified, photo_sha256, client))
        except asyncio.QueueFull:
            self._count(dropped=1)

    async def follow(self) -> None:
        """Look at the store and answer what was chosen, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._answer)
            while True:
                await self._look()
                await anyio.sleep(self._settings.poll_seconds)

    async def _look(self) -> None:
        try:
            pointer = await aside(self._loader.store.read_candidate)
            if pointer != self._waiting or not self._is_noted:
                await self._follow(pointer)
            if pointer and self.candidate is None:
                await self._load(pointer)
            self.last_error = None
        except RecipeError as error:
            self._report(str(error))
        except Exception:
            logger.exception("following the candidate failed")
            self._report("it failed unexpectedly; the log of the API tells more")

    async def _follow(self, pointer: Pointer | None) -> None:
        if self.candidate is not None:
            logger.info("candidate %s is gone: %s", self.candidate.release_id, self.counts)
        self.candidate, self._waiting, self._is_noted = None, pointer, False
        await aside(lambda: self._loader.cache.note_shadow(pointer))
        self._is_noted = True

    async def _load(self, pointer: Pointer) -> None:
        self.candidate = await aside(lambda: self._loader.load(pointer), gently=True)
        self.counts = ShadowCounts()
        share = 100 * self._settings.shadow_share
        logger.info("candidate %s answers up to %.3g %% of the photos unseen", pointer.release_id, share)

    async def _answer(self) -> None:
        while True:
            await self._ask(await self._jobs.get())

    async def _ask(self, job: _Job) -> None:
        candidate = self.candidate
        if candidate is None or not self._is_spare():
            self._count(dropped=1)
            return
        try:
            theirs = await aside(lambda: _classify(candidate, job.classified), gently=True)
            differs = theirs.ranked(1)[0].keyword != job.classified.ranked(1)[0].keyword
            self._sink(job.classified, theirs, job.photo_sha256, job.client)
            self._count(compared=1, differed=int(differs))
        except Exception:
            # Whatever a candidate does, the served release answers on; people see the count and the log.
            logger.exception("candidate %s could not answer", candidate.release_id)
            self._count(failed=1)

    def _count(self, compared: int = 0, differed: int = 0, dropped: int = 0, failed: int = 0) -> None:
        more = (compared, differed, dropped, failed)
        self.counts = ShadowCounts(*(old + new for old, new in zip(self.counts, more, strict=True)))

    def _report(self, reason: str) -> None:
        if reason != self.last_error:
            logger.warning("no candidate is asked: %s", reason)
        self.last_error = reason


def _classify(candidate: Served, classified: Classified) -> Classified:
    """What a candidate says of a photo; from the thumbnail, since its own preprocessing may be another one."""
    predictor = candidate.predictor
    pixels = pixel_values(classified.thumbnail, predictor.manifest.preprocessing)
    scores = predictor.score(pixels[np.newaxis])
    embedding = None if scores.embeddings is None else scores.embeddings[0]
    return Classified(candidate, predictor.calibrated(scores.logits)[0], embedding, classified.thumbnail)
