"""WebP: what its chunks tell before decoding. Source: RFC 9649 (VP8, VP8L and VP8X chunks, EXIF)."""

import struct
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from PIL import WebPImagePlugin

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.decoding.exif import NO_EXIF, read_exif
from recipe_assets.studio.decoding.limits import check_size, working_memory
from recipe_assets.studio.decoding.raster import Header, decode_with

BYTES_PER_PIXEL = 20
"""Two canvases, the frame handed over, Pillow's pixels and the lossless decoder's; measured 16.2, as a first frame
leaves one canvas untouched."""
_MAX_CHUNKS = 100_000
_MAX_EXIF = 1 << 20


def read_header(stream: BinaryIO) -> Header:
    """Walk the chunks, without reading the pixels.

    Raises:
        UnreadablePhotoError: if the file is damaged or cut off.
    """
    size, exif = (0, 0), NO_EXIF
    for kind, data in _chunks(stream):
        if kind in _SIZES and size == (0, 0):
            size = _SIZES[kind](stream.read(min(data, 10)).ljust(10, b"\0"))
        elif kind == b"EXIF" and data <= _MAX_EXIF:
            exif = read_exif(stream.read(data))
    check_size(*size)
    memory = size[0] * size[1] * BYTES_PER_PIXEL + working_memory(*size)
    return Header(*size, memory, partial(decode_with, WebPImagePlugin.WebPImageFile, stream, *size), exif)


def _chunks(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Kind and size of each chunk, the stream standing at its data."""
    whole = stream.seek(0, 2)
    stream.seek(4)
    (told,) = struct.unpack("<I", stream.read(4).ljust(4, b"\0"))
    if told + 8 > whole + 1:  # some writers count one byte of padding that they do not write
        raise UnreadablePhotoError("damaged: the WebP is truncated: copy or export it again")
    position = 12
    for _ in range(_MAX_CHUNKS):
        stream.seek(position)
        head = stream.read(8)
        if len(head) < 8 or position >= told + 8:
            return
        kind, size = struct.unpack("<4sI", head)
        yield kind, size
        position += 8 + size + size % 2
    raise UnreadablePhotoError(f"damaged: a WebP of more than {_MAX_CHUNKS} chunks")


def _canvas(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1


def _lossy(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width & 0x3FFF, height & 0x3FFF


def _lossless(data: bytes) -> tuple[int, int]:
    bits = int.from_bytes(data[1:5], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


_SIZES = {b"VP8X": _canvas, b"VP8 ": _lossy, b"VP8L": _lossless}
