"""From an upright sRGB photo to the stored thumbnail and to the numbers a model reads: the ONE preprocessing.

Training, evaluation, API and batch tagging share it. How files become photos is `photos`' subject.
"""

import struct
import zlib

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

THUMBNAIL_SIDE = 256
_AVERAGE_FILTER = 3


class Preprocessing(msgspec.Struct, frozen=True):
    """How pixels become a model's input, as CLIP's image processor does it.

    `size` is the side of the square input in pixels; `mean` and `std` are per channel, RGB, for values in 0-1.
    The defaults are those of OpenAI's CLIP (Radford et al. 2021, arXiv:2103.00020).
    """

    size: int = 224
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)


def thumbnail(photo: Image.Image) -> Image.Image:
    """Shrink to a short side of 256 pixels, the whole frame kept; a smaller photo stays as it is."""
    return _resize_short_side(photo, THUMBNAIL_SIDE) if min(photo.size) > THUMBNAIL_SIDE else photo


def encode_thumbnail(photo: Image.Image) -> bytes:
    """The RGB picture as a PNG, lossless, so that training sees the very pixels that serving computes.

    One fixed filter (the average of left and upper neighbor) and run lengths instead of string matching. Measured
    on real photos: 2.2 ms and 0.57 of the raw size, against 4.9 ms and 0.57 for Pillow's level 1, which tries five
    filters on each row. Reading it back takes 1.5 ms instead of 2.3.
    Source of the format: PNG specification, third edition.

    Raises:
        ValueError: if the picture is not in mode "RGB".
    """
    if photo.mode != "RGB":
        raise ValueError(f"a thumbnail in mode {photo.mode}, not RGB")
    header = struct.pack(">IIBBBBB", photo.width, photo.height, 8, 2, 0, 0, 0)
    deflate = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
    pixels = deflate.compress(_filtered(np.asarray(photo)).data) + deflate.flush()
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _filtered(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each row as its filter's number and differences to the neighbors: uint8, shape (height, 1 + 3 * width)."""
    raw = pixels.reshape(len(pixels), -1)
    neighbors = np.zeros(raw.shape, np.uint16)
    neighbors[:, 3:] = raw[:, :-3]
    neighbors[1:] += raw[:-1]
    rows = np.empty((len(raw), raw.shape[1] + 1), np.uint8)
    rows[:, 0] = _AVERAGE_FILTER
    np.subtract(raw, (neighbors >> 1).astype(np.uint8), out=rows[:, 1:])
    return rows


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def _resize_short_side(photo: Image.Image, side: int) -> Image.Image:
    # The long side is cut to an integer as CLIP's processor cuts it, so that both give the same pixels.
    width, height = photo.size
    size = (side, int(side * height / width)) if width <= height else (int(side * width / height), side)
    return photo.resize(size, Image.Resampling.BICUBIC)


def crop_square(photo: Image.Image, size: int) -> NDArray[np.uint8]:
    """Resize the short side to `size` and crop the center square: uint8 of shape (size, size, 3)."""
    resized = _resize_short_side(photo, size)
    left, top = (resized.width - size) // 2, (resized.height - size) // 2
    return np.asarray(resized.crop((left, top, left + size, top + size)))


def pixel_values(photo: Image.Image, spec: Preprocessing) -> NDArray[np.float32]:
    """Crop the center square and normalize it: float32 of shape (3, size, size)."""
    scaled = crop_square(photo, spec.size).astype(np.float32) / np.float32(255)
    normalized = (scaled - np.asarray(spec.mean, np.float32)) / np.asarray(spec.std, np.float32)
    return np.ascontiguousarray(normalized.transpose(2, 0, 1))
