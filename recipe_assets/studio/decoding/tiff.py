"""TIFF: what its first directory tells before decoding, and which of its many kinds are read.

Sources: TIFF 6.0, Adobe's technical notes on it (JPEG, deflate, floating point), DNG 1.7 and TIFF/EP for raw.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from PIL import Image, ImageChops, ImageFile, TiffImagePlugin

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.decoding.exif import Directories, Entry
from recipe_assets.studio.decoding.limits import check_size, working_memory
from recipe_assets.studio.decoding.raster import Header, Raster, decode_with

MAX_PIECES = 100_000
"""Strips or tiles; each is an object while the file is read."""
_UNCOMPRESSED, _JPEG = 1, 7
COMPRESSIONS = {_UNCOMPRESSED: "none", 5: "LZW", _JPEG: "JPEG", 8: "ZIP", 32773: "PackBits", 32946: "ZIP"}
"""What studios' programs write; libtiff's other decoders stay shut."""
_PHOTOMETRICS = {0: "gray", 1: "gray", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "Lab"}
_WHITE_IS_ZERO, _OLD_JPEG, _FLOATING, _PLANAR, _DNG_VERSION, _SUB_IFDS, _PREVIEW = 0, 6, 3, 2, 50706, 330, 254
_CAMERA_RAW = "a camera's raw file, or a preview of one: develop it and export a JPEG or TIFF"


@dataclass(frozen=True)
class _Layout:
    """How the pixels of the first directory lie in the file."""

    width: int
    height: int
    bits: tuple[int, ...]
    samples: int
    formats: tuple[int, ...]
    photometric: int
    compression: int
    planar: bool
    piece: tuple[int, int]
    pieces: int

    @property
    def depth(self) -> int:
        """Bits per channel."""
        return max(self.bits)

    @property
    def kind(self) -> str:
        """In words, such as "a TIFF of 32-bit floating-point RGB"."""
        number = "floating-point " if _FLOATING in self.formats else ""
        return f"a TIFF of {self.depth}-bit {number}{_PHOTOMETRICS.get(self.photometric, 'unknown color')}"


class _StoredTiff(TiffImagePlugin.TiffImageFile):
    """Leaves the pixels as stored, where Pillow would turn them at full size, in twice the memory."""

    def getexif(self) -> Image.Exif:
        """Nothing, so that nothing is turned."""
        return Image.Exif()

    def _setup(self) -> None:
        super()._setup()
        self._size = self._tile_size
        if self._planar_configuration == _PLANAR and not self.use_load_libtiff and max(self.tag_v2[258]) == 16:
            # Pillow reads such channels as if they had 8 bits; libtiff does not.
            self.use_load_libtiff = True
            arguments = (f"{self.mode};16N", False, self.tag_v2.offset)
            self.tile = [ImageFile._Tile("libtiff", (0, 0, *self._tile_size), 0, arguments)]


def read_header(stream: BinaryIO) -> Header:
    """Read the first directory, without reading the pixels.

    Raises:
        UnreadablePhotoError: if the file is damaged, a raw file, or of a kind that is not read.
        ValueError: if the directory is damaged.
    """
    directories = Directories(stream)
    entries = directories.entries(directories.first)
    layout = _layout(directories, entries)
    check_size(layout.width, layout.height)
    _check(layout, entries)
    tags = sum(entry.size for entry in entries.values())
    # Pillow reads every tag's data, twice; it stops where that would be more than the file has.
    memory = _memory(layout) + 3 * min(tags, stream.seek(0, 2))
    return Header(layout.width, layout.height, memory, partial(_decode, stream, layout), directories.exif(entries))


def _layout(directories: Directories, entries: dict[int, Entry]) -> _Layout:
    def first(tag: int, default: int) -> int:
        return (directories.integers(entries.get(tag), 1) or (default,))[0]

    width, height, tiled = first(256, 0), first(257, 0), 322 in entries
    piece = (first(322, 0), first(323, 0)) if tiled else (width, min(first(278, height), height))
    offsets = entries.get(324 if tiled else 273)
    bits = directories.integers(entries.get(258)) or (1,)
    return _Layout(
        width, height, bits, first(277, len(bits)), directories.integers(entries.get(339)) or (1,),
        first(262, 0), first(259, 1), first(284, 1) == _PLANAR, piece, offsets.values if offsets else 0,
    )  # fmt: skip


def _check(layout: _Layout, entries: dict[int, Entry]) -> None:
    preview = _PREVIEW in entries and entries[_PREVIEW].value.strip(b"\0") and _SUB_IFDS in entries
    if _DNG_VERSION in entries or preview or layout.compression == _OLD_JPEG:
        raise UnreadablePhotoError(_CAMERA_RAW)
    if layout.compression not in COMPRESSIONS:
        raise UnreadablePhotoError(f"TIFF compression {layout.compression} is not read: save it with LZW or ZIP")
    if not {1, 4}.issuperset(layout.formats) or not {1, 2, 4, 8, 16}.issuperset(layout.bits):
        raise UnreadablePhotoError(f"{layout.kind} is not read: export it with 8 or 16 bits per channel")
    if not 0 < layout.pieces <= MAX_PIECES or min(layout.piece) < 1:
        raise UnreadablePhotoError(f"damaged: a TIFF of {layout.pieces} pieces")


def _memory(layout: _Layout) -> int:
    per_pixel = 4 if layout.samples > 1 else 2 if layout.depth == 16 else 1
    pixels = layout.width * layout.height * per_pixel
    piece = math.prod(layout.piece) * max(4, layout.samples * -(-layout.depth // 8))
    # libtiff holds one piece as it unpacks it; JPEG inside may be progressive: two bytes a coefficient.
    streamed = layout.compression == _UNCOMPRESSED and not layout.planar
    unpacking = 0 if streamed else piece * (3 if layout.compression == _JPEG else 1)
    return pixels + unpacking + working_memory(layout.width, layout.height)


def _decode(stream: BinaryIO, layout: _Layout) -> Raster:
    try:
        raster = decode_with(_StoredTiff, stream, layout.width, layout.height)
    except SyntaxError:
        raise UnreadablePhotoError(
            f"{layout.kind} in {layout.samples} channels is not read: export it as 8- or 16-bit RGB"
        ) from None
    if layout.photometric == _WHITE_IS_ZERO and layout.depth == 16:
        return Raster(ImageChops.invert(raster.image), raster.profile)  # Pillow does so for 8 bits only
    return raster
