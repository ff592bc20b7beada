"""Which files below the given paths are photos, and which XMP file lies beside one. Opens none of them."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from recipe_assets.commands.keywording.errors import KeywordingError
from recipe_assets.commands.keywording.outcomes import readable
from recipe_assets.studio.decoding.formats import FORMATS
from recipe_assets.studio.shoots import is_litter

EXTENSIONS = frozenset(extension for known in FORMATS for extension in known.extensions)


def find_photos(paths: Iterable[Path]) -> dict[Path, str]:
    """Every photo below the folders, and every file that is named itself; each once, sorted within a folder.

    Links are followed to their file, hidden files and what systems leave behind are passed over.

    Returns:
        What each is called.

    Raises:
        KeywordingError: if a path is not there, or a folder cannot be listed: its photos would be missed.
    """
    found: dict[Path, str] = {}
    for path in paths:
        require_there(path)
        for file in filter(is_photo, files_below(path)) if path.is_dir() else (path,):
            found.setdefault(followed(file), shown(file))
    return found


def require_there(path: Path) -> None:
    """Make sure that a path which was named is there, be it a link that leads nowhere.

    Raises:
        KeywordingError: if it is not.
    """
    if not os.path.lexists(path):
        raise KeywordingError(f"{path} is not there: name a folder of photos, or photos")


def followed(file: Path) -> Path:
    """The file that a path stands for, without any link; a link that leads nowhere stands for itself."""
    try:
        return file.resolve(strict=True)
    except (OSError, RuntimeError):  # the latter for links that lead to each other
        return file.parent.resolve() / file.name


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


def sidecar_places(photo: Path) -> list[Path]:
    """Where an XMP file beside a photo may lie, the first to go first."""
    return [photo.with_name(f"{name}{suffix}") for name in (photo.name, photo.stem) for suffix in (".xmp", ".XMP")]


def find_sidecar(photo: Path) -> Path | None:
    """The XMP file beside a photo, `photo.jpg.xmp` before `photo.xmp`; None without one."""
    return next((path for path in sidecar_places(photo) if path.is_file()), None)


def new_sidecar(photo: Path) -> Path:
    """Where the XMP file of a photo without one goes: `photo.xmp`, unless two photos share the name.

    Raises:
        KeywordingError: if something else is there.
    """
    place = photo.with_name(f"{photo.name if _shares_its_name(photo) else photo.stem}.xmp")
    if place.exists() and not place.is_file():
        raise KeywordingError(f"{place.name} beside it is not a plain file")
    return place


def is_shared(sidecar: Path, photo: Path) -> bool:
    """Whether the XMP file beside a photo is that of others, too: `photo.xmp` where several share the name."""
    return sidecar.stem != photo.name and _shares_its_name(photo)


def shown(path: Path) -> str:
    """What a file is called to people: relative to where they stand, or elsewhere below what they named."""
    here = Path.cwd()
    return readable((path.relative_to(here) if path.is_relative_to(here) else path).as_posix())


def _shares_its_name(photo: Path) -> bool:
    return any(other.stem == photo.stem and other != photo and is_photo(other) for other in photo.parent.iterdir())


def _refuse(error: OSError) -> None:
    raise KeywordingError(f"{error.filename} cannot be listed ({error.strerror}): nothing was done") from error
