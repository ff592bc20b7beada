"""PNG: what its chunks tell before decoding. Source: PNG specification, third edition (IHDR, eXIf, IEND)."""

import struct
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from PIL import PngImagePlugin

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.decoding.exif import NO_EXIF, Exif, read_exif
from recipe_assets.studio.decoding.limits import check_size, working_memory
from recipe_assets.studio.decoding.raster import Header, decode_with

_MAX_CHUNKS = 200_000
_MAX_EXIF = 1 << 20


def read_header(stream: BinaryIO) -> Header:
    """Walk the chunks, without reading what they hold.

    Raises:
        UnreadablePhotoError: if the file is damaged or cut off.
    """
    chunks = _chunks(stream)
    if next(chunks, None) != (b"IHDR", 13):
        raise UnreadablePhotoError("damaged: a PNG without a header")
    width, height, depth, color = struct.unpack(">IIBB", stream.read(10))
    check_size(width, height)
    exif, ended = _rest(stream, chunks)
    if not ended:
        raise UnreadablePhotoError("damaged: the PNG is truncated: copy or export it again")
    # As Pillow keeps them: gray and palette in one byte, 16-bit gray in two, all others in four.
    per_pixel = 4 if color not in (0, 3) else 2 if depth == 16 else 1
    memory = width * height * per_pixel + working_memory(width, height)
    memory += PngImagePlugin.MAX_TEXT_MEMORY
    return Header(
        width, height, memory, partial(decode_with, PngImagePlugin.PngImageFile, stream, width, height), exif
    )


def _rest(stream: BinaryIO, chunks: Iterator[tuple[bytes, int]]) -> tuple[Exif, bool]:
    exif = NO_EXIF
    for kind, size in chunks:
        if kind == b"eXIf" and exif is NO_EXIF and size <= _MAX_EXIF:
            exif = read_exif(stream.read(size))
        if kind == b"IEND":
            return exif, True
    return exif, False


def _chunks(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Kind and size of each chunk, the stream standing at its data; ends where the file does."""
    position = 8
    for _ in range(_MAX_CHUNKS):
        stream.seek(position)
        head = stream.read(8)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head)
        yield kind, size
        position += 12 + size
    raise UnreadablePhotoError(f"damaged: a PNG of more than {_MAX_CHUNKS} chunks")
