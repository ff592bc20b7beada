"""Photoshop files (PSD, PSB): the flat picture that Photoshop stores behind the layers; layers are never read.

Rows are decoded in bands and shrunk at once, so memory does not grow with the picture or its depth. Libraries that
read layers keep the whole file and a floating-point copy of the picture instead.
Source: Adobe Photoshop File Formats Specification, November 2019.
"""

import struct
from functools import partial
from typing import BinaryIO

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.decoding.limits import check_size, working_memory
from recipe_assets.studio.decoding.psd_pixels import BAND_BYTES, FlatPicture, decode, exactly
from recipe_assets.studio.decoding.raster import Header

_MODES = {0: ("1", 1), 1: ("L", 1), 2: ("P", 1), 3: ("RGB", 3), 4: ("CMYK", 4), 8: ("L", 1), 9: ("LAB", 3)}
"""Photoshop's color mode: Pillow's mode and how many channels it needs (8 is duotone: gray with inks on top)."""
_ICC_PROFILE, _VERSION_INFO = 1039, 1057
_MAX_RESOURCES, _MAX_PROFILE, _MAX_CHANNELS = 10_000, 8 << 20, 56
NO_FLAT_PICTURE = (
    "saved without 'Maximize Compatibility', so it holds layers but no flat picture: "
    "turn that on in Photoshop's file handling preferences and save it again"
)


def read_header(stream: BinaryIO) -> Header:
    """Read header and image resources, and step over the layers.

    Raises:
        UnreadablePhotoError: if the file is damaged, of a kind that is not read, or holds no flat picture.
    """
    stream.seek(4)
    version, channels, height, width, depth, mode = struct.unpack(">H6xHIIHH", exactly(stream, 22))
    check_size(width, height)
    if version not in (1, 2) or mode not in _MODES or not _MODES[mode][1] <= channels <= _MAX_CHANNELS:
        raise UnreadablePhotoError("a Photoshop file of a rare color mode: convert it to RGB and save it again")
    if depth not in (1, 8, 16):
        raise UnreadablePhotoError(f"a Photoshop file of {depth} bits per channel (HDR): convert it to 8 or 16")
    palette = _read_palette(stream)
    profile = _read_resources(stream)
    stream.seek(_length(stream, 4 * version), 1)
    pillow_mode, needed = _MODES[mode]
    picture = FlatPicture(version, width, height, depth, pillow_mode, needed, channels, palette, stream.tell())
    # Each row of each channel has a length of its own: two or four bytes in the file, eight in memory.
    memory = working_memory(width, height) + 8 * BAND_BYTES + height * channels * 12
    return Header(width, height, memory, partial(decode, stream, picture, profile))


def _read_palette(stream: BinaryIO) -> bytes:
    """256 reds, greens and blues where the pixels are indexed; other modes keep other things here."""
    size = _length(stream, 4)
    start = stream.tell()
    palette = exactly(stream, size) if size == 768 else b""
    stream.seek(start + size)
    return palette


def _read_resources(stream: BinaryIO) -> bytes | None:
    """The ICC profile, if there is one."""
    length = _length(stream, 4)
    end, profile = stream.tell() + length, None
    for _ in range(_MAX_RESOURCES):
        if stream.tell() + 12 > end:
            break
        signature, kind, name = struct.unpack(">4sHB", exactly(stream, 7))
        if signature != b"8BIM" and not signature.isalnum():
            break
        stream.seek(name + (name + 1) % 2, 1)
        size = _length(stream, 4)
        start = stream.tell()
        if kind == _ICC_PROFILE and size <= _MAX_PROFILE:
            profile = exactly(stream, size)
        elif kind == _VERSION_INFO and exactly(stream, 5)[4] == 0:
            raise UnreadablePhotoError(NO_FLAT_PICTURE)
        stream.seek(start + size + size % 2)
    stream.seek(end)
    return profile


def _length(stream: BinaryIO, size: int) -> int:
    length = int.from_bytes(exactly(stream, size), "big")
    if length > 1 << 48:  # beyond any file, and near where seeking itself fails
        raise UnreadablePhotoError("damaged: the Photoshop file is truncated: copy or export it again")
    return length
