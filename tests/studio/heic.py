"""HEIC files for tests: one that ImageMagick wrote from `picture(11, (120, 80))`, and variants with further boxes.

Nothing that is installed can encode HEVC, so the pixels are a golden file's.
Source: ISO/IEC 23008-12 (irot, ipma), ISO/IEC 14496-12 (meta, iloc, colr).
"""

import struct
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden" / "picture.heic"
SIZE = (120, 80)


def heic() -> bytes:
    """The golden file: `picture(11, (120, 80))` without profile or turn."""
    return GOLDEN.read_bytes()


def turned_heic(quarters: int) -> bytes:
    """The same picture, to be shown turned by so many quarters against the clock."""
    return with_property(heic(), box(b"irot", bytes([quarters])))


def heic_with_profile(profile: bytes) -> bytes:
    """The same pixels under an ICC profile."""
    return with_property(heic(), box(b"colr", b"prof" + profile))


def box(kind: bytes, data: bytes) -> bytes:
    """One box."""
    return struct.pack(">I4s", 8 + len(data), kind) + data


def with_property(photo: bytes, added: bytes) -> bytes:
    """Append a property to the one list of properties and give it to the one picture."""
    count = _properties(photo)
    grown = bytearray(photo)
    entry = grown.index(b"ipma") + 4 + 4 + 4 + 2  # version and flags, number of entries, the picture's number
    links = grown[entry]
    grown[entry] = links + 1
    grown.insert(entry + 1 + links, 0x80 | (count + 1))
    for name, growth in (
        (b"ipma", 1),
        (b"ipco", len(added)),
        (b"iprp", len(added) + 1),
        (b"meta", len(added) + 1),
    ):
        _resize(grown, name, growth)
    start = grown.index(b"ipco") - 4
    end = start + struct.unpack_from(">I", grown, start)[0] - len(added)
    grown[end:end] = added
    offset = grown.index(b"iloc") + 4 + 4 + 2 + 2 + 2 + 2  # where the one item's data begin
    at = struct.unpack_from(">I", grown, offset)[0]
    struct.pack_into(">I", grown, offset, at + len(added) + 1)
    return bytes(grown)


def _properties(photo: bytes) -> int:
    start = photo.index(b"ipco") - 4
    end, position, count = start + struct.unpack_from(">I", photo, start)[0], start + 8, 0
    while position < end:
        position += struct.unpack_from(">I", photo, position)[0]
        count += 1
    return count


def _resize(photo: bytearray, name: bytes, growth: int) -> None:
    at = photo.index(name) - 4
    struct.pack_into(">I", photo, at, struct.unpack_from(">I", photo, at)[0] + growth)
