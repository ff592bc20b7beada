"""Photoshop image resources (8BIM blocks): IPTC stands among paths, thumbnails, slices and more.

Here: walking them and replacing the IPTC block and its digest; all others keep their bytes and their order.
Source: Adobe Photoshop File Formats, "Image Resource Blocks" (0x0404 IPTC, 0x0424 XMP, 0x0425 caption digest).
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from recipe_assets.studio.metadata.binary import fields, until_damage
from recipe_assets.studio.metadata.errors import damaged
from recipe_assets.studio.metadata.iptc import edit_iptc

IPTC_RESOURCE, XMP_RESOURCE, DIGEST_RESOURCE = 0x0404, 0x0424, 0x0425
MAX_RESOURCES = 20_000
_SIGNATURES = (b"8BIM", b"MeSa", b"PHUT", b"AgHg", b"DCSR")
"""Photoshop's own, and those of ImageReady, PhotoDeluxe and Lightroom."""
_WHAT = "the Photoshop metadata"


class Resource(NamedTuple):
    """One resource: its number, and where it begins, its data begins, its data ends, and the next one begins."""

    id: int
    start: int
    data: int
    data_end: int
    end: int


def resources(block: bytes) -> Iterator[Resource]:
    """The resources in a block; zeros behind the last are padding.

    Raises:
        MetadataError: where the chain of resources breaks.
    """
    position = 0
    for _ in range(MAX_RESOURCES):
        if block[position : position + 4] not in _SIGNATURES:
            if block[position:].strip(b"\x00"):
                raise damaged(_WHAT, f"no resource begins at its byte {position}")
            return
        number, name = fields(">4xHB", block, position, _WHAT)
        data = position + 6 + (name + 2) // 2 * 2 + 4
        (size,) = fields(">I", block, data - 4, _WHAT)
        end = data + size
        if end > len(block):
            raise damaged(_WHAT, f"the resource at its byte {position} is longer than the block")
        # Some writers forget the byte that pads odd sizes.
        padded = end + size % 2 if block[end : end + 4] not in _SIGNATURES else end
        yield Resource(number, position, data, end, min(padded, len(block)))
        position = padded
    raise damaged(_WHAT, f"more than {MAX_RESOURCES} resources")


def find_resources(block: bytes, strict: bool) -> list[Resource]:
    """The resources; where not `strict`, those before the damage."""
    return list(until_damage(resources(block), strict))


def iptc_blocks(block: bytes, strict: bool) -> tuple[bytes, ...]:
    """The IPTC blocks among the resources; a well-formed file has one at most."""
    found = find_resources(block, strict)
    return tuple(_data(block, one) for one in found if one.id == IPTC_RESOURCE)


def edit_resources(block: bytes, words: Sequence[str], add_iptc: bool, digest_of: bytes | None = None) -> bytes:
    """The resources with these keywords in their IPTC block and with a digest that fits it.

    Args:
        block: the resources; empty for none.
        words: all keywords that shall stand there.
        add_iptc: whether an IPTC block is added where there is none.
        digest_of: the IPTC block that stands elsewhere (TIFF keeps it in a tag of its own).

    Returns:
        The changed resources; empty if nothing is left.

    Raises:
        MetadataError: if the resources or the IPTC are damaged.
    """
    found = list(resources(block))
    new = {one: edit_iptc(_data(block, one), words) for one in found if one.id == IPTC_RESOURCE}
    added = edit_iptc(b"", words) if add_iptc and not new else b""
    iptc = digest_of or added or next(iter(new.values()), b"")
    # Readers decide by this digest whether to trust XMP or IPTC (Metadata Working Group 2.0): it must be true.
    digest = hashlib.md5(iptc, usedforsecurity=False).digest() if iptc else b""
    standing = [one for one in found if one.id == DIGEST_RESOURCE]
    new |= dict.fromkeys(standing, digest)
    additions = [(IPTC_RESOURCE, added), (DIGEST_RESOURCE, b"" if standing else digest)]
    return _rebuilt(block, found, new, [(number, data) for number, data in additions if data])


def _rebuilt(
    block: bytes, found: list[Resource], new: dict[Resource, bytes], additions: list[tuple[int, bytes]]
) -> bytes:
    if not additions and all(_data(block, one) == data for one, data in new.items()):
        return block
    pieces = [_with_data(block, one, new[one]) if one in new else block[one.start : one.end] for one in found]
    pieces += [b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data for number, data in additions]
    return b"".join(piece + b"\x00" * (len(piece) % 2) for piece in pieces)


def _with_data(block: bytes, one: Resource, data: bytes) -> bytes:
    # Signature, number and name stay as they are.
    return block[one.start : one.data - 4] + struct.pack(">I", len(data)) + data if data else b""


def _data(block: bytes, one: Resource) -> bytes:
    return block[one.data : one.data_end]
