"""Small files that ask for much: pixels, scans, unpacked bytes, directories. Some are allowed, and cost."""

import struct
import zlib
from functools import cache

import numpy as np

from tests.studio.pictures import encode, picture
from tests.studio.writers import png, png_chunk, psd, tiff, tiff_file


@cache
def squeezed_zeros(size: int) -> bytes:
    """So many zero bytes, deflated."""
    deflate, block = zlib.compressobj(1), bytes(1 << 20)
    whole, rest = divmod(size, len(block))
    return b"".join(
        [*(deflate.compress(block) for _ in range(whole)), deflate.compress(block[:rest]), deflate.flush()]
    )


def large_png(width: int, height: int, depth: int = 8, color: int = 2) -> bytes:
    """A whole, black PNG."""
    row = 1 + width * {0: 1, 2: 3, 4: 2, 6: 4}[color] * depth // 8
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", squeezed_zeros(row * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, data) for kind, data in chunks)


def large_tiff(width: int, height: int, depth: int = 16, told: tuple[int, int] | None = None) -> bytes:
    """A whole, black RGB TIFF in one ZIP strip; `told` is what it says to be instead."""
    strip = squeezed_zeros(width * height * 3 * depth // 8)
    width, height = told or (width, height)
    fields = {
        256: width, 257: height, 258: (depth,) * 3, 259: 8, 262: 2, 273: 8, 277: 3, 278: height, 279: len(strip),
    }  # fmt: skip
    entries = {
        tag: (3, struct.pack("<3H", *value)) if isinstance(value, tuple) else (4, struct.pack("<L", value))
        for tag, value in fields.items()
    }
    return tiff_file("<", strip, entries)


def jpeg_of(width: int, height: int, **options: object) -> bytes:
    """A JPEG whose frame tells of another size; libjpeg takes all that is missing for gray."""
    jpeg = bytearray(encode(picture(1, (64, 48)), quality=90, **options))
    frame = next(jpeg.index(marker) for marker in (b"\xff\xc0", b"\xff\xc2") if marker in jpeg)
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(jpeg)


def jpeg_of_scans(scans: int, width: int = 64, height: int = 48) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    jpeg = jpeg_of(width, height, progressive=True)
    start = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[start:-2] * scans + jpeg[-2:]


def large_psd(width: int, height: int) -> bytes:
    """A whole, black, 16-bit RGB Photoshop file in PackBits."""
    runs, rest = divmod(width * 2, 128)
    row = b"\x81\0" * runs + (bytes([257 - rest, 0]) if rest > 1 else b"\0\0" * rest)
    small = psd(np.zeros((1, 1, 3), np.uint16), "RGB", 0)
    head = small[:14] + struct.pack(">II", height, width) + small[22:38]
    return head + struct.pack(">H", 1) + struct.pack(">H", len(row)) * (height * 3) + row * (height * 3)


@cache
def text_bombs() -> dict[str, bytes]:
    """PNGs whose texts and profile unpack to far more than the file has."""
    pixels = np.asarray(picture(1, (40, 30)))
    million = squeezed_zeros(300 << 20)
    bombs = {b"zTXt": b"Comment\0\0", b"iTXt": b"XML:com.adobe.xmp\0\1\0\0\0", b"iCCP": b"profile\0\0"}
    return {kind.decode(): png(pixels, 2, {kind: head + million}) for kind, head in bombs.items()}


@cache
def directory_bombs() -> dict[str, bytes]:
    """TIFFs and EXIF blocks of absurdly many, overlapping or circular fields."""
    pixels = np.asarray(picture(1, (40, 30)))
    whole = 40 * 30 * 3
    overlapping = {tag: (7, b"\0" * whole) for tag in range(60_000, 60_040)}
    many = tiff_file("<", bytes(whole), {tag: (3, b"\1\0") for tag in range(60_000)})
    circle = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HHHLLHHLLL", 2, 0x8769, 4, 1, 8, 0xA005, 4, 1, 8, 8)
    claims = {273: (4, struct.pack("<L", 8) * 200_000), 279: (4, struct.pack("<L", 9) * 200_000)}
    long = struct.Struct("<L").pack
    tile = {322: (4, long(60_000)), 323: (4, long(60_000)), 324: (4, long(8)), 325: (4, long(whole))}
    return {
        "many tags": many,
        "large tags": tiff(pixels, 2, tags=overlapping),
        "many strips": tiff(pixels, 2, tags=claims),
        "circular EXIF": encode(picture(1), exif=circle),
        "huge tile": tiff(pixels, 2, compression=8, tags=tile),
        "unpacks to more": large_tiff(4000, 3000, told=(40, 30)),
        "unpacks to less": large_tiff(40, 30, told=(4000, 3000)),
    }
