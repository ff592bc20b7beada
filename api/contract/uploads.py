"""From a request to the photos in it, whatever the content is called: a form, the bare bytes, or base64 in JSON.

Bodies are read here and nowhere else, under caps that count the bytes of photos. How a form is taken apart is
`forms`' subject, how base64 is read `encoded`'s; a photo at a URL is fetched by `fetching`.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, NamedTuple

from anyio import to_thread
from litestar import Request
from litestar.datastructures import State
from litestar.enums import RequestEncodingType

from api.contract.encoded import decoded, encoded_cap, looks_encoded, read_encoded
from api.contract.forms import FIELD, FormFile, form_files, joined
from api.errors import BadRequestError, TooLargeError

AnyRequest = Request[Any, Any, State]
FORM_PARTS = 15
"""Parts of other names that a form may have beside its photos."""
_FORM_BYTES = 1 << 20
"""What all of a form but its photos may take."""


class Upload(NamedTuple):
    """A photo as it came: its bytes, and what it is called, if it is called anything."""

    photo: bytes
    name: str | None


async def uploaded_photo(request: AnyRequest, max_bytes: int) -> Upload:
    """The one photo of a request: the file `file` of a form, the base64 of a JSON body, or else the whole body.

    Raises:
        BadRequestError: if there is none, or more than one.
        TooLargeError: if it has more than `max_bytes`.
    """
    is_form = request.content_type[0] == RequestEncodingType.MULTI_PART
    upload = await (_from_form if is_form else _from_body)(request, max_bytes)
    if not upload.photo:
        raise empty()
    return upload


async def uploaded_photos(request: AnyRequest, max_bytes: int, most: int) -> AsyncGenerator[FormFile, None]:
    """The photos of a form, each as soon as it has arrived; one of more than `max_bytes` comes without its bytes.

    Raises:
        BadRequestError: if the body is no form.
        TooLargeError: if there are more than `most` photos.
    """
    content_type, options = request.content_type
    if content_type != RequestEncodingType.MULTI_PART:
        raise BadRequestError(f"send the photos as a form (multipart/form-data), each in a field '{FIELD}'")
    count, body = 0, _capped(request, most * max_bytes + _FORM_BYTES)
    async with aclosing(form_files(body, options.get("boundary"), max_bytes, most + FORM_PARTS + 1)) as files:
        async for file in files:
            count += 1
            if count > most:
                raise TooLargeError(f"the form has more than {most} photos: send them in several calls")
            yield file


async def _from_form(request: AnyRequest, max_bytes: int) -> Upload:
    body = _capped(request, max_bytes + _FORM_BYTES)
    parts = form_files(body, request.content_type[1].get("boundary"), max_bytes, FORM_PARTS + 1)
    async with aclosing(parts):
        files = [file async for file in parts]
    if len(files) != 1:
        raise BadRequestError(f"the form needs one multipart field '{FIELD}' with a photo, and has {len(files)}")
    if files[0].photo is None:
        raise too_large(max_bytes)
    return Upload(files[0].photo, files[0].name)


async def _from_body(request: AnyRequest, max_bytes: int) -> Upload:
    chunks: list[bytes] = []
    size, cap = 0, encoded_cap(max_bytes)
    async for chunk in _capped(request, cap):
        if not chunks and not looks_encoded(chunk):
            cap = max_bytes
        chunks.append(chunk)
        size += len(chunk)
        if size > cap:
            raise too_large(max_bytes)
    body = await joined(chunks)
    if not looks_encoded(body[:64]):
        return Upload(body, None)
    return await to_thread.run_sync(_from_json, body, max_bytes, _claims_json(request))


def _from_json(body: bytes, max_bytes: int, claims_json: bool) -> Upload:
    encoded = read_encoded(body)
    if encoded is not None:
        return Upload(decoded(encoded.image, max_bytes), encoded.name)
    if claims_json:
        raise BadRequestError('the body is damaged JSON: send {"image": "<base64>"}')
    return Upload(body, None)


def _claims_json(request: AnyRequest) -> bool:
    return request.content_type[0].endswith("json")


async def _capped(request: AnyRequest, most: int) -> AsyncIterator[bytes]:
    """The body in chunks, refused as soon as it is known to be over the cap; the last chunk is empty."""
    if (request.content_length or 0) > most:
        raise too_large(most)
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise too_large(most)
        yield chunk


def too_large(max_bytes: int) -> TooLargeError:
    """The error of an upload over the cap."""
    return TooLargeError(f"the upload is over {max_bytes} bytes: send a smaller copy, or fewer photos")


def empty() -> BadRequestError:
    """The error of a photo without a byte."""
    return BadRequestError(f"the upload is empty: send a photo as the body or as the multipart field '{FIELD}'")
