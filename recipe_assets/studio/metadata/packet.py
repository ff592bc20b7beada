"""An XMP packet as bytes: its encoding, the wrapper around it, and the padding in front of the wrapper's end.

Here: from raw bytes to UTF-8 text and back. What the text says is the subject of `xmp_tree` and `xmp`.
Source: XMP part 1 section 7.3 (packet wrapper, encodings, padding).
"""

import codecs
import re
from typing import NamedTuple

from recipe_assets.studio.metadata.errors import damaged

PADDING = 2048
"""Spaces that a new or outgrown packet gets, so that programs can edit it in place; XMP advises 2 to 4 KB."""
_END = b"<?xpacket end="
_TRAILER = re.compile(rb"(\s*)(<\?xpacket end=[^?]*\?>)")
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_BEGINNINGS = (
    (b"<\x00\x00\x00", "utf-32-le"), (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"),
)  # fmt: skip
_BLANK = " \t\r\n\x00"


class Packet(NamedTuple):
    """A packet's text in UTF-8, with what is needed to put it back: `head` and `tail` are the bytes around it."""

    text: bytes
    encoding: str
    head: bytes
    tail: bytes


def open_packet(raw: bytes, strict: bool) -> Packet:
    """Decode a packet; where not `strict`, bytes that are no text are replaced.

    Raises:
        MetadataError: if `strict` and the bytes are not text in the encoding that they begin with.
    """
    mark, encoding = _encoding(raw)
    try:
        whole = raw[len(mark) :].decode(encoding, "strict" if strict else "replace")
    except UnicodeDecodeError as error:
        raise damaged("the XMP", f"its byte {error.start} is no text") from error
    start = len(whole) - len(whole.lstrip(_BLANK + "\ufeff"))
    end = len(whole.rstrip(_BLANK))
    head, text, tail = whole[:start], whole[start:end], whole[end:]
    # A lone surrogate can come out of damaged UTF-16 only where it was replaced, so encoding cannot fail.
    return Packet(text.encode("utf-8"), encoding, mark + head.encode(encoding), tail.encode(encoding))


def close_packet(packet: Packet, text: bytes) -> bytes:
    """The raw bytes of a packet with another text, in its own encoding; padding takes up the difference.

    The packet keeps its size while the change fits into its padding.
    """
    padded = _repad(text, len(text) - len(packet.text))
    return packet.head + padded.decode("utf-8").encode(packet.encoding) + packet.tail


def without_padding(raw: bytes) -> bytes:
    """A UTF-8 packet without the padding in front of its wrapper's end."""
    found = _trailer(raw)
    return raw[: found.start(1)] + raw[found.start(2) :] if found else raw


def wrapped(content: bytes) -> bytes:
    """A new packet around an `x:xmpmeta` element: wrapper, padding, and leave to write."""
    begin = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'.encode()
    return begin + content + b"\n" + b" " * PADDING + b'<?xpacket end="w"?>'


def _encoding(raw: bytes) -> tuple[bytes, str]:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return mark, encoding
    start = raw[:256].lstrip(b" \t\r\n")
    return b"", next((encoding for beginning, encoding in _BEGINNINGS if start.startswith(beginning)), "utf-8")


def _repad(text: bytes, growth: int) -> bytes:
    found = _trailer(text)
    if not found or growth == 0:
        return text
    # Taken out of or put into the middle, so that taking words back leaves the padding as it was.
    first, rest = found[1][:1], found[1][1:]
    new = first + (rest[growth:] if growth > 0 else b" " * -growth + rest)
    if growth > len(rest):
        new = b"\n" + b" " * PADDING
    return text[: found.start(1)] + new + text[found.start(2) :]


def _trailer(text: bytes) -> re.Match[bytes] | None:
    at = text.rfind(_END)
    if at < 0:
        return None
    start = len(text[:at].rstrip())
    return _TRAILER.match(text, start)
