"""PNG text chunks as carriers of metadata blocks: iTXt for XMP, hexadecimal "raw profiles" for the rest.

Here: unwrapping and wrapping one chunk's data. Raw profiles are ImageMagick's invention, which ExifTool shares:
a line with the profile's name, a line with its length, then hexadecimal digits.
"""

import enum
import re
import zlib
from typing import NamedTuple

from recipe_assets.studio.metadata.binary import inflate
from recipe_assets.studio.metadata.blocks import MAX_INFLATED
from recipe_assets.studio.metadata.errors import damaged

TEXT_KINDS = (b"tEXt", b"zTXt", b"iTXt")
XMP_KEYWORD = b"XML:com.adobe.xmp"
_WHAT = "the PNG's text with metadata"
_PROFILE = re.compile(rb"\n([^\n]{0,80})\n {0,20}(\d{1,12})\n([0-9a-fA-F\s]*+)\x00*+")
_HEX_LINE = 72


class Role(enum.Enum):
    """What a text chunk carries."""

    XMP = "xmp"
    IPTC = "iptc"
    RESOURCES = "8bim"


_KEYWORDS = {
    XMP_KEYWORD: Role.XMP,
    b"Raw profile type xmp": Role.XMP,
    b"Raw profile type iptc": Role.IPTC,
    b"Raw profile type 8bim": Role.RESOURCES,
}


class Carrier(NamedTuple):
    """A block and the wrapping around it.

    `head` is what stands before the text (keyword, flags, language); `profile` is the name inside a raw profile,
    or None for plain text.
    """

    role: Role
    block: bytes
    head: bytes
    compressed: bool
    profile: bytes | None

    def wrap(self, block: bytes) -> bytes:
        """The chunk's data with another block in it."""
        if self.profile is not None:
            digits = block.hex().encode()
            lines = [digits[at : at + _HEX_LINE] for at in range(0, len(digits), _HEX_LINE)]
            block = b"\n%b\n%8d\n%b\n" % (self.profile, len(block), b"\n".join(lines))
        return self.head + (zlib.compress(block) if self.compressed else block)


def role_of(beginning: bytes) -> Role | None:
    """What a text chunk carries by the keyword that its data begins with; None if it is not metadata of ours."""
    return _KEYWORDS.get(beginning.partition(b"\x00")[0])


def new_carrier(role: Role) -> tuple[bytes, Carrier]:
    """Chunk type and wrapping for a block that the PNG does not have yet."""
    if role == Role.XMP:  # uncompressed, as XMP part 3 wants it, so that scanners find it
        return b"iTXt", Carrier(role, b"", XMP_KEYWORD + bytes(5), False, None)
    # ExifTool and ImageMagick both look for resources under the name "iptc" first.
    return b"zTXt", Carrier(role, b"", b"Raw profile type iptc\x00\x00", True, b"IPTC profile")


def read_carrier(kind: bytes, data: bytes) -> Carrier:
    """Unwrap a chunk whose `role_of` is known.

    Raises:
        MetadataError: if the chunk contradicts itself or inflates beyond `MAX_INFLATED`.
    """
    keyword, _, rest = data.partition(b"\x00")
    role = _KEYWORDS[keyword]
    skip, compressed = _prefix(kind, rest)
    head, text = data[: len(keyword) + 1 + skip], rest[skip:]
    plain = inflate(text, MAX_INFLATED, _WHAT) if compressed else text
    if keyword == XMP_KEYWORD:
        return Carrier(role, plain, head, compressed, None)
    profile, block = _unhex(plain)
    if role == Role.IPTC and block[:1] != b"\x1c":
        role = Role.RESOURCES  # most programs store the resources that hold the IPTC block, under the same name
    return Carrier(role, block, head, compressed, profile)


def _prefix(kind: bytes, rest: bytes) -> tuple[int, bool]:
    """How many bytes stand between the keyword and the text, and whether the text is compressed."""
    if kind == b"tEXt":
        return 0, False
    if kind == b"zTXt":
        return 1, True
    language_end = rest.find(b"\x00", 2)
    end = rest.find(b"\x00", language_end + 1) if language_end >= 0 else -1
    if end < 0:
        raise damaged(_WHAT, "it ends within its language")
    return end + 1, rest[0] == 1


def _unhex(text: bytes) -> tuple[bytes, bytes]:
    found = _PROFILE.fullmatch(text)
    if not found:
        raise damaged(_WHAT, "it is no profile in hexadecimal digits")
    try:
        block = bytes.fromhex(found[3].decode("ascii"))
    except ValueError as error:
        raise damaged(_WHAT, "it is no profile in hexadecimal digits") from error
    if len(block) != int(found[2]):
        raise damaged(_WHAT, f"its profile has {len(block)} bytes and should have {int(found[2])}")
    return found[1], block
