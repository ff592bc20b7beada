"""The formats whose metadata we know, and what we can do with each.

Here: the table, and recognizing a format by its first bytes. The rest of the package asks nothing of file names.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from recipe_assets.studio.metadata import heif, jpeg, png, psd, tiff, tiff_image, tiff_writing, webp
from recipe_assets.studio.metadata.blocks import Blocks
from recipe_assets.studio.metadata.editing import IptcHome

Parts = Iterator[memoryview] | Iterator[memoryview | bytes]


class Writer(NamedTuple):
    """How to write a format: store changed blocks, walk the image data, where IPTC goes, how large XMP may be."""

    store: Callable[[bytes, Blocks], bytes]
    image: Callable[[bytes], Parts]
    home: IptcHome
    packet_limit: int | None = None


class Format(NamedTuple):
    """A format: how to recognize it, read its blocks, and write it, if we do."""

    name: str
    matches: Callable[[bytes], bool]
    read: Callable[[bytes, bool], Blocks]
    writer: Writer | None = None


def _begins(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda photo: photo.startswith(signatures)


def _is_tiff(photo: bytes) -> bool:
    # Canon's raw files begin as TIFF, but programs expect their first directory where the camera put it.
    return photo.startswith(tiff.SIGNATURES) and photo[8:10] != b"CR"


_JPEG = Writer(jpeg.store_blocks, jpeg.image_parts, "resources", jpeg.MAX_PACKET)
_TIFF = Writer(tiff_writing.store_blocks, tiff_image.image_parts, "block")
_PNG = Writer(png.store_blocks, png.image_parts, "resources")
_WEBP = Writer(webp.store_blocks, webp.image_parts, "none")

FORMATS = (
    Format("JPEG", _begins(jpeg.SIGNATURE), jpeg.read_blocks, _JPEG),
    Format("TIFF", _is_tiff, tiff.read_blocks, _TIFF),
    Format("PNG", _begins(png.SIGNATURE), png.read_blocks, _PNG),
    Format("WebP", webp.is_webp, webp.read_blocks, _WEBP),
    Format("PSD", _begins(psd.SIGNATURE), psd.read_blocks),
    Format("HEIF", heif.is_heif, heif.read_blocks),
    Format("camera raw", _begins(*tiff.SIGNATURES), tiff.read_blocks),
)


def format_of(photo: bytes) -> Format | None:
    """The format that the bytes begin as, or None."""
    return next((form for form in FORMATS if form.matches(photo)), None)
