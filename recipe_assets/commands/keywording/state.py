"""A photo as it stands, with its XMP file: what people wrote of it, and what we did.

What follows from that is `tagging`'s subject, which files lie beside a photo that of `photos`.
"""

from pathlib import Path
from typing import NamedTuple

from recipe_assets.commands.keywording.errors import KeywordingError
from recipe_assets.commands.keywording.files import Seen, look
from recipe_assets.commands.keywording.photos import find_sidecar, is_shared
from recipe_assets.studio.metadata import read_keywords, read_provenance
from recipe_assets.studio.metadata.provenance import WrittenByUs

_NOTHING = Seen(None, None)


class State(NamedTuple):
    """A photo's bytes, its own XMP file, what an XMP file says of it, and the words of people and of us.

    `sidecar` is None and `beside` without data where the photo has no XMP file of its own. `packet` is what that
    file says, or one that it shares with others: people's words there are about each of them, a record of ours is
    not.
    """

    photo: Seen
    sidecar: Path | None
    beside: Seen
    packet: bytes | None
    persons: tuple[str, ...]
    ours: WrittenByUs | None


def read_state(path: Path) -> State:
    """Read a photo and what lies beside it.

    Raises:
        KeywordingError: if it is gone, too large, or no plain file.
        OSError: if it cannot be read.
    """
    if path.is_symlink():  # all others were followed
        raise KeywordingError(f"is a link to {path.readlink()}, which leads nowhere")
    photo, sidecar = look(path), find_sidecar(path)
    if photo.data is None:
        raise KeywordingError("is not there any more")
    beside = _NOTHING if sidecar is None else look(sidecar)
    packet = beside.data
    if sidecar is not None and is_shared(sidecar, path):
        sidecar, beside = None, _NOTHING
    ours = read_provenance(photo.data, beside.data)
    return State(photo, sidecar, beside, packet, _persons(photo.data, packet, ours), ours)


def _persons(photo: bytes, packet: bytes | None, ours: WrittenByUs | None) -> tuple[str, ...]:
    found = read_keywords(photo, packet)
    noted = read_provenance(b"", packet)
    mine, beside = (record.keywords if record else () for record in (ours, noted))
    words = dict.fromkeys((*found.iptc, *found.xmp, *(word for word in found.sidecar if word not in beside)))
    return tuple(word for word in words if word not in mine)
