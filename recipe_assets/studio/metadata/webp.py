"""WebP: RIFF chunks, the XMP chunk among them, and the header that announces it. WebP knows no IPTC.

Here: reading, replacing and adding the XMP chunk.
Sources: WebP Container Specification; RFC 6386 section 9.1 (VP8 frame header); WebP Lossless Bitstream section 3.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from recipe_assets.studio.metadata.binary import Edit, fields, splice, until_damage
from recipe_assets.studio.metadata.blocks import MAX_BLOCK, Blocks
from recipe_assets.studio.metadata.errors import damaged

MAX_CHUNKS = 100_000
_HAS_XMP, _HAS_ALPHA = 0x04, 0x10
_XMP_KINDS = (b"XMP ", b"XMP\x00")
"""The second is a mistake that some programs make and others therefore read."""
_WHAT = "the WebP"


class Chunk(NamedTuple):
    """One chunk: type, and where it begins, its data begins, its data ends, and the next one begins."""

    kind: bytes
    start: int
    data: int
    data_end: int
    end: int


def is_webp(photo: bytes) -> bool:
    """Whether the bytes begin as WebP."""
    return photo[:4] == b"RIFF" and photo[8:12] == b"WEBP"


def chunks(photo: bytes) -> Iterator[Chunk]:
    """The chunks inside the RIFF list.

    Raises:
        MetadataError: where the chain of chunks breaks.
    """
    (size,) = fields("<I", photo, 4, _WHAT)
    position, whole = 12, size + 8
    for _ in range(MAX_CHUNKS):
        if position >= whole:
            return
        kind, length = fields("<4sI", photo, position, _WHAT)
        data_end = position + 8 + length
        if data_end > min(whole, len(photo)):
            raise damaged(_WHAT, f"the chunk at byte {position} is longer than the file")
        yield Chunk(kind, position, position + 8, data_end, min(data_end + length % 2, len(photo)))
        position = data_end + length % 2
    raise damaged(_WHAT, f"more than {MAX_CHUNKS} chunks")


def read_blocks(photo: bytes, strict: bool) -> Blocks:
    """The XMP packet."""
    found = [
        photo[chunk.data : chunk.data_end]
        for chunk in until_damage(chunks(photo), strict)
        if chunk.kind in _XMP_KINDS and chunk.data_end - chunk.data <= MAX_BLOCK
    ]
    return Blocks(xmp=tuple(found))


def store_blocks(photo: bytes, blocks: Blocks) -> bytes:
    """The WebP with this XMP instead of its own; image, profile and EXIF stay.

    Raises:
        MetadataError: if the WebP is damaged.
    """
    found = list(chunks(photo))
    standing = [chunk for chunk in found if chunk.kind in _XMP_KINDS]
    edits = [_header_edit(photo, found, any(blocks.xmp))]
    for chunk, packet in zip(standing, blocks.xmp, strict=False):
        edits.append(Edit(chunk.start, chunk.end, _chunk(b"XMP ", packet) if packet else b""))
    end = found[-1].end
    if not standing:
        # Some writers forget the byte that pads the last chunk.
        padding = b"\x00" * ((end - found[-1].start) % 2)
        edits += [Edit(end, end, padding + _chunk(b"XMP ", packet)) for packet in blocks.xmp]
    size = end - 8 + sum(edit.growth for edit in edits)
    return splice(photo, [Edit(4, 8, struct.pack("<I", size)), *edits])


def image_parts(photo: bytes) -> Iterator[memoryview | bytes]:
    """All chunks but the XMP; the header as if there were none, even where a simple file has no header yet."""
    view, found = memoryview(photo), list(chunks(photo))
    yield _header(photo, found, False)
    for chunk in found:
        if chunk.kind not in (*_XMP_KINDS, b"VP8X"):
            yield view[chunk.start : chunk.data_end]
    yield view[found[-1].end :]


def _header_edit(photo: bytes, found: list[Chunk], has_xmp: bool) -> Edit:
    header = _header(photo, found, has_xmp)
    if found[0].kind != b"VP8X":
        return Edit(found[0].start, found[0].start, header)
    # A header that only repeats what its one image says is one that we wrote: undoing takes it out.
    others = [chunk for chunk in found[1:] if chunk.kind not in _XMP_KINDS]
    is_spare = not has_xmp and len(others) == 1 and header == _header(photo, others, False)
    return Edit(found[0].start, found[0].end, b"" if is_spare else header)


def _header(photo: bytes, found: list[Chunk], has_xmp: bool) -> bytes:
    """The extended header (VP8X): the file's own or a new one, with the flag for XMP set or cleared."""
    if not found:
        raise damaged(_WHAT, "it has no image")
    first = found[0]
    if first.kind == b"VP8X":
        data = bytearray(photo[first.data : first.data_end])
        if len(data) != 10:
            raise damaged(_WHAT, "its header has the wrong size")
    else:
        width, height, alpha = _simple_size(photo, first)
        sides = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
        data = bytearray(struct.pack("<I", _HAS_ALPHA if alpha else 0) + sides)
    data[0] = data[0] & ~_HAS_XMP | (_HAS_XMP if has_xmp else 0)
    return _chunk(b"VP8X", bytes(data))


def _simple_size(photo: bytes, chunk: Chunk) -> tuple[int, int, bool]:
    """Width, height and whether it has transparency, of a file that is one lossy or lossless frame."""
    if chunk.kind == b"VP8 ":
        sync, width, height = fields("<3x3sHH", photo, chunk.data, _WHAT)
        width, height, alpha = width & 0x3FFF, height & 0x3FFF, False
        known = sync == b"\x9d\x01\x2a"
    else:
        signature, bits = fields("<BI", photo, chunk.data, _WHAT)
        width, height, alpha = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
        known = chunk.kind == b"VP8L" and signature == 0x2F
    if not known or not width or not height:
        raise damaged(_WHAT, "it does not begin with an image")
    return width, height, alpha


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) % 2)
