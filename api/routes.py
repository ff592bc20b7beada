"""The HTTP face of the API: paths, parameters and their documentation. Each handler is a few statements."""

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_503_SERVICE_UNAVAILABLE

from api.errors import BadRequestError
from api.fetching import PhotoFetcher
from api.openapi import ClassifyOperation, PredictOperation, problems
from api.schemas import Health, ModelSummary
from api.security import admin_only
from api.serving import ModelServer
from api.uploads import AnyRequest, photo_url, uploaded_photo
from recipe_assets.release.predictor import Prediction

BASE_PATH = "/api/v1"
DOCS_PATH = "/docs"
PREDICTIONS = "predictions"
URL_PROBLEMS = problems(400, 413, 502, 503, 504)
ADMIN_PROBLEMS = problems(401, 403, 409, 502)


@post(
    "/predict",
    status_code=HTTP_200_OK,
    operation_id="predict",
    operation_class=PredictOperation,
    tags=["photos"],
    responses=problems(400, 413, 503),
)
async def predict(
    request: AnyRequest, server: NamedDependency[ModelServer], output: FromQuery[str] = PREDICTIONS
) -> list[Prediction]:
    """Name the keyword of a photo: the three likeliest, best first, with confidence in percent."""
    _refuse_other(output)
    return await _answer(request, server, await uploaded_photo(request))


@get(
    "/classify",
    operation_id="classify",
    operation_class=ClassifyOperation,
    tags=["photos"],
    responses=URL_PROBLEMS,
)
async def classify(
    request: AnyRequest, server: NamedDependency[ModelServer], fetcher: NamedDependency[PhotoFetcher]
) -> list[Prediction]:
    """The same for a photo at a URL: `?https://...`, `?url=` or `?image_url=`."""
    return await _classify(request, server, fetcher)


@post(
    "/classify",
    status_code=HTTP_200_OK,
    operation_id="classify_post",
    operation_class=ClassifyOperation,
    tags=["photos"],
    responses=URL_PROBLEMS,
)
async def classify_post(
    request: AnyRequest, server: NamedDependency[ModelServer], fetcher: NamedDependency[PhotoFetcher]
) -> list[Prediction]:
    """The same as GET; some scripts post."""
    return await _classify(request, server, fetcher)


@get("/health", operation_id="health", tags=["model"])
async def health(server: NamedDependency[ModelServer]) -> Response[Health]:
    """200 when photos can be classified, 503 until a release is loaded."""
    report = Health.of(server)
    return Response(report, status_code=HTTP_200_OK if report.release_id else HTTP_503_SERVICE_UNAVAILABLE)


@get("/model", operation_id="model", tags=["model"], responses=problems(503))
async def model(server: NamedDependency[ModelServer]) -> ModelSummary:
    """What is served: the release, its keywords, its metrics, where it came from."""
    return ModelSummary.of(server.served(), server)


@post(
    "/model/reload",
    status_code=HTTP_200_OK,
    operation_id="reload_model",
    guards=[admin_only],
    responses=ADMIN_PROBLEMS,
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
    responses=ADMIN_PROBLEMS,
    tags=["model"],
)
async def roll_back_model(server: NamedDependency[ModelServer], to: FromQuery[str | None] = None) -> ModelSummary:
    """Go back to the release before, or to the one named by `to`, in the store and here. Needs the admin key."""
    return ModelSummary.of(await server.rollback(to), server)


@get(["/", f"{BASE_PATH}/docs"], include_in_schema=False)
async def to_docs() -> Redirect:
    """Lead people to the documentation."""
    return Redirect(DOCS_PATH)


def api_router() -> Router:
    """All routes under the base path."""
    handlers = [predict, classify, classify_post, health, model, reload_model, roll_back_model]
    return Router(BASE_PATH, route_handlers=handlers)


async def _classify(request: AnyRequest, server: ModelServer, fetcher: PhotoFetcher) -> list[Prediction]:
    url, output = photo_url(request.scope["query_string"])
    _refuse_other(output or PREDICTIONS)
    server.served()  # nothing is downloaded in vain
    return await _answer(request, server, await fetcher.fetch(url))


async def _answer(request: AnyRequest, server: ModelServer, photo: bytes) -> list[Prediction]:
    answer = await server.classify(photo)
    request.state.release_id = answer.release_id
    return answer.predictions


def _refuse_other(output: str) -> None:
    if output != PREDICTIONS:
        raise BadRequestError(f"output={output} is not supported yet: leave it out or say output={PREDICTIONS}")
