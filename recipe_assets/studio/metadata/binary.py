"""Walking and changing bytes safely: bounds-checked reading, splicing, inflating with a cap.

Here: what every container needs. Not here: anything that knows a file format.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from recipe_assets.studio.metadata.errors import MetadataError, damaged

T = TypeVar("T")


class Edit(NamedTuple):
    """Put `new` in the place of the bytes from `start` up to `end`."""

    start: int
    end: int
    new: bytes

    @property
    def growth(self) -> int:
        """By how many bytes the whole gets longer."""
        return len(self.new) - (self.end - self.start)


def splice(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The data with all edits made; positions are those of `data`, edits must not overlap.

    Edits that insert at the same place keep their order.
    """
    pieces: list[bytes | memoryview] = []
    view, position = memoryview(data), 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        pieces += (view[position : edit.start], edit.new)
        position = edit.end
    return b"".join([*pieces, view[position:]])


def fields(layout: str, data: bytes, at: int, what: str) -> tuple[Any, ...]:
    """Unpack a struct layout at a position.

    Raises:
        MetadataError: if the bytes end before that.
    """
    if at < 0 or at + struct.calcsize(layout) > len(data):
        raise damaged(what, f"it ends where more is announced, at byte {at}")
    return struct.unpack_from(layout, data, at)


def section(data: bytes, start: int, length: int, what: str) -> bytes:
    """A copy of `length` bytes from `start`.

    Raises:
        MetadataError: if they are not all there.
    """
    if start < 0 or length < 0 or start + length > len(data):
        raise damaged(what, f"{length} bytes are announced at byte {start}, more than there are")
    return data[start : start + length]


def until_damage(items: Iterator[T], strict: bool) -> Iterator[T]:
    """The items; where `strict` is not set, a MetadataError ends them quietly."""
    try:
        yield from items
    except MetadataError:
        if strict:
            raise


def inflate(data: bytes, limit: int, what: str) -> bytes:
    """Decompress a zlib stream of at most `limit` bytes when inflated.

    Raises:
        MetadataError: if it is no whole zlib stream or longer than that.
    """
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(data, limit)
    except zlib.error as error:
        raise damaged(what, "its compressed text cannot be inflated") from error
    if not stream.eof:
        raise damaged(what, f"its compressed text is cut off or longer than {limit} bytes")
    return plain
