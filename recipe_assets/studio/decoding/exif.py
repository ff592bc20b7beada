"""The two facts of EXIF that change pixels, orientation and color space, and the directories that hold them.

TIFF files are made of the same directories. Nothing else of EXIF is read, so a hostile block costs nothing.
Sources: TIFF 6.0; BigTIFF; EXIF 2.32 (tags 0x0112, 0xA001), DCF 2.0 (interoperability index "R03": Adobe RGB).
"""

import io
import struct
from typing import BinaryIO, NamedTuple

ORIENTATION, EXIF_IFD, COLOR_SPACE, INTEROP_IFD, INTEROP_INDEX = 0x0112, 0x8769, 0xA001, 0xA005, 1
MAX_ENTRIES = 4096
"""Entries of one directory; real ones have below 100."""
_LAST_BYTE = 1 << 62
"""Where no file goes, and beyond which none can be asked."""
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_INTEGERS = {1: "B", 3: "H", 4: "L", 13: "L", 16: "Q", 18: "Q"}


class Exif(NamedTuple):
    """How to turn the stored pixels upright (1 to 8, as EXIF counts) and whether they are in Adobe RGB."""

    orientation: int = 1
    adobe_rgb: bool = False


NO_EXIF = Exif()


class Entry(NamedTuple):
    """One field of a directory: its type, how many values it has, and its last four (BigTIFF: eight) bytes."""

    kind: int
    values: int
    value: bytes

    @property
    def size(self) -> int:
        """Bytes that all its values take."""
        return _SIZES.get(self.kind, 0) * self.values


class Directories:
    """Directories of one TIFF structure in a stream."""

    def __init__(self, stream: BinaryIO) -> None:
        """Read the header.

        Raises:
            ValueError: if it is no TIFF header.
        """
        self._stream = stream
        head = self._read(0, 8)
        if head[:2] not in (b"II", b"MM"):
            raise ValueError("no byte order")
        self.order = "<" if head[:2] == b"II" else ">"
        version = self._unpack("H", head[2:4])[0]
        if version not in (42, 43):
            raise ValueError("no TIFF version")
        self.big = version == 43
        self.first = self._unpack("Q", self._read(8, 8))[0] if self.big else self._unpack("L", head[4:])[0]

    def entries(self, at: int) -> dict[int, Entry]:
        """The directory at this position; the first of two entries with one tag counts.

        Raises:
            ValueError: if it lies outside the stream or has absurdly many entries.
        """
        layout, start, length = ("HHQ8s", 8, 20) if self.big else ("HHL4s", 2, 12)
        (count,) = self._unpack("Q" if self.big else "H", self._read(at, start))
        if count > MAX_ENTRIES:
            raise ValueError(f"a directory of {count} tags")
        block = self._read(at + start, count * length)
        found: dict[int, Entry] = {}
        for position in range(0, len(block), length):
            tag, *rest = struct.unpack_from(self.order + layout, block, position)
            found.setdefault(tag, Entry(*rest))
        return found

    def integers(self, entry: Entry | None, most: int = 16) -> tuple[int, ...]:
        """The first values of a field, at most `most`; none if the field is missing or holds no integers."""
        if entry is None or entry.kind not in _INTEGERS:
            return ()
        count = min(entry.values, most)
        inline = entry.size <= len(entry.value)
        size = count * _SIZES[entry.kind]
        data = entry.value[:size] if inline else self._read(self.offset(entry), size)
        return self._unpack(f"{count}{_INTEGERS[entry.kind]}", data)

    def offset(self, entry: Entry) -> int:
        """Where the values of a field lie that do not fit into its entry."""
        position: int = self._unpack("Q" if self.big else "L", entry.value)[0]
        return position

    def exif(self, entries: dict[int, Entry]) -> Exif:
        """What the first directory and those below it say; damage counts as silence."""
        try:
            orientation = self.integers(entries.get(ORIENTATION), 1) or (1,)
            return Exif(orientation[0] if orientation[0] in range(1, 9) else 1, self._is_adobe_rgb(entries))
        except (ValueError, struct.error):
            return NO_EXIF

    def _is_adobe_rgb(self, entries: dict[int, Entry]) -> bool:
        try:
            below = self.entries(self.integers(entries.get(EXIF_IFD), 1)[0])
            space = self.integers(below.get(COLOR_SPACE), 1)
            if space in ((1,), (2,)):
                return space == (2,)
            interop = self.entries(self.integers(below.get(INTEROP_IFD), 1)[0])
            return interop[INTEROP_INDEX].value[:3] == b"R03"
        except (ValueError, LookupError, struct.error):
            return False

    def _read(self, at: int, size: int) -> bytes:
        if at > _LAST_BYTE:
            raise ValueError("a directory that lies nowhere")
        self._stream.seek(at)
        data = self._stream.read(size)
        if len(data) < size:
            raise ValueError("a truncated directory")
        return data

    def _unpack(self, layout: str, data: bytes) -> tuple[int, ...]:
        return struct.unpack(self.order + layout, data)


def read_exif(block: bytes | None) -> Exif:
    """What an EXIF block says, with or without the marker that JPEG puts before it."""
    try:
        directories = Directories(io.BytesIO((block or b"").removeprefix(b"Exif\x00\x00")))
        return directories.exif(directories.entries(directories.first))
    except (ValueError, OverflowError, struct.error):
        return NO_EXIF
