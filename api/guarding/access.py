"""The outermost layer of the API: what holds for every request, whatever becomes of it.

It gives each request an id, puts on each answer what all answers carry, bounds the time of an upload, and tells
those who look on (the log, the metrics) about each visit when it is over. Who may come in is decided inside.
"""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Message, Receive, Scope, Send
from litestar.types.asgi_types import WebSocketReceiveMessage
from structlog.contextvars import bound_contextvars

from api.errors import UploadTimeoutError
from api.guarding.headers import secure
from api.monitoring.observing import CLIENT

REQUEST_ID = "X-Request-ID"
RELEASE_HEADER = "X-Model-Release"
STALLED_SECONDS = 20.0
"""How long an upload may pause."""
GRACE_SECONDS = 60.0
"""How long a sender may keep us waiting in all, before its speed counts."""
SLOWEST = 16 * 1024
"""Bytes a second (131 kbit/s) that an upload must have brought from then on, on average."""
DEPARTED = 499
"""The status of a visit whose client left before it was answered (nginx' number; nobody receives it)."""

_SANE_ID = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")
_LONGEST_PATH = 256


@dataclass(slots=True)
class Visit:
    """One request and what became of it. Neither the query nor anything of the photo is in it."""

    method: str
    path: str
    """As it was sent, cut to 256 characters."""
    remote: str
    request_id: str
    route: str = "none"
    """The template of the route that took it, such as /api/v1/neighbors/{release_id}/{picture}."""
    status: int = DEPARTED
    seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    client: str | None = None
    release: str | None = None
    error: str | None = None
    """The kind of error that ended it."""
    started: float = field(default_factory=time.perf_counter)


Onlooker = Callable[[Visit], None]


class Access:
    """Wraps the whole application, so that even what finds no route and what fails early is seen and marked."""

    def __init__(
        self, app: ASGIApp, serving: Callable[[], str | None], onlookers: Sequence[Onlooker] = ()
    ) -> None:
        """Wrap.

        Args:
            app: all that is inside.
            serving: gives the id of the release that is served now, for answers that no release made.
            onlookers: called on the event loop when a visit is over; must be quick.
        """
        self._app = app
        self._serving = serving
        self._onlookers = onlookers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        visit = _arrival(scope)
        CLIENT.set(None)
        with bound_contextvars(request_id=visit.request_id):
            try:
                await self._app(scope, _bounded(receive, visit), self._marking(send, scope, visit))
            finally:
                visit.seconds = time.perf_counter() - visit.started
                visit.client = CLIENT.get()
                visit.route = scope.get("path_template") or visit.route
                visit.error = scope["state"].get("error")
                for onlooker in self._onlookers:
                    onlooker(visit)

    def _marking(self, send: Send, scope: Scope, visit: Visit) -> Send:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                visit.status = message["status"]
                visit.release = scope["state"].get("release_id") or self._serving()
                facts = {REQUEST_ID: visit.request_id, RELEASE_HEADER: visit.release}
                facts |= scope["state"].get("answer_headers", {})
                headers = list(message["headers"])
                headers += [(name.lower().encode(), value.encode()) for name, value in facts.items() if value]
                secure(headers, visit.path)
                message["headers"] = headers
            elif message["type"] == "http.response.body":
                visit.bytes_out += len(message.get("body", b""))
            await send(message)

        return marked


async def note_error(error: Exception, scope: Scope) -> None:
    """Litestar's hook `after_exception`: remember the kind of error for the log and the metrics."""
    scope.setdefault("state", {})["error"] = type(error).__name__


def _arrival(scope: HTTPScope) -> Visit:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    client = scope.get("client")
    return Visit(
        method=scope["method"],
        # Still percent-encoded: no line break of a stranger gets into a log.
        path=scope["raw_path"].decode("ascii", "backslashreplace")[:_LONGEST_PATH],
        remote=client[0] if client else "",
        request_id=given if _SANE_ID.fullmatch(given) else uuid4().hex,
    )


def _bounded(receive: Receive, visit: Visit) -> Receive:
    """Count what arrives, and give up on a sender that stalls; what comes after the body may take its time."""
    done = False
    waited = 0.0  # for the sender; while we are busy with what it sent before, its time stands still

    async def bounded() -> HTTPReceiveMessage | WebSocketReceiveMessage:
        nonlocal done, waited
        if done:
            return await receive()
        left = GRACE_SECONDS + visit.bytes_in / SLOWEST - waited
        start = time.perf_counter()
        try:
            # Of anyio's and asyncio's timeouts the cheaper one: a large photo comes in a hundred parts.
            async with asyncio.timeout(min(STALLED_SECONDS, left)):
                message = await receive()
        except TimeoutError:
            raise UploadTimeoutError("the upload stalled or is too slow: send the photo again") from None
        waited += time.perf_counter() - start
        if message["type"] == "http.request":
            visit.bytes_in += len(message.get("body", b""))
            done = not message.get("more_body", False)
        return message

    return bounded
