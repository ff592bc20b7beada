"""The pages for people: the demo at `/`, the review at `/review`, and what they load from `/demo/`.

The files are read once and nothing else can be asked for. What the pages do is in api/demo; they call the API
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
_PAGES = {"/": "index.html", "/review": "review.html"}
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
    """The pages and their files; they need no key, since they show nothing that the API would not."""
    files = _read_files()

    @route(list(_PAGES), http_method=_READING, status_code=HTTP_200_OK, include_in_schema=False)
    async def page(request: AnyRequest) -> Response[bytes]:
        return _answer(files[_PAGES[request.scope["path_template"]]], request)

    @route(DEMO_PATH + "/{name:path}", http_method=_READING, status_code=HTTP_200_OK, include_in_schema=False)
    async def part(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        found = files.get(str(name).removeprefix("/"))
        if found is None:
            raise NotFoundException(f"the pages have no file {name}")
        return _answer(found, request)

    return Router("/", route_handlers=[page, part], opt=OPEN)


def _read_files() -> dict[str, _File]:
    files = {}
    for path in sorted(_FOLDER.rglob("*")):
        if path.suffix in _MEDIA_TYPES:
            content = path.read_bytes()
            name = path.relative_to(_FOLDER).as_posix()
            files[name] = _File(content, _MEDIA_TYPES[path.suffix], f'"{sha256(content).hexdigest()[:32]}"')
    return files


def _answer(file: _File, request: AnyRequest) -> Response[bytes]:
    # Asked for anew each time, answered in full only when changed: an upgrade must not meet yesterday's scripts.
    headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
    if file.tag in request.headers.get("If-None-Match", ""):
        # With its type: browsers take over the headers of this answer, and the type decides their security policy.
        return Response(b"", media_type=file.media_type, status_code=HTTP_304_NOT_MODIFIED, headers=headers)
    content = b"" if request.method == HttpMethod.HEAD else file.content
    return Response(content, media_type=file.media_type, headers=headers)
