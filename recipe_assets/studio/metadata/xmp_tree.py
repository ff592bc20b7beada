"""XMP as a tree of the few elements that matter, each with its place in the text.

Here: the XML parse. Knowing places, `xmp` can change a property and leave every other byte as its program wrote
it, prefixes, comments and line ends included; a tree that is written out again would lose some of that.
expat is driven directly for these places (defusedxml hides them); as in defusedxml, a DTD is refused, without
which there are no entities, and sizes are bounded.
Source: XMP part 1 section 7 (RDF serialization).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

from recipe_assets.studio.metadata.blocks import MAX_BLOCK
from recipe_assets.studio.metadata.errors import MetadataError, damaged

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
RECIPE = "https://recipe-classifier.dev/xmp/1.0/"
SUBJECT = (DC, "subject")

MAX_TAGS = 1_000_000
MAX_KEPT = 100_000
"""Elements that the tree keeps; a packet with more properties than this is no photo's."""
_OPEN_TAG = re.compile(rb"<[^>\"']*+(?:(?:\"[^\"]*+\"|'[^']*+')[^>\"']*+)*+>")

Name = tuple[str, str]
"""Namespace and local name."""


class Attribute(NamedTuple):
    """An attribute's value, and its name as written, prefix and all."""

    value: str
    spelling: str


class Node:
    """An element: name, also as written, attributes, own text, kept children, and its places in the text."""

    __slots__ = ("attributes", "children", "close_start", "end", "name", "open_end", "spelling", "start", "texts")

    def __init__(self, name: Name, spelling: str, start: int, open_end: int) -> None:
        self.name, self.spelling = name, spelling
        self.start, self.open_end = start, open_end
        self.close_start = self.end = open_end
        self.attributes: dict[Name, Attribute] = {}
        self.children: list[Node] = []
        self.texts: list[str] = []

    @property
    def text(self) -> str:
        """The text directly inside."""
        return "".join(self.texts)

    def named(self, *names: Name) -> Iterator["Node"]:
        """The children with one of these names."""
        return (child for child in self.children if child.name in names)


class Tree(NamedTuple):
    """The parsed packet: its text in UTF-8, its rdf:RDF, and all prefixes declared in it."""

    text: bytes
    rdf: Node
    prefixes: set[tuple[str, str]]

    @property
    def descriptions(self) -> list[Node]:
        """The rdf:Description elements at the top: they hold the properties."""
        return list(self.rdf.named((RDF, "Description")))


def parse(text: bytes) -> Tree:
    """Parse a packet's text.

    Raises:
        MetadataError: if it is not well-formed, has a DTD, is too large, or holds no rdf:RDF.
    """
    # Every element needs a "<" and every attribute a "=": this bounds memory before the parser starts.
    if len(text) > MAX_BLOCK or text.count(b"<") > MAX_TAGS or text.count(b"=") > MAX_TAGS:
        raise damaged("the XMP", "it is larger than XMP is")
    builder = _Builder(text)
    try:
        builder.parser.Parse(text, True)
    except expat.ExpatError as error:
        raise damaged("the XMP", f"it is no well-formed XML ({error})") from error
    if builder.rdf is None or builder.stack:
        raise damaged("the XMP", "it holds no rdf:RDF")
    return Tree(text, builder.rdf, builder.prefixes)


class _Builder:
    """Keeps rdf:RDF, its descriptions and their properties, and whatever is inside properties of ours."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.rdf: Node | None = None
        self.stack: list[Node | None] = []
        self.prefixes: set[tuple[str, str]] = set()
        self.kept = 0
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.namespace_prefixes = True
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartNamespaceDeclHandler = self._namespace
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        full, spelling = _split(name)
        if not self._matters(full):
            self.stack.append(None)
            return
        self.kept += 1
        if self.kept > MAX_KEPT:
            raise damaged("the XMP", f"it has more than {MAX_KEPT} properties")
        start = self.parser.CurrentByteIndex
        found = _OPEN_TAG.match(self.text, start)
        node = Node(full, spelling, start, found.end() if found else start)
        for key, value in attributes.items():
            attribute, spelled = _split(key)
            node.attributes[attribute] = Attribute(value, spelled)
        if self.rdf is None:
            self.rdf = node
        elif parent := self.stack[-1]:
            parent.children.append(node)
        self.stack.append(node)

    def _matters(self, name: Name) -> bool:
        if self.rdf is None:
            return name == (RDF, "RDF")
        parent = self.stack[-1] if self.stack else None
        if parent is None:
            return False
        level = len(self.stack) - self.stack.index(self.rdf)
        if level == 2:  # a property; other children of rdf:RDF than descriptions hold none
            return parent.name == (RDF, "Description")
        return level != 3 or parent.name == SUBJECT or parent.name[0] == RECIPE

    def _end(self, _: str) -> None:
        node = self.stack.pop()
        if node is None:
            return
        at = self.parser.CurrentByteIndex
        # For <a/> the parser stands behind the tag already.
        is_empty = self.text[node.open_end - 2 : node.open_end] == b"/>"
        node.close_start = node.open_end if is_empty else at
        node.end = node.open_end if is_empty else self.text.index(b">", at) + 1

    def _characters(self, text: str) -> None:
        if self.stack and (node := self.stack[-1]):
            node.texts.append(text)

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        self.prefixes.add((prefix or "", uri or ""))

    def _doctype(self, *_: object) -> None:
        raise MetadataError("the XMP has a document type definition, which XMP never has: remove it and repeat")


def _split(name: str) -> tuple[Name, str]:
    """Namespace and local name, and the name as written, from what expat says: "namespace local prefix"."""
    parts = name.split(" ")
    if len(parts) == 1:
        return ("", name), name
    return (parts[0], parts[1]), f"{parts[2]}:{parts[1]}" if len(parts) > 2 else parts[1]
