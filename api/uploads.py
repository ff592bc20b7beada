"""From a request to what it asks for: the bytes of the uploaded photo, or the URL of a photo."""

from typing import Any
from urllib.parse import parse_qs, unquote

from litestar import Request
from litestar.datastructures import State, UploadFile
from litestar.enums import RequestEncodingType

from api.errors import BadRequestError

AnyRequest = Request[Any, Any, State]
FIELD = "file"
_SCHEMES = ("http://", "https://")


async def uploaded_photo(request: AnyRequest) -> bytes:
    """The photo in a multipart field `file`, or else the whole body, whatever content type it claims.

    Raises:
        BadRequestError: if the field is missing, is not a file, or the photo is empty.
    """
    if request.content_type[0] == RequestEncodingType.MULTI_PART:
        photo = await _form_file(request)
    else:
        photo = await request.body()
    if not photo:
        raise BadRequestError("the upload is empty: send a photo as the body or as the multipart field 'file'")
    return photo


async def _form_file(request: AnyRequest) -> bytes:
    try:
        form = await request.form()
    except (UnicodeDecodeError, LookupError):
        # Litestar reads a part without a file name as text, which a photo is not.
        raise BadRequestError("the multipart field 'file' needs a file name") from None
    try:
        files = form.getall(FIELD, [])
        if len(files) != 1 or not isinstance(files[0], UploadFile):
            raise BadRequestError("the form needs one multipart field 'file' that holds a file")
        return await files[0].read()
    finally:
        await form.close()


def photo_url(query: bytes) -> tuple[str, str | None]:
    """The photo's URL in a query string, with `output` if that is given beside it.

    The query is the URL itself (`?https://...`, plain or percent-encoded; all of it, its own parameters included),
    or has it as `url` or `image_url`.

    Raises:
        BadRequestError: if there is none.
    """
    raw = query.decode("latin-1").strip()
    for candidate in (raw, unquote(raw)):
        if candidate.lower().startswith(_SCHEMES):
            return candidate, None
    fields = parse_qs(raw)
    for name in ("url", "image_url"):
        if name in fields:
            return fields[name][0].strip(), fields.get("output", [None])[0]
    raise BadRequestError("the query needs a photo's URL: /classify?https://... or /classify?url=https://...")
