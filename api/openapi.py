"""The OpenAPI documentation: what Litestar cannot infer, and Swagger UI from this machine, not from a CDN."""

from dataclasses import dataclass
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path

from litestar import Router
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.openapi.spec import OpenAPIMediaType, Operation, Parameter, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.static_files import create_static_files_router

from api.schemas import Problem
from recipe_assets.studio.photos import format_titles

ASSETS_PATH = "/assets/swagger-ui"
_BINARY = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)


@dataclass
class PredictOperation(Operation):
    """Documents the two ways to upload: a form with a file, or the photo as the body."""

    def __post_init__(self) -> None:
        form = Schema(type=OpenAPIType.OBJECT, properties={"file": _BINARY}, required=["file"])
        self.request_body = RequestBody(
            required=True,
            description=f"A {format_titles()} photo.",
            content={
                "multipart/form-data": OpenAPIMediaType(schema=form),
                "image/*": OpenAPIMediaType(schema=_BINARY),
                "application/octet-stream": OpenAPIMediaType(schema=_BINARY),
            },
        )


@dataclass
class ClassifyOperation(Operation):
    """Documents the query, which is read as a whole because it may be a bare URL."""

    def __post_init__(self) -> None:
        text = Schema(type=OpenAPIType.STRING)
        self.parameters = [
            Parameter(name="url", param_in="query", schema=text, description="The photo's http(s) URL."),
            Parameter(name="image_url", param_in="query", schema=text, description="Another name for `url`."),
        ]


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Documents which errors a route answers with."""
    return {
        status: ResponseSpec(
            Problem,
            description=HTTPStatus(status).phrase,
            media_type="application/problem+json",
            generate_examples=False,
        )
        for status in statuses
    }


def openapi_config(path: str) -> OpenAPIConfig:
    """The documentation at `path`, as a page that needs no internet."""
    swagger = SwaggerRenderPlugin(
        js_url=f"{ASSETS_PATH}/swagger-ui-bundle.js",
        css_url=f"{ASSETS_PATH}/swagger-ui.css",
        standalone_preset_js_url=f"{ASSETS_PATH}/swagger-ui-standalone-preset.js",
        favicon=f"<link rel='icon' type='image/png' href='{ASSETS_PATH}/favicon-32x32.png'>",
        path="/",
    )
    return OpenAPIConfig(
        title="Recipe Classifier",
        version="1",
        description=_DESCRIPTION,
        path=path,
        render_plugins=[swagger],
        use_handler_docstrings=True,
    )


def assets_router() -> Router:
    """Serves Swagger UI's files out of the installed package, which itself is never imported."""
    spec = find_spec("swagger_ui")
    folders = [str(Path(place) / "static") for place in (spec.submodule_search_locations or [])] if spec else []
    return create_static_files_router(ASSETS_PATH, directories=[*folders], include_in_schema=False)


_DESCRIPTION = (
    "Photo in, keyword out. Every answer names the release that gave it in the header X-Model-Release; "
    "errors are problem details with a `detail`."
)
