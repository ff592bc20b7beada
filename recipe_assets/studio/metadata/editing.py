"""Change the metadata blocks of a photo: read what they say, decide, write the same into all of them.

Here: from blocks to blocks, the same for every container. Nothing here knows where blocks lie in a file.
"""

from collections.abc import Sequence
from typing import Literal

from recipe_assets.studio.metadata.blocks import Blocks
from recipe_assets.studio.metadata.errors import MetadataError, damaged
from recipe_assets.studio.metadata.iptc import edit_iptc, iptc_keywords
from recipe_assets.studio.metadata.packet import open_packet, without_padding
from recipe_assets.studio.metadata.plan import Mode, Plan, checked, decide, united
from recipe_assets.studio.metadata.provenance import Provenance, WrittenByUs
from recipe_assets.studio.metadata.resources import edit_resources, iptc_blocks
from recipe_assets.studio.metadata.xmp import subject
from recipe_assets.studio.metadata.xmp_editing import Content, content_of, edit_packet, new_packet
from recipe_assets.studio.metadata.xmp_extended import guid_of, join_chunks, move_out, of_packet, split_chunks
from recipe_assets.studio.metadata.xmp_ours import read_record
from recipe_assets.studio.metadata.xmp_tree import Tree, parse

IptcHome = Literal["resources", "block", "none"]
"""Where a format keeps IPTC: within Photoshop's resources, as a block of its own, nowhere."""


def iptc_words(blocks: Blocks, strict: bool) -> tuple[str, ...]:
    """The keywords of all IPTC blocks, without repetition."""
    inner = [block for one in blocks.resources for block in iptc_blocks(one, strict)]
    words = [word for block in (*blocks.iptc, *inner) for word in iptc_keywords(block, strict)]
    return tuple(dict.fromkeys(words))


def xmp_words(blocks: Blocks, strict: bool) -> tuple[str, ...]:
    """The keywords of all XMP packets, without repetition."""
    return tuple(dict.fromkeys(word for tree in trees(blocks, strict) for word in subject(tree)))


def our_record(blocks: Blocks, strict: bool) -> WrittenByUs | None:
    """The first record of keywords of ours."""
    return next((record for tree in trees(blocks, strict) if (record := read_record(tree))), None)


def trees(blocks: Blocks, strict: bool) -> list[Tree]:
    """All packets, the extended one behind the one that names it; where not `strict`, those that can be parsed."""
    found = []
    for raw in blocks.xmp:
        try:
            found.append(parse(open_packet(raw, strict).text))
        except MetadataError:
            if strict:
                raise
            continue
        if extended := _extended(blocks, content_of(found[-1]).note):
            found += _parsed(extended)
    return found


def edit_blocks(
    blocks: Blocks,
    keywords: Sequence[str],
    mode: Mode,
    provenance: Provenance | None,
    home: IptcHome,
    packet_limit: int | None,
) -> Blocks:
    """The blocks with these keywords; the very same where nothing changes.

    Args:
        blocks: all blocks of the photo.
        keywords: to write.
        mode: what becomes of the keywords that are there.
        provenance: where the keywords come from; None for a person's.
        home: where the format keeps IPTC.
        packet_limit: bytes that an XMP packet may have, if what is larger can be moved to Extended XMP.

    Raises:
        MetadataError: if the blocks are damaged or cannot hold the keywords.
    """
    now = Plan(united(iptc_words(blocks, True), xmp_words(blocks, True)), our_record(blocks, True))
    plan = decide(now, checked(keywords), mode, provenance)
    if plan == now and not (keywords and _out_of_step(blocks, plan, home)):
        return blocks
    return _with_iptc(_with_xmp(blocks, plan, packet_limit), plan.words, home)


def _out_of_step(blocks: Blocks, plan: Plan, home: IptcHome) -> bool:
    """Whether IPTC and XMP do not both say what is planned."""
    if xmp_words(blocks, True) != plan.words:
        return True
    return home != "none" and united(iptc_words(blocks, True), plan.words) != united((), plan.words)


def _with_iptc(blocks: Blocks, words: Sequence[str], home: IptcHome) -> Blocks:
    if home == "none":
        return blocks
    iptc = tuple(edit_iptc(block, words) for block in blocks.iptc)
    if home == "block":
        # Declared in units of four bytes; padded here, so that the digest is that of what is stored.
        iptc = tuple(_padded(block) for block in iptc or ((edit_iptc(b"", words),) if words else ()))
    resources = blocks.resources or (b"",)
    has_iptc = any(iptc_blocks(one, True) for one in resources)
    digest_of = next((block for block in iptc if block), None)
    changed = tuple(
        edit_resources(one, words, number == 0 and not has_iptc and digest_of is None, digest_of)
        for number, one in enumerate(resources)
    )
    return blocks._replace(iptc=iptc, resources=changed if blocks.resources or changed[0] else ())


def _with_xmp(blocks: Blocks, plan: Plan, limit: int | None) -> Blocks:
    if not blocks.xmp:
        packet = _within(new_packet(Content(plan.words, plan.ours)), limit)
        return blocks._replace(xmp=(packet,) if packet else ())
    first, extended = _main_and_extended(blocks, plan, limit)
    others = tuple(edit_packet(raw, Content(plan.words, plan.ours)) for raw in blocks.xmp[1:])
    return blocks._replace(xmp=(first, *others), extended=extended)


def _main_and_extended(blocks: Blocks, plan: Plan, limit: int | None) -> tuple[bytes, tuple[bytes, ...]]:
    raw = blocks.xmp[0]
    note = content_of(parse(open_packet(raw, True).text)).note
    content = Content(plan.words, plan.ours, note)
    old = _extended(blocks, note)
    # Keywords that stand in the extended packet come over, so that they are in one place.
    extended = edit_packet(old, Content()) if old else b""
    main = edit_packet(raw, _pointing(content, old, extended))
    if limit is not None and len(main) > limit:
        if note and not old:
            raise damaged("the Extended XMP", "parts of it are missing, and the rest of the XMP is too large")
        main, extended = move_out(main, extended, limit)
        main = _within(edit_packet(main, _pointing(content, old, extended)), limit)
    if extended == old:
        return main, blocks.extended
    mine = of_packet(blocks.extended, note) if note else ()
    others = tuple(chunk for chunk in blocks.extended if chunk not in mine)
    return main, (*others, *split_chunks(extended))


def _pointing(content: Content, old: bytes, extended: bytes) -> Content:
    """The content of the main packet, pointing at the extended packet if that is another one now."""
    if extended == old:
        return content
    return content._replace(note=guid_of(extended) if extended else None)


def _extended(blocks: Blocks, guid: str | None) -> bytes:
    """The extended packet of this name; none if it is not whole."""
    if not guid or not blocks.extended:
        return b""
    try:
        return join_chunks(blocks.extended, guid)
    except MetadataError:
        return b""


def _parsed(raw: bytes) -> list[Tree]:
    try:
        return [parse(open_packet(raw, strict=False).text)]
    except MetadataError:
        return []


def _within(packet: bytes, limit: int | None) -> bytes:
    """The packet, without its padding if it has no room for that."""
    return packet if limit is None or len(packet) <= limit else without_padding(packet)


def _padded(block: bytes) -> bytes:
    return block + b"\x00" * (-len(block) % 4)
