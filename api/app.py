"""The one entry: `create_app(settings)` puts the rooms of the API together."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import Provide
from litestar.types import Message, Scope

from api.errors import problem_details
from api.fetching import PhotoFetcher
from api.openapi import assets_router, openapi_config
from api.routes import DOCS_PATH, api_router, to_docs
from api.serving import ModelServer
from api.settings import Settings

RELEASE_HEADER = "X-Model-Release"
_FORM_PARTS = 16


def create_app(settings: Settings) -> Litestar:
    """The API over one release store. It is alive at once and ready when a release is loaded.

    Raises:
        ReleaseError: if the store's URL cannot be one.
    """
    server = ModelServer(settings)
    fetcher = PhotoFetcher(settings)
    return Litestar(
        route_handlers=[api_router(), assets_router(), to_docs],
        dependencies={
            "server": Provide(lambda: server, sync_to_thread=False),
            "fetcher": Provide(lambda: fetcher, sync_to_thread=False),
        },
        lifespan=[_following(server)],
        before_send=[_name_release(server)],
        plugins=[problem_details()],
        openapi_config=openapi_config(DOCS_PATH),
        request_max_body_size=settings.max_bytes,
        multipart_form_part_limit=_FORM_PARTS,
        state=State({"settings": settings}),
        logging_config=None,
    )


def _following(server: ModelServer) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.follow)
            yield
            tasks.cancel_scope.cancel()

    return lifespan


def _name_release(server: ModelServer) -> Callable[[Message, Scope], None]:
    """Put the release into every answer, errors included: the one that answered, else the one loaded."""

    def name_release(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        loaded = server.current.release_id if server.current else None
        if release_id := scope.get("state", {}).get("release_id", loaded):
            MutableScopeHeaders.from_message(message)[RELEASE_HEADER] = release_id

    return name_release
