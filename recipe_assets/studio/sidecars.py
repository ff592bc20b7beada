"""Which XMP files of a shoot belong to which photo: `photo.xmp` or `photo.jpg.xmp` beside `photo.jpg`."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from recipe_assets.studio.shoots import StudioFile


class Sidecars(NamedTuple):
    """The sidecar of each photo that has one, and the names of all sidecars that have a photo."""

    of: dict[str, StudioFile]
    attached: frozenset[str]


def sidecars(files: Sequence[StudioFile]) -> Sidecars:
    """Match sidecars with photos; a name with the photo's extension wins over one without, whatever the case."""
    notes = {file.name: file for file in files if is_sidecar(file.name)}
    folded = {name.casefold(): note for name, note in notes.items()}
    found: dict[str, StudioFile] = {}
    attached: set[str] = set()
    for file in files:
        if file.name in notes:
            continue
        for name in (f"{file.name}.xmp", str(PurePosixPath(file.name).with_suffix(".xmp"))):
            # The very name first: where case counts, "IMG.xmp" and "img.xmp" belong to two photos.
            note = notes.get(name) or folded.get(name.casefold())
            if note is not None:
                found.setdefault(file.name, note)
                attached.add(note.name)
    return Sidecars(found, frozenset(attached))


def is_sidecar(name: str) -> bool:
    """Whether a name is that of an XMP file."""
    return PurePosixPath(name).suffix.lower() == ".xmp"
