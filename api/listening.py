"""The socket, the HTTP server on it, and how it stops: what stands between the network and the application.

Requests are uvicorn's business; here it is taught to lose patience with connections that never become one, and to
let photos in work finish before the door closes.
"""

import asyncio
import math
import socket
from asyncio import TimerHandle, Transport
from collections.abc import Awaitable, Callable

import uvicorn
from litestar import Litestar
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.guarding.security import refuse_exposure
from api.settings import Settings
from recipe_assets.errors import SettingsError

_BACKLOG = 2048
_KEEP_ALIVE_SECONDS = 75
"""How long an idle connection stays open, longer than a proxy in front keeps it (nginx: 60), so that the proxy
closes first and never sends into a connection that is just being closed."""


def listen(settings: Settings) -> socket.socket:
    """Bind the port before anything is loaded.

    Raises:
        SettingsError: if port or host cannot be bound, or would open the API to others without keys.
    """
    host, port = settings.host, settings.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        refuse_exposure(settings, str(address[0]))
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"the host {host} is not known ({reason}): change RECIPE_API_HOST") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(
            f"port {port} on {host} cannot be used ({reason}): stop what runs there or change RECIPE_API_PORT"
        ) from None


def http_server(app: Litestar, settings: Settings) -> "DrainingServer":
    """The server that `python -m api` runs: one process, one event loop."""
    config = uvicorn.Config(
        app,
        http=PunctualProtocol,
        ws="none",
        log_config=None,
        access_log=False,  # each request has its line already, see `logs`
        proxy_headers=False,  # forwarded headers are not believed: guards must see who really calls
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(settings.drain_seconds),
        reset_contextvars=True,  # nothing that one request has set is seen by another
    )
    return DrainingServer(config, app.state.server.drain)


class DrainingServer(uvicorn.Server):
    """Answers on while photos in work finish: probes learn that it stops, new photos are sent elsewhere."""

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]]) -> None:
        """Start nothing yet.

        Args:
            config: uvicorn's.
            drain: refuses what is new, and returns when nothing is in work, or when that takes too long.
        """
        super().__init__(config)
        self._drain = drain

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then close; a second Ctrl-C ends the wait."""
        draining = asyncio.ensure_future(self._drain())
        while not draining.done() and not self.force_exit:
            await asyncio.wait([draining], timeout=0.1)
        await super().shutdown(sockets)


class PunctualProtocol(HttpToolsProtocol):
    """Closes connections on which no request comes about: silent ones, slow ones (slow loris), endless ones.

    The same clock runs while the rest of an upload arrives that was refused already. How long an accepted upload
    may take is `access`' subject.
    """

    head_seconds = 10.0
    """How long the line and the headers of a request may take to arrive."""
    head_bytes = 1 << 16
    """How large they may be."""

    _clock: TimerHandle | None = None
    _arrived = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """A client has connected."""
        super().connection_made(transport)
        self._start()

    def data_received(self, data: bytes) -> None:
        """Some bytes have arrived."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
            return
        self._start()
        self._arrived += len(data)
        refused_upload = self.cycle is not None and self.cycle.more_body
        if self._arrived > self.head_bytes and not refused_upload:
            self.transport.close()

    def on_body(self, body: bytes) -> None:
        """A piece of a body; kept as it is, where uvicorn copies it twice: a photo is megabytes of pieces."""
        cycle = self.cycle
        if cycle.body or (self.parser.should_upgrade() and self._should_upgrade()) or cycle.response_complete:
            super().on_body(body)
            return
        cycle.body = body  # type: ignore[assignment]  # it is made bytes before anybody sees it
        if len(body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._stop()
        super().connection_lost(exc)

    def _start(self) -> None:
        if self._clock is None and not self.transport.is_closing():
            self._clock = self.loop.call_later(self.head_seconds, self.transport.close)

    def _stop(self) -> None:
        self._arrived = 0
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
