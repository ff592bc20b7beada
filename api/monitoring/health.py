"""Whether the API lives, whether it can classify, and what it would like a person to know.

Three questions for three askers: `/health/live` for whoever restarts a stuck process, `/health/ready` for whoever
sends traffic, `/health` for people and the graph. What happened over time is the metrics' and the log's subject.
"""

from datetime import UTC, datetime
from typing import Literal, Self

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.status_codes import HTTP_200_OK, HTTP_503_SERVICE_UNAVAILABLE

from api.guarding.security import OPEN
from api.serving.server import ModelServer

_SOON = {"Retry-After": "2"}


class Liveness(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether photos can be classified, by which release, and what went wrong last."""

    status: Literal["ready", "loading", "draining"]
    release_id: str | None
    release_created_at: datetime | None
    release_age_seconds: float | None
    """Since the release was built."""
    loaded_at: datetime | None
    store: str
    last_error: str | None
    """Why the last look at the store changed nothing; null when all is well."""
    next_try_at: datetime | None
    """When a release that could not be loaded is tried again; null when there is none."""
    waiting: int
    """Photos that wait or are in work."""

    @classmethod
    def of(cls, server: ModelServer) -> Self:
        """How the server is now."""
        served = server.current
        created = served.predictor.manifest.created_at if served else None
        return cls(
            status="draining" if server.draining else "ready" if served else "loading",
            release_id=served.release_id if served else None,
            release_created_at=created,
            release_age_seconds=(datetime.now(UTC) - created).total_seconds() if created else None,
            loaded_at=served.loaded_at if served else None,
            store=server.store_url,
            last_error=server.last_error,
            next_try_at=server.trouble.retry_at if server.trouble else None,
            waiting=server.photos,
        )


@get("/", operation_id="health")
async def health(server: NamedDependency[ModelServer]) -> Response[Health]:
    """200 when photos can be classified, 503 until a release is loaded and while the API stops."""
    return _by_status(Health.of(server))


@get("/ready", operation_id="ready")
async def ready(server: NamedDependency[ModelServer]) -> Response[Health]:
    """Whether to send photos here: the same as /health, under the name that probes expect."""
    return _by_status(Health.of(server))


@get("/live", operation_id="live")
async def live() -> Liveness:
    """200 as long as the process answers at all. A store that is down is no reason to restart it."""
    return Liveness()


def health_router(path: str) -> Router:
    """The probes under a path; none needs a key."""
    return Router(path, route_handlers=[health, ready, live], tags=["model"], opt=OPEN)


def _by_status(report: Health) -> Response[Health]:
    if report.status == "ready":
        return Response(report, status_code=HTTP_200_OK)
    return Response(report, status_code=HTTP_503_SERVICE_UNAVAILABLE, headers=_SOON)
