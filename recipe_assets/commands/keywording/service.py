"""The API as the command line sees it: asked until it answers, as long as there is hope.

What travels is a small picture, made of the photo exactly as the graph and the API make it, so the answer is that
of the photo itself. Here: HTTP, waiting and giving up. What is done with an answer is `tagging`'s subject.
"""

import random
import ssl
import threading
import time
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
import tenacity

from recipe_assets.commands.keywording.answers import Answer, Model, detail, refusal, wanted_wait
from recipe_assets.commands.keywording.errors import ServiceError, ServiceRefusedError
from recipe_assets.errors import SettingsError

BASE_PATH = "/api/v1"
BUSY = (408, 429, 502, 503, 504)
"""Answers after which the same photo may well be answered later."""
_LONGEST_PAUSE, _FIRST_PAUSE = 10.0, 0.25
_TIMEOUT = httpx.Timeout(60, connect=10)

T = TypeVar("T")


class _BusyError(Exception):
    """No answer this time."""

    def __init__(self, reason: str, wait: float = 0, limited: bool = False) -> None:
        self.reason, self.wait, self.limited = reason, wait, limited
        super().__init__(reason)


class Service:
    """The API at one or several addresses. Safe to share between threads.

    A photo is given up when it had no answer for `patience` seconds, and at once when nothing at all was answered
    for so long: a service that is gone must not cost every photo the same wait.
    """

    def __init__(self, urls: Sequence[str], key: str = "", patience: float = 120) -> None:
        """Nothing is sent yet.

        Args:
            urls: addresses without the base path; where one does not answer, the next is asked.
            key: sent as `X-API-Key`; none if empty.
            patience: seconds.

        Raises:
            SettingsError: if an address or the key cannot be one.
        """
        self._urls = [_checked(url) for url in urls]
        if not self._urls:
            raise SettingsError("no address of the API is given: set RECIPE_API_URLS, or use --api")
        if not key.isascii() or not key.isprintable():
            raise SettingsError("RECIPE_API_KEY holds characters that no key has: copy it again")
        self._client = httpx.Client(timeout=_TIMEOUT, headers={"X-API-Key": key} if key else {})
        self._patience = patience
        self._heard = time.monotonic()
        self._asked = 0
        self.stopping = threading.Event()
        """Once set, nothing is asked again and nobody waits any more."""
        self.interrupted = False
        """Whether that is because a person pressed Ctrl-C."""

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def model(self) -> Model:
        """What is served; raises as `classify` does."""
        return self._until_answered("GET", "/model", None, Model)

    def classify(self, picture: bytes) -> Answer:
        """The keyword of a photo, given a picture of it.

        Raises:
            ServiceRefusedError: if no photo at all will be answered.
            ServiceError: if this one is not.
        """
        return self._until_answered("POST", "/predict?detail=true&top=1", picture, Answer)

    def _until_answered(self, method: str, path: str, body: bytes | None, kind: type[T]) -> T:
        asking = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_BusyError),
            stop=self._gives_up,
            wait=_pause,
            sleep=tenacity.sleep_using_event(self.stopping),
            reraise=True,
        )
        try:
            answer: T = asking(self._once, method, path, body, kind)
            return answer
        except _BusyError as error:
            after = "was interrupted" if self.stopping.is_set() else f"gave no answer in {self._patience:g} s"
            raise ServiceError(f"{after}: {error.reason}") from error

    def _gives_up(self, state: tenacity.RetryCallState) -> bool:
        failure = state.outcome.exception() if state.outcome else None
        if self.stopping.is_set():
            return True
        if isinstance(failure, _BusyError) and failure.limited:
            return False  # the service lives, and said when it has room for us
        silent = time.monotonic() - self._heard
        return max(silent, state.seconds_since_start or 0) > self._patience

    def _once(self, method: str, path: str, body: bytes | None, kind: type[T]) -> T:
        url = self._urls[self._asked % len(self._urls)]
        try:
            answer = self._client.request(method, f"{url}{BASE_PATH}{path}", content=body)
        except httpx.TransportError as error:
            self._asked += 1  # the next address
            if _is_distrust(error):
                raise ServiceRefusedError(f"the certificate of {url} is not trusted: {error}") from error
            raise _BusyError(f"{url} does not answer ({_name(error)})") from error
        if answer.status_code in BUSY:
            raise self._busy(url, answer)
        self._heard = time.monotonic()
        if answer.status_code != httpx.codes.OK:
            raise refusal(url, answer)
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ServiceRefusedError(
                f"{url} is no Recipe Classifier API, or of another version: {error}"
            ) from error

    def _busy(self, url: str, answer: httpx.Response) -> _BusyError:
        limited = answer.status_code == httpx.codes.TOO_MANY_REQUESTS
        if limited:
            self._heard = time.monotonic()
        else:
            self._asked += 1
        return _BusyError(f"{url} answers {answer.status_code}: {detail(answer)}", wanted_wait(answer), limited)


def _pause(state: tenacity.RetryCallState) -> float:
    """As long as the service asks for, else exponential with jitter, so that workers do not come back together."""
    failure = state.outcome.exception() if state.outcome else None
    asked = failure.wait if isinstance(failure, _BusyError) else 0
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(state.attempt_number, 10))
    return asked + random.uniform(longest / 4, longest if not asked else min(longest, 1.0))


def _is_distrust(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _name(error: httpx.TransportError) -> str:
    return str(error) or type(error).__name__


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(f"'{url}' is no address of an API: write it as https://host:8000")
    return url.strip().rstrip("/").removesuffix(BASE_PATH)
