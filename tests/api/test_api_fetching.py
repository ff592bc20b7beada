"""What is fetched from a URL, and what never is."""

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import anyio
import pytest

from api import fetching
from api.errors import BadRequestError, FetchError, FetchTimeoutError, TooLargeError
from api.fetching import IPAddress, PhotoFetcher, is_public
from api.settings import Settings
from tests.api.photo_host import Host
from tests.release import factory

PRIVATE = "not on the public internet"


def fetch(url: str, allowed: Callable[[IPAddress], bool] = is_public, **changes: object) -> bytes:
    """Fetch with a policy of its own, so that loopback can play the public internet."""
    settings = Settings(releases="unused", cache=Path("unused"), **changes)
    return anyio.run(PhotoFetcher(settings, allowed).fetch, url)


def only(*addresses: str) -> Callable[[IPAddress], bool]:
    return lambda address: str(address) in addresses


@pytest.mark.parametrize(
    "target",
    [
        "http://localhost/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://0.0.0.0/",
        "https://192.168.1.1/",
    ],
)
def test_every_spelling_of_a_private_address_is_refused(target: str) -> None:
    with pytest.raises(BadRequestError, match=PRIVATE):
        fetch(target)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "target",
    [
        "ftp://host/a.jpg",
        "file:///etc/passwd",
        "nonsense",
        "http://",
        "http://user:secret@host/a",
        "http://0177.0.0.1/",
    ],
)
def test_only_plain_http_urls_are_fetched(target: str) -> None:
    with pytest.raises(BadRequestError) as raised:
        fetch(target)
    assert "secret" not in str(raised.value)


def test_a_redirect_to_a_private_address_is_refused_before_it_is_asked(host: Host) -> None:
    """127.0.0.1 plays the public host here, 127.0.0.2 (the same server) the private one."""
    policy = only("127.0.0.1")
    inside = f"http://127.0.0.2:{host.server_port}/photo.jpg"
    assert fetch(f"{host.url}/redirect?{host.url}/photo.jpg", policy) == factory.photo("blue")
    host.asked.clear()
    with pytest.raises(BadRequestError, match=PRIVATE):
        fetch(f"{host.url}/redirect?{inside}", policy)
    with pytest.raises(BadRequestError):
        fetch(f"{host.url}/redirect?file:///etc/passwd", policy)
    assert [path.partition("?")[0] for _, path, _ in host.asked] == ["/redirect", "/redirect"]


def test_a_name_that_turns_private_between_check_and_connection_is_refused(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: our own look-up sees a public address, the connection's look-up a private one."""

    async def lie(*_: object) -> set[IPAddress]:
        return {ip_address("8.8.8.8")}

    monkeypatch.setattr(fetching, "_resolve", lie)
    with pytest.raises(BadRequestError, match=PRIVATE):
        fetch(f"http://localhost:{host.server_port}/photo.jpg")
    assert host.asked == []


def test_neither_cookies_nor_proxies_nor_credentials_travel(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    policy = only("127.0.0.1")
    fetch(f"{host.url}/photo.jpg", policy)
    fetch(f"{host.url}/photo.jpg", policy)
    headers = {name.lower() for _, _, sent in host.asked for name in sent}
    assert len(host.asked) == 2
    assert not headers & {"cookie", "authorization"}


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
