"""Who may come in: a bounded number of photos, and for everybody else a time to come back.

Counting only, all of it on the event loop; what happens to a photo inside is `pipeline`'s subject.
"""

import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio

from api.errors import OverloadedError

LONGEST_PAUSE = 60.0
_FIRST_GUESS = 0.1
_WEIGHT = 0.1
_JITTER = 0.25


class Admission:
    """Counts the photos inside and measures how fast they leave.

    Each photo that is turned away is told a later time than the one before it, as far apart as photos leave: so
    those who come back find room instead of each other.
    """

    def __init__(self, room: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Nobody is inside.

        Args:
            room: how many photos may be inside, those in work and those waiting together.
            clock: seconds that only grow.
        """
        self._room = room
        self._clock = clock
        self._inside = 0
        self._closed = False
        self._empty = anyio.Event()
        self._seconds_each = _FIRST_GUESS
        self._left_at: float | None = None
        self._promised = 0.0

    @property
    def inside(self) -> int:
        """How many photos are in work or wait for it."""
        return self._inside

    @property
    def closed(self) -> bool:
        """Whether nobody is let in any more."""
        return self._closed

    def check(self) -> None:
        """See whether one more photo would be let in.

        Raises:
            OverloadedError: if not; it says when to come back.
        """
        if self._closed:
            raise OverloadedError("the API is stopping: send the photo again", self._appointment())
        if self._inside >= self._room:
            raise OverloadedError("too many photos are waiting: send it again later", self._appointment())

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Count a photo as inside.

        Raises:
            OverloadedError: if there is no room for it.
        """
        self.check()
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            self._measure()
            if self._closed and not self._inside:
                self._empty.set()

    async def emptied(self) -> None:
        """Let nobody in any more and wait until all have left."""
        self._closed = True
        if self._inside:
            await self._empty.wait()

    def _measure(self) -> None:
        now = self._clock()
        if self._left_at is not None:
            self._seconds_each += _WEIGHT * (now - self._left_at - self._seconds_each)
        # The pause before a photo that came to an empty room says nothing about speed.
        self._left_at = now if self._inside else None

    def _appointment(self) -> int:
        """Whole seconds, at least 1; a little random, so that clients that were cut off together part."""
        now = self._clock()
        earliest = now + self._inside * self._seconds_each
        self._promised = min(max(self._promised, earliest) + self._seconds_each, now + LONGEST_PAUSE)
        return max(1, math.ceil((self._promised - now) * random.uniform(1, 1 + _JITTER)))
