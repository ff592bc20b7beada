"""The formats that are read, as data, so that messages, README and API name the same ones.

Only the readers named here ever run; whatever else Pillow could open stays shut.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.decoding import heic, jpeg, png, psd, tiff, webp
from recipe_assets.studio.decoding.raster import Header


@dataclass(frozen=True)
class PhotoFormat:
    """One format: what people and programs call it, how it is recognized, and what of it is read."""

    name: str
    title: str
    extensions: tuple[str, ...]
    media_type: str
    reading: str
    matches: Callable[[bytes], bool]
    read_header: Callable[[BinaryIO], Header]


def _starts(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(starts)


FORMATS = (
    PhotoFormat(
        "JPEG", "JPEG", (".jpg", ".jpeg", ".jpe"), "image/jpeg",
        "baseline and progressive; RGB, gray, CMYK and YCCK; 8 bits per channel",
        _starts(b"\xff\xd8\xff"), jpeg.read_header,
    ),
    PhotoFormat(
        "PNG", "PNG", (".png",), "image/png",
        "8 and 16 bits; RGB, gray, palette; transparency on white; of an animation the first frame",
        _starts(b"\x89PNG\r\n\x1a\n"), png.read_header,
    ),
    PhotoFormat(
        "TIFF", "TIFF", (".tif", ".tiff"), "image/tiff",
        "8 and 16 bits; RGB, gray, CMYK, 8-bit Lab; uncompressed, LZW, ZIP, PackBits, JPEG; the first page",
        _starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), tiff.read_header,
    ),
    PhotoFormat(
        "WEBP", "WebP", (".webp",), "image/webp",
        "lossy and lossless; transparency on white; of an animation the first frame",
        lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP", webp.read_header,
    ),
    PhotoFormat(
        "PSD", "Photoshop (PSD)", (".psd", ".psb"), "image/vnd.adobe.photoshop",
        "the flat picture of 'Maximize Compatibility'; 8 and 16 bits; RGB, gray, CMYK, Lab, indexed, duotone",
        _starts(b"8BPS"), psd.read_header,
    ),
    PhotoFormat(
        "HEIC", "HEIC", (".heic", ".heif", ".hif"), "image/heic",
        "the primary picture; 8 bits, or 10 and 12 brought to 8",
        heic.is_heic, heic.read_header,
    ),
)  # fmt: skip
"""Every format, in the order in which messages name them."""


def format_titles() -> str:
    """The formats in a sentence: "JPEG, PNG, ... or HEIC"."""
    *most, last = (photo_format.title for photo_format in FORMATS)
    return f"{', '.join(most)} or {last}"


def recognize(stream: BinaryIO) -> PhotoFormat:
    """Tell the format by a file's first bytes; names and media types do not count.

    Raises:
        UnreadablePhotoError: if it is none of those that are read.
    """
    stream.seek(0)
    head = stream.read(12)
    for photo_format in FORMATS:
        if photo_format.matches(head):
            return photo_format
    raise UnreadablePhotoError(f"not a {format_titles()} image")
