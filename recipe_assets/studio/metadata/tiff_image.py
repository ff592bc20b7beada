"""What makes up the images of a TIFF: every page's tags, their values, strips and tiles.

Here: the ranges that a hash covers and that must lie inside the file before anything is appended to it.
Not here: what tags mean, beyond those that point at data or at further directories.
Sources: TIFF 6.0 sections 3, 15 and 22, TIFF Technical Note 1 (SubIFDs), EXIF 2.32 section 4.6.3.
"""

from collections.abc import Iterator

from recipe_assets.studio.metadata.binary import fields
from recipe_assets.studio.metadata.errors import damaged
from recipe_assets.studio.metadata.tiff import (
    IPTC_TAG,
    PHOTOSHOP_TAG,
    XMP_TAG,
    Directory,
    Entry,
    Layout,
    directory,
    layout_of,
    value,
)

MAX_DIRECTORIES = 10_000
_SUB_IFDS = 330
_POINTERS = {_SUB_IFDS, 34665, 34853, 40965}
"""Tags that point at directories: SubIFDs, EXIF, GPS, interoperability."""
_DATA = {273: 279, 324: 325, 513: 514}
"""Tags that point at image data, and those with its sizes: strips, tiles, a JPEG stream."""
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_WHAT = "the TIFF"


def image_parts(photo: bytes) -> Iterator[memoryview | bytes]:
    """Every tag, value, strip and tile of every page, but for the metadata that writing keywords may change.

    Raises:
        MetadataError: if any of it lies outside the file, or directories form a loop.
    """
    view, covered, layout = memoryview(photo), 0, layout_of(photo)
    header = layout.first_pointer + layout.word_size
    yield photo[:4]
    for folder in _directories(photo, layout):
        covered += len(folder.entries) * layout.entry_size
        kept = [entry for entry in folder.entries if entry.tag not in (XMP_TAG, IPTC_TAG, PHOTOSHOP_TAG)]
        for entry in kept:
            yield entry.raw
        for start, size in _ranges(photo, layout, kept):
            if size and (start < header or start + size > len(photo)):
                raise damaged(_WHAT, f"image data at byte {start} lies outside the file or in its header")
            covered += size
            # Without this, a small file whose tags all share one large value would keep us busy for hours.
            if covered > 4 * len(photo):
                raise damaged(_WHAT, "its tags and strips lie upon each other")
            yield view[start : start + size]


def check_image(photo: bytes) -> None:
    """Refuse a TIFF whose parts are not all there.

    What is appended to a file that was cut off would come to stand where its missing strips should be.

    Raises:
        MetadataError: as `image_parts`.
    """
    for _ in image_parts(photo):
        pass


def _directories(photo: bytes, layout: Layout) -> Iterator[Directory]:
    (first,) = fields(layout.order + layout.word, photo, layout.first_pointer, _WHAT)
    waiting, seen = [(first, True)], set[int]()
    while waiting:
        at, chained = waiting.pop()
        if at in seen or len(seen) > MAX_DIRECTORIES:
            raise damaged(_WHAT, f"its directories form a loop at byte {at}")
        seen.add(at)
        folder = directory(photo, layout, at)
        yield folder
        # Behind EXIF and GPS, cameras leave garbage where the pointer to a next directory would be.
        if chained and folder.next:
            waiting.append((folder.next, True))
        for entry in folder.entries:
            if entry.tag in _POINTERS:
                waiting += [(place, entry.tag == _SUB_IFDS) for place in _numbers(photo, layout, entry) if place]


def _ranges(photo: bytes, layout: Layout, entries: list[Entry]) -> Iterator[tuple[int, int]]:
    by_tag = {entry.tag: entry for entry in entries}
    for entry in entries:
        if entry.size > layout.word_size:
            yield entry.value_at, entry.size
        sizes = by_tag.get(_DATA[entry.tag]) if entry.tag in _DATA else None
        if sizes:
            yield from zip(_numbers(photo, layout, entry), _numbers(photo, layout, sizes), strict=False)


def _numbers(photo: bytes, layout: Layout, entry: Entry) -> tuple[int, ...]:
    code = _NUMBERS.get(entry.type)
    if not code:
        return ()
    return fields(f"{layout.order}{entry.length}{code}", value(photo, entry), 0, _WHAT)
