"""From a URL to the bytes of a photo, without becoming a door into the private network.

For each hop the host's name is resolved once, every address found must be public, and the connection is made to
one of those addresses by its number: a name that resolves differently the next time (rebinding) is not asked
again. Redirects are followed here, one by one and without reading their bodies. No proxies, cookies from
elsewhere or credentials; bytes, time and redirects are capped. Which hosts are public is `addresses`' subject.
"""

import socket
import ssl
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

import anyio
import httpx
from anyio import getaddrinfo

from api.errors import BadRequestError, FetchError, FetchTimeoutError, TooLargeError
from api.guarding.addresses import Domains, IPAddress, is_public
from api.settings import Settings

_REFUSED = "the URL leads to an address that is not on the public internet: send the photo itself to /predict"
_CONNECT_SECONDS = 5.0
"""For one address of a host that may have several."""
_PORTS = {"http": 80, "https": 443}


class PhotoFetcher:
    """Downloads photos within the caps of the settings."""

    def __init__(self, settings: Settings, allowed: Callable[[IPAddress], bool] = is_public) -> None:
        """Fetch nothing yet.

        Args:
            settings: the caps and the domains.
            allowed: which addresses may be connected to; not asked if the settings allow private ones.

        Raises:
            SettingsError: if the domains are none.
        """
        self._settings = settings
        self._domains = Domains.of(settings)
        self._allowed = (lambda _: True) if settings.fetch_private else allowed
        self._tls: ssl.SSLContext = httpx.create_ssl_context(trust_env=False)

    async def fetch(self, url: str) -> bytes:
        """Download what a URL names.

        Raises:
            BadRequestError: if the URL is none, is not http(s), or leads to a private address or a foreign domain.
            TooLargeError: if the answer is over the byte cap.
            FetchTimeoutError: if it takes too long.
            FetchError: if the other end cannot be reached or does not answer with a file.
        """
        seconds = self._settings.fetch_seconds
        try:
            with anyio.fail_after(seconds):
                async with self._client() as client:
                    return await self._follow(client, client.build_request("GET", url))
        except (TimeoutError, httpx.TimeoutException):
            raise FetchTimeoutError(f"the photo did not arrive within {seconds:g} s") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise BadRequestError(f"this is no http(s) URL: {error}") from None
        except httpx.HTTPError as error:
            raise FetchError(f"the photo could not be fetched ({type(error).__name__}: {error})") from None

    def _client(self) -> httpx.AsyncClient:
        # A client per photo: no cookie and no connection is shared between two callers' URLs.
        return httpx.AsyncClient(
            transport=_PinnedTransport(self._tls, self._addresses),
            trust_env=False,
            timeout=httpx.Timeout(self._settings.fetch_seconds, connect=_CONNECT_SECONDS),
            headers={"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "recipe-classifier"},
        )

    async def _follow(self, client: httpx.AsyncClient, request: httpx.Request) -> bytes:
        for _ in range(self._settings.fetch_redirects + 1):
            self._check_url(request.url)
            response = await client.send(request, stream=True, follow_redirects=False)
            try:
                if response.next_request is None:
                    return await self._read(response)
            finally:
                await response.aclose()
            request = response.next_request
        raise FetchError(f"the URL redirects more than {self._settings.fetch_redirects} times")

    def _check_url(self, url: httpx.URL) -> None:
        if url.scheme not in _PORTS or not url.host:
            raise BadRequestError(f"'{url.scheme}' is not fetched, only http and https are")
        if url.port is not None and not 0 < url.port < 1 << 16:
            raise BadRequestError(f"{url.port} is no port")
        if url.userinfo:
            raise BadRequestError("a URL with a user name or password is not fetched")
        if url.raw_host.decode() not in self._domains:
            raise BadRequestError(
                f"the host {url.host} is not among the domains that photos are fetched from: "
                "send the photo itself to /predict, or extend RECIPE_API_FETCH_DOMAINS"
            )

    async def _addresses(self, url: httpx.URL) -> list[IPAddress]:
        """All addresses of a URL's host; none of them is one that may not be connected to."""
        host = url.raw_host.decode()
        try:
            found = await getaddrinfo(host, url.port or _PORTS[url.scheme], type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(ip_address(str(entry[4][0])) for entry in found))
        except (OSError, UnicodeError, ValueError):
            raise FetchError(f"the host {url.host} is not known") from None
        if not all(self._allowed(address) for address in addresses):
            raise BadRequestError(_REFUSED)
        return addresses

    async def _read(self, response: httpx.Response) -> bytes:
        limit = self._settings.fetch_bytes
        if response.status_code != httpx.codes.OK:
            raise FetchError(f"the URL answered {response.status_code} instead of a photo")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise FetchError("the URL answered with compressed content although that was not asked for")
        too_large = TooLargeError(f"the photo at the URL is over {limit} bytes")
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) > limit:
            raise too_large
        content = bytearray()
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > limit:
                raise too_large
        return bytes(content)


class _PinnedTransport(httpx.AsyncBaseTransport):
    """Connects to addresses that were checked; names are for the `Host` header and the certificate only."""

    def __init__(self, tls: ssl.SSLContext, addresses: Callable[[httpx.URL], Awaitable[list[IPAddress]]]) -> None:
        # No connection is used twice: two names of one address must not share what one certificate has proved.
        self._inner = httpx.AsyncHTTPTransport(
            verify=tls, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )
        self._addresses = addresses

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first address of its host that can be reached."""
        name = request.url.raw_host.decode().removesuffix(".")
        unreachable: httpx.TransportError = httpx.ConnectError("the host has no address")
        for address in await self._addresses(request.url):
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=str(address)),
                headers=request.headers,
                extensions=request.extensions | {"sni_hostname": name},
            )
            try:
                return await self._inner.handle_async_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                unreachable = error
        raise unreachable

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()
