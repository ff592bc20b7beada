"""Which files below the given paths are photos, and which XMP file lies beside one. Opens none of them."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from recipe_assets.commands.keywording.errors import KeywordingError
from recipe_assets.studio.decoding.formats import FORMATS
from recipe_assets.studio.shoots import is_litter

EXTENSIONS = frozenset(extension for known in FORMATS for extension in known.extensions)


def find_photos(paths: Iterable[Path]) -> list[Path]:
    """Every photo below the folders, and every file that is named itself; each once, sorted within a folder.

    Links are followed to their file, hidden files and what systems leave behind are passed over.

    Raises:
        KeywordingError: if a path is not there, or a folder cannot be listed: its photos would be missed.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found |= dict.fromkeys(file.resolve() for file in files_below(path) if is_photo(file))
        elif path.exists():
            found[path.resolve()] = None
        else:
            raise KeywordingError(f"{path} is not there: name a folder of photos, or photos")
    return list(found)


def files_below(folder: Path) -> Iterator[Path]:
    """All files below a folder but hidden ones and litter, sorted.

    Raises:
        KeywordingError: if it, or a folder in it, cannot be listed.
    """
    for above, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not is_litter(f"{name}/photo"))
        yield from (Path(above) / name for name in sorted(files) if not is_litter(name))


def is_photo(path: Path) -> bool:
    """Whether a name is that of a photo in a format that is read."""
    return path.suffix.lower() in EXTENSIONS


def find_sidecar(photo: Path) -> Path | None:
    """The XMP file beside a photo, `photo.jpg.xmp` before `photo.xmp`; None without one."""
    names = (f"{photo.name}.xmp", f"{photo.name}.XMP", f"{photo.stem}.xmp", f"{photo.stem}.XMP")
    return next((path for name in names if (path := photo.with_name(name)).is_file()), None)


def new_sidecar(photo: Path) -> Path:
    """Where the XMP file of a photo without one goes: `photo.xmp`, unless two photos share the name."""
    is_shared = any(other.stem == photo.stem for other in _neighbors(photo))
    return photo.with_name(f"{photo.name}.xmp" if is_shared else f"{photo.stem}.xmp")


def shown(path: Path, roots: Sequence[Path]) -> str:
    """A photo's path as people expect it: relative to where they stand, or to the folder that they named."""
    for root in (Path.cwd(), *(root.resolve() for root in roots)):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return str(path)


def _neighbors(photo: Path) -> list[Path]:
    return [path for path in photo.parent.iterdir() if path != photo and is_photo(path)]


def _refuse(error: OSError) -> None:
    raise KeywordingError(f"{error.filename} cannot be listed ({error.strerror}): nothing was done") from error
