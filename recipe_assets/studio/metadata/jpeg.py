"""JPEG: the segments before the image data, and how metadata blocks are laid out in them.

Here: markers and segments. Image data is never looked at: everything ends at the first SOS.
Sources: ITU-T T.81 annex B, XMP part 3 section 1.1.3, Adobe Photoshop File Formats.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from recipe_assets.studio.metadata import mpf
from recipe_assets.studio.metadata.binary import Edit, fields, splice, until_damage
from recipe_assets.studio.metadata.blocks import Blocks
from recipe_assets.studio.metadata.errors import MetadataError, damaged

SIGNATURE = b"\xff\xd8\xff"
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\x00"
EXTENDED_HEAD = b"http://ns.adobe.com/xmp/extension/\x00"
PHOTOSHOP_HEAD = b"Photoshop 3.0\x00"
MAX_SEGMENT = 0xFFFF - 2
"""Most bytes of a segment behind its length field."""
MAX_PACKET = 65_502
"""Most bytes of an XMP packet in a JPEG (XMP part 3 section 1.1.3.1); what is larger goes to Extended XMP."""
MAX_SEGMENTS = 10_000
"""More stand in no photo (650 MB of metadata); hostile files have millions of empty ones."""

_APP0, _APP1, _APP2, _APP13 = 0xE0, 0xE1, 0xE2, 0xED
_SOS, _EOI = 0xDA, 0xD9
_MARKER = re.compile(rb"\xff+([^\xff])", re.DOTALL)


class Segment(NamedTuple):
    """One marker segment: from its first 0xFF to its end; `body` is where what follows the length begins."""

    marker: int
    start: int
    body: int
    end: int


def segments(photo: bytes) -> Iterator[Segment]:
    """The segments between SOI and the image data.

    Raises:
        MetadataError: where the chain of segments breaks.
    """
    position = 2
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.match(photo, position)
        if not found:
            raise damaged("the JPEG", f"no marker at byte {position}")
        if (marker := found[1][0]) in (_SOS, _EOI):
            return
        (length,) = fields(">H", photo, found.end(), "the JPEG")
        end = found.end() + length
        if length < 2 or end > len(photo):
            raise damaged("the JPEG", f"the segment at byte {position} is longer than the file")
        yield Segment(marker, position, found.end() + 2, end)
        position = end
    raise damaged("the JPEG", f"more than {MAX_SEGMENTS} segments")


def read_blocks(photo: bytes, strict: bool) -> Blocks:
    """The metadata blocks; where not `strict`, those before the damage."""
    found = list(until_damage(segments(photo), strict))
    resources = b"".join(_bodies(photo, _named(photo, found, _APP13, PHOTOSHOP_HEAD), PHOTOSHOP_HEAD))
    return Blocks(
        xmp=_bodies(photo, _named(photo, found, _APP1, XMP_HEAD), XMP_HEAD),
        extended=_bodies(photo, _named(photo, found, _APP1, EXTENDED_HEAD), EXTENDED_HEAD),
        resources=(resources,) if resources else (),
    )


def store_blocks(photo: bytes, blocks: Blocks) -> bytes:
    """The JPEG with these blocks instead of its own; all other bytes stay.

    Raises:
        MetadataError: if the JPEG is damaged, or an XMP packet is larger than a segment.
    """
    found = list(segments(photo))
    edits = [*_xmp_edits(photo, found, blocks), *_resource_edits(photo, found, blocks)]
    for segment in _named(photo, found, _APP2, mpf.HEAD):
        total = sum(edit.growth for edit in edits)
        behind = sum(edit.growth for edit in edits if edit.start > segment.start)
        edits.append(mpf.follow(photo, segment.body, segment.end, total, behind))
    return splice(photo, edits)


def image_parts(photo: bytes) -> Iterator[memoryview]:
    """All bytes but those of the segments that writing keywords may change."""
    view, position = memoryview(photo), 0
    found = list(segments(photo))
    for segment in found:
        body = view[segment.body : segment.end]
        if _is_ours_to_write(segment.marker, bytes(body[:64])):
            yield view[position : segment.start]
            position = segment.end
    yield view[position:]


def _is_ours_to_write(marker: int, body: bytes) -> bool:
    heads = {_APP1: (XMP_HEAD, EXTENDED_HEAD), _APP2: (mpf.HEAD,), _APP13: (PHOTOSHOP_HEAD,)}
    return body.startswith(heads.get(marker, ())) if marker in heads else False


def _named(photo: bytes, found: Sequence[Segment], marker: int, head: bytes) -> list[Segment]:
    return [
        segment
        for segment in found
        if segment.marker == marker and photo.startswith(head, segment.body, segment.end)
    ]


def _bodies(photo: bytes, found: Sequence[Segment], head: bytes) -> tuple[bytes, ...]:
    return tuple(photo[segment.body + len(head) : segment.end] for segment in found)


def _xmp_edits(photo: bytes, found: Sequence[Segment], blocks: Blocks) -> list[Edit]:
    standing = _named(photo, found, _APP1, XMP_HEAD)
    spans = [(segment.start, segment.end) for segment in standing] or [_behind(found, _APP0, _APP1)]
    edits = [
        Edit(*span, _segment(_APP1, XMP_HEAD + packet) if packet else b"")
        for span, packet in zip(spans, blocks.xmp, strict=False)
    ]
    chunks = _named(photo, found, _APP1, EXTENDED_HEAD)
    if _bodies(photo, chunks, EXTENDED_HEAD) != blocks.extended:
        edits += [Edit(chunk.start, chunk.end, b"") for chunk in chunks]
        new = b"".join(_segment(_APP1, EXTENDED_HEAD + chunk) for chunk in blocks.extended)
        edits.append(Edit(spans[0][1], spans[0][1], new))
    return edits


def _resource_edits(photo: bytes, found: Sequence[Segment], blocks: Blocks) -> list[Edit]:
    standing = _named(photo, found, _APP13, PHOTOSHOP_HEAD)
    content = b"".join(blocks.resources)
    if b"".join(_bodies(photo, standing, PHOTOSHOP_HEAD)) == content:
        return []
    room = MAX_SEGMENT - len(PHOTOSHOP_HEAD)
    parts = [content[start : start + room] for start in range(0, len(content), room)]
    new = b"".join(_segment(_APP13, PHOTOSHOP_HEAD + part) for part in parts)
    spans = [(segment.start, segment.end) for segment in standing] or [_behind(found, _APP0, _APP1, _APP13)]
    return [Edit(*span, b"" if number else new) for number, span in enumerate(spans)]


def _behind(found: Sequence[Segment], *markers: int) -> tuple[int, int]:
    # Behind JFIF and EXIF, before everything else: the order that Adobe writes and all readers accept.
    # It is also before any MPF index, whose offsets to further images count from where it stands itself.
    end = 2
    for segment in found:
        if segment.marker not in markers:
            break
        end = segment.end
    return end, end


def _segment(marker: int, body: bytes) -> bytes:
    if len(body) > MAX_SEGMENT:
        raise MetadataError(
            f"the XMP of the JPEG would take {len(body)} bytes where {MAX_SEGMENT} fit: "
            "remove what it needs no longer, such as its editing history, and repeat"
        )
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body
