"""TIFF and BigTIFF: directories (IFDs), their entries, and the metadata blocks of the first page.

Here: reading the structure, both byte orders. Writing is `tiff_writing`'s subject, hashing `tiff_image`'s.
Sources: TIFF 6.0 section 2, Adobe Photoshop TIFF Technical Notes, BigTIFF (libtiff's proposal).
"""

from typing import NamedTuple

from recipe_assets.studio.metadata.binary import fields, section
from recipe_assets.studio.metadata.blocks import MAX_BLOCK, Blocks
from recipe_assets.studio.metadata.errors import MetadataError, damaged
from recipe_assets.studio.metadata.resources import iptc_blocks

XMP_TAG, IPTC_TAG, PHOTOSHOP_TAG = 700, 33723, 34377
SIGNATURES = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_TYPE_SIZES = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
}  # fmt: skip
_WHAT = "the TIFF"


class Layout(NamedTuple):
    """How numbers are laid out: byte order, and the wider fields of BigTIFF."""

    order: str
    big: bool

    @property
    def word(self) -> str:
        """Struct code of an offset."""
        return "Q" if self.big else "I"

    @property
    def word_size(self) -> int:
        """Bytes of an offset; values up to this size stand inside their entry."""
        return 8 if self.big else 4

    @property
    def counter(self) -> str:
        """Struct code of a directory's number of entries."""
        return "Q" if self.big else "H"

    @property
    def counter_size(self) -> int:
        """Bytes of a directory's number of entries."""
        return 8 if self.big else 2

    @property
    def entry_size(self) -> int:
        """Bytes of a directory's entry."""
        return 20 if self.big else 12

    @property
    def first_pointer(self) -> int:
        """Where the header says where the first directory is."""
        return 8 if self.big else 4


class Entry(NamedTuple):
    """One entry of a directory as it stands, and where its value lies."""

    tag: int
    type: int
    length: int
    raw: bytes
    value_at: int
    size: int


class Directory(NamedTuple):
    """One IFD: a page, a reduced image, or EXIF."""

    at: int
    entries: tuple[Entry, ...]
    next: int


def layout_of(photo: bytes) -> Layout:
    """Byte order and width, from the header."""
    return Layout("<" if photo[:2] == b"II" else ">", 43 in photo[2:4])


def first_directory(photo: bytes) -> Directory:
    """The directory of the first page.

    Raises:
        MetadataError: if it is not whole.
    """
    layout = layout_of(photo)
    (at,) = fields(layout.order + layout.word, photo, layout.first_pointer, _WHAT)
    if at < layout.first_pointer + layout.word_size:
        raise damaged(_WHAT, f"its first directory would begin within the header, at byte {at}")
    return directory(photo, layout, at)


def directory(photo: bytes, layout: Layout, at: int) -> Directory:
    """The directory at a position.

    Raises:
        MetadataError: if it is not whole.
    """
    (count,) = fields(layout.order + layout.counter, photo, at, _WHAT)
    start, size = at + layout.counter_size, layout.entry_size
    table = section(photo, start, count * size, _WHAT)
    entries = tuple(
        _entry(table[place : place + size], layout, start + place) for place in range(0, count * size, size)
    )
    (following,) = fields(layout.order + layout.word, photo, start + count * size, _WHAT)
    return Directory(at, entries, following)


def _entry(raw: bytes, layout: Layout, at: int) -> Entry:
    tag, kind, count, offset = fields(f"{layout.order}HH{layout.word}{layout.word}", raw, 0, _WHAT)
    size = count * _TYPE_SIZES.get(kind, 0)
    return Entry(tag, kind, count, raw, at + 4 + layout.word_size if size <= layout.word_size else offset, size)


def value(photo: bytes, entry: Entry) -> bytes:
    """An entry's value.

    Raises:
        MetadataError: if it lies outside the file.
    """
    return section(photo, entry.value_at, entry.size, f"{_WHAT}'s tag {entry.tag}")


def read_blocks(photo: bytes, strict: bool) -> Blocks:
    """The metadata blocks of the first page."""
    found: dict[int, bytes] = {}
    try:
        for entry in first_directory(photo).entries:
            if entry.tag in (XMP_TAG, IPTC_TAG, PHOTOSHOP_TAG):
                _add_value(found, photo, entry, strict)
    except MetadataError:
        if strict:
            raise
    if IPTC_TAG in found:
        found[IPTC_TAG] = _whole(_in_file_order(found[IPTC_TAG]), found.get(PHOTOSHOP_TAG, b""))
    return Blocks(xmp=_block(found, XMP_TAG), iptc=_block(found, IPTC_TAG), resources=_block(found, PHOTOSHOP_TAG))


def _add_value(found: dict[int, bytes], photo: bytes, entry: Entry, strict: bool) -> None:
    try:
        if entry.size > MAX_BLOCK:
            raise damaged(f"{_WHAT}'s tag {entry.tag}", f"its {entry.size} bytes are more than metadata has")
        found.setdefault(entry.tag, value(photo, entry))
    except MetadataError:
        if strict:
            raise


def _block(found: dict[int, bytes], tag: int) -> tuple[bytes, ...]:
    return (found[tag],) if found.get(tag) else ()


def _whole(block: bytes, resources: bytes) -> bytes:
    """The IPTC block as its program meant it.

    ImageMagick 6 stores a quarter of it in the tag (it counts in LONGs and declares bytes), and all of it in the
    Photoshop resources.
    """
    whole = (one for one in iptc_blocks(resources, strict=False) if one.startswith(block))
    return next(whole, block)


def _in_file_order(block: bytes) -> bytes:
    """IPTC in its own order of bytes.

    Writers that declare it as LONG on a machine of the other byte order swap every four bytes; a block begins
    with 0x1C, so that shows.
    """
    if block[:1] == b"\x1c" or block[3:4] != b"\x1c":
        return block
    whole = len(block) - len(block) % 4
    return b"".join(block[at : at + 4][::-1] for at in range(0, whole, 4)) + block[whole:]
