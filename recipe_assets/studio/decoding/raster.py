"""What a format's reader hands over, and how large pixels shrink on the way, in bands so that memory stays low.

Colors are not converted here: averaging before the conversion is what a JPEG's own scaled decode does, so all
formats agree, and a conversion of a 64th of the pixels takes a 64th of the time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.decoding.exif import NO_EXIF, Exif
from recipe_assets.studio.decoding.limits import fraction

_BAND_PIXELS = 1 << 20


@dataclass(frozen=True)
class Raster:
    """Decoded pixels, as stored: not turned, colors not converted, perhaps at a fraction of the size.

    `image` is in mode L, LA, RGB, RGBA, CMYK or LAB; `profile` is the embedded ICC profile.
    """

    image: Image.Image
    profile: bytes | None = None


@dataclass(frozen=True)
class Header:
    """What is known before decoding: the stored size, the cost in bytes, EXIF's facts, and how to go on."""

    width: int
    height: int
    memory: int
    decode: Callable[[], Raster]
    exif: Exif = NO_EXIF


def decode_with(plugin: type[ImageFile.ImageFile], stream: BinaryIO, width: int, height: int) -> Raster:
    """Decode with one Pillow plugin, called by name: no registry, so no other decoder can step in.

    Raises:
        UnreadablePhotoError: if the decoder finds another size than the header told.
    """
    stream.seek(0)
    with plugin(stream) as image:
        return load(image, width, height)


def load(image: ImageFile.ImageFile, width: int, height: int) -> Raster:
    """Decode an opened image and shrink it; see `decode_with`."""
    if (width, height) != image.size:
        raise UnreadablePhotoError(f"damaged: it tells of both {width}x{height} and {image.width}x{image.height}")
    profile = image.info.get("icc_profile")
    image.load()
    if (width, height) != image.size:
        raise UnreadablePhotoError(f"damaged: {width}x{height} pixels became {image.width}x{image.height}")
    return Raster(shrink(image, fraction(width, height)), profile if isinstance(profile, bytes) else None)


def shrink(image: Image.Image, part: int) -> Image.Image:
    """Average squares of `part` x `part` pixels, in a mode that color conversion takes."""
    if part == 1:
        return _plain(image.copy())  # a copy does not hold on to the file
    size = (-(-image.width // part), -(-image.height // part))
    rows = max(1, _BAND_PIXELS // (image.width * part)) * part
    shrunk: Image.Image | None = None
    for top in range(0, image.height, rows):
        band = _plain(image.crop((0, top, image.width, min(top + rows, image.height)))).reduce(part)
        shrunk = shrunk or Image.new(band.mode, size)
        shrunk.paste(band, (0, top // part))
    if shrunk is None:
        raise UnreadablePhotoError("damaged: no pixels")
    return shrunk


def _plain(image: Image.Image) -> Image.Image:
    """The same pixels as L, LA, RGB, RGBA, CMYK or LAB."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("P", "PA", "1", "L", "RGB") and "transparency" in image.info:
        return image.convert("RGBA")
    target = {"1": "L", "P": "RGB", "PA": "RGBA", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB"}
    return image.convert(target[image.mode]) if image.mode in target else image
