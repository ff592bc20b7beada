"""HEIC, HEIF and AVIF: the XMP item in the meta box. Only reading; these formats keep no IPTC.

Source: ISO/IEC 14496-12 sections 8.11.3 (iloc), 8.11.6 (iinf), 8.11.11 (idat); ISO/IEC 23008-12 annex A.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from recipe_assets.studio.metadata.binary import fields, section, until_damage
from recipe_assets.studio.metadata.blocks import MAX_BLOCK, Blocks
from recipe_assets.studio.metadata.errors import damaged

MAX_ITEMS = 20_000
"""Items looked at; a phone's photo has some 60."""
MAX_PARTS = 1_000
"""Parts that one item may lie in; one is usual."""
_WHAT = "the HEIF"
_XMP_TYPE = b"mime"
_XMP_CONTENT = b"application/rdf+xml"


def is_heif(photo: bytes) -> bool:
    """Whether the bytes begin as one of the formats of this family."""
    return photo[4:8] == b"ftyp"


def read_blocks(photo: bytes, strict: bool) -> Blocks:
    """The XMP packets among the items."""
    return Blocks(xmp=tuple(until_damage(_packets(photo), strict)))


def _packets(photo: bytes) -> Iterator[bytes]:
    for kind, start, end in _boxes(photo, 0, len(photo)):
        if kind == b"meta":
            inner = {name: (first, last) for name, first, last in _boxes(photo, start + 4, end)}
            if {b"iinf", b"iloc"} <= inner.keys():
                wanted = set(_xmp_items(photo, *inner[b"iinf"]))
                data = inner.get(b"idat", (0, 0))[0]
                yield from _located(photo, inner[b"iloc"][0], wanted, data)


def _boxes(photo: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    for _ in range(MAX_ITEMS):
        if start + 8 > end:
            return
        size, kind = fields(">I4s", photo, start, _WHAT)
        head = 8
        if size == 1:
            (size,), head = fields(">Q", photo, start + 8, _WHAT), 16
        stop = end if size == 0 else start + size
        if stop > end or stop < start + head:
            raise damaged(_WHAT, f"the box at byte {start} does not fit")
        yield kind, start + head, stop
        start = stop


def _xmp_items(photo: bytes, start: int, end: int) -> Iterator[int]:
    """The ids of the items that are XMP."""
    (version,) = fields(">B", photo, start, _WHAT)
    for kind, at, stop in _boxes(photo, start + (6 if version == 0 else 8), end):
        (version,) = fields(">B", photo, at, _WHAT)
        if kind == b"infe" and version in (2, 3):
            layout = ">4xH2x4s" if version == 2 else ">4xI2x4s"
            item, item_type = fields(layout, photo, at, _WHAT)
            texts = photo[at + (12 if version == 2 else 14) : stop].split(b"\x00")
            if item_type == _XMP_TYPE and texts[1:2] == [_XMP_CONTENT]:
                yield item


class _Item(NamedTuple):
    """Where an item's content lies: (offset, length) of its parts, in the file or in the idat box."""

    id: int
    in_idat: bool
    parts: list[tuple[int, int]]


def _located(photo: bytes, at: int, wanted: set[int], idat: int) -> Iterator[bytes]:
    """The content of the first wanted item."""
    for item in _locations(photo, at):
        if item.id in wanted:
            if sum(length for _, length in item.parts) > MAX_BLOCK:
                raise damaged(_WHAT, "its XMP is larger than XMP is")
            origin = idat if item.in_idat else 0
            yield b"".join(section(photo, origin + offset, length, _WHAT) for offset, length in item.parts)
            return


def _locations(photo: bytes, at: int) -> Iterator[_Item]:
    version, packed = fields(">B3xH", photo, at, _WHAT)
    offset, length, base, index = (packed >> shift & 15 for shift in (12, 8, 4, 0))
    wide = "I" if version == 2 else "H"
    (count,) = fields(">" + wide, photo, at + 6, _WHAT)
    at += 6 + struct.calcsize(">" + wide)
    head = f">{wide}{'H' if version else ''}2x{base}sH"
    sizes = ((index if version else 0), offset, length)
    for _ in range(min(count, MAX_ITEMS)):
        item, *method, start, parts = fields(head, photo, at, _WHAT)
        at += struct.calcsize(head)
        if parts > MAX_PARTS:
            raise damaged(_WHAT, f"item {item} has {parts} parts")
        raw = section(photo, at, parts * sum(sizes), _WHAT)
        at += len(raw)
        yield _Item(item, bool(method) and method[0] & 15 == 1, _parts(raw, sizes, int.from_bytes(start, "big")))


def _parts(raw: bytes, sizes: tuple[int, int, int], base: int) -> list[tuple[int, int]]:
    index, offset, length = sizes
    found = []
    for at in range(index, len(raw), sum(sizes) or 1):
        middle = at + offset
        found.append(
            (base + int.from_bytes(raw[at:middle], "big"), int.from_bytes(raw[middle : middle + length], "big"))
        )
    return found
