"""Keywords inside photo files: read IPTC Keywords and XMP dc:subject, write them without touching a pixel.

Reading covers every format that `photos` opens. Writing covers JPEGs that carry no such metadata yet.
What keywords mean is `vocabulary`'s subject.
Sources: IPTC-IIM 4.2 (records 1:90 and 2:25), Adobe Photoshop File Formats (image resource blocks), XMP part 3.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException, ElementTree
from PIL import ImageFile, IptcImagePlugin

from recipe_assets.studio.photos import DECODER_ERRORS, open_header

KEYWORDS_RECORD = (2, 25)
CHARSET_RECORD = (1, 90)
UTF8_MARK = b"\x1b%G"
"""ISO 2022 escape that IPTC uses to say "UTF-8 follows"."""

_NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}


class PhotoKeywords(NamedTuple):
    """The keywords as they stand in a file, in file order."""

    iptc: tuple[str, ...]
    xmp: tuple[str, ...]

    @property
    def effective(self) -> tuple[str, ...]:
        """IPTC Keywords, or XMP dc:subject where there are none."""
        return self.iptc or self.xmp


def read_keywords(photo: bytes) -> PhotoKeywords:
    """Read both kinds of keywords; a file without them, or without readable ones, gives empty tuples."""
    try:
        with open_header(photo) as image:
            return PhotoKeywords(_read_iptc(image), _read_xmp(image.info.get("xmp")))
    except DECODER_ERRORS:
        return PhotoKeywords((), ())


def _read_iptc(image: ImageFile.ImageFile) -> tuple[str, ...]:
    try:
        records = IptcImagePlugin.getiptcinfo(image) or {}
    except (OSError, ValueError, SyntaxError, TypeError, IndexError, struct.error):
        return ()  # a damaged block is the file's fault; the photo itself can still be used
    raw = records.get(KEYWORDS_RECORD, [])
    utf8 = records.get(CHARSET_RECORD) == UTF8_MARK
    return tuple(_decode(word, utf8) for word in ([raw] if isinstance(raw, bytes) else raw))


def _decode(word: bytes, utf8: bool) -> str:
    # Many tools write UTF-8 without the mark, so it is tried first either way; Latin-1 cannot fail.
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError:
        return word.decode("utf-8", "replace") if utf8 else word.decode("latin-1")


def _read_xmp(packet: bytes | str | None) -> tuple[str, ...]:
    if not packet:
        return ()
    text = packet.decode("utf-8", "replace") if isinstance(packet, bytes) else packet
    try:
        root = ElementTree.fromstring(text.strip("\x00 \ufeff\n"))
    except (ElementTree.ParseError, DefusedXmlException, ValueError):
        return ()
    return tuple(item.text.strip() for item in root.iterfind(".//dc:subject//rdf:li", _NAMESPACES) if item.text)


def add_iptc_keywords(jpeg: bytes, keywords: Sequence[str]) -> bytes:
    """The same JPEG with an APP13 segment that holds IPTC Keywords; every other byte stays.

    Raises:
        ValueError: if it is not a JPEG, or already has Photoshop metadata, or the keywords fill a segment.
    """
    records = _iptc_record(CHARSET_RECORD, UTF8_MARK)
    records += b"".join(_iptc_record(KEYWORDS_RECORD, word.encode("utf-8")) for word in keywords)
    padding = b"\x00" * (len(records) % 2)
    resource = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(records)) + records + padding
    return _add_segment(jpeg, 0xED, b"Photoshop 3.0\x00", resource)


def add_xmp_subject(jpeg: bytes, keywords: Sequence[str]) -> bytes:
    """The same JPEG with an APP1 segment that holds an XMP packet with dc:subject; every other byte stays.

    Raises:
        ValueError: if it is not a JPEG, or already has XMP, or the packet fills a segment.
    """
    items = "".join(f"<rdf:li>{escape(word)}</rdf:li>" for word in keywords)
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{_NAMESPACES["rdf"]}"><rdf:Description rdf:about="" xmlns:dc="{_NAMESPACES["dc"]}">'
        f"<dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    )
    return _add_segment(jpeg, 0xE1, b"http://ns.adobe.com/xap/1.0/\x00", packet.encode("utf-8"))


def _iptc_record(record: tuple[int, int], value: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, *record, len(value)) + value


def _add_segment(jpeg: bytes, marker: int, signature: bytes, payload: bytes) -> bytes:
    if not jpeg.startswith(b"\xff\xd8\xff"):
        raise ValueError("not a JPEG")
    body = signature + payload
    if len(body) + 2 > 0xFFFF:
        raise ValueError("the keywords do not fit into one JPEG segment")
    position = 2
    # Behind JFIF and EXIF, before everything else: the order that Adobe writes and all readers accept.
    while jpeg[position + 1] in (0xE0, 0xE1, 0xED):
        length = int.from_bytes(jpeg[position + 2 : position + 4], "big")
        if jpeg[position + 4 : position + 4 + len(signature)] == signature:
            raise ValueError("the JPEG already has such a segment")
        position += 2 + length
    segment = b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body
    return jpeg[:position] + segment + jpeg[position:]
