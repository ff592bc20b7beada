"""From the bytes of any photo to upright sRGB: the public face of decoding, and of the preprocessing that follows.

Training, evaluation, API and batch tagging share this one path: `decode_photo` -> `thumbnail` -> `pixel_values`.
Formats and limits live in `decoding`; metadata is `metadata`'s subject, judging photos is `quality`'s.
"""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.decoding.color import to_srgb
from recipe_assets.studio.decoding.formats import FORMATS, PhotoFormat, format_titles, recognize
from recipe_assets.studio.decoding.limits import GATE, MAX_ASPECT, MAX_PIXELS, MEMORY_CAP, check_size
from recipe_assets.studio.decoding.raster import Header
from recipe_assets.studio.preprocessing import (
    THUMBNAIL_SIDE,
    Preprocessing,
    crop_square,
    encode_thumbnail,
    pixel_values,
    thumbnail,
)

__all__ = [
    "DECODER_ERRORS", "FORMATS", "MAX_ASPECT", "MAX_PIXELS", "MEMORY_CAP", "THUMBNAIL_SIDE",
    "DecodedPhoto", "PhotoFormat", "Preprocessing",
    "crop_square", "decode_photo", "encode_thumbnail", "format_titles", "open_header", "open_photo",
    "photo_size", "pixel_values", "preprocess", "thumbnail",
]  # fmt: skip

DECODER_ERRORS = (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError)
"""What Pillow raises on damaged files."""
_PILLOW_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""What brings each EXIF orientation upright."""


@dataclass(frozen=True)
class DecodedPhoto:
    """A photo as people see it.

    Attributes:
        image: upright, sRGB, mode "RGB"; at 1/2, 1/4 or 1/8 of its size where the short side keeps 480 pixels.
        format: its name in `FORMATS`, such as "JPEG"; the file's content counts, not its name.
        width: of the whole photo, upright, in pixels.
        height: likewise.
        color: the color space of the file in a few words, such as "sRGB", "Adobe RGB (1998)" or "CMYK".
        notes: what was wrong and how it was read all the same; mostly empty.
    """

    image: Image.Image
    format: str
    width: int
    height: int
    color: str
    notes: tuple[str, ...]


def decode_photo(source: bytes | Path, max_pixels: int = MAX_PIXELS) -> DecodedPhoto:
    """Decode a photo of any format to upright sRGB; large ones at a fraction of their size, no less than needed.

    All decodes of a process together take at most `MEMORY_CAP` bytes, so a very large photo may wait for others.

    Raises:
        UnreadablePhotoError: with the reason, if it is no whole photo of a known format within the limits.
    """
    with _reasons(), _stream(source) as stream:
        photo_format, header = _read_header(stream, max_pixels)
        with GATE.reserve(header.memory):
            converted = to_srgb(header.decode(), header.exif.adobe_rgb)
            turn = _TURNS.get(header.exif.orientation)
            upright = converted.image if turn is None else converted.image.transpose(turn)
        return DecodedPhoto(upright, photo_format.name, *_upright_size(header), converted.color, converted.notes)


def open_photo(source: bytes | Path, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The image of `decode_photo`, for those who need no more."""
    return decode_photo(source, max_pixels).image


def photo_size(photo: bytes | Path) -> tuple[str, int, int]:
    """Format name, width and height in pixels, upright, from the header alone.

    Raises:
        UnreadablePhotoError: if it is no photo of a known format within the limits.
    """
    with _reasons(), _stream(photo) as stream:
        photo_format, header = _read_header(stream, MAX_PIXELS)
        return photo_format.name, *_upright_size(header)


def preprocess(source: bytes | Path, spec: Preprocessing) -> NDArray[np.float32]:
    """The whole path for one photo: bytes or file -> (3, size, size) float32.

    Raises:
        UnreadablePhotoError: if the photo cannot be decoded.
    """
    return pixel_values(thumbnail(open_photo(source)), spec)


@contextmanager
def open_header(source: bytes | Path) -> Iterator[ImageFile.ImageFile]:
    """Let Pillow open a JPEG, PNG, TIFF or WebP without decoding it; raises what Pillow raises."""
    with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=_PILLOW_FORMATS) as image:
        yield image


def _read_header(stream: BinaryIO, max_pixels: int) -> tuple[PhotoFormat, Header]:
    photo_format = recognize(stream)
    header = photo_format.read_header(stream)
    check_size(header.width, header.height, max_pixels)
    return photo_format, header


def _upright_size(header: Header) -> tuple[int, int]:
    lying = header.exif.orientation >= 5
    return (header.height, header.width) if lying else (header.width, header.height)


@contextmanager
def _stream(source: bytes | Path) -> Iterator[BinaryIO]:
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        yield stream


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn what decoders raise on damaged files into one line for people."""
    try:
        yield
    except MemoryError:
        raise UnreadablePhotoError(
            "needs more memory than this machine has: export it with fewer pixels"
        ) from None
    except OSError as error:
        reason = f"cannot be read: {error.strerror}" if error.strerror else f"damaged: {error}"
        raise UnreadablePhotoError(_one_line(reason)) from error
    except DECODER_ERRORS as error:
        raise UnreadablePhotoError(_one_line(f"damaged: {error}")) from error


def _one_line(reason: str) -> str:
    return " ".join(reason.split())[:200]
