"""The pixels of a Photoshop file's flat picture, channel after channel, in bands of rows that are shrunk at once.

Where the picture lies in the file is `psd`'s subject.
Source: Adobe Photoshop File Formats Specification, November 2019, "Image Data Section".
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.decoding.limits import fraction
from recipe_assets.studio.decoding.raster import Raster

BAND_BYTES = 1 << 22
_MAX_READ = 1 << 28
_PREDICTED = 3
Rows = NDArray[np.uint8]
Bands = Iterator[Rows]


@dataclass(frozen=True)
class FlatPicture:
    """Where the flat picture lies, and how: `channels` are those needed, transparency and masks are not."""

    version: int
    width: int
    height: int
    depth: int
    mode: str
    channels: int
    stored_channels: int
    palette: bytes
    at: int

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of one channel."""
        return (self.width * self.depth + 7) // 8

    @property
    def part(self) -> int:
        """At which part of its size the picture is decoded."""
        return fraction(self.width, self.height)

    def bands(self) -> list[int]:
        """How many rows each band of a channel has: some megabytes, in whole squares of `part`."""
        rows = max(1, BAND_BYTES // (self.row_bytes * self.part)) * self.part
        return [min(rows, self.height - top) for top in range(0, self.height, rows)]


def decode(stream: BinaryIO, picture: FlatPicture, profile: bytes | None) -> Raster:
    """Decode the picture as it stands on white: Photoshop has already laid transparent pixels on it.

    Raises:
        UnreadablePhotoError: if it is damaged.
    """
    stream.seek(picture.at)
    compression = int.from_bytes(exactly(stream, 2), "big")
    reader = {0: _raw_bands, 1: _packed_bands, 2: _zip_bands, _PREDICTED: _zip_bands}.get(compression)
    if reader is None:
        raise UnreadablePhotoError("damaged: a Photoshop file with unknown compression")
    bands = reader(stream, picture)
    planes = [_plane(bands, picture, compression == _PREDICTED) for _ in range(picture.channels)]
    return Raster(_merge(planes, picture.mode), profile)


def _plane(bands: Bands, picture: FlatPicture, predicted: bool) -> Image.Image:
    """One channel with 8 bits, at its part of the size; an indexed one comes in its colors."""
    size = (-(-picture.width // picture.part), -(-picture.height // picture.part))
    shrunk = Image.new("RGB" if picture.mode == "P" else "L", size)
    top = 0
    for _ in picture.bands():
        band = Image.fromarray(_eight_bits(next(bands), picture, predicted))
        if picture.mode == "P":
            band = _colored(band, picture.palette)
        shrunk.paste(band.reduce(picture.part), (0, top // picture.part))
        top += band.height
    return shrunk


def _eight_bits(rows: Rows, picture: FlatPicture, predicted: bool) -> Rows:
    if picture.depth == 1:
        return (1 - np.unpackbits(rows, axis=1)[:, : picture.width]) * np.uint8(255)
    if picture.depth == 8:
        return np.cumsum(rows, axis=1, dtype=np.uint8) if predicted else rows
    wide = rows.view(">u2")
    return ((np.cumsum(wide, axis=1, dtype=np.uint16) if predicted else wide) >> 8).astype(np.uint8)


def _colored(band: Image.Image, palette: bytes) -> Image.Image:
    if not palette:
        raise UnreadablePhotoError("damaged: a Photoshop file without its palette")
    band.putpalette(palette, "RGB;L")  # all reds, then all greens, then all blues
    return band.convert("RGB")


def _merge(planes: list[Image.Image], mode: str) -> Image.Image:
    if len(planes) == 1:
        return planes[0]
    merged = Image.merge(mode, planes)
    return ImageChops.invert(merged) if mode == "CMYK" else merged  # Photoshop counts ink downwards


def _raw_bands(stream: BinaryIO, picture: FlatPicture) -> Bands:
    for rows in picture.bands() * picture.channels:
        yield _as_rows(exactly(stream, rows * picture.row_bytes), rows)


def _packed_bands(stream: BinaryIO, picture: FlatPicture) -> Bands:
    table = exactly(stream, picture.height * picture.stored_channels * 2 * picture.version)
    lengths = np.frombuffer(table, ">u2" if picture.version == 1 else ">u4").astype(np.int64)
    first = 0
    for rows in picture.bands() * picture.channels:
        packed = int(lengths[first : first + rows].sum())
        if packed > rows * (2 * picture.row_bytes + 2):  # at its worst, PackBits takes two bytes for one
            raise UnreadablePhotoError("damaged: a Photoshop file whose rows are too long")
        data = exactly(stream, packed)
        yield np.asarray(Image.frombytes("L", (picture.row_bytes, rows), data, "packbits", "L"))
        first += rows


def _zip_bands(stream: BinaryIO, picture: FlatPicture) -> Bands:
    inflate = zlib.decompressobj()
    for rows in picture.bands() * picture.channels:
        wanted, data = rows * picture.row_bytes, bytearray()
        while len(data) < wanted:
            packed = inflate.unconsumed_tail or stream.read(1 << 16)
            chunk = _inflated(inflate, packed, wanted - len(data))
            if not packed and not chunk:
                raise UnreadablePhotoError("damaged: the Photoshop file is truncated: copy or export it again")
            data += chunk
        yield _as_rows(bytes(data), rows)


def _inflated(inflate: "zlib._Decompress", packed: bytes, most: int) -> bytes:
    try:
        return inflate.decompress(packed, most)
    except zlib.error as error:
        raise UnreadablePhotoError(f"damaged: {error}") from None


def _as_rows(data: bytes, rows: int) -> Rows:
    return np.frombuffer(data, np.uint8).reshape(rows, -1)


def exactly(stream: BinaryIO, size: int) -> bytes:
    """The next `size` bytes.

    Raises:
        UnreadablePhotoError: if the file has fewer.
    """
    data = stream.read(size) if size <= _MAX_READ else b""
    if len(data) < size:
        raise UnreadablePhotoError("damaged: the Photoshop file is truncated: copy or export it again")
    return data
