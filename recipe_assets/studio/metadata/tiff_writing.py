"""Put metadata blocks into a TIFF: a new first directory at the end of the file, and a pointer to it.

Here: writing. Not one byte of the old file changes but the header's pointer, so strips, tiles, further pages and
whatever maker notes point at stay where they are; the old directory and blocks remain as a few unused kilobytes.
Sources: TIFF 6.0 section 2 (entries in ascending order, on word boundaries), Adobe Photoshop TIFF Technical Notes.
"""

import struct

from recipe_assets.studio.metadata.blocks import Blocks
from recipe_assets.studio.metadata.errors import MetadataError
from recipe_assets.studio.metadata.tiff import (
    IPTC_TAG,
    PHOTOSHOP_TAG,
    XMP_TAG,
    Directory,
    Layout,
    first_directory,
    layout_of,
    read_blocks,
)
from recipe_assets.studio.metadata.tiff_image import check_image

_BYTE, _LONG = 1, 4
_TYPES = {XMP_TAG: _BYTE, IPTC_TAG: _LONG, PHOTOSHOP_TAG: _BYTE}
"""IPTC is declared LONG as Photoshop does: some readers take nothing else (ExifTool's notes on IPTC-NAA)."""
MAX_CLASSIC = 2**32 - 1


def store_blocks(photo: bytes, blocks: Blocks) -> bytes:
    """The TIFF with these blocks on its first page.

    Raises:
        MetadataError: if the TIFF is damaged, or would outgrow its 4 GB.
    """
    check_image(photo)
    layout, old = layout_of(photo), read_blocks(photo, strict=True)
    changes = {
        tag: new[0] if new else b""
        for tag, was, new in (
            (XMP_TAG, old.xmp, blocks.xmp),
            (IPTC_TAG, old.iptc, blocks.iptc),
            (PHOTOSHOP_TAG, old.resources, blocks.resources),
        )
        if was != new
    }
    end = len(photo) + len(photo) % 2
    values, entries = _values(changes, layout, end)
    table = _table(first_directory(photo), set(changes), entries, layout)
    if not layout.big and end + len(values) + len(table) > MAX_CLASSIC:
        raise MetadataError("the TIFF is too large for more metadata: save it as BigTIFF and repeat")
    pointer = struct.pack(layout.order + layout.word, end + len(values))
    start = layout.first_pointer
    padding = b"\x00" * (end - len(photo))
    return b"".join([photo[:start], pointer, memoryview(photo)[start + len(pointer) :], padding, values, table])


def _values(changes: dict[int, bytes], layout: Layout, start: int) -> tuple[bytes, list[tuple[int, bytes]]]:
    """The new values one behind the other, and an entry for each that is not empty."""
    values, entries = b"", []
    for tag, block in changes.items():
        if block:
            kind = _TYPES[tag]
            stored = block + b"\x00" * (-len(block) % 4 if kind == _LONG else 0)
            count = len(stored) // 4 if kind == _LONG else len(stored)
            packed = f"{layout.order}HH{layout.word}"
            head = struct.pack(packed, tag, kind, count)
            if len(stored) <= layout.word_size:
                entries.append((tag, head + stored.ljust(layout.word_size, b"\x00")))
                continue
            entries.append((tag, head + struct.pack(layout.order + layout.word, start + len(values))))
            values += stored + b"\x00" * (len(stored) % 2)
    return values, entries


def _table(old: Directory, changed: set[int], new: list[tuple[int, bytes]], layout: Layout) -> bytes:
    entries = [(entry.tag, entry.raw) for entry in old.entries if entry.tag not in changed]
    for tag, raw in new:
        # In ascending order, without putting others in order that are not.
        behind = (place for place, (other, _) in enumerate(entries) if other > tag)
        entries.insert(next(behind, len(entries)), (tag, raw))
    if not layout.big and len(entries) > 0xFFFF:
        raise MetadataError("the TIFF has no room for another tag: save it anew and repeat")
    count = struct.pack(layout.order + layout.counter, len(entries))
    following = struct.pack(layout.order + layout.word, old.next)
    return count + b"".join(raw for _, raw in entries) + following
