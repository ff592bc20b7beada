"""Private addresses: however a URL spells them or gets there, nothing is ever connected to them."""

from ipaddress import ip_address

import pytest

from api.errors import BadRequestError, FetchError
from api.guarding.addresses import is_public
from tests.api.conftest import Running
from tests.api.downloads import PRIVATE, Names, connections, fetch, only
from tests.api.photo_host import Host
from tests.api.ssrf_spellings import SPELLINGS
from tests.release import factory


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


def test_there_are_many_spellings_and_no_two_are_the_same() -> None:
    assert len(set(SPELLINGS)) == len(SPELLINGS) >= 60


@pytest.mark.parametrize("url", SPELLINGS, ids=ascii)
def test_no_spelling_of_a_private_address_is_ever_connected_to(url: str) -> None:
    with connections() as connected, pytest.raises((BadRequestError, FetchError)) as raised:
        fetch(url)
    assert connected == []
    if isinstance(raised.value, FetchError):
        assert "is not known" in str(raised.value)


def test_no_spelling_gets_a_connection_or_an_internal_error_over_http(api: Running) -> None:
    for url in SPELLINGS:
        answer = api.client.get("/api/v1/classify", params={"url": url})
        assert answer.status_code in (400, 502), ascii(url)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("port", [0, 65536, 99999])
def test_a_port_that_does_not_exist_is_a_bad_request(port: int) -> None:
    with pytest.raises(BadRequestError, match="no port"):
        fetch(f"http://127.0.0.1:{port}/photo.jpg", only("127.0.0.1"))


def test_credentials_are_refused_and_not_repeated() -> None:
    for url in ("http://user:secret@host/a", "http://secret@host/a", "http://:secret@host/a"):
        with pytest.raises(BadRequestError) as raised:
            fetch(url)
        assert "secret" not in str(raised.value)


def test_a_redirect_to_a_private_address_is_refused_before_it_is_asked(host: Host) -> None:
    """127.0.0.1 plays the public host here, 127.0.0.2 (the same server) the private one."""
    policy = only("127.0.0.1")
    inside = f"http://127.0.0.2:{host.server_port}/photo.jpg"
    assert fetch(f"{host.url}/redirect?{host.url}/photo.jpg", policy) == factory.photo("blue")
    host.asked.clear()
    with pytest.raises(BadRequestError, match=PRIVATE):
        fetch(f"{host.url}/redirect?{inside}", policy)
    assert [path.partition("?")[0] for _, path, _ in host.asked] == ["/redirect"]


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/photo.jpg",
        "http://user:secret@127.0.0.1/photo.jpg",
        "http://0x7f000002/photo.jpg",
        "http://2130706434/photo.jpg",
        "//127.0.0.2/photo.jpg",
        "http://[::ffff:127.0.0.2]/photo.jpg",
        "gopher://127.0.0.1/",
        "http://127.0.0.1:99999/",
    ],
)
def test_a_redirect_is_checked_like_the_first_url(host: Host, target: str) -> None:
    with pytest.raises((BadRequestError, FetchError)):
        fetch(f"{host.url}/redirect?{target}", only("127.0.0.1"))
    assert len(host.asked) == 1


def test_a_relative_redirect_is_followed_on_the_same_host(host: Host, names: Names) -> None:
    names.known["photos.example"] = [["127.0.0.1"]]
    url = f"http://photos.example:{host.server_port}/redirect?/photo.jpg"
    assert fetch(url, only("127.0.0.1")) == factory.photo("blue")
    assert [name for name, _, _ in host.asked] == [f"photos.example:{host.server_port}"] * 2


def test_a_name_is_resolved_once_and_the_checked_address_is_connected_to(host: Host, names: Names) -> None:
    """DNS rebinding: any second look-up would lead to another address. Not even a connection goes there."""
    names.known["rebound.example"] = [["127.0.0.1"], ["127.0.0.2"]]
    with connections() as connected:
        photo = fetch(f"http://rebound.example:{host.server_port}/photo.jpg", only("127.0.0.1"))
    assert photo == factory.photo("blue")
    assert names.asked == ["rebound.example"]
    assert {address[0] for address in connected} == {"127.0.0.1"}


def test_a_name_that_is_rebound_before_a_redirect_is_refused(host: Host, names: Names) -> None:
    names.known["rebound.example"] = [["127.0.0.1"], ["127.0.0.2"]]
    with connections() as connected, pytest.raises(BadRequestError, match=PRIVATE):
        fetch(f"http://rebound.example:{host.server_port}/redirect?/photo.jpg", only("127.0.0.1"))
    assert {address[0] for address in connected} == {"127.0.0.1"}


def test_a_name_with_one_private_address_among_public_ones_is_refused(names: Names) -> None:
    names.known["half.example"] = [["127.0.0.1", "127.0.0.2"]]
    with connections() as connected, pytest.raises(BadRequestError, match=PRIVATE):
        fetch("http://half.example/photo.jpg", only("127.0.0.1"))
    assert connected == []


def test_the_next_address_is_tried_when_one_does_not_answer(host: Host, names: Names) -> None:
    names.known["two.example"] = [["127.0.0.3", "127.0.0.1"]]
    url = f"http://two.example:{host.server_port}/photo.jpg"
    assert fetch(url, only("127.0.0.1", "127.0.0.3")) == factory.photo("blue")
