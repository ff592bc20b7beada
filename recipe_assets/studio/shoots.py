"""Where shoots arrive, which files they hold, and what a file's name says. Opens no photo.

A shoot is one folder of the studio. Buckets can join behind the same three methods.
"""

import hashlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

import msgspec

from recipe_assets.errors import StudioError

IGNORED_FILES = frozenset({"thumbs.db", "desktop.ini"})
"""What operating systems leave in folders; everything else is reported, usable or not."""


class PhotoName(msgspec.Struct, frozen=True):
    """What a file name says under the studio's convention; all None where it breaks the convention.

    `year` has four digits; `step` is two digits or "main"; `tag` is "original" or "mask".
    """

    brand: str | None = None
    year: int | None = None
    image_type: str | None = None
    week: str | None = None
    country: str | None = None
    recipe: str | None = None
    step: str | None = None
    extra: str | None = None
    tag: str | None = None


_NAME = re.compile(
    r"(?P<brand>[A-Z]{2})_Y(?P<year>\d{2})_(?P<image_type>[A-Z0-9]+(?:_[A-Z0-9]+)?)"
    r"_(?P<week>[WB]+\d{2})_(?P<country>[A-Z]{2,4})_(?P<recipe>[A-Za-z0-9-]+)"
    r"_(?P<step>\d{2}|main)(?:_(?P<extra>[A-Za-z0-9-]*))?_(?P<tag>original|mask)"
)


def parse_name(file: str) -> PhotoName:
    """Read a name such as `HF_Y24_R15_BW43_SE_K19256-1_01__original.jpg`; all fields None if it does not fit."""
    match = _NAME.fullmatch(Path(file).stem)
    if match is None:
        return PhotoName()
    fields = match.groupdict()
    return msgspec.convert(
        {**fields, "year": 2000 + int(fields["year"]), "extra": fields["extra"] or None}, PhotoName
    )


@dataclass(frozen=True)
class StudioFile:
    """One file of a shoot: name, size in bytes, time of last change in nanoseconds since 1970."""

    name: str
    bytes: int
    modified_ns: int


@dataclass(frozen=True)
class FolderStudio:
    """A studio in a folder: one subfolder per shoot."""

    root: Path

    def shoots(self) -> list[str]:
        """Names of all shoots, sorted.

        Raises:
            StudioError: if the folder is missing or cannot be read. An unreadable studio is not an empty one.
        """
        try:
            return sorted(entry.name for entry in self.root.iterdir() if _is_shoot(entry))
        except FileNotFoundError:
            raise StudioError(
                f"the studio folder {self.root} does not exist: set RECIPE_STUDIO to where shoots arrive"
            ) from None
        except OSError as error:
            raise StudioError(f"the studio folder {self.root} cannot be read: {error.strerror}") from error

    def files(self, shoot: str) -> list[StudioFile]:
        """All files of a shoot, sorted by name; hidden files and system litter are left out.

        Raises:
            StudioError: if the shoot is missing or cannot be read.
        """
        try:
            next((self.root / shoot).iterdir(), None)  # rglob finds nothing in a missing folder, without an error
            return sorted(_list_files(self.root / shoot), key=lambda file: file.name)
        except OSError as error:
            raise StudioError(f"shoot '{shoot}' in {self.root} cannot be read: {error.strerror}") from error

    def read(self, shoot: str, file: str) -> bytes:
        """The bytes of one file."""
        return (self.root / shoot / file).read_bytes()

    def is_settling(self, shoot: str, seconds: float) -> bool:
        """Whether any file changed less than `seconds` ago, so that the shoot may still be on its way."""
        now = time.time_ns()
        # A camera's clock may be ahead by days: such a file is not fresh, or its shoot would wait for ever.
        times = [file.modified_ns for file in self.files(shoot)] or [now]
        return any(abs(now - changed) < seconds * 1e9 for changed in times)

    def fingerprint(self, shoot: str) -> str:
        """Hash of the shoot's names, sizes and times: changes when a file is added, changed or removed."""
        listing = [(printable(file.name), file.bytes, file.modified_ns) for file in self.files(shoot)]
        return hashlib.sha256(msgspec.json.encode(listing)).hexdigest()[:16]


def printable(name: str) -> str:
    r"""A file name that can be stored as text: bytes that are not UTF-8 (old zip tools) are written as "\xf6"."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def open_studio(location: str) -> FolderStudio:
    """The studio at a folder path or `file://` URL.

    Raises:
        StudioError: for any other kind of URL.
    """
    url = urlparse(location)
    if url.scheme == "file":
        return FolderStudio(Path(unquote(url.path)))
    if url.scheme and "://" in location:
        raise StudioError(f"RECIPE_STUDIO={location}: only folders are read so far; copy or mount the shoots")
    return FolderStudio(Path(location))


def _is_shoot(entry: Path) -> bool:
    return entry.is_dir() and not entry.name.startswith(".")


def _list_files(folder: Path) -> Iterator[StudioFile]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        litter = any(part.startswith(".") for part in Path(name).parts) or path.name.lower() in IGNORED_FILES
        # A link that leads nowhere is listed too, so that it is reported rather than silently left out.
        if (path.is_file() or (path.is_symlink() and not path.exists())) and not litter:
            status = path.stat() if path.exists() else path.lstat()
            yield StudioFile(name, status.st_size, status.st_mtime_ns)
