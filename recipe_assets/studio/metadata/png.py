"""PNG: chunks, and which of them hold metadata blocks.

Here: the chain of chunks, reading and replacing. How text chunks wrap a block is `png_text`'s subject.
Sources: PNG (W3C, third edition) sections 5 and 11.3.3, XMP part 3 section 1.1.5, ExifTool on raw profiles.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from recipe_assets.studio.metadata.binary import Edit, fields, splice, until_damage
from recipe_assets.studio.metadata.blocks import MAX_BLOCK, Blocks
from recipe_assets.studio.metadata.errors import damaged
from recipe_assets.studio.metadata.png_text import TEXT_KINDS, Carrier, Role, new_carrier, read_carrier, role_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 1_000_000
"""A 200-megapixel PNG in chunks of 8 KB has some 75,000."""

MAX_CARRIERS = 16
"""Programs write three. Each may inflate to megabytes, so there is an end to it."""


class Chunk(NamedTuple):
    """One chunk: type, and where it begins, its data begins, and it ends behind the CRC."""

    kind: bytes
    start: int
    data: int
    end: int


class Found(NamedTuple):
    """A chunk with the block that it carries."""

    chunk: Chunk
    carrier: Carrier


def chunks(photo: bytes) -> Iterator[Chunk]:
    """The chunks up to and with IEND.

    Raises:
        MetadataError: where the chain of chunks breaks.
    """
    position = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        length, kind = fields(">I4s", photo, position, "the PNG")
        end = position + 12 + length
        if end > len(photo):
            raise damaged("the PNG", f"the chunk at byte {position} is longer than the file")
        yield Chunk(kind, position, position + 8, end)
        if kind == b"IEND":
            return
        position = end
    raise damaged("the PNG", f"more than {MAX_CHUNKS} chunks")


def read_blocks(photo: bytes, strict: bool) -> Blocks:
    """The metadata blocks, in file order."""
    found = [one.carrier for one in _carriers(photo, strict)]
    return Blocks(
        xmp=tuple(one.block for one in found if one.role == Role.XMP),
        iptc=tuple(one.block for one in found if one.role == Role.IPTC),
        resources=tuple(one.block for one in found if one.role == Role.RESOURCES),
    )


def store_blocks(photo: bytes, blocks: Blocks) -> bytes:
    """The PNG with these blocks instead of its own; all other chunks stay, byte for byte.

    Raises:
        MetadataError: if the PNG or a text chunk with metadata is damaged.
    """
    found = list(_carriers(photo, strict=True))
    before_pixels = next((chunk.start for chunk in chunks(photo) if chunk.kind == b"IDAT"), None)
    if before_pixels is None:
        raise damaged("the PNG", "it has no image data")
    edits: list[Edit] = []
    wanted = {Role.XMP: blocks.xmp, Role.IPTC: blocks.iptc, Role.RESOURCES: blocks.resources}
    for role, new in wanted.items():
        standing = [one for one in found if one.carrier.role == role]
        edits += [_changed(one, block) for one, block in zip(standing, new, strict=False)]
        edits += [_added(before_pixels, role, block) for block in new[len(standing) :] if block]
    return splice(photo, edits)


def image_parts(photo: bytes) -> Iterator[memoryview]:
    """All bytes but those of the chunks that writing keywords may change."""
    view, position = memoryview(photo), 0
    for chunk in chunks(photo):
        if chunk.kind in TEXT_KINDS and role_of(bytes(view[chunk.data : chunk.end - 4][:100])):
            yield view[position : chunk.start]
            position = chunk.end
    yield view[position:]


def _carriers(photo: bytes, strict: bool) -> Iterator[Found]:
    seen = 0
    for chunk in until_damage(chunks(photo), strict):
        if chunk.kind in TEXT_KINDS and role_of(photo[chunk.data : min(chunk.data + 100, chunk.end - 4)]):
            seen += 1
            if seen > MAX_CARRIERS:
                break
            yield from until_damage(_carried(photo, chunk), strict)
    if strict and seen > MAX_CARRIERS:
        raise damaged("the PNG", f"more than {MAX_CARRIERS} texts with metadata")


def _carried(photo: bytes, chunk: Chunk) -> Iterator[Found]:
    if chunk.end - chunk.data > 2 * MAX_BLOCK:
        raise damaged("the PNG", f"the text at byte {chunk.start} is larger than metadata is")
    (crc,) = fields(">I", photo, chunk.end - 4, "the PNG")
    if zlib.crc32(memoryview(photo)[chunk.start + 4 : chunk.end - 4]) != crc:
        raise damaged("the PNG", f"the checksum of the text at byte {chunk.start} is wrong")
    yield Found(chunk, read_carrier(chunk.kind, photo[chunk.data : chunk.end - 4]))


def _changed(one: Found, block: bytes) -> Edit:
    if block == one.carrier.block:
        return Edit(one.chunk.start, one.chunk.start, b"")
    new = _chunk(one.chunk.kind, one.carrier.wrap(block)) if block else b""
    return Edit(one.chunk.start, one.chunk.end, new)


def _added(at: int, role: Role, block: bytes) -> Edit:
    # Before the pixels: programs that stream a PNG look no further.
    kind, carrier = new_carrier(role)
    return Edit(at, at, _chunk(kind, carrier.wrap(block)))


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
