"""The one entry: `create_app(settings)` puts the rooms of the API together."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from api.contract.outputs import Outputs
from api.contract.routes import BASE_PATH, DOCS_PATH, api_router, to_docs
from api.demo_routes import demo_router
from api.documentation.openapi import assets_router, openapi_config
from api.errors import problem_details
from api.guarding.access import Access, note_error
from api.guarding.fetching import PhotoFetcher
from api.guarding.headers import allow_inline, cross_origin
from api.guarding.keys import KeyRing
from api.guarding.limits import RateLimit
from api.guarding.security import known_client
from api.monitoring.health import Health, health_router
from api.monitoring.logs import log_visit
from api.monitoring.metrics import ApiMetrics, metrics
from api.predictions.recording import Recorder
from api.releases.shadowing import Shadow
from api.review.routes import ReviewCalls, review_router
from api.serving.departing import CancelDeparted
from api.serving.server import ModelServer
from api.settings import Settings


def create_app(settings: Settings) -> Litestar:
    """The API over one release store. It is alive at once and ready when a release is loaded.

    Raises:
        ReleaseError: if the store's URL cannot be one.
        SettingsError: if keys, origins or domains cannot be used.
    """
    server = ModelServer(settings)
    fetcher = PhotoFetcher(settings)
    outputs = Outputs(settings)
    meters = ApiMetrics(lambda: Health.of(server))
    server.observers.append(meters)
    recorder = Recorder(settings) if settings.prediction_log else None
    if recorder is not None:
        server.observers.append(recorder.log)
    shadow = _shadow(settings, server, recorder)
    review = ReviewCalls.of(settings)
    app = Litestar(
        route_handlers=[
            api_router(),
            health_router(f"{BASE_PATH}/health"),
            metrics,
            assets_router(),
            demo_router(),
            review_router(),
            to_docs,
        ],
        dependencies={
            "server": Provide(lambda: server, sync_to_thread=False),
            "fetcher": Provide(lambda: fetcher, sync_to_thread=False),
            "outputs": Provide(lambda: outputs, sync_to_thread=False),
            "meters": Provide(lambda: meters, sync_to_thread=False),
            "review": Provide(lambda: review, sync_to_thread=False),
        },
        lifespan=[*_recording(recorder), _following(server, shadow)],
        guards=[known_client],
        after_request=allow_inline,
        after_exception=[note_error],
        cors_config=cross_origin(settings),
        middleware=[CancelDeparted],
        plugins=[problem_details()],
        openapi_config=openapi_config(DOCS_PATH),
        request_max_body_size=settings.max_bytes,
        state=State(
            {
                "settings": settings,
                "server": server,
                "key_ring": KeyRing.of(settings),
                "rate_limit": RateLimit(settings.rate_per_minute) if settings.rate_per_minute else None,
            }
        ),
        logging_config=None,
    )
    # Outside of everything, Litestar's routing and CORS included: what finds no route is seen and marked as well.
    app.asgi_handler = Access(
        app.asgi_handler,
        serving=lambda: server.current.release_id if server.current else None,
        onlookers=(meters.visited, log_visit),
    )
    return app


def _shadow(settings: Settings, server: ModelServer, recorder: Recorder | None) -> Shadow | None:
    """Looks on if the settings say so; without the log, nobody would learn what a candidate said."""
    if not settings.shadow_share or recorder is None:
        return None
    shadow = Shadow(settings, recorder.log.shadowed, lambda: server.is_spare)
    server.observers.append(shadow)
    return shadow


def _following(
    server: ModelServer, shadow: Shadow | None
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.follow)
            if shadow is not None:
                tasks.start_soon(shadow.follow)
            yield
            tasks.cancel_scope.cancel()

    return lifespan


def _recording(recorder: Recorder | None) -> list[Callable[[Litestar], AbstractAsyncContextManager[object]]]:
    """First among what lives with the app, so it ends last: photos answered while draining are logged, too."""
    return [] if recorder is None else [lambda _: recorder.running()]
