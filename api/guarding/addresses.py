"""Which hosts a URL may lead to: only such on the public internet, and only of certain domains if those are named.

Names and numbers only; how a photo is downloaded is `fetching`'s subject.
"""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import idna

from api.settings import Settings
from recipe_assets.errors import SettingsError

IPAddress = IPv4Address | IPv6Address
_UNICAST = IPv6Network("2000::/3")
"""All that the registries have given out for the public internet (RFC 4291, section 2.4)."""
_NOT_PUBLIC = (
    # What Python 3.11 or a patch version of it takes for public (IANA's special-purpose address registries).
    IPv4Network("192.0.0.0/24"),  # protocol assignments, RFC 6890
    IPv4Network("192.88.99.0/24"),  # relays of 6to4, deprecated by RFC 7526
    IPv6Network("2001::/23"),  # protocol assignments, Teredo among them
    IPv6Network("2002::/16"),  # 6to4: an IPv4 address in disguise, RFC 3056
    IPv6Network("3fff::/20"),  # documentation, RFC 9637
)
_NAT64 = IPv6Network("64:ff9b::/96")
"""How hosts with IPv4 alone look where there is IPv6 alone: their address is in the last four bytes (RFC 6052)."""
_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")
"""Bytes 8 to 11 of an address whose last four are an IPv4 address of the same site (RFC 5214)."""


def is_public(address: IPAddress) -> bool:
    """Whether an address, and any IPv4 address that is wrapped in it, is a host on the public internet."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(IPv4Address(address.packed[-4:]))
        if address not in _UNICAST or address.scope_id is not None or address.packed[8:12] in _ISATAP:
            return False
    if any(address in network for network in _NOT_PUBLIC if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class Domains:
    """The domains that photos may come from, with all that is below them; any, if none is named."""

    def __init__(self, names: Collection[str]) -> None:
        """Names as they are written in the DNS: ASCII, lower case, without a last dot."""
        self._names = frozenset(names)

    @classmethod
    def of(cls, settings: Settings) -> "Domains":
        """The domains of `settings.fetch_domains`.

        Raises:
            SettingsError: if one is not a domain.
        """
        written = [name.strip() for name in settings.fetch_domains.split(",") if name.strip()]
        return cls([_domain(name) for name in written])

    def __contains__(self, host: str) -> bool:
        """Whether photos may come from a host, given as in the DNS; case and a last dot don't matter."""
        if not self._names:
            return True
        labels = host.lower().removesuffix(".").split(".")
        return any(".".join(labels[start:]) in self._names for start in range(len(labels)))


def _domain(written: str) -> str:
    name = written.removesuffix(".")
    try:
        ascii_name = idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        raise _no_domain(written) from None
    if _is_number(ascii_name):
        raise _no_domain(written)
    return ascii_name


def _is_number(name: str) -> bool:
    """Whether the last label is a number, so that a host is an address and not a name (WHATWG URL)."""
    try:
        ip_address(name)
    except ValueError:
        return name.rpartition(".")[2].isdigit()
    return True


def _no_domain(written: str) -> SettingsError:
    return SettingsError(
        f"RECIPE_API_FETCH_DOMAINS cannot be used: '{written}' is no domain like photos.example "
        "(no scheme, port, path or *; all that is below a domain is included)"
    )
