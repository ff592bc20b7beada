"""From a URL to the bytes of a photo, without becoming a door into the private network.

Each hop is checked twice. Before anything is connected, every address of the host must be public. Then
httpx-secure connects to one address that it has checked itself, so a name that resolves differently the second
time (rebinding) gets no request either. No proxies, cookies or credentials; bytes, time and redirects are capped.
"""

import ssl
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import anyio
import httpx
from anyio import getaddrinfo
from httpx_secure import SSRFProtectionError, httpx_ssrf_protection

from api.errors import BadRequestError, FetchError, FetchTimeoutError, TooLargeError
from api.settings import Settings

IPAddress = IPv4Address | IPv6Address
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_SITE_LOCAL = IPv6Network("fec0::/10")
_REFUSED = "the URL leads to an address that is not on the public internet: send the photo itself to /predict"


def is_public(address: IPAddress) -> bool:
    """Whether an address, and any IPv4 address that is wrapped in it, is a host on the public internet."""
    if isinstance(address, IPv6Address):
        if any(address in network for network in (*_NAT64, _SITE_LOCAL)):
            return False
        wrapped = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()))
        if not all(is_public(inner) for inner in wrapped if inner is not None):
            return False
        if address.ipv4_mapped is not None:
            return True
    return address.is_global and not address.is_multicast and not address.is_reserved


class PhotoFetcher:
    """Downloads photos within the caps of the settings."""

    def __init__(self, settings: Settings, allowed: Callable[[IPAddress], bool] = is_public) -> None:
        self._settings = settings
        self._allowed = allowed
        self._tls: ssl.SSLContext = httpx.create_ssl_context(trust_env=False)

    async def fetch(self, url: str) -> bytes:
        """Download what a URL names.

        Raises:
            BadRequestError: if the URL is none, is not http(s), or leads to a private address.
            TooLargeError: if the answer is over the byte cap.
            FetchTimeoutError: if it takes too long.
            FetchError: if the other end cannot be reached or does not answer with a file.
        """
        seconds = self._settings.fetch_seconds
        try:
            with anyio.fail_after(seconds):
                async with self._client() as client, client.stream("GET", url) as response:
                    return await self._read(response)
        except (TimeoutError, httpx.TimeoutException):
            raise FetchTimeoutError(f"the photo did not arrive within {seconds:g} s") from None
        except SSRFProtectionError:
            raise BadRequestError(_REFUSED) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise BadRequestError(f"this is no http(s) URL: {error}") from None
        except httpx.TooManyRedirects:
            limit = self._settings.fetch_redirects
            raise FetchError(f"the URL redirects more than {limit} times") from None
        except httpx.HTTPError as error:
            raise FetchError(f"the photo could not be fetched ({type(error).__name__}: {error})") from None

    def _client(self) -> httpx.AsyncClient:
        # A client per photo: no cookie and no connection is shared between two callers' URLs.
        client = httpx.AsyncClient(
            verify=self._tls,
            trust_env=False,
            follow_redirects=True,
            max_redirects=self._settings.fetch_redirects,
            timeout=self._settings.fetch_seconds,
            headers={"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "recipe-classifier"},
            event_hooks={"request": [self._check_hop]},
        )
        if self._settings.fetch_private:
            return client
        return httpx_ssrf_protection(
            client,
            check_globally_reachable=False,
            custom_validator=lambda _host, address, _port: self._allowed(address),
        )

    async def _check_hop(self, request: httpx.Request) -> None:
        """Runs before the first request and before each redirect's."""
        url = request.url
        if url.scheme not in ("http", "https") or not url.host:
            raise BadRequestError(f"'{url.scheme}' is not fetched, only http and https are")
        if url.userinfo:
            raise BadRequestError("a URL with a user name or password is not fetched")
        if self._settings.fetch_private:
            return
        if not all(self._allowed(address) for address in await _resolve(url.host, url.port)):
            raise BadRequestError(_REFUSED)

    async def _read(self, response: httpx.Response) -> bytes:
        if response.status_code != httpx.codes.OK:
            raise FetchError(f"the URL answered {response.status_code} instead of a photo")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise FetchError("the URL answered with compressed content although that was not asked for")
        content = bytearray()
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > self._settings.fetch_bytes:
                raise TooLargeError(f"the photo at the URL is over {self._settings.fetch_bytes} bytes")
        return bytes(content)


async def _resolve(host: str, port: int | None) -> set[IPAddress]:
    try:
        found = await getaddrinfo(host, port or 443)
    except (OSError, UnicodeError):
        raise FetchError(f"the host {host} is not known") from None
    return {ip_address(str(entry[4][0])) for entry in found}
