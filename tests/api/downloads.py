"""What the tests of downloads share: a policy of their own, names of their own, and an eye on every connection."""

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from api.guarding.addresses import IPAddress, is_public
from api.guarding.fetching import PhotoFetcher
from api.settings import Settings

PRIVATE = "not on the public internet"
_connected: list[Any] | None = None


def _note_connection(event: str, details: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _connected is not None:
        _connected.append(details[1])


sys.addaudithook(_note_connection)


@contextmanager
def connections() -> Iterator[list[Any]]:
    """All addresses that any Python code of this process connects to meanwhile."""
    global _connected
    _connected = found = []
    yield found
    _connected = None


def settings(**changes: object) -> Settings:
    return Settings(releases="unused", cache=Path("unused"), **changes)


def fetch(url: str, allowed: Callable[[IPAddress], bool] = is_public, **changes: object) -> bytes:
    """Fetch with a policy of its own, so that loopback can play the public internet."""
    return anyio.run(PhotoFetcher(settings(**changes), allowed).fetch, url)


def only(*addresses: str) -> Callable[[IPAddress], bool]:
    return lambda address: str(address) in addresses


class Names:
    """A resolver that knows names of this test, and may change its mind from one look-up to the next."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.known: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self.getaddrinfo)

    def getaddrinfo(self, host: str | bytes, port: int, *args: int, **options: int) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in self.known:
            return self._real(host, port, *args, **options)
        self.asked.append(name)
        answers = self.known[name]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [entry for address in addresses for entry in self._real(address, port, *args, **options)]
