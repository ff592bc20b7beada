"""The domains that photos may be fetched from: how they are written, and that they hold at every hop."""

import pytest

from api.errors import BadRequestError
from api.guarding.addresses import Domains
from api.guarding.fetching import PhotoFetcher
from recipe_assets.errors import SettingsError
from tests.api.downloads import Names, fetch, only, settings
from tests.api.photo_host import Host
from tests.release import factory

OUTSIDE = "not among the domains"
DOMAINS = "photos.example, Müller.example., XN--BCHER-KVA.example,127.0.0.1.nip.example"


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("photos.example", True),
        ("PHOTOS.example", True),
        ("photos.example.", True),
        ("cdn.eu.photos.example", True),
        ("xn--mller-kva.example", True),
        ("a.xn--bcher-kva.example", True),
        ("example", False),
        ("photos.example.evil.example", False),
        ("evilphotos.example", False),
        ("photos-example", False),
        ("photos.example..", False),
        (".photos.example", True),
        ("127.0.0.1", False),
        ("", False),
    ],
)
def test_a_domain_is_named_with_all_below_it(host: str, inside: bool) -> None:
    assert (host in Domains.of(settings(fetch_domains=DOMAINS))) is inside


@pytest.mark.parametrize("host", ["photos.example", "127.0.0.1", "anything"])
def test_without_named_domains_all_are_allowed(host: str) -> None:
    assert host in Domains.of(settings())


@pytest.mark.parametrize(
    "written",
    ["https://photos.example", "photos.example:443", "*.example", "127.0.0.1", "[::1]", "::1", "a b", "-x", "."],
)
def test_what_is_no_domain_is_told_at_the_start(written: str) -> None:
    with pytest.raises(SettingsError, match="RECIPE_API_FETCH_DOMAINS cannot be used: ") as raised:
        PhotoFetcher(settings(fetch_domains=f"photos.example,{written}"))
    assert f"'{written}'" in str(raised.value)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


def test_only_named_domains_are_asked_at_every_hop(host: Host, names: Names) -> None:
    names.known |= {"photos.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]}
    inside, outside = (f"http://{name}:{host.server_port}" for name in ("Photos.example.", "other.example"))
    names.known["photos.example."] = [["127.0.0.1"]]
    limits = {"fetch_domains": "photos.example"}
    assert fetch(f"{inside}/photo.jpg", only("127.0.0.1"), **limits) == factory.photo("blue")
    with pytest.raises(BadRequestError, match=OUTSIDE):
        fetch(f"{outside}/photo.jpg", only("127.0.0.1"), **limits)
    assert len(host.asked) == 1
    with pytest.raises(BadRequestError, match=OUTSIDE):
        fetch(f"{inside}/redirect?{outside}/photo.jpg", only("127.0.0.1"), **limits)
    assert len(host.asked) == 2
    assert "other.example" not in names.asked


def test_domains_hold_where_private_addresses_may_be_fetched_from(host: Host) -> None:
    with pytest.raises(BadRequestError, match=OUTSIDE):
        fetch(f"{host.url}/photo.jpg", fetch_private=True, fetch_domains="photos.example")
    assert host.asked == []
