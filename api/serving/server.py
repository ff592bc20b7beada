"""The one who answers photos: lets them in, sees that they are answered in time, and tells whoever looks on.

How a photo is answered is `pipeline`'s subject, which release answers `following`'s, what clients see `routes`'.
"""

import asyncio
from contextlib import suppress

import anyio
from anyio import CancelScope, move_on_after, to_thread

from api.errors import DeadlineError, OverloadedError
from api.monitoring.observing import CLIENT, Observer, Observers
from api.releases.following import Follower
from api.releases.loading import Served, Trouble
from api.serving.admission import Admission
from api.serving.capacity import sized
from api.serving.classified import Classified as Classified
from api.serving.decoding import Decoder
from api.serving.pipeline import Outcome, Pipeline
from api.settings import Settings
from recipe_assets.errors import UnreadablePhotoError


class ModelServer:
    """Classifies photos with the current release and follows the store's pointer.

    Attributes:
        observers: who looks on; fill it before the first photo.
    """

    def __init__(self, settings: Settings) -> None:
        """Nothing is loaded yet, no thread is started.

        Raises:
            ReleaseError: if the store's URL cannot be one.
        """
        settings = sized(settings)
        self.observers = Observers()
        self._follower = Follower(settings, self.observers)
        decoder = Decoder(settings.max_pixels, settings.decode_seconds)
        self._pipeline = Pipeline(
            settings, decoder, self.served, self._batched, hashed=lambda: self.observers.need_hash
        )
        self._admission = Admission(settings.queue + settings.decoders + settings.forwards)
        self._forwards = settings.forwards
        self._deadline_seconds = settings.deadline_seconds
        self._drain_seconds = settings.drain_seconds
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def current(self) -> Served | None:
        """The loaded release; replaced as a whole, so a request that holds it finishes with it."""
        return self._follower.current

    @property
    def last_error(self) -> str | None:
        """Why the last look at the store changed nothing; None when all is well."""
        return self._follower.last_error

    @property
    def store_url(self) -> str:
        """Where releases come from."""
        return self._follower.loader.store.store_url

    @property
    def photos(self) -> int:
        """How many photos are in work or wait for it."""
        return self._admission.inside

    @property
    def is_spare(self) -> bool:
        """Whether a processor is idle, as far as photos go."""
        return self._admission.inside < self._forwards

    @property
    def trouble(self) -> Trouble | None:
        """The release that could not be loaded and is tried again, if there is one."""
        return self._follower.loader.trouble

    @property
    def draining(self) -> bool:
        """Whether photos are no longer let in, because the API stops."""
        return self._admission.closed

    def served(self) -> Served:
        """The loaded release.

        Raises:
            NotReadyError: if there is none.
        """
        return self._follower.served()

    def check_room(self) -> None:
        """See whether one more photo could be classified now, before anything is spent on it.

        Raises:
            NotReadyError: if no release is loaded.
            OverloadedError: if too many photos wait.
        """
        self.served()
        try:
            self._admission.check()
        except OverloadedError:
            self._shed(self._no_room)
            raise

    async def classify(self, photo: bytes) -> Classified:
        """Classify a photo, off the event loop. Cancelling this call takes the photo back.

        Raises:
            NotReadyError: if no release is loaded.
            OverloadedError: if too many photos wait; it says when to come back.
            DeadlineError: if it takes too long.
            UnreadablePhotoError: if the bytes are not a photo.
        """
        self.served()
        self._loop = asyncio.get_running_loop()
        try:
            with self._admission.admitted():
                outcome = await self._outcome(photo)
        except OverloadedError:
            self._shed(self._no_room)
            raise
        except DeadlineError:
            self._shed("deadline")
            raise
        except asyncio.CancelledError:
            self._shed("departed")
            raise
        except Exception as error:
            kind = "unreadable" if isinstance(error, UnreadablePhotoError) else type(error).__name__
            self.observers.tell(lambda observer: observer.failed(kind))
            raise
        self._tell(outcome)
        return outcome.classified

    async def drain(self) -> None:
        """Take no new photos, wait for those in work within the time of the settings, and stop all workers."""
        with move_on_after(self._drain_seconds):
            await self._admission.emptied()
        await to_thread.run_sync(self._pipeline.close)

    async def reload(self) -> Served:
        """Look at the pointer now and load what it names.

        Raises:
            ReleaseError: if that fails; the old model goes on serving.
        """
        return await self._follower.reload()

    async def rollback(self, to: str | None) -> Served:
        """Swap the store's pointer to an earlier release and serve that.

        Raises:
            ReleaseError: if there is none to go back to, or the store or the release fails.
        """
        return await self._follower.rollback(to)

    async def follow(self) -> None:
        """Check the pointer until cancelled, and drain then."""
        try:
            await self._follower.follow()
        finally:
            with CancelScope(shield=True):
                await self.drain()

    async def _outcome(self, photo: bytes) -> Outcome:
        try:
            with anyio.fail_after(self._deadline_seconds):
                return await asyncio.wrap_future(self._pipeline.submit(photo))
        except TimeoutError:
            raise DeadlineError(f"the photo was not answered within {self._deadline_seconds:g} s") from None

    def _tell(self, outcome: Outcome) -> None:
        client = CLIENT.get()

        def tell(observer: Observer) -> None:
            observer.stage("queue", outcome.queue)
            observer.stage("decode", outcome.decode)
            observer.stage("forward", outcome.forward)
            observer.answered(outcome.classified, outcome.photo_sha256, client)

        self.observers.tell(tell)

    @property
    def _no_room(self) -> str:
        return "draining" if self.draining else "queue"

    def _shed(self, reason: str) -> None:
        self.observers.tell(lambda observer: observer.shed(reason))

    def _batched(self, size: int) -> None:
        """Comes from a worker thread; observers are told on the event loop."""
        if self._loop is None:
            return
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(self.observers.tell, lambda observer: observer.batch(size))
