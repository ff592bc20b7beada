"""Writes the photo files that Pillow cannot: deep and unusual TIFF, PNG and Photoshop files, byte by byte.

Pictures come as arrays of shape (height, width, channels), as they shall stand in the file.
Sources: TIFF 6.0; PNG specification; Adobe Photoshop File Formats Specification, November 2019.
"""

import struct
import zlib
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

Pixels = NDArray[np.generic]
TIFF_COMPRESSIONS: dict[int, Callable[[bytes], bytes]] = {1: bytes, 8: zlib.compress, 32773: lambda data: data}
PSD_MODES = {"L": 1, "P": 2, "RGB": 3, "CMYK": 4, "LAB": 9}


def tiff(
    pixels: Pixels,
    photometric: int,
    order: str = "<",
    compression: int = 1,
    rows_per_strip: int | None = None,
    planar: bool = False,
    tags: Mapping[int, tuple[int, bytes]] | None = None,
) -> bytes:
    """A TIFF of one picture. `tags` adds fields: number -> (type, value bytes)."""
    height, width, channels = pixels.shape
    kind, bits = pixels.dtype.kind, pixels.dtype.itemsize * 8
    swapped = pixels.astype(pixels.dtype.newbyteorder(order))
    planes = list(swapped.transpose(2, 0, 1)) if planar else [swapped]
    step = rows_per_strip or height
    pack = TIFF_COMPRESSIONS[compression]
    strips = [pack(plane[top : top + step].tobytes()) for plane in planes for top in range(0, height, step)]

    def shorts(*values: int) -> tuple[int, bytes]:
        return 3, struct.pack(f"{order}{len(values)}H", *values)

    def longs(*values: int) -> tuple[int, bytes]:
        return 4, struct.pack(f"{order}{len(values)}L", *values)

    fields = {
        256: longs(width), 257: longs(height), 258: shorts(*[bits] * channels), 259: shorts(compression),
        262: shorts(photometric), 277: shorts(channels), 278: longs(step), 284: shorts(2 if planar else 1),
        339: shorts(*[{"u": 1, "i": 2, "f": 3}[kind]] * channels), 279: longs(*map(len, strips)),
        273: longs(*np.cumsum([8, *map(len, strips[:-1])])), **(tags or {}),
    }  # fmt: skip
    return tiff_file(order, b"".join(strips), fields)


def tiff_file(order: str, body: bytes, fields: dict[int, tuple[int, bytes]]) -> bytes:
    """A TIFF of these pixel bytes, which begin at byte 8, and one directory behind them."""
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 12: 8}
    body += b"\0" * (len(body) % 2)
    entries, at = b"", 8 + len(body)
    for tag, (kind, value) in sorted(fields.items()):
        place = value.ljust(4, b"\0")
        if len(value) > 4:
            place = struct.pack(order + "L", at)
            body += value + b"\0" * (len(value) % 2)
            at = 8 + len(body)
        entries += struct.pack(order + "HHL", tag, kind, len(value) // sizes[kind]) + place
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HL", 42, at)
    return head + body + struct.pack(order + "H", len(fields)) + entries + b"\0" * 4


def png(pixels: Pixels, color: int, chunks: Mapping[bytes, bytes] | None = None) -> bytes:
    """A PNG of 8 or 16 bits, unfiltered. `chunks` stand before the pixels; color 6 is RGBA, 4 gray with alpha."""
    height, width, _ = pixels.shape
    depth = pixels.dtype.itemsize * 8
    rows = pixels.astype(pixels.dtype.newbyteorder(">")).reshape(height, -1)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    parts = {b"IHDR": struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0), **(chunks or {})}
    parts |= {b"IDAT": zlib.compress(data, 1), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, value) for kind, value in parts.items())


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk with its checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def psd(
    pixels: Pixels,
    mode: str,
    packing: int = 1,
    big: bool = False,
    resources: Mapping[int, bytes] | None = None,
    palette: bytes = b"",
    depth: int | None = None,
    layers: bytes = b"",
) -> bytes:
    """A Photoshop file of this flat picture; `packing` is 0 plain, 1 PackBits, 2 ZIP, 3 ZIP with prediction."""
    height, width, channels = pixels.shape
    depth = depth or pixels.dtype.itemsize * 8
    head = struct.pack(
        ">4sH6xHIIHH", b"8BPS", 2 if big else 1, channels, height, width, depth, PSD_MODES.get(mode, 0)
    )
    blocks = b"".join(psd_resource(number, value) for number, value in (resources or {}).items())
    sections = _sized(palette) + _sized(blocks) + struct.pack(">Q" if big else ">I", len(layers)) + layers
    rows = pixels.astype(pixels.dtype.newbyteorder(">")).transpose(2, 0, 1).reshape(height * channels, width)
    return head + sections + struct.pack(">H", packing) + _psd_pixels(rows, packing, big)


def _psd_pixels(rows: Pixels, packing: int, big: bool) -> bytes:
    if packing == 1:
        packed = [pack_bits(row.tobytes()) for row in rows]
        return struct.pack(f">{len(packed)}{'I' if big else 'H'}", *map(len, packed)) + b"".join(packed)
    if packing == 3:
        rows = np.diff(rows, axis=1, prepend=rows[:, :1] * 0).astype(rows.dtype)
    return rows.tobytes() if packing == 0 else zlib.compress(rows.tobytes(), 1)


def psd_resource(number: int, value: bytes) -> bytes:
    """One image resource block without a name."""
    return b"8BIM" + struct.pack(">HHI", number, 0, len(value)) + value + b"\0" * (len(value) % 2)


def _sized(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def pack_bits(row: bytes) -> bytes:
    """Runs of equal bytes as two bytes, all others in literal stretches."""
    packed, at = b"", 0
    while at < len(row):
        run = 1
        while run < 128 and row[at : at + 1] == row[at + run : at + run + 1]:
            run += 1
        if run > 2:
            packed += bytes([257 - run]) + row[at : at + 1]
        else:
            run = min(128, len(row) - at, 16)
            packed += bytes([run - 1]) + row[at : at + run]
        at += run
    return packed


def ycck(image: Image.Image, quality: int = 95) -> bytes:
    """A CMYK picture as Photoshop writes JPEGs: inks as YCC beside black, counted downwards, marked by APP14."""
    cyan, magenta, yellow, black = image.split()
    light = Image.merge("RGB", (cyan, magenta, yellow)).convert("YCbCr").split()
    # Pillow turns all four around as it writes, and libjpeg turns the three around when it reads.
    stored = Image.merge("CMYK", [*(plane.point(lambda value: 255 - value) for plane in light), black])
    jpeg = bytearray(encode_jpeg(stored, quality=quality))
    jpeg[jpeg.index(b"Adobe") + 11] = 2
    return bytes(jpeg)


def encode_jpeg(image: Image.Image, **options: object) -> bytes:
    """The image as a JPEG."""
    import io

    stream = io.BytesIO()
    image.save(stream, JpegImagePlugin.JpegImageFile.format, **options)
    return stream.getvalue()


def without_segments(jpeg: bytes, marker: int) -> bytes:
    """The JPEG without its segments of this marker."""
    kept, at = jpeg[:2], 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        kept += jpeg[at:end] if jpeg[at + 1] != marker else b""
        at = end
    return kept + jpeg[at:]
