"""The release that is served: followed in the store, swapped by one reference, kept when the next one is no good.

How a release is loaded is `loading`'s subject, who answers photos with it `serving`'s.
"""

import logging

import anyio

from api.errors import NotReadyError
from api.monitoring.observing import Observers
from api.releases.aside import aside
from api.releases.loading import NoReleaseError, ReleaseLoader, Served
from api.settings import Settings
from recipe_assets.errors import RecipeError

_PATIENCE_SECONDS = 3.0
"""How long the store may take at the start before the release that was served last answers meanwhile."""

logger = logging.getLogger(__name__)


class Follower:
    """Holds the current release and follows the store's pointer."""

    def __init__(self, settings: Settings, observers: Observers) -> None:
        """Nothing is loaded yet.

        Raises:
            ReleaseError: if the store's URL cannot be one.
        """
        self.loader = ReleaseLoader(settings)
        self._observers = observers
        self._poll_seconds = settings.poll_seconds
        self._checking = anyio.Lock()
        self.current: Served | None = None
        """The loaded release; replaced as a whole, so a request that holds it finishes with it."""
        self.last_error: str | None = None
        """Why the last look at the store changed nothing; None when all is well."""

    def served(self) -> Served:
        """The loaded release.

        Raises:
            NotReadyError: if there is none.
        """
        if self.current is None:
            raise NotReadyError(f"no release is loaded yet: {self.last_error or 'loading'}")
        return self.current

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
        await aside(lambda: self.loader.store.rollback(to))
        return await self.reload()

    async def follow(self) -> None:
        """Check the pointer for ever; what goes wrong is logged, shown, and tried again."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._bridge)
            error = await self._check_quietly()
            tasks.cancel_scope.cancel()
        if self.current is None and not isinstance(error, NoReleaseError):
            await self._start_from_cache()
        while True:
            await anyio.sleep(self._poll_seconds)
            await self._check_quietly()

    async def _check(self, *, insist: bool) -> Served:
        async with self._checking:
            try:
                served = await aside(lambda: self.loader.load_latest(self.current, insist=insist))
            except RecipeError as error:
                self._report(str(error))
                raise
            before, self.current, self.last_error = self.current, served, None
            if before is None or before.release_id != served.release_id:
                self._announce(served, self.loader.store.store_url)
            return served

    async def _check_quietly(self) -> Exception | None:
        try:
            await self._check(insist=False)
        except RecipeError as error:
            return error
        except Exception as error:
            # A bug in loading must not end the polling: the old model serves on, and the log has the trace.
            logger.exception("checking %s failed", self.loader.store.store_url)
            self._report("the check failed unexpectedly; the log of the API tells more")
            return error
        return None

    async def _bridge(self) -> None:
        """A store that takes its time must not keep the release of yesterday from answering."""
        await anyio.sleep(_PATIENCE_SECONDS)
        await self._start_from_cache()

    async def _start_from_cache(self) -> None:
        try:
            served = await aside(self.loader.load_cached)
        except RecipeError as error:
            logger.warning("no start from the cache: %s", error)
            return
        if self.current is None:
            self.current = served
            self._announce(served, "the cache")

    def _announce(self, served: Served, source: str) -> None:
        logger.info("serving release %s from %s", served.release_id, source)
        self._observers.tell(lambda observer: observer.reloaded(served.release_id))

    def _report(self, message: str) -> None:
        if message != self.last_error:
            logger.warning("no new release: %s", message)
        self.last_error = message
        self._observers.tell(lambda observer: observer.reload_failed(message))
