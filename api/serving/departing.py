"""Clients that go away: their request is cancelled, so that nothing is computed for nobody.

An ASGI server tells of a closed connection only to those who ask for the next message, and a handler that waits
for an answer does not ask. Here somebody does.
"""

import asyncio

from anyio import CancelScope
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send, WebSocketReceiveMessage

Received = HTTPReceiveMessage | WebSocketReceiveMessage
_NO_BODY = (b"content-length", b"0")


class CancelDeparted:
    """ASGI middleware: cancels the rest of the application when the client closes the connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application until it or its client is done."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        with CancelScope() as working:
            watch = _Watch(receive, working)
            try:
                if not _announces_body(scope):
                    await watch.read_ahead()
                await self._app(scope, watch.receive, send)
            finally:
                watch.stop()


class _Watch:
    """Passes messages on to the application, and after the last of the body waits for the client's departure."""

    def __init__(self, receive: Receive, working: CancelScope) -> None:
        self._receive = receive
        self._working = working
        self._ahead: Received | None = None
        self._departure: asyncio.Task[None] | None = None

    async def read_ahead(self) -> None:
        """Take the first message before the application asks: a request without a body has just this one."""
        self._ahead = await self.receive()

    async def receive(self) -> Received:
        if self._ahead is not None:
            message, self._ahead = self._ahead, None
            return message
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body") and self._departure is None:
            self._departure = asyncio.create_task(self._wait())
        return message

    def stop(self) -> None:
        if self._departure is not None:
            self._departure.cancel()
            # The task's end refers to this object. In a circle with it, the request's body would stay in memory
            # until the next collection of garbage: hundreds of megabytes, measured.
            self._departure = None

    async def _wait(self) -> None:
        # After the body only a disconnect can follow.
        await self._receive()
        self._working.cancel()


def _announces_body(scope: Scope) -> bool:
    names = {name for name, value in scope["headers"] if (name, value) != _NO_BODY}
    return not names.isdisjoint((b"content-length", b"transfer-encoding"))
