"""A studio in a folder: one subfolder per shoot."""

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recipe_assets.errors import StudioError
from recipe_assets.studio.shoots import (
    IGNORED_FOLDERS,
    Shoot,
    StudioFile,
    is_litter,
    is_shoot_name,
    printable,
    warn_of_names,
)


@dataclass(frozen=True)
class FolderStudio:
    """A studio in a folder, local or mounted."""

    root: Path

    @property
    def location(self) -> str:
        """The folder."""
        return str(self.root)

    def shoots(self) -> dict[str, Shoot]:
        """All shoots by name, sorted.

        Raises:
            StudioError: if the folder is missing or cannot be read. An unreadable studio is not an empty one.
        """
        try:
            names = sorted(entry.name for entry in self.root.iterdir() if entry.is_dir())
        except FileNotFoundError:
            raise StudioError(
                f"the studio folder {self.root} does not exist: set RECIPE_STUDIO to where shoots arrive"
            ) from None
        except OSError as error:
            raise StudioError(f"the studio folder {self.root} cannot be read: {error.strerror}") from error
        warn_of_names(self.location, names)
        return {name: self.shoot(name) for name in names if is_shoot_name(name)}

    def shoot(self, name: str) -> Shoot:
        """One shoot as it is now; hidden files and system litter are left out.

        Raises:
            StudioError: if the shoot is missing or cannot be read.
        """
        folder = self.root / name
        try:
            changed = folder.stat().st_ctime
            files = []
            for path, status in _walk(folder):
                # The time of the last change to the entry, which no copying tool can set back as it can the
                # file's own time; hidden files count, since rsync writes into them before it renames.
                changed = max(changed, status.st_ctime if status else time.time())
                if status and not stat.S_ISDIR(status.st_mode) and not is_litter(path):
                    files.append(StudioFile(path, *_as_listed(status)))
        except OSError as error:
            raise StudioError(f"shoot '{name}' in {self.root} cannot be read: {error.strerror}") from error
        return Shoot(name, tuple(sorted(files, key=lambda file: file.name)), changed)

    def read(self, shoot: str, file: StudioFile) -> bytes:
        """The bytes of one file as it was listed.

        Raises:
            StudioError: if it was removed or changed since.
            OSError: if it cannot be read.
        """
        path = self.root / shoot / file.name
        try:
            with open(path, "rb", opener=_open_file) as stream:
                content = stream.read(file.bytes + 1)
                now = os.fstat(stream.fileno())
        except (FileNotFoundError, NotADirectoryError):
            if _is_listed_link(path, file):
                raise
            raise StudioError(f"{shoot}/{printable(file.name)} was removed while its shoot was read") from None
        if _as_listed(now) != (file.bytes, file.version):
            raise StudioError(
                f"{shoot}/{printable(file.name)} changed while its shoot was read: it is still arriving"
            )
        return content


def _as_listed(status: os.stat_result) -> tuple[int, str]:
    """Size and version of a file.

    As rsync compares them: a program that changes a photo and gives it back its size and its time goes unseen.
    The time of the entry itself would change with every backup by hard links, and all shoots be read again.
    """
    return status.st_size, str(status.st_mtime_ns)


def _walk(folder: Path) -> Iterator[tuple[str, os.stat_result | None]]:
    """Path below the folder, and status, of everything in it; None for what went away since it was listed.

    Raises:
        OSError: if any subfolder cannot be read; leaving out its photos silently would be worse.
    """
    waiting = [""]
    while waiting:
        above = waiting.pop()
        try:
            with os.scandir(folder / above) as entries:
                found = [entry for entry in entries if entry.name.lower() not in IGNORED_FOLDERS]
        except FileNotFoundError:
            if not above:
                raise
            yield above, None
            continue
        for entry in found:
            path, status = f"{above}{entry.name}", _status(entry)
            if status and stat.S_ISDIR(status.st_mode):
                waiting.append(f"{path}/")
            yield path, status


def _status(entry: "os.DirEntry[str]") -> os.stat_result | None:
    """Status of an entry, of a link to a file that of the file; None if it went away meanwhile.

    A link to a folder, or to nowhere, is listed as itself, so that it is reported and not left out.
    """
    if entry.is_symlink():
        with suppress(OSError):
            target = entry.stat()
            if stat.S_ISREG(target.st_mode):
                return target
    with suppress(FileNotFoundError):
        return entry.stat(follow_symlinks=False)
    return None


def _is_listed_link(path: Path, file: StudioFile) -> bool:
    """Whether a link led nowhere already when it was listed."""
    with suppress(OSError):
        status = path.lstat()
        return stat.S_ISLNK(status.st_mode) and _as_listed(status) == (file.bytes, file.version)
    return False


def _open_file(path: str, flags: int) -> int:
    """Open a regular file; opening a named pipe would wait until somebody writes into it."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return descriptor
