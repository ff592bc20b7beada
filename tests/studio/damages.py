"""Files to fear: real ones of every format, damaged by seed, and some that were made to harm.

What becomes of them is `damaged`'s subject, single ways to ask for too much are `bombs`'.
"""

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
from PIL import Image

from tests.studio import bombs
from tests.studio.heic import heic, heic_with_profile
from tests.studio.pictures import encode, picture
from tests.studio.profiles import ADOBE_RGB, press_profile
from tests.studio.writers import png, psd, tiff, ycck

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:subject><rdf:Bag><rdf:li>pan</rdf:li>'
    b"</rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"
)
IPTC = b"\x1c\x02\x19\x00\x03pan\x1c\x02\x19\x00\x0aoven\xc3\xa4-tray"
Rng = np.random.Generator


@cache
def originals() -> dict[str, bytes]:
    """Real files of every format and most of its kinds, with metadata where the format has it."""
    photo, exif = picture(1, (200, 150)), Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8769] = 6, "Canon", {0xA001: 65535, 0xA005: {1: "R03"}}
    block = b"8BIM\x04\x04\0\0" + len(IPTC).to_bytes(4, "big") + IPTC + b"\0" * (len(IPTC) % 2)
    rich = encode(photo, exif=exif, icc_profile=ADOBE_RGB, xmp=XMP)
    segment = b"Photoshop 3.0\0" + block
    pixels = np.asarray(photo)
    deep = pixels.astype(np.uint16) * 257
    tags = {700: (1, XMP), 33723: (7, IPTC), 34675: (7, ADOBE_RGB), 274: (3, b"\6\0")}
    resources = {1028: IPTC, 1039: ADOBE_RGB, 1060: XMP}
    return {
        "jpeg": rich[:2] + b"\xff\xed" + (len(segment) + 2).to_bytes(2, "big") + segment + rich[2:],
        "jpeg progressive": encode(photo, progressive=True, exif=exif),
        "jpeg cmyk": encode(photo.convert("CMYK"), icc_profile=press_profile()),
        "jpeg ycck": ycck(photo.convert("CMYK")),
        "jpeg previews": encode(photo, "MPO", save_all=True, append_images=[picture(2, (48, 32))]),
        "png": encode(photo, "PNG", exif=exif, icc_profile=ADOBE_RGB),
        "png 16": png(deep, 2),
        "png palette": encode(photo.quantize(64), "PNG", transparency=3),
        "png animated": encode(photo, "PNG", save_all=True, append_images=[picture(2, (200, 150))]),
        "tiff": tiff(pixels, 2, ">", tags={**tags, 274: (3, b"\0\6")}),
        "tiff lzw": encode(photo, "TIFF", compression="tiff_lzw"),
        "tiff jpeg": encode(photo, "TIFF", compression="jpeg"),
        "tiff 16": tiff(deep, 2, "<", 8, 16, tags=tags),
        "tiff planar": tiff(deep, 2, "<", 1, 16, planar=True),
        "tiff cmyk": encode(photo.convert("CMYK"), "TIFF", icc_profile=press_profile()),
        "webp": encode(photo, "WEBP", exif=exif, icc_profile=ADOBE_RGB, xmp=XMP),
        "webp lossless": encode(photo.convert("RGBA"), "WEBP", lossless=True),
        "webp animated": encode(photo, "WEBP", save_all=True, append_images=[picture(2, (200, 150))]),
        "psd": psd(pixels, "RGB", resources=resources, layers=bytes(500)),
        "psd 16": psd(deep, "RGB", 3, resources=resources),
        "psd cmyk": psd(np.asarray(photo.convert("CMYK")), "CMYK", 0),
        "psb": psd(pixels, "RGB", 1, big=True),
        "heic": heic(),
        "heic profile": heic_with_profile(ADOBE_RGB),
    }


def cut(data: bytearray, rng: Rng) -> None:
    """Break off anywhere."""
    del data[int(rng.integers(len(data))) :]


def flip(data: bytearray, rng: Rng) -> None:
    """Turn some bits, mostly where the structure is."""
    reach = len(data) if rng.random() < 0.3 else min(len(data), 2500)
    for at in rng.integers(reach, size=int(rng.integers(1, 30))):
        data[at] ^= 1 << int(rng.integers(8))


def overstate(data: bytearray, rng: Rng) -> None:
    """Write extreme numbers, as for sizes, counts and offsets."""
    for at in rng.integers(min(len(data) - 4, 2500), size=int(rng.integers(1, 4))):
        data[at : at + 4] = [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\x7f"][
            at % 4
        ]


def splice(data: bytearray, rng: Rng) -> None:
    """Lose, repeat or overwrite a stretch, as a failed copy does."""
    start = int(rng.integers(len(data)))
    stretch = data[start : start + int(rng.integers(1, 3000))]
    end = start + len(stretch)
    data[start:end] = [b"", stretch * 3, bytes(len(stretch)), rng.bytes(len(stretch))][int(rng.integers(4))]


def cross(data: bytearray, rng: Rng) -> None:
    """The head of one file on the body of another, or garbage behind a true start."""
    others = list(originals().values()) if rng.random() < 0.1 else [rng.bytes(4000)]
    at = int(rng.integers(4, 400))
    data[at:] = others[int(rng.integers(len(others)))][at:]


DAMAGES: tuple[Callable[[bytearray, Rng], None], ...] = (cut, flip, flip, overstate, overstate, splice, cross)


def hostile() -> Iterator[tuple[str, bytes]]:
    """Files that were made to harm, each whole in its way."""
    yield from (("empty", b""), ("zeros", bytes(100_000)), ("one byte", b"\xff"))
    yield from (("png text bomb", photo) for photo in bombs.text_bombs().values())
    yield from (("directory bomb", photo) for photo in bombs.directory_bombs().values())
    yield from (("jpeg scans", bombs.jpeg_of_scans(scans)) for scans in (50, 500, 20_000))
    yield "jpeg scans", bombs.jpeg_of_scans(90, 60_000, 3000)
    yield from (
        ("jpeg size", bombs.jpeg_of(*size)) for size in ((65_500, 65_500), (14_000, 14_000), (0, 9), (9, 0))
    )
    yield "jpeg size", bombs.jpeg_of(14_000, 14_000, progressive=True, subsampling=0)
    yield from (("png size", bombs.large_png(*size)) for size in ((60_000, 5000), (30_000, 30), (14_000, 14_000)))
    yield from (("psd size", bombs.large_psd(*size)) for size in ((8000, 8000), (300_000, 20)))
    yield "billion laughs", _with_xmp(_laughs())
    yield "deep XMP", _with_xmp(b"<a>" * 15_000)
    yield "webp size", b"RIFF\x1e\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0\xff\x3f\0\xff\x2f\0" + bytes(8)


def _laughs() -> bytes:
    entities = b"".join(b'<!ENTITY a%d "%s">' % (n + 1, b"&a%d;" % n * 10) for n in range(9))
    return b'<!DOCTYPE x [<!ENTITY a0 "ha">' + entities + b"]><x>&a9;</x>"


def _with_xmp(packet: bytes) -> bytes:
    return encode(picture(1), xmp=packet)


def damaged_files(count: int, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """So many files with a name for what they were; the same ones at every call."""
    made = [*hostile()]
    sources = list(originals().items())
    for number in range(count - len(made)):
        rng = np.random.default_rng([seed, number])
        name, source = sources[number % len(sources)]
        data = bytearray(source)
        for _ in range(int(rng.integers(1, 3))):
            if len(data) > 8:
                DAMAGES[int(rng.integers(len(DAMAGES)))](data, rng)
        made.append((name, bytes(data)))
    yield from made
