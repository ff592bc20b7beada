"""Change a whole XMP packet: keywords, our record, the pointer to Extended XMP; everything else keeps its bytes.

Here: one packet. How packets are spread over a JPEG is `xmp_extended`'s subject.
Source: XMP part 1 section 7.4 (one rdf:about for all descriptions), part 3 section 1.1.3.1 (HasExtendedXMP).
"""

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from recipe_assets.studio.metadata.binary import Edit, splice
from recipe_assets.studio.metadata.errors import damaged
from recipe_assets.studio.metadata.packet import close_packet, open_packet, wrapped
from recipe_assets.studio.metadata.provenance import WrittenByUs
from recipe_assets.studio.metadata.xmp import array, bag_edits, insertion, property_values, removal, subject
from recipe_assets.studio.metadata.xmp_ours import NAMES, read_record, record_xml
from recipe_assets.studio.metadata.xmp_tree import DC, RDF, RECIPE, SUBJECT, Name, Tree, parse

XMP_NOTE = "http://ns.adobe.com/xmp/note/"
NOTE = (XMP_NOTE, "HasExtendedXMP")


class Content(NamedTuple):
    """What a packet shall say: its keywords, our record, and the GUID of its Extended XMP."""

    words: Sequence[str] = ()
    ours: WrittenByUs | None = None
    note: str | None = None


def content_of(tree: Tree) -> Content:
    """What a packet says."""
    return Content(tuple(dict.fromkeys(subject(tree))), read_record(tree), next(property_values(tree, NOTE), None))


def new_packet(content: Content) -> bytes:
    """A packet that says just this; empty if that is nothing."""
    if content == Content():
        return b""
    return wrapped(container(description("", _xml(content, {SUBJECT, *NAMES, NOTE}))))


def container(descriptions: str) -> bytes:
    """An `x:xmpmeta` element around descriptions."""
    rdf = f'<rdf:RDF xmlns:rdf="{RDF}">{descriptions}\n</rdf:RDF>'
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/">\n{rdf}\n</x:xmpmeta>'.encode()


def description(about: str, properties: str) -> str:
    """An rdf:Description that declares all the prefixes that we use, whatever is declared around it."""
    namespaces = {"rdf": RDF, "dc": DC, "recipe": RECIPE, "xmpNote": XMP_NOTE}
    used = {prefix: uri for prefix, uri in namespaces.items() if prefix == "rdf" or f"<{prefix}:" in properties}
    declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in used.items())
    return f"\n<rdf:Description{declared} rdf:about={quoteattr(about)}>{properties}</rdf:Description>"


def about_of(tree: Tree) -> str:
    """What the packet says that it is about; all its descriptions must say the same."""
    for one in tree.descriptions:
        for name in ((RDF, "about"), ("", "about")):
            if name in one.attributes:
                return one.attributes[name].value
    return ""


def edit_packet(raw: bytes, content: Content) -> bytes:
    """The packet, saying this.

    Returns:
        The very same bytes if it says so already; none if nothing is left to say.

    Raises:
        MetadataError: if the packet cannot be parsed: it is refused rather than replaced.
    """
    packet = open_packet(raw, strict=True)
    tree = parse(packet.text)
    stale, within = _stale(tree, content)
    if not stale and not within:
        return raw
    edits = [*within, *removal(tree, stale)]
    if properties := _xml(content, stale):
        edits.append(insertion(tree, description(about_of(tree), properties)))
    text = splice(packet.text, edits)
    after = parse(text)
    if content_of(after) != content:
        raise damaged("the XMP", "it does not keep what is written into it")
    return close_packet(packet, text) if after.rdf.children else b""


def _stale(tree: Tree, content: Content) -> tuple[set[Name], list[Edit]]:
    """The properties to write anew, and the edits within those that stay."""
    before, stale = content_of(tree), set[Name]()
    within = bag_edits(tree, content.words)
    if within is None:
        stale.add(SUBJECT)
    if before.ours != content.ours:
        stale |= set(NAMES)
    if before.note != content.note:
        stale.add(NOTE)
    return stale, within or []


def _xml(content: Content, names: set[Name]) -> str:
    """The XML of those properties among `names` that have a value."""
    parts = []
    if SUBJECT in names and content.words:
        parts.append(array("dc:subject", content.words))
    if NAMES[0] in names and content.ours:
        parts.append(record_xml(content.ours))
    if NOTE in names and content.note:
        parts.append(f"<xmpNote:HasExtendedXMP>{content.note}</xmpNote:HasExtendedXMP>")
    return "".join(f"\n{part}" for part in parts)
