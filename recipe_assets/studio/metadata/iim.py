"""IPTC-IIM: the chain of datasets in a block, and the character sets that they declare.

Here: datasets as bytes, and text out of them. Which datasets are keywords is `iptc`'s subject.
Source: IPTC-NAA Information Interchange Model 4.2, chapters 1 (datasets) and 5 (1:90, coded character set).
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from recipe_assets.studio.metadata.binary import fields
from recipe_assets.studio.metadata.errors import MetadataError, damaged

MAX_DATASETS = 100_000
UTF8_MARK = b"\x1b%G"
"""The ISO 2022 escape that says "UTF-8 follows"."""
_UTF8_MARKS = (UTF8_MARK, b"\x1b%/G", b"\x1b%/H", b"\x1b%/I")
# The 96-character sets of ISO 8859 by their final byte; cp1252 is ISO 8859-1 with quotes and dashes in the place
# of control characters, which is what programs that declare 8859-1 write.
_ISO_8859 = {
    b"A": "cp1252", b"B": "iso8859-2", b"C": "iso8859-3", b"D": "iso8859-4", b"F": "iso8859-7", b"G": "iso8859-6",
    b"H": "iso8859-8", b"L": "iso8859-5", b"M": "iso8859-9", b"b": "iso8859-15",
}  # fmt: skip
_TAG_MARK = 0x1C
_WHAT = "the IPTC metadata"


class Dataset(NamedTuple):
    """One dataset: record and number, as in 2:25, its value, and where it begins and ends in its block."""

    record: int
    number: int
    value: bytes
    start: int
    end: int


def datasets(block: bytes) -> Iterator[Dataset]:
    """The datasets of a block; zeros behind the last are padding.

    Raises:
        MetadataError: where the chain of datasets breaks.
    """
    position = 0
    for _ in range(MAX_DATASETS):
        if block[position : position + 1] != bytes([_TAG_MARK]):
            if block[position:].strip(b"\x00"):
                raise damaged(_WHAT, f"no dataset begins at its byte {position}")
            return
        record, number, length = fields(">xBBH", block, position, _WHAT)
        start = position + 5
        if length & 0x8000:  # an extended dataset: the length of the length
            width = length & 0x7FFF
            length = int.from_bytes(fields(f"{min(width, 9)}s", block, start, _WHAT)[0], "big")
            start += width
        end = start + length
        if end > len(block):
            raise damaged(_WHAT, f"the dataset {record}:{number} at its byte {position} is longer than the block")
        yield Dataset(record, number, block[start:end], position, end)
        position = end
    raise damaged(_WHAT, f"more than {MAX_DATASETS} datasets")


def encode_dataset(record: int, number: int, value: bytes) -> bytes:
    """A dataset as bytes, an extended one where the value is long."""
    if len(value) < 0x8000:
        return struct.pack(">BBBH", _TAG_MARK, record, number, len(value)) + value
    return struct.pack(">BBBHI", _TAG_MARK, record, number, 0x8004, len(value)) + value


def decode_text(value: bytes, mark: bytes) -> str:
    """Text of a dataset, by the character set that the block declares (1:90); never fails.

    Where none is declared, UTF-8 is tried first, since many programs write it without saying so; text in another
    set is hardly ever valid UTF-8. The rest is read as cp1252, as ExifTool does. MacRoman, of old Photoshops,
    cannot be told apart from it.
    """
    codec = _codec(mark)
    if codec == "utf-8":
        return value.decode("utf-8", "replace")
    try:
        return value.decode(codec or "utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return value.decode("cp1252")
    except UnicodeDecodeError:
        return value.decode("latin-1")  # the five bytes that cp1252 leaves open


def transcode(value: bytes, mark: bytes) -> bytes:
    """The value of a text dataset in UTF-8, by the character set that its block declares.

    Raises:
        MetadataError: if that set is one that we cannot translate.
    """
    if value.isascii() or _codec(mark) == "utf-8":
        return value
    if mark and not _codec(mark):
        declared = " ".join(chr(byte) if 32 < byte < 127 else f"{byte:02X}" for byte in mark[:8])
        raise MetadataError(
            f"the IPTC text is in a character set that cannot be translated ({declared}): "
            "save its metadata as UTF-8 in the program that wrote it and repeat"
        )
    return decode_text(value, mark).encode("utf-8")


def _codec(mark: bytes) -> str | None:
    """The codec that a declaration stands for; None if there is none or it is unknown."""
    mark = mark.strip(b"\x00 ")
    if mark in _UTF8_MARKS:
        return "utf-8"
    if len(mark) == 3 and mark[:1] == b"\x1b" and mark[1:2] in (b"-", b".", b"/", b","):
        return _ISO_8859.get(mark[2:])
    return None
