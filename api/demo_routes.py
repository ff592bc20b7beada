"""The demo page: one HTML page at `/`, and the styles, scripts and pictures that it loads from `/demo/`.

The files are read once and nothing else can be asked for. What the page does is in api/demo; it calls the API
over HTTP like any other client.
"""

from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from litestar import HttpMethod, Request, Response, Router, route
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_304_NOT_MODIFIED

from api.guarding.security import OPEN

DEMO_PATH = "/demo"
_FOLDER = Path(__file__).with_name("demo")
_PAGE = "index.html"
_MEDIA_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_READING = [HttpMethod.GET, HttpMethod.HEAD]

AnyRequest = Request[Any, Any, Any]


class _File(NamedTuple):
    content: bytes
    media_type: str
    tag: str


def demo_router() -> Router:
    """The page at `/` and its files; needs no key, since it shows nothing that the API would not."""
    files = _read_files()

    @route("/", http_method=_READING, status_code=HTTP_200_OK, include_in_schema=False)
    async def page(request: AnyRequest) -> Response[bytes]:
        return _answer(files[_PAGE], request)

    @route(DEMO_PATH + "/{name:str}", http_method=_READING, status_code=HTTP_200_OK, include_in_schema=False)
    async def part(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        if name not in files:
            raise NotFoundException(f"the demo page has no file {name}")
        return _answer(files[name], request)

    return Router("/", route_handlers=[page, part], opt=OPEN)


def _read_files() -> dict[str, _File]:
    files = {}
    for path in sorted(_FOLDER.iterdir()):
        if path.suffix in _MEDIA_TYPES:
            content = path.read_bytes()
            files[path.name] = _File(content, _MEDIA_TYPES[path.suffix], f'"{sha256(content).hexdigest()[:32]}"')
    return files


def _answer(file: _File, request: AnyRequest) -> Response[bytes]:
    # Asked for anew each time, answered in full only when changed: an upgrade must not meet yesterday's scripts.
    headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
    if file.tag in request.headers.get("If-None-Match", ""):
        # With its type: browsers take over the headers of this answer, and the type decides their security policy.
        return Response(b"", media_type=file.media_type, status_code=HTTP_304_NOT_MODIFIED, headers=headers)
    content = b"" if request.method == HttpMethod.HEAD else file.content
    return Response(content, media_type=file.media_type, headers=headers)
