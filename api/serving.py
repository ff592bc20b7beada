"""The model that is served: loaded aside, swapped by one reference, kept when anything is wrong with the next one.

How a release is loaded is `loading`'s subject; what clients see of it is `schemas`' and `routes`'.
"""

import logging
from typing import NamedTuple

import anyio
from anyio import CapacityLimiter, to_thread

from api.errors import NotReadyError
from api.loading import NoReleaseError, ReleaseLoader, Served
from api.settings import Settings
from recipe_assets.errors import RecipeError
from recipe_assets.release.predictor import Prediction

logger = logging.getLogger(__name__)


class Answer(NamedTuple):
    """Predictions with the release that made them."""

    release_id: str
    predictions: list[Prediction]


class ModelServer:
    """Classifies photos with the current release and follows the store's pointer."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is loaded yet.

        Raises:
            ReleaseError: if the store's URL cannot be one.
        """
        self._loader = ReleaseLoader(settings)
        self._poll_seconds = settings.poll_seconds
        self._limiter = CapacityLimiter(settings.concurrency)
        self._checking = anyio.Lock()
        self.current: Served | None = None
        """The loaded release; replaced as a whole, so a request that holds it finishes with it."""
        self.last_error: str | None = None
        """Why the last look at the store changed nothing; None when all is well."""

    @property
    def store_url(self) -> str:
        """Where releases come from."""
        return self._loader.store.store_url

    def served(self) -> Served:
        """The loaded release.

        Raises:
            NotReadyError: if there is none.
        """
        if self.current is None:
            raise NotReadyError(f"no release is loaded yet: {self.last_error or 'loading'}")
        return self.current

    async def classify(self, photo: bytes, top: int = 3) -> Answer:
        """Rank the keywords of a photo, off the event loop.

        Raises:
            NotReadyError: if no release is loaded.
            UnreadablePhotoError: if the bytes are not a photo.
        """
        served = self.served()
        predictions = await to_thread.run_sync(served.predictor.rank, photo, top, limiter=self._limiter)
        return Answer(served.release_id, predictions)

    async def reload(self) -> Served:
        """Look at the pointer now and load what it names.

        Raises:
            ReleaseError: if that fails; the old model goes on serving.
        """
        return await self._check(insist=True)

    async def rollback(self, to: str | None) -> Served:
        """Swap the store's pointer to an earlier release and serve that.

        Raises:
            ReleaseError: if there is none to go back to, or the store or the release fails.
        """
        await to_thread.run_sync(self._loader.store.rollback, to)
        return await self.reload()

    async def follow(self) -> None:
        """Check the pointer for ever; what goes wrong is logged, shown, and tried again."""
        error = await self._check_quietly()
        if self.current is None and not isinstance(error, NoReleaseError):
            await self._start_from_cache()
        while True:
            await anyio.sleep(self._poll_seconds)
            await self._check_quietly()

    async def _check(self, *, insist: bool) -> Served:
        async with self._checking:
            try:
                served = await to_thread.run_sync(
                    lambda: self._loader.load_latest(self.current, insist=insist), abandon_on_cancel=True
                )
            except RecipeError as error:
                self._report(str(error))
                raise
            if self.current is None or self.current.release_id != served.release_id:
                logger.info("serving release %s from %s", served.release_id, self.store_url)
            self.current, self.last_error = served, None
            return served

    async def _check_quietly(self) -> Exception | None:
        try:
            await self._check(insist=False)
        except RecipeError as error:
            return error
        except Exception as error:
            # A bug in loading must not end the polling: the old model serves on, and the log has the trace.
            logger.exception("checking %s failed", self.store_url)
            self.last_error = "the check failed unexpectedly; the log of the API tells more"
            return error
        return None

    async def _start_from_cache(self) -> None:
        try:
            self.current = await to_thread.run_sync(self._loader.load_cached, abandon_on_cancel=True)
        except RecipeError as error:
            logger.warning("no start from the cache: %s", error)
        else:
            logger.warning("serving release %s from the cache", self.current.release_id)

    def _report(self, message: str) -> None:
        if message != self.last_error:
            logger.warning("no new release: %s", message)
        self.last_error = message
