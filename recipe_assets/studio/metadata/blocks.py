"""What a container hands over: the metadata blocks of one photo that keywords can stand in.

Here: the tuple that containers and editing share. How blocks are found is each container's subject, what is in
them that of `iptc`, `resources` and `xmp`.
"""

from typing import NamedTuple

MAX_BLOCK = 32 * 1024 * 1024
"""No block of metadata is read beyond this size; the largest that studios produce are a few megabytes."""
MAX_INFLATED = 8 * 1024 * 1024
"""Compressed blocks may grow to this: a file of kilobytes must not fill the memory."""


class Blocks(NamedTuple):
    """Raw blocks in file order. In a changed copy an empty block stands for "take it out"."""

    xmp: tuple[bytes, ...] = ()
    """XMP packets; a well-formed file has one at most."""
    extended: tuple[bytes, ...] = ()
    """Chunks of Extended XMP (JPEG only): GUID, total length, offset, text."""
    iptc: tuple[bytes, ...] = ()
    """Bare IPTC-IIM blocks."""
    resources: tuple[bytes, ...] = ()
    """Photoshop image resources (8BIM), which hold an IPTC-IIM block among others."""
