"""Extended XMP: what of a JPEG's XMP does not fit into one segment, in chunks of their own.

Here: chunks to packet and back, and moving properties there when the packet grows too large.
Source: XMP part 3 section 1.1.3.1 (GUID = MD5 of the extended packet, chunks with total length and offset).
"""

import hashlib
import struct
from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from recipe_assets.studio.metadata.binary import fields, splice
from recipe_assets.studio.metadata.blocks import MAX_BLOCK
from recipe_assets.studio.metadata.errors import MetadataError, damaged
from recipe_assets.studio.metadata.packet import close_packet, open_packet, without_padding
from recipe_assets.studio.metadata.xmp import insertion, removal
from recipe_assets.studio.metadata.xmp_editing import NOTE, about_of, container
from recipe_assets.studio.metadata.xmp_ours import NAMES
from recipe_assets.studio.metadata.xmp_tree import RDF, SUBJECT, Node, Tree, parse

CHUNK = 65_400
"""Bytes of text in one segment, as Adobe's toolkit cuts it."""
_HEAD = 40
_GUID = 32
_RESERVE = 512
"""Room that is left in the main packet for the pointer to the extended one."""
_WHAT = "the Extended XMP"


def guid_of(packet: bytes) -> str:
    """The name by which the main packet refers to an extended one."""
    return hashlib.md5(packet, usedforsecurity=False).hexdigest().upper()


def join_chunks(chunks: Iterable[bytes], guid: str) -> bytes:
    """The extended packet of this name, from chunks in any order.

    Raises:
        MetadataError: if a chunk is missing or the text is not the one that the name stands for.
    """
    pieces: dict[int, bytes] = {}
    for chunk in of_packet(chunks, guid):
        total, offset = fields(">II", chunk, _GUID, _WHAT)
        pieces.setdefault(offset, chunk[_HEAD:])
    if sum(map(len, pieces.values())) > MAX_BLOCK:
        raise damaged(_WHAT, "it is larger than XMP is")
    packet = b"".join(pieces[offset] for offset in sorted(pieces))
    if not pieces or len(packet) != total or guid_of(packet) != guid.upper():
        raise damaged(_WHAT, "parts of it are missing or changed")
    return packet


def split_chunks(packet: bytes) -> tuple[bytes, ...]:
    """The chunks that hold an extended packet."""
    guid, starts = guid_of(packet).encode(), range(0, len(packet), CHUNK)
    return tuple(guid + struct.pack(">II", len(packet), at) + packet[at : at + CHUNK] for at in starts)


def of_packet(chunks: Iterable[bytes], guid: str) -> tuple[bytes, ...]:
    """The chunks that belong to the extended packet of this name."""
    return tuple(chunk for chunk in chunks if chunk[:_GUID].upper() == guid.upper().encode())


def move_out(raw: bytes, extended: bytes, limit: int) -> tuple[bytes, bytes]:
    """Move the largest properties of a packet into its extended one until it fits.

    Args:
        raw: the packet.
        extended: the extended packet; empty for none yet.
        limit: bytes that the packet may have.

    Returns:
        Both packets; the first still needs the pointer to the second.

    Raises:
        MetadataError: if that cannot be done.
    """
    slim = without_padding(raw)
    packet = open_packet(slim, strict=True)
    tree = parse(packet.text)
    moving, size = [], len(slim)
    for node in sorted(_movable(tree), key=lambda node: node.start - node.end):
        if size <= limit - _RESERVE:
            break
        moving.append(node)
        size -= node.end - node.start
    if size > limit - _RESERVE:
        raise MetadataError(
            f"the XMP of the JPEG has {len(slim)} bytes where {limit} fit, and none of it can be moved: "
            "remove what it needs no longer, such as its editing history, and repeat"
        )
    if not moving:
        return slim, extended
    text = splice(packet.text, removal(tree, [node.name for node in moving]))
    return close_packet(packet, without_padding(text)), _with_properties(extended, tree, moving)


def _movable(tree: Tree) -> list[Node]:
    fixed = {SUBJECT, NOTE, *NAMES}
    return [node for one in tree.descriptions for node in one.children if node.name not in fixed]


def _with_properties(extended: bytes, source: Tree, moving: list[Node]) -> bytes:
    prefixes = dict(source.prefixes)
    if len(prefixes) < len(source.prefixes):
        raise MetadataError(
            "the XMP of the JPEG is too large and uses one prefix for two things: save it anew and repeat"
        )
    declared = "".join(f" xmlns{':' * bool(prefix)}{prefix}={quoteattr(uri)}" for prefix, uri in prefixes.items())
    rdf = next(prefix for prefix, uri in prefixes.items() if uri == RDF)
    name = f"{rdf}:Description" if rdf else "Description"
    about = f" {rdf}:about={quoteattr(about_of(source))}" if rdf else ""
    properties = b"\n".join(source.text[node.start : node.end] for node in moving).decode()
    content = f"\n<{name}{declared}{about}>\n{properties}\n</{name}>"
    if not extended:
        return container(content)
    packet = open_packet(extended, strict=True)
    return close_packet(packet, splice(packet.text, [insertion(parse(packet.text), content)]))
