"""Hosts that misbehave: each costs little time and memory, and is told apart."""

from collections.abc import Callable, Iterator

import pytest

from api.errors import FetchError, FetchTimeoutError, TooLargeError
from tests.api.downloads import fetch, only
from tests.api.photo_host import Host
from tests.api.raw_host import RawHost, Script, drips, floods, says
from tests.release import factory


@pytest.fixture
def raw_host() -> Iterator[Callable[..., RawHost]]:
    started: list[RawHost] = []

    def start(script: Script) -> RawHost:
        started.append(RawHost(script))
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_neither_cookies_nor_proxies_nor_credentials_travel(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    policy = only("127.0.0.1")
    fetch(f"{host.url}/photo.jpg", policy)
    fetch(f"{host.url}/photo.jpg", policy)
    headers = {name.lower() for _, _, sent in host.asked for name in sent}
    assert len(host.asked) == 2
    assert not headers & {"cookie", "authorization", "referer"}


@pytest.mark.parametrize(
    ("path", "error", "reason"),
    [
        ("missing", FetchError, "answered 404"),
        ("zipped", FetchError, "compressed"),
        ("endless", TooLargeError, "over 20000 bytes"),
        ("slow", FetchTimeoutError, "did not arrive within 0.3 s"),
        ("redirect?/redirect?/redirect?/photo.jpg", FetchError, "redirects more than 1 times"),
    ],
)
def test_a_host_that_misbehaves_costs_little(host: Host, path: str, error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=reason):
        fetch(f"{host.url}/{path}", only("127.0.0.1"), fetch_bytes=20_000, fetch_seconds=0.3, fetch_redirects=1)


def test_a_redirect_to_itself_ends(raw_host: Callable[..., RawHost]) -> None:
    loop = raw_host(says(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"))
    with pytest.raises(FetchError, match="redirects more than 3 times"):
        fetch(f"{loop.url}/again", only("127.0.0.1"))
    assert len(loop.asked) == 4


def test_the_body_of_a_redirect_is_not_read(raw_host: Callable[..., RawHost], host: Host) -> None:
    """A redirect with an endless body would otherwise fill the memory until the time is over."""
    sent = [0]
    head = f"HTTP/1.1 302 Found\r\nLocation: {host.url}/photo.jpg\r\nContent-Length: 9999999999\r\n\r\n"
    trap = raw_host(floods(head.encode(), sent))
    assert fetch(trap.url, only("127.0.0.1"), fetch_seconds=2) == factory.photo("blue")
    assert sent[0] < 32 << 20  # what fits in the buffers of sockets


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("script", "error", "reason"),
    [
        (drips(OK + b"Content-Length: 5000\r\n\r\n"), FetchTimeoutError, "did not arrive within 0.5 s"),
        (drips(OK + b"X-Slow: "), FetchTimeoutError, "did not arrive within 0.5 s"),
        (drips(b"HTTP/1.1 302 Found\r\nLocation: /"), FetchTimeoutError, "did not arrive within 0.5 s"),
        (says(OK + b"Content-Length: 5000\r\n\r\nshort"), FetchError, "could not be fetched"),
        (says(OK + b"Content-Length: 99999\r\n\r\nshort"), TooLargeError, "over 20000 bytes"),
        (says(OK + b"Content-Length: -1\r\n\r\n"), FetchError, "could not be fetched"),
        (says(OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n"), FetchError, "could not be fetched"),
        (says(OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"4000\r\n" + bytes(0x4000) + b"\r\n" + b"4000\r\n",
              bytes(0x4000)), TooLargeError, "over 20000 bytes"),
        (says(OK + b"X: " + b"y" * 200_000), FetchError, "could not be fetched"),
        (says(b"SSH-2.0-OpenSSH_9.6\r\n"), FetchError, "could not be fetched"),
        (says(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx"), FetchError, "answered 206"),
        (says(), FetchError, "could not be fetched"),
    ],
)  # fmt: skip
def test_a_host_that_lies_costs_little(
    raw_host: Callable[..., RawHost], script: Script, error: type[Exception], reason: str
) -> None:
    liar = raw_host(script)
    with pytest.raises(error, match=reason):
        fetch(f"{liar.url}/photo.jpg", only("127.0.0.1"), fetch_bytes=20_000, fetch_seconds=0.5)


def test_a_body_longer_than_announced_is_cut_at_what_was_announced(raw_host: Callable[..., RawHost]) -> None:
    liar = raw_host(says(OK + b"Content-Length: 5\r\n\r\nhello, and much more" * 100))
    assert fetch(f"{liar.url}/photo.jpg", only("127.0.0.1"), fetch_bytes=5) == b"hello"
