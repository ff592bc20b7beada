"""Keywords in the plainest form, as the sample studio writes them into photos that carry none yet.

Here: two functions with output fixed to the byte, since the sample's files must not change with this package.
Everything else is written by `writing`.
"""

import struct
from collections.abc import Sequence
from xml.sax.saxutils import escape

from recipe_assets.studio.metadata.iim import UTF8_MARK, encode_dataset
from recipe_assets.studio.metadata.iptc import CHARSET, KEYWORD
from recipe_assets.studio.metadata.jpeg import PHOTOSHOP_HEAD, SIGNATURE, XMP_HEAD
from recipe_assets.studio.metadata.resources import IPTC_RESOURCE
from recipe_assets.studio.metadata.xmp_tree import DC, RDF


def add_iptc_keywords(jpeg: bytes, keywords: Sequence[str]) -> bytes:
    """The same JPEG with an APP13 segment that holds IPTC Keywords; every other byte stays.

    Raises:
        ValueError: if it is not a JPEG, or already has Photoshop metadata, or the keywords fill a segment.
    """
    records = encode_dataset(*CHARSET, UTF8_MARK)
    records += b"".join(encode_dataset(*KEYWORD, word.encode("utf-8")) for word in keywords)
    padding = b"\x00" * (len(records) % 2)
    resource = b"8BIM" + struct.pack(">HHI", IPTC_RESOURCE, 0, len(records)) + records + padding
    return _add_segment(jpeg, 0xED, PHOTOSHOP_HEAD, resource)


def add_xmp_subject(jpeg: bytes, keywords: Sequence[str]) -> bytes:
    """The same JPEG with an APP1 segment that holds an XMP packet with dc:subject; every other byte stays.

    Raises:
        ValueError: if it is not a JPEG, or already has XMP, or the packet fills a segment.
    """
    items = "".join(f"<rdf:li>{escape(word)}</rdf:li>" for word in keywords)
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about="" xmlns:dc="{DC}">'
        f"<dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    )
    return _add_segment(jpeg, 0xE1, XMP_HEAD, packet.encode("utf-8"))


def _add_segment(jpeg: bytes, marker: int, signature: bytes, payload: bytes) -> bytes:
    if not jpeg.startswith(SIGNATURE):
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
