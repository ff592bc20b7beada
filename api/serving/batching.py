"""Micro-batching: what is ready at the same time goes through the graph together, in worker threads.

It knows nothing of photos or releases; what runs with a batch is `pipeline`'s subject.
"""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Condition
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Batcher(Generic[Item]):
    """Runs batches of at most `size()` items, each batch in one of `workers` threads.

    The first item waits `wait_seconds` for company, but only while announced items are on their way: a lone item
    never waits. What has piled up behind busy workers goes together without any wait.
    """

    def __init__(
        self, run: Callable[[list[Item]], None], *, workers: int, size: Callable[[], int], wait_seconds: float
    ) -> None:
        """Start nothing yet.

        Args:
            run: works on one batch; it must not raise.
            workers: how many batches run at once.
            size: the most items of a batch, asked for each one.
            wait_seconds: how long the first item may wait for others.
        """
        self._run = run
        self._size = size
        self._wait_seconds = wait_seconds
        self._announced = 0
        self._ready: deque[tuple[float, Item]] = deque()
        self._changed = Condition()
        self._pool = ThreadPoolExecutor(workers, "forward")

    def announce(self) -> None:
        """Say that an item will come: `add` or `withdraw` must follow."""
        with self._changed:
            self._announced += 1

    def withdraw(self) -> None:
        """Say that an announced item will not come."""
        with self._changed:
            self._announced -= 1
            self._changed.notify_all()

    def add(self, item: Item) -> None:
        """Hand an announced item over, from any thread; after `close` it is dropped."""
        with self._changed:
            self._announced -= 1
            self._ready.append((time.monotonic(), item))
            self._changed.notify_all()
        # One task for each item: a task whose item went with an earlier batch finds nothing and ends.
        with suppress(RuntimeError):
            self._pool.submit(self._work)

    def close(self) -> None:
        """Run no more batches; the one that is running ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self) -> None:
        if batch := self._take():
            self._run(batch)

    def _take(self) -> list[Item]:
        size = self._size()
        with self._changed:
            while 0 < len(self._ready) < size and self._announced:
                left = self._ready[0][0] + self._wait_seconds - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return [self._ready.popleft()[1] for _ in range(min(size, len(self._ready)))]
