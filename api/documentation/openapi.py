"""The OpenAPI documentation as a whole: its page from this machine, not from a CDN, and the errors of every call.

What it says of each call is `operations`' subject.
"""

from dataclasses import dataclass
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from litestar import Router
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.openapi.spec import Components, Example, SecurityScheme
from litestar.static_files import create_static_files_router

from api.contract.schemas import Problem
from api.documentation import examples
from api.guarding.security import OPEN

ASSETS_PATH = "/assets/swagger-ui"


@dataclass
class _WholeExample(Example):
    """An example with all of its value: Litestar leaves out what is null, and the example is invalid then."""

    def to_schema(self) -> dict[str, Any]:
        return {"summary": self.summary, "value": self.value}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Documents which errors a route answers with."""
    return {
        status: ResponseSpec(
            Problem,
            description=HTTPStatus(status).phrase,
            media_type="application/problem+json",
            generate_examples=False,
            examples=[Example(value={"status": status, "detail": examples.DETAILS[status]})],
        )
        for status in statuses
    }


def shown(kind: Any, **values: Any) -> dict[int, ResponseSpec]:  # noqa: ANN401 (any answer of any type)
    """Documents the successful JSON answer of a route.

    Args:
        kind: its type.
        values: examples of it, by what they are an example of.
    """
    found: list[Example] = [
        _WholeExample(summary=name.replace("_", " "), value=examples.plain(value))
        for name, value in values.items()
    ]
    return {200: ResponseSpec(kind, description="The answer.", generate_examples=False, examples=found)}


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
        openapi_router=Router(path, route_handlers=[], include_in_schema=False, opt=OPEN),
        render_plugins=[swagger],
        components=Components(
            security_schemes={
                "key": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header"),
                "bearer": SecurityScheme(type="http", scheme="bearer"),
            }
        ),
        security=[{"key": []}, {"bearer": []}, {}],
        use_handler_docstrings=True,
    )


def assets_router() -> Router:
    """Serves Swagger UI's files out of the installed package, which itself is never imported."""
    spec = find_spec("swagger_ui")
    folders = [str(Path(place) / "static") for place in (spec.submodule_search_locations or [])] if spec else []
    return create_static_files_router(ASSETS_PATH, directories=[*folders], include_in_schema=False, opt=OPEN)


_DESCRIPTION = (
    "Photo in, keyword out. Every answer names the release that gave it in the header X-Model-Release; "
    "errors are problem details with a `detail`."
)
