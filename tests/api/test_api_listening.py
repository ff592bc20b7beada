"""Connections that never become a request, and uploads that never end: closed in time, at nobody else's cost."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from api.guarding import access
from api.listening import PunctualProtocol
from tests.api.conftest import PATIENCE, Running, until
from tests.release import factory

PREDICT = "/api/v1/predict"
HEAD = b"POST /api/v1/predict HTTP/1.1\r\nHost: a\r\n"
NEVER = 3600.0
Connect = Callable[[], socket.socket]


@pytest.fixture
def hasty_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little patience with requests that don't come about."""
    monkeypatch.setattr(PunctualProtocol, "head_seconds", 0.5)


@pytest.fixture
def connect(api: Running) -> Iterator[Connect]:
    opened: list[socket.socket] = []

    def connection() -> socket.socket:
        opened.append(socket.create_connection(api.listener.getsockname(), timeout=PATIENCE))
        return opened[-1]

    yield connection
    for each in opened:
        each.close()


def everything(connection: socket.socket) -> bytes:
    """What is answered until the other side closes."""
    received = b""
    with suppress(ConnectionError):
        while part := connection.recv(65536):
            received += part
    return received


def drip(connection: socket.socket, drop: bytes, every: float = 0.05) -> bytes:
    """Send a drop at a time until the other side has had enough; returns what it said."""
    connection.settimeout(every)
    received = b""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            connection.sendall(drop)
            part = connection.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return received
        if not part:
            return received
        received += part
    raise AssertionError("the connection was never closed")


@pytest.mark.usefixtures("hasty_heads")
def test_a_silent_connection_is_closed(connect: Connect) -> None:
    assert everything(connect()) == b""


@pytest.mark.usefixtures("hasty_heads")
@pytest.mark.parametrize("start", [b"POST /api/v1/pre", HEAD, HEAD + b"X-Slow: "])
def test_headers_that_drip_in_are_cut_off(connect: Connect, start: bytes) -> None:
    connection = connect()
    connection.sendall(start)
    assert drip(connection, b"x") == b""


def test_endless_headers_are_cut_off_by_size(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PunctualProtocol, "head_seconds", NEVER)
    connection = connect()
    connection.sendall(HEAD)
    sent = 0
    with suppress(ConnectionError):
        while sent < 64 << 20:
            sent += connection.send(b"X-Long: " + b"y" * 8000 + b"\r\n")
    assert sent < 16 << 20  # what fits in the buffers of sockets


UPLOADS = [
    b"Content-Length: 1000\r\n\r\n" + bytes(10),
    b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    b'Content-Type: application/json\r\nContent-Length: 9999\r\n\r\n{"image": "',
]
FORM = (
    b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999\r\n\r\n"
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nxx'
)


@pytest.mark.parametrize(
    ("route", "upload"),
    [
        (PREDICT, UPLOADS[0]),
        (PREDICT, UPLOADS[1]),
        (PREDICT, FORM),
        (f"{PREDICT}/batch", FORM),
        (PREDICT, UPLOADS[2]),
    ],
    ids=["bytes", "chunks", "form", "batch", "json"],
)
def test_an_upload_that_stalls_is_answered_and_closed(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, route: str, upload: bytes
) -> None:
    monkeypatch.setattr(access, "STALLED_SECONDS", 0.3)
    monkeypatch.setattr(access, "GRACE_SECONDS", NEVER)
    connection = connect()
    connection.sendall(HEAD.replace(PREDICT.encode(), route.encode()) + upload)
    answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer.lower()
    assert b"application/problem+json" in answer


def test_an_upload_that_drips_is_cut_off_as_a_whole(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "STALLED_SECONDS", NEVER)
    monkeypatch.setattr(access, "GRACE_SECONDS", 0.5)
    connection = connect()
    connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
    assert drip(connection, b"x").startswith(b"HTTP/1.1 408 ")


def test_an_upload_that_is_slow_but_steady_may_take_its_time(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes four times the grace, but each of its parts buys more time than it takes."""
    monkeypatch.setattr(access, "GRACE_SECONDS", 0.3)
    monkeypatch.setattr(access, "SLOWEST", 1)
    connection = connect()
    photo = factory.photo()
    connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(photo) + photo[:60])
    for place in range(60, 84):
        time.sleep(0.05)
        connection.sendall(photo[place : place + 1])
    connection.sendall(photo[84:])
    assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.usefixtures("hasty_heads")
def test_what_follows_a_refused_upload_is_not_read_for_ever(connect: Connect) -> None:
    connection = connect()
    connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
    assert drip(connection, b"x").startswith(b"HTTP/1.1 404 ")


def test_nobody_is_hurried_between_requests(
    connect: Connect, api: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock runs while a request's head is awaited, and neither while it is answered nor after."""
    monkeypatch.setattr(PunctualProtocol, "head_seconds", NEVER)
    api.client.close()
    until(lambda: not api.server.server_state.connections)
    connection = connect()
    photo = factory.photo()
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(photo) + photo
    for _ in range(3):
        connection.sendall(request[:20])
        until(lambda: any(each._arrived and each._clock for each in api.server.server_state.connections))
        connection.sendall(request[20:])
        received = connection.recv(65536)
        while b"]" not in received:
            received += connection.recv(65536)
        assert received.startswith(b"HTTP/1.1 200 ")
        assert not any(each._clock for each in api.server.server_state.connections)


@pytest.mark.usefixtures("hasty_heads")
def test_others_are_served_beside_a_hundred_slow_ones(
    connect: Connect, api: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "STALLED_SECONDS", 0.5)
    slow = [connect() for _ in range(100)]
    for number, connection in enumerate(slow):
        with suppress(ConnectionError):
            connection.sendall(HEAD if number % 2 else HEAD + b"Content-Length: 1000\r\n\r\nx")
    assert api.client.post(PREDICT, content=factory.photo()).status_code == 200
    for connection in slow:
        assert everything(connection)[:12] in (b"", b"HTTP/1.1 408")
    until(lambda: len(api.server.server_state.connections) <= 1)
    assert api.client.post(PREDICT, content=factory.photo()).status_code == 200


@pytest.mark.parametrize("cut", [5, 50, 500])
def test_a_client_that_leaves_in_the_middle_harms_nobody(connect: Connect, api: Running, cut: int) -> None:
    connection = connect()
    connection.sendall((HEAD + b"Content-Length: 1000\r\n\r\n" + bytes(900))[:cut])
    connection.close()
    assert api.client.post(PREDICT, content=factory.photo()).status_code == 200
    until(lambda: api.health()["waiting"] == 0)
