"""What the documentation says of each call beyond what Litestar infers: parameters, bodies, kinds of answers.

What the examples say is `examples`' subject, the documentation as a whole `openapi`'s.
"""

from dataclasses import dataclass
from http import HTTPStatus

from litestar.openapi.spec import (
    Example,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from api.contract.forms import FIELD
from api.contract.options import MAX_NEAREST, OUTPUTS, TOP
from api.documentation import examples
from recipe_assets.studio.photos import format_titles

JSON = "application/json"
_OK = str(HTTPStatus.OK.value)
_TEXT = Schema(type=OpenAPIType.STRING)
_BINARY = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
_PHOTOS = Schema(type=OpenAPIType.ARRAY, items=_BINARY, min_items=1)
_ENCODED = Schema(
    type=OpenAPIType.OBJECT,
    properties={
        "image": Schema(type=OpenAPIType.STRING, description="Base64, standard or URL-safe, or a data URL."),
        "name": Schema(type=[OpenAPIType.STRING, OpenAPIType.NULL], description="What the file is called."),
    },
    required=["image"],
)
_HEADERS = {
    "X-Model-Release": "The release that answered.",
    "X-Keyword": "The likeliest keyword; what is not printable ASCII, and %, is percent-encoded.",
    "X-Confidence": "How sure the model is of it, in percent.",
    "X-Pipeline": "Where photos of this keyword are sent, written as X-Keyword is.",
    "X-Needs-Review": "Whether a person should look: true or false.",
    "X-Keyword-Written": "For a photo or XMP: whether the keyword is in it, or was below min_confidence.",
    "X-Image-Data-Unchanged": "For a photo: sha256=... of all but its metadata, computed before and after.",
}
_PARAMETERS = {
    "output": (
        Schema(type=OpenAPIType.STRING, enum=list(OUTPUTS), default=OUTPUTS[0]),
        "predictions: the keywords. file: the photo with its keyword in IPTC and XMP, not a pixel changed. "
        "s3_url: where that photo is stored. xmp: a packet for a photo that is too big to send.",
    ),
    "top": (
        Schema(type=OpenAPIType.INTEGER, minimum=1, default=TOP),
        "How many keywords; at most as many as there are.",
    ),
    "min_confidence": (
        Schema(type=OpenAPIType.NUMBER, minimum=0, maximum=100, default=0),
        "In percent. Keywords below it are left out, and not written: the same photo comes back.",
    ),
    "nearest": (
        Schema(type=OpenAPIType.INTEGER, minimum=0, maximum=MAX_NEAREST, default=0),
        "How many of the nearest training photos; more than 0 gives the detailed answer.",
    ),
    "detail": (
        Schema(type=OpenAPIType.BOOLEAN, default=False),
        "Whether to say more: release, pipelines, needs_review.",
    ),
}


@dataclass
class PredictOperation(Operation):
    """The ways to send a photo, and the kinds of answers."""

    def __post_init__(self) -> None:
        form = Schema(type=OpenAPIType.OBJECT, properties={FIELD: _BINARY}, required=[FIELD])
        encoded = Example(summary="Base64", value=examples.plain(examples.ENCODED))
        self.parameters = _parameters(*_PARAMETERS)
        self.request_body = RequestBody(
            required=True,
            description=f"A {format_titles()} photo; its content tells which, names and types do not count.",
            content={
                "multipart/form-data": OpenAPIMediaType(schema=form),
                JSON: OpenAPIMediaType(schema=_ENCODED, examples={"encoded": encoded}),
                "image/*": OpenAPIMediaType(schema=_BINARY),
                "application/octet-stream": OpenAPIMediaType(schema=_BINARY),
            },
        )
        _document_answers(self)


@dataclass
class ClassifyOperation(Operation):
    """The query, which is read as a whole because it may be a bare URL, and the kinds of answers."""

    def __post_init__(self) -> None:
        self.parameters = [
            Parameter(name="url", param_in="query", schema=_TEXT, description="The photo's http(s) URL."),
            Parameter(name="image_url", param_in="query", schema=_TEXT, description="Another name for `url`."),
            *_parameters(*_PARAMETERS),
        ]
        _document_answers(self)


@dataclass
class BatchOperation(Operation):
    """A form with many photos."""

    def __post_init__(self) -> None:
        form = Schema(type=OpenAPIType.OBJECT, properties={FIELD: _PHOTOS}, required=[FIELD])
        self.parameters = _parameters("top", "min_confidence", "nearest")
        self.request_body = RequestBody(
            required=True,
            description="Photos, each in a field `file`; answered in this order.",
            content={"multipart/form-data": OpenAPIMediaType(schema=form)},
        )


@dataclass
class NeighborOperation(Operation):
    """A picture."""

    def __post_init__(self) -> None:
        _success(self).content = {"image/jpeg": OpenAPIMediaType(schema=_BINARY)}


def _parameters(*names: str) -> list[Parameter | Reference]:
    return [
        Parameter(name=name, param_in="query", schema=_PARAMETERS[name][0], description=_PARAMETERS[name][1])
        for name in names
    ]


def _document_answers(operation: Operation) -> None:
    success = _success(operation)
    success.headers = {
        name: OpenAPIHeader(schema=_TEXT, description=description) for name, description in _HEADERS.items()
    }
    packet = Example(summary="output=xmp", value=examples.PACKET)
    success.content = (success.content or {}) | {
        "image/*": OpenAPIMediaType(schema=_BINARY),
        "application/rdf+xml": OpenAPIMediaType(schema=_TEXT, examples={"packet": packet}),
    }


def _success(operation: Operation) -> OpenAPIResponse:
    found = (operation.responses or {})[_OK]
    if not isinstance(found, OpenAPIResponse):
        raise TypeError(f"{operation.operation_id} documents its answer elsewhere")
    return found
