"""Keywords in an XMP packet: read dc:subject in every form that programs write, and set it.

Here: the property dc:subject. Our own properties are `xmp_ours`'s subject, parsing is `xmp_tree`'s.
Sources: XMP part 1 section 7.5 to 7.8 (RDF forms), part 2 section 2.1 (dc:subject is a Bag of Text).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape

from recipe_assets.studio.metadata.binary import Edit
from recipe_assets.studio.metadata.xmp_tree import RDF, SUBJECT, Attribute, Name, Node, Tree

_CONTAINERS = tuple((RDF, kind) for kind in ("Bag", "Seq", "Alt"))
_BLANK = " \t\r\n"
_ATTRIBUTE = re.compile(rb"\s+([^\s=\"'/>]++)\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+')")
_NONE = Attribute("", "")


def subject(tree: Tree) -> list[str]:
    """The keywords of dc:subject, trimmed, in order."""
    return list(property_values(tree, SUBJECT))


def property_values(tree: Tree, name: Name) -> Iterator[str]:
    """The values of a property: array items, or the one literal; elements and attributes alike."""
    for description in tree.descriptions:
        if word := description.attributes.get(name, _NONE).value.strip(_BLANK):
            yield word
        for node in description.named(name):
            yield from (word for item in _items(node) if (word := _text(item)))


def bag_edits(tree: Tree, words: Sequence[str]) -> list[Edit] | None:
    """How to give the packet these keywords within the Bag that it has.

    Returns:
        The edits, none if it says the same already; None if dc:subject must be taken out and written anew.
    """
    if list(dict.fromkeys(subject(tree))) == list(words):
        return []
    node, wanted = _only_bag(tree), set(words)
    kept = [] if node is None else [word for item in _items(node) if (word := _text(item)) in wanted]
    kept = list(dict.fromkeys(kept))
    if node is None or not words or list(words[: len(kept)]) != kept:
        return None
    return _item_edits(tree, node, words[len(kept) :], wanted)


def array(name: str, words: Iterable[str]) -> str:
    """The XML of a property that is a Bag of texts."""
    items = "".join(f"<rdf:li>{escape(word)}</rdf:li>" for word in words)
    return f"<{name}><rdf:Bag>{items}</rdf:Bag></{name}>"


def removal(tree: Tree, names: Iterable[Name]) -> list[Edit]:
    """How to take properties out, and with them descriptions that hold nothing else."""
    gone, edits = set(names), []
    for description in tree.descriptions:
        going = [node for node in description.children if node.name in gone]
        attributes = [name for name in description.attributes if name in gone]
        if not going and not attributes:
            continue
        others = [name for name in description.attributes if name not in gone and name[1] != "about"]
        if len(going) == len(description.children) and not others:
            edits.append(_without(tree.text, description))
            continue
        edits += [_without(tree.text, node) for node in going]
        edits += _without_attributes(tree, description, attributes)
    return edits


def insertion(tree: Tree, content: str) -> Edit:
    """How to add descriptions behind the others."""
    rdf, new = tree.rdf, content.encode("utf-8")
    if rdf.close_start == rdf.end:  # <rdf:RDF/>
        return Edit(rdf.open_end - 2, rdf.open_end, b">" + new + b"</" + rdf.spelling.encode() + b">")
    at = rdf.children[-1].end if rdf.children else rdf.open_end
    return Edit(at, at, new)


def _items(node: Node) -> list[Node]:
    container = next(node.named(*_CONTAINERS), None)
    if container is None:
        return [node]
    # RDF/XML allows numbered members (rdf:_1) in the place of rdf:li.
    members = [item for item in container.children if item.name[0] == RDF]
    return [item for item in members if item.name[1] == "li" or item.name[1].startswith("_")]


def _text(item: Node) -> str:
    """The item's text, or that of its rdf:value where it carries qualifiers."""
    for name in ((RDF, "Description"), (RDF, "value")):
        item = next(item.named(name), item)
    return (item.text.strip(_BLANK) or item.attributes.get((RDF, "value"), _NONE).value).strip(_BLANK)


def _only_bag(tree: Tree) -> Node | None:
    """The dc:subject if there is one only, in the usual form: an element with a Bag of items."""
    nodes = [node for description in tree.descriptions for node in description.named(SUBJECT)]
    if len(nodes) != 1 or any(SUBJECT in description.attributes for description in tree.descriptions):
        return None
    bags = nodes[0].children
    is_usual = len(bags) == 1 and bags[0].name == (RDF, "Bag") and bags[0].children
    return nodes[0] if is_usual and all(item.name == (RDF, "li") for item in bags[0].children) else None


def _item_edits(tree: Tree, node: Node, new: Sequence[str], wanted: set[str]) -> list[Edit]:
    items, edits, seen = _items(node), [], set[str]()
    for item in items:
        word = _text(item)
        if word not in wanted or word in seen:
            edits.append(_without(tree.text, item))
        seen.add(word)
    last, name = items[-1], items[-1].spelling
    # The blank that stands before the last item: taking a word out again then leaves no trace.
    blank = tree.text[_blank_before(tree.text, last.start) : last.start].decode()
    added = "".join(f"{blank}<{name}>{escape(word)}</{name}>" for word in new)
    return [*edits, Edit(last.end, last.end, added.encode("utf-8"))]


def _blank_before(text: bytes, at: int) -> int:
    while at and text[at - 1] in b" \t\r\n":
        at -= 1
    return at


def _without(text: bytes, node: Node) -> Edit:
    return Edit(_blank_before(text, node.start), node.end, b"")


def _without_attributes(tree: Tree, node: Node, names: Iterable[Name]) -> list[Edit]:
    spellings = {node.attributes[name].spelling.encode() for name in names}
    tag = tree.text[node.start : node.open_end]
    found = [match for match in _ATTRIBUTE.finditer(tag) if match[1] in spellings]
    return [Edit(node.start + match.start(), node.start + match.end(), b"") for match in found]
