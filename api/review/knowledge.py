"""What the review desk knows of the store: the published queue, and the words that count about its photos.

It is at most a moment old. One call asks the store while the others go on with what was known before, so that
nobody waits for another's listing.
"""

from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from recipe_assets.release.objects import Objects
from recipe_assets.review.journal import Answer, Journal, Photo, counting
from recipe_assets.review.queue_file import ReviewQueue, read_queue

FRESH_SECONDS = 2.0
"""How long what was read from the store may be used: another API's answers are seen after that."""

T = TypeVar("T")


class _Read(NamedTuple, Generic[T]):
    """What was read, and when that was done."""

    value: T
    at: float


class _Fresh(Generic[T]):
    """Something that is read again once it is old. Safe to share between threads."""

    def __init__(self, read: Callable[[], T], clock: Callable[[], float]) -> None:
        self._read = read
        self._clock = clock
        self._reading = Lock()
        self._last: _Read[T] | None = None

    def get(self) -> T:
        """What is known; the first time all wait for it, later only the one call that reads it again."""
        last = self._last
        if last is None:
            with self._reading:
                return self._last.value if self._last else self._again()
        if self._clock() - last.at >= FRESH_SECONDS and self._reading.acquire(blocking=False):
            try:
                return self._again()
            finally:
                self._reading.release()
        return last.value

    def again(self) -> T:
        """What is there now, whatever was known."""
        with self._reading:
            return self._again()

    def _again(self) -> T:
        value = self._read()
        self._last = _Read(value, self._clock())
        return value


class Knowledge:
    """What is known of one release store. Safe to share between threads."""

    def __init__(self, objects: Objects, journal: Journal, clock: Callable[[], float]) -> None:
        self._journal = journal
        self._queue = _Fresh(lambda: read_queue(objects), clock)
        self._heard = _Fresh(self._hear_all, clock)
        self._noting = Lock()
        self._said: dict[tuple[str, int], Answer] = {}  # answers never change: views of them can only be united
        self._words: Mapping[Photo, Answer] = {}

    def queue(self) -> ReviewQueue | None:
        """The queue; no answers are asked for.

        Raises:
            ReleaseError: if the store cannot be used.
        """
        return self._queue.get()

    def queue_now(self) -> ReviewQueue | None:
        """The queue as it is published this very moment.

        Raises:
            ReleaseError: if the store cannot be used.
        """
        return self._queue.again()

    def look(self) -> tuple[ReviewQueue | None, Mapping[Photo, Answer]]:
        """The queue, and the word that counts about each photo of which there is one.

        Raises:
            ReleaseError: if the store cannot be used, or an answer in it is damaged.
        """
        return self._heard.get(), self._words

    def hear(self, answer: Answer) -> None:
        """Take note of an answer that was stored here: it counts at once."""
        with self._noting:
            self._note(self._said.values(), [answer])

    def _hear_all(self) -> ReviewQueue | None:
        queue = self._queue.again()
        asked = {photo.sha256 for photo in queue.photos} if queue else set()
        heard = self._journal.about(asked, queue.answers) if queue else []
        with self._noting:  # what was stored here since the listing began stays known
            self._note((one for one in self._said.values() if one.sha256 in asked), heard)
        return queue

    def _note(self, *answers: Iterable[Answer]) -> None:
        self._said = {(one.sha256, one.sequence): one for some in answers for one in some}
        self._words = counting(self._said.values())
