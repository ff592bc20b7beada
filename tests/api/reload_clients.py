"""Clients that keep an API busy and keep every answer, and what is to be read from the answers afterwards."""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from tests.api.bad_publisher import PHOTOS

PATIENCE = 60.0


class Answer(NamedTuple):
    """One request: which photo, when it began and how long it took in seconds, and what came back."""

    photo: int
    started: float
    seconds: float
    status: int
    release_id: str | None
    body: Any


@dataclass
class Outcome:
    """What the clients saw, and what the API said of the releases that it refused."""

    expected: dict[str, list[object]]
    answers: list[Answer] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    reloads_began: float = 0.0

    @property
    def failed(self) -> list[Answer]:
        """Requests without a proper answer."""
        return [answer for answer in self.answers if answer.status != 200]

    @property
    def mixed(self) -> list[Answer]:
        """Answers that no release gives as a whole, or another one than the header says."""
        unknown = [None] * len(PHOTOS)
        good = (answer for answer in self.answers if answer.status == 200)
        return [one for one in good if self.expected.get(str(one.release_id), unknown)[one.photo] != one.body]

    @property
    def served(self) -> set[str | None]:
        """Every release that answered."""
        return {answer.release_id for answer in self.answers}

    def seconds(self, *, during: bool) -> list[float]:
        """How long answers took, during the reloads or before them, shortest first."""
        return sorted(one.seconds for one in self.answers if (one.started >= self.reloads_began) == during)


class Clients:
    """Threads that send photos one after another, each over its own connection, until told to stop."""

    def __init__(self, url: str, count: int) -> None:
        self.answers: list[Answer] = []
        self._address = urlsplit(url).netloc
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(place,)) for place in range(count)]

    def wait_for(self, answers: int) -> None:
        """Until so many requests have been answered."""
        until(lambda: len(self.answers) >= answers or not self._alive)

    def wait_for_release(self, release_id: str) -> None:
        """Until the last answer came from this release."""
        until(lambda: self.answers[-1].release_id == release_id or not self._alive)

    @property
    def _alive(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, first: int) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=PATIENCE)
        for photo in cycle((*range(first % len(PHOTOS), len(PHOTOS)), *range(first % len(PHOTOS)))):
            if self._stop.is_set():
                break
            start = time.perf_counter()
            try:
                connection.request("POST", "/api/v1/predict", PHOTOS[photo], {"Content-Type": "image/jpeg"})
                answer = connection.getresponse()
                status, release_id = answer.status, answer.headers["X-Model-Release"]
                body = msgspec.json.decode(answer.read())
            except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
                status, release_id, body = 0, None, repr(error)
                connection.close()
            self.answers.append(Answer(photo, start, time.perf_counter() - start, status, release_id, body))
        connection.close()


def health(url: str) -> dict[str, Any]:
    """What the API says of itself."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    try:
        connection.request("GET", "/api/v1/health")
        found: dict[str, Any] = msgspec.json.decode(connection.getresponse().read())
        return found
    finally:
        connection.close()


def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
