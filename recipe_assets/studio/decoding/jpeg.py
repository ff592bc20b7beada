"""JPEG: what its markers tell before decoding, and how it is decoded at a fraction of its size.

Sources: ITU-T T.81 (markers, frames, scans); Adobe Technical Note 5116 (APP14); EXIF 2.32 (APP1).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from PIL import ImageChops, JpegImagePlugin

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.decoding.exif import NO_EXIF, Exif, read_exif
from recipe_assets.studio.decoding.limits import DECODED_SIDE, check_size, working_memory
from recipe_assets.studio.decoding.raster import Header, Raster

MAX_SCANS = 100
"""Encoders write at most about 15; each further scan walks through the whole picture again."""
MAX_SCANNED_PIXELS = 4_000_000_000
"""Scans times pixels: a file of a few kilobytes can ask for minutes of work."""
_MAX_SEGMENTS, _MAX_JUNK = 10_000, 4096
_FRAMES = {0xC0: False, 0xC1: False, 0xC2: True, 0xC9: False, 0xCA: True}
"""Frame markers that libjpeg decodes at a fraction, and whether they are progressive."""
_OTHER_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF}
_BLOCK = 1 << 16
_WHOLE = 1 << 24
"""Bytes that libjpeg gets at once: Pillow's 64 KiB cost 4 % of the time of an 8 MB photo, and take the
interpreter's lock 128 times on the way, for which a server's threads queue."""
END, SCAN = b"\xff\xd9", b"\xff\xda"


@dataclass
class _Markers:
    """What stands before the first scan."""

    width: int = 0
    height: int = 0
    precision: int = 8
    progressive: bool = False
    sampling: list[tuple[int, int]] = field(default_factory=list)
    adobe: bool = False
    exif: Exif = NO_EXIF
    scan_components: int = 0
    scan_at: int = 0


def read_header(stream: BinaryIO) -> Header:
    """Read the markers up to the pixels, and look whether these end.

    Raises:
        UnreadablePhotoError: if the file is damaged, cut off, or made to be slow.
    """
    found = _read_markers(stream)
    if found.precision != 8:
        raise UnreadablePhotoError(f"a JPEG of {found.precision} bits per channel: export it with 8")
    check_size(found.width, found.height)
    buffered = found.progressive or found.scan_components < len(found.sampling)
    if buffered:
        _check_scans(_count(stream, found.scan_at, SCAN), found.width * found.height)
    if not _ends(stream, found.scan_at):
        raise UnreadablePhotoError("damaged: the JPEG is truncated: copy or export it again")
    memory = working_memory(found.width, found.height) + found.width * 64 * 8
    memory += _coefficients(found) if buffered else 0
    return Header(found.width, found.height, memory, partial(_decode, stream, found), found.exif)


def _decode(stream: BinaryIO, found: _Markers) -> Raster:
    stream.seek(0)
    with JpegImagePlugin.JpegImageFile(stream) as image:
        if image.size != (found.width, found.height):
            raise UnreadablePhotoError("damaged: two frames in one JPEG")
        profile = image.info.get("icc_profile")
        image.draft(None, (DECODED_SIDE, DECODED_SIDE))
        image.decodermaxblock = _WHOLE
        image.load()
        pixels = image.copy()
    if pixels.mode == "CMYK" and not found.adobe:
        pixels = ImageChops.invert(pixels)  # Pillow takes all for Adobe's, which count ink downwards
    return Raster(pixels, profile)


def _read_markers(stream: BinaryIO) -> _Markers:
    found = _Markers()
    for marker, size in _segments(stream):
        if marker in _OTHER_FRAMES:
            raise UnreadablePhotoError(f"a JPEG of a rare kind (frame {marker:#x}): export it as baseline JPEG")
        if marker in _FRAMES:
            _read_frame(found, marker, stream.read(size))
        elif marker == 0xDA:
            found.scan_components, found.scan_at = (stream.read(1) or b"\0")[0], stream.tell()
        elif marker == 0xEE:
            found.adobe |= stream.read(5) == b"Adobe"
        elif marker == 0xE1 and found.exif is NO_EXIF and (block := stream.read(size)).startswith(b"Exif\0\0"):
            found.exif = read_exif(block)
    if not found.scan_at or not found.sampling:
        raise UnreadablePhotoError("damaged: a JPEG without pixels")
    return found


def _segments(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """Marker and payload size of each segment up to the first scan, the stream standing at the payload."""
    stream.seek(2)
    junk = 0
    for _ in range(_MAX_SEGMENTS):
        while (byte := stream.read(1)) not in (b"\xff", b"") and junk < _MAX_JUNK:
            junk += 1
        while (marker := stream.read(1)) == b"\xff" and junk < _MAX_JUNK:
            junk += 1
        if not byte or not marker or junk >= _MAX_JUNK:
            break
        if marker[0] in (0x00, 0x01, *range(0xD0, 0xD9)):
            continue
        head = stream.read(2)
        if len(head) < 2 or marker == b"\xd9":
            break
        size, start = max(0, struct.unpack(">H", head)[0] - 2), stream.tell()
        yield marker[0], size
        if marker == b"\xda":
            return
        stream.seek(start + size)
    raise UnreadablePhotoError("damaged: a JPEG whose markers lead nowhere")


def _read_frame(found: _Markers, marker: int, payload: bytes) -> None:
    if len(payload) < 6 or len(payload) < 6 + 3 * payload[5] or found.sampling:
        raise UnreadablePhotoError("damaged: a JPEG with a broken frame")
    found.precision, found.height, found.width, count = struct.unpack_from(">BHHB", payload)
    found.progressive = _FRAMES[marker]
    found.sampling = [(payload[7 + 3 * n] >> 4, payload[7 + 3 * n] & 15) for n in range(count)]
    if not all(1 <= across <= 4 and 1 <= down <= 4 for across, down in found.sampling):
        raise UnreadablePhotoError("damaged: a JPEG with a broken frame")


def _coefficients(found: _Markers) -> int:
    """Bytes of all coefficients, which libjpeg keeps when a picture comes in several scans."""
    most_across, most_down = (max(factors) for factors in zip(*found.sampling, strict=True))
    across, down = -(-found.width // (8 * most_across)), -(-found.height // (8 * most_down))
    return sum(across * a * down * d * 128 for a, d in found.sampling)


def _check_scans(scans: int, pixels: int) -> None:
    if scans > MAX_SCANS or scans * pixels > MAX_SCANNED_PIXELS:
        raise UnreadablePhotoError(f"a JPEG of {scans} scans, made to be slow: export it again")


def _count(stream: BinaryIO, start: int, mark: bytes) -> int:
    """How often the marker stands from here on, the scan that led here included."""
    stream.seek(start)
    count, last = 1, b""
    while block := stream.read(_BLOCK):
        count += (last + block).count(mark)
        last = block[-1:]
    return count


def _ends(stream: BinaryIO, start: int) -> bool:
    """Whether the end marker stands behind the first scan; often it is at the very end, so look from there.

    A file that a failed copy filled up with zeros decodes without an error, but it has no end.
    """
    end = stream.seek(0, 2)
    while end > start:
        begin = max(start, end - _BLOCK)
        stream.seek(begin)
        if END in stream.read(end - begin + 1):
            return True
        end = begin
    return False
