"""Multi-Picture Format: the index in an APP2 segment that points at further images behind the first.

Here: keeping that index true when metadata before or behind it changes its length. Phones write it for gain maps
and previews; with stale offsets those are lost.
Source: CIPA DC-007, sections 5.1 and 5.2.3 (offsets count from the index's own byte-order mark).
"""

import struct

from recipe_assets.studio.metadata.binary import Edit, fields
from recipe_assets.studio.metadata.errors import damaged

HEAD = b"MPF\x00"
_ENTRIES_TAG = 0xB002
_ENTRY_SIZE = 16
_WHAT = "the JPEG's index of further images (MPF)"


def follow(photo: bytes, start: int, end: int, total: int, behind: int) -> Edit:
    """The edit that keeps an index true.

    Args:
        photo: the whole JPEG.
        start: where the segment's body begins.
        end: where the segment ends.
        total: by how many bytes the first image grows.
        behind: how many of those bytes are added behind the index.

    Raises:
        MetadataError: if the index is damaged.
    """
    base = start + len(HEAD)
    index = bytearray(photo[base:end])
    order = "<" if index[:2] == b"II" else ">"
    for number, at in enumerate(_entries(bytes(index), order)):
        size, offset = fields(order + "II", bytes(index), at + 4, _WHAT)
        # The first image holds the index, so it is the one that grows; its offset is 0 by definition.
        size, offset = (size + total, offset) if number == 0 else (size, offset + behind if offset else 0)
        if not (0 <= size < 2**32 and 0 <= offset < 2**32):
            raise damaged(_WHAT, f"image {number + 1} has size {size} and offset {offset}")
        struct.pack_into(order + "II", index, at + 4, size, offset)
    return Edit(base, end, bytes(index))


def _entries(index: bytes, order: str) -> range:
    (directory,) = fields(order + "I", index, 4, _WHAT)
    (count,) = fields(order + "H", index, directory, _WHAT)
    for number in range(count):
        tag, _, length, offset = fields(order + "HHII", index, directory + 2 + 12 * number, _WHAT)
        if tag == _ENTRIES_TAG:
            fields(f"{length}s", index, offset, _WHAT)
            if offset < directory + 2 + 12 * count:
                raise damaged(_WHAT, f"its list at byte {offset} overlaps its directory")
            return range(offset, offset + length - length % _ENTRY_SIZE, _ENTRY_SIZE)
    return range(0)
