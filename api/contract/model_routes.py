"""What is served: a look at the release, a reload, a way back, and the small pictures of its training photos."""

import re

from anyio import to_thread
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.status_codes import HTTP_200_OK

from api.contract.schemas import ModelSummary
from api.documentation import examples
from api.documentation.openapi import problems, shown
from api.documentation.operations import NeighborOperation
from api.guarding.security import admin_only
from api.serving.server import ModelServer
from recipe_assets.errors import NoSuchReleaseError

_PICTURE = re.compile(r"([0-9]{1,7})\.jpg")
_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
SUMMARY = shown(ModelSummary, release=examples.MODEL)
ADMIN_RESPONSES = SUMMARY | problems(400, 401, 403, 404, 409, 502, 503)


@get("/model", operation_id="model", tags=["model"], responses=SUMMARY | problems(401, 503))
async def model(server: NamedDependency[ModelServer]) -> ModelSummary:
    """What is served: the release, its keywords, its metrics, where it came from."""
    return ModelSummary.of(server.served(), server)


@post(
    "/model/reload",
    status_code=HTTP_200_OK,
    operation_id="reload_model",
    guards=[admin_only],
    responses=ADMIN_RESPONSES,
    tags=["model"],
)
async def reload_model(server: NamedDependency[ModelServer]) -> ModelSummary:
    """Look for a newer release now instead of at the next poll. Needs the admin key."""
    return ModelSummary.of(await server.reload(), server)


@post(
    "/model/rollback",
    status_code=HTTP_200_OK,
    operation_id="roll_back_model",
    guards=[admin_only],
    responses=ADMIN_RESPONSES,
    tags=["model"],
)
async def roll_back_model(server: NamedDependency[ModelServer], to: FromQuery[str | None] = None) -> ModelSummary:
    """Go back to the release before, or to the one named by `to`, in the store and here. Needs the admin key."""
    try:
        return ModelSummary.of(await server.rollback(to), server)
    except NoSuchReleaseError as error:
        raise NotFoundException(str(error)) from None


@get(
    "/neighbors/{release_id:str}/{picture:str}",
    operation_id="neighbor",
    operation_class=NeighborOperation,
    media_type="image/jpeg",
    tags=["photos"],
    responses=problems(400, 401, 404, 503),
)
async def neighbor(
    server: NamedDependency[ModelServer], release_id: FromPath[str], picture: FromPath[str]
) -> Response[bytes]:
    """The small picture of a training photo, as `nearest` names it; of the served release only."""
    served, found = server.served(), _PICTURE.fullmatch(picture)
    neighbors = served.predictor.neighbors
    if found is None or neighbors is None or release_id != served.release_id or int(found[1]) >= len(neighbors):
        raise NotFoundException(f"release {release_id} is not served here, or has no picture {picture}")
    content = await to_thread.run_sync(neighbors.thumbnail, int(found[1]))
    return Response(content, media_type="image/jpeg", headers=_FOR_EVER)
