"""The HTTP face of the API: photos in, answers out. Each handler is a few statements.

What is asked for is read by `options` and `uploads`, the answer made by `outputs`. Calls about the model are
`model_routes`', many photos in one call `batch_route`'s.
"""

from typing import Any

from litestar import HttpMethod, Response, Router, get, post, route
from litestar.di import NamedDependency
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK

from api.contract.batch_route import predict_batch
from api.contract.model_routes import model, neighbor, reload_model, roll_back_model
from api.contract.naming import name_in
from api.contract.options import Fields, Options, photo_query, query_fields
from api.contract.outputs import Outputs
from api.contract.schemas import Answer, StoredPhoto
from api.contract.uploads import AnyRequest, Upload, uploaded_photo
from api.documentation import examples
from api.documentation.openapi import problems, shown
from api.documentation.operations import ClassifyOperation, PredictOperation
from api.guarding.fetching import PhotoFetcher
from api.guarding.limits import photo_limit
from api.guarding.security import OPEN
from api.serving.server import ModelServer
from api.settings import Settings
from recipe_assets.release.predictor import Prediction

BASE_PATH = "/api/v1"
DOCS_PATH = "/docs"
ANSWERS = shown(
    list[Prediction] | Answer | StoredPhoto,
    keywords=examples.PREDICTIONS,
    detailed=examples.ANSWER,
    stored=examples.STORED,
)
RESPONSES = ANSWERS | problems(400, 401, 408, 413, 415, 422, 429, 502, 503, 504)


@post(
    "/predict",
    status_code=HTTP_200_OK,
    operation_id="predict",
    operation_class=PredictOperation,
    tags=["photos"],
    responses=RESPONSES,
)
async def predict(
    request: AnyRequest, server: NamedDependency[ModelServer], outputs: NamedDependency[Outputs]
) -> Response[Any]:
    """Name the keyword of a photo: the three likeliest, best first, with confidence in percent."""
    settings: Settings = request.app.state.settings
    options = _options(query_fields(request.scope["query_string"]), server)
    return await _answer(request, await uploaded_photo(request, settings.max_bytes), options, server, outputs)


@route(
    "/classify",
    http_method=[HttpMethod.GET, HttpMethod.POST],
    status_code=HTTP_200_OK,
    operation_id=lambda _handler, method, _path: "classify" if method == HttpMethod.GET else "classify_post",
    operation_class=ClassifyOperation,
    tags=["photos"],
    responses=RESPONSES,
)
async def classify(
    request: AnyRequest,
    server: NamedDependency[ModelServer],
    outputs: NamedDependency[Outputs],
    fetcher: NamedDependency[PhotoFetcher],
) -> Response[Any]:
    """The same for a photo at a URL, by GET or POST: `?https://...`, `?url=` or `?image_url=`."""
    url, fields = photo_query(request.scope["query_string"])
    options = _options(fields, server)
    upload = Upload(await fetcher.fetch(url), name_in(url))
    return await _answer(request, upload, options, server, outputs)


@get(f"{BASE_PATH}/docs", include_in_schema=False, opt=OPEN)
async def to_docs() -> Redirect:
    """Lead people to the documentation."""
    return Redirect(DOCS_PATH)


def api_router() -> Router:
    """All routes under the base path."""
    # Photos are read by `uploads`, under caps of its own: they count the bytes of photos, not of their wrapping.
    photos = Router(
        "/",
        route_handlers=[predict, predict_batch, classify],
        guards=[photo_limit],
        request_max_body_size=None,
    )
    return Router(BASE_PATH, route_handlers=[photos, neighbor, model, reload_model, roll_back_model])


def _options(fields: Fields, server: ModelServer) -> Options:
    # Asked before anything is read or fetched: without a release or room, nothing travels in vain.
    server.check_room()
    return Options.of(fields, len(server.served().predictor.manifest.keywords))


async def _answer(
    request: AnyRequest, upload: Upload, options: Options, server: ModelServer, outputs: Outputs
) -> Response[Any]:
    classified = await server.classify(upload.photo)
    request.state.release_id = classified.served.release_id
    return await outputs.answer(upload, classified, options)
