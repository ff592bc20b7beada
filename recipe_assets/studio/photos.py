"""From the bytes of any photo to upright sRGB, to the stored thumbnail, to the numbers a model reads.

Training, evaluation, API and batch tagging share this one path: `open_photo` -> `thumbnail` -> `pixel_values`.
Metadata is `metadata`'s subject, judging photos is `quality`'s.
"""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageFile, UnidentifiedImageError

from recipe_assets.errors import UnreadablePhotoError

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")
"""What Pillow may open. Its other decoders stay shut: each is attack surface that no studio needs."""
MAX_PIXELS = 200_000_000
"""Refuse larger photos before decoding; 100- and 150-megapixel backs fit."""
# Pillow's own cap warns below ours, and silencing warnings is not safe between threads; ours decides, in time.
Image.MAX_IMAGE_PIXELS = None
MAX_ASPECT = 50
"""Refuse longer strips: scaled to the model's side, a file of a few kilobytes would fill all memory."""
THUMBNAIL_SIDE = 256
DECODER_ERRORS = (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError)
"""What Pillow raises on damaged files."""
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""What brings each EXIF orientation upright."""


class Preprocessing(msgspec.Struct, frozen=True):
    """How pixels become a model's input, as CLIP's image processor does it.

    `size` is the side of the square input in pixels; `mean` and `std` are per channel, RGB, for values in 0-1.
    The defaults are those of OpenAI's CLIP (Radford et al. 2021, arXiv:2103.00020).
    """

    size: int = 224
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)


@contextmanager
def open_header(source: bytes | Path) -> Iterator[ImageFile.ImageFile]:
    """Open a photo without decoding it; raises what Pillow raises."""
    with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS) as image:
        yield image


def open_photo(source: bytes | Path, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode a photo to upright sRGB (mode "RGB").

    A JPEG may be decoded at a fraction of its size (1/2, 1/4, 1/8), never below twice the thumbnail's.

    Raises:
        UnreadablePhotoError: if the bytes are not a whole photo of a known format within the pixel cap.
    """
    try:
        with open_header(source) as image:
            size = f"{image.width}x{image.height}"
            if image.width * image.height > max_pixels:
                raise UnreadablePhotoError(f"{size} pixels are over the cap of {max_pixels}")
            if max(image.size) > MAX_ASPECT * min(image.size):
                raise UnreadablePhotoError(f"{size} pixels are a strip, not a photo")
            return _upright_srgb(image)
    except UnidentifiedImageError:
        raise UnreadablePhotoError("not a JPEG, PNG, TIFF or WebP image") from None
    except DECODER_ERRORS as error:
        raise UnreadablePhotoError(f"damaged: {error}") from error


def _upright_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    image.draft(None, (2 * THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE))
    image.load()
    return _to_srgb(_upright(image), profile)


def _upright(image: Image.Image) -> Image.Image:
    try:
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except (*DECODER_ERRORS, TypeError, KeyError):
        turn = None  # damaged EXIF is common; the picture is whole
    return image if turn is None else image.transpose(turn)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.new("RGBA", layer.size, "white")
        image.alpha_composite(layer)
        return image.convert("RGB")
    if profile and image.mode in ("RGB", "L", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            return converted or image.convert("RGB")
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken profile is common; the plain conversion below is the usual reading of such files
    return image.convert("RGB")


def thumbnail(photo: Image.Image) -> Image.Image:
    """Shrink to a short side of 256 pixels, the whole frame kept; a smaller photo stays as it is."""
    return _resize_short_side(photo, THUMBNAIL_SIDE) if min(photo.size) > THUMBNAIL_SIDE else photo


def _resize_short_side(photo: Image.Image, side: int) -> Image.Image:
    # The long side is cut to an integer as CLIP's processor cuts it, so that both give the same pixels.
    width, height = photo.size
    size = (side, int(side * height / width)) if width <= height else (int(side * width / height), side)
    return photo.resize(size, Image.Resampling.BICUBIC)


def crop_square(photo: Image.Image, size: int) -> NDArray[np.uint8]:
    """Resize the short side to `size` and crop the centre square: uint8 of shape (size, size, 3)."""
    resized = _resize_short_side(photo, size)
    left, top = (resized.width - size) // 2, (resized.height - size) // 2
    return np.asarray(resized.crop((left, top, left + size, top + size)))


def pixel_values(photo: Image.Image, spec: Preprocessing) -> NDArray[np.float32]:
    """Crop the centre square and normalize it: float32 of shape (3, size, size)."""
    scaled = crop_square(photo, spec.size).astype(np.float32) / np.float32(255)
    normalized = (scaled - np.asarray(spec.mean, np.float32)) / np.asarray(spec.std, np.float32)
    return np.ascontiguousarray(normalized.transpose(2, 0, 1))


def preprocess(source: bytes | Path, spec: Preprocessing) -> NDArray[np.float32]:
    """The whole path for one photo: bytes or file -> (3, size, size) float32.

    Raises:
        UnreadablePhotoError: if the photo cannot be decoded.
    """
    return pixel_values(thumbnail(open_photo(source)), spec)


def photo_size(photo: bytes) -> tuple[str, int, int]:
    """Format name, width and height in pixels as stored, from the header alone (TIFF: as turned upright).

    Raises:
        UnreadablePhotoError: if the bytes are no photo of a known format.
    """
    try:
        with open_header(photo) as image:
            return image.format or "", image.width, image.height
    except DECODER_ERRORS as error:
        raise UnreadablePhotoError(f"damaged: {error}") from error
