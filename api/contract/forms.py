"""The files of a multipart form, each handed on as soon as it has arrived; nothing is written to disk.

Part names other than `file`, file names and content types do not count: Photoshop's UXP calls every file `blob`.
What a request may hold beside a form is `uploads`' subject.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import NamedTuple

from anyio import to_thread
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
)

from api.errors import BadRequestError, TooLargeError

FIELD = "file"
"""The name of the parts that are photos."""
_IN_THREAD = 1 << 20
"""Bytes from which on chunks are put together off the event loop, since that takes milliseconds."""


class FormFile(NamedTuple):
    """A file of a form: its name, if it has one, and its bytes; None if there were too many to keep."""

    name: str | None
    photo: bytes | None


async def form_files(
    stream: AsyncIterator[bytes], boundary: str | None, max_bytes: int, max_parts: int
) -> AsyncGenerator[FormFile, None]:
    """The parts named `file` of a form, in order.

    Args:
        stream: the body in chunks, an empty one at its end.
        boundary: what parts the parts, from the header Content-Type.
        max_bytes: the most that is kept of one file.
        max_parts: how many parts the form may have, whatever their names.

    Raises:
        BadRequestError: if the body is no form or breaks off.
        TooLargeError: if it has too many parts.
    """
    if not boundary:
        raise BadRequestError("the form has no boundary: let the HTTP library write the header Content-Type")
    try:
        with PushMultipartParser(boundary, max_segment_count=max_parts) as parser:
            part = _Part(None, max_bytes)
            async for chunk in stream:
                for event in parser.parse(chunk):
                    if isinstance(event, MultipartSegment):
                        part = _Part(event, max_bytes)
                    elif event is not None:
                        part.add(event)
                    elif part.is_file:
                        yield await part.file()
    except ParserLimitReached as error:
        raise TooLargeError(f"the form is too large: {str(error).lower()} (at most {max_parts} parts)") from None
    except MultipartError as error:
        raise BadRequestError(f"the form cannot be read: {str(error).lower()}") from None


async def joined(chunks: list[bytes]) -> bytes:
    """The chunks as one."""
    if sum(map(len, chunks)) < _IN_THREAD:
        return b"".join(chunks)
    return await to_thread.run_sync(b"".join, chunks)


class _Part:
    """A part of the form while it arrives."""

    def __init__(self, segment: MultipartSegment | None, max_bytes: int) -> None:
        self.is_file = segment is not None and segment.name == FIELD
        self._name: str | None = segment.filename if segment is not None else None
        self._room = max_bytes
        self._chunks: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        """Keep a chunk of a file, unless there is too much of it."""
        self._room -= len(chunk)
        if self._room < 0:
            self._chunks.clear()
        elif self.is_file:
            self._chunks.append(chunk)

    async def file(self) -> FormFile:
        """The whole file."""
        return FormFile(self._name or None, None if self._room < 0 else await joined(self._chunks))
