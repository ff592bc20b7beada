"""Reading and replacing one file so that nobody's work is lost: whole or not at all, never over a newer version.

What is written, and how it is undone, is the subject of the modules that call this.
"""

import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from filelock import FileLock, Timeout

from recipe_assets.commands.keywording.errors import KeywordingError, PhotoChangedError
from recipe_assets.durable import sync_folder
from recipe_assets.studio.shoots import MAX_FILE_BYTES

PART = ".recipe-part"
_LOCK_SECONDS = 600


class Seen(NamedTuple):
    """A file as it was read; no data and no status where there was none."""

    data: bytes | None
    status: os.stat_result | None


def look(path: Path) -> Seen:
    """Read a file, with the status that belongs to these very bytes.

    Raises:
        KeywordingError: if it is too large, or no plain file.
        OSError: if it cannot be read.
    """
    try:
        _require_plain(path.stat())  # before it is opened: a device may act on that, a socket cannot be
        with open(path, "rb", opener=_open_at_once) as stream:
            status = os.fstat(stream.fileno())
            _require_plain(status)
            if status.st_size > MAX_FILE_BYTES:
                raise KeywordingError(f"is larger than {MAX_FILE_BYTES >> 30} GiB: export a smaller copy")
            return Seen(stream.read(), status)
    except FileNotFoundError:
        return Seen(None, None)


def undo_folder(folder: Path) -> Path:
    """Beside the photos, hidden: what an undo needs. A studio passes it over as it does all hidden folders."""
    return folder / ".recipe-undo"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Let one program at a time replace files of a folder.

    Raises:
        KeywordingError: if another one does not let go.
        OSError: if the folder cannot be written.
    """
    undo_folder(folder).mkdir(exist_ok=True)
    try:
        with FileLock(undo_folder(folder) / ".lock", timeout=_LOCK_SECONDS):
            yield
    except Timeout:
        raise KeywordingError(
            f"another `recipe keyword` holds {folder} for over {_LOCK_SECONDS} s: wait for it or stop it"
        ) from None


def require_unchanged(path: Path, seen: Seen) -> None:
    """Make sure that nobody saved the file since it was read.

    Raises:
        PhotoChangedError: if somebody did.
    """
    if _stamp(_status(path)) != _stamp(seen.status):
        raise PhotoChangedError("is being changed by another program: close it there, then run this again")


def require_writable(path: Path) -> None:
    """Make sure that a file, if it is there, is not write-protected: replacing it needs no right to write to it.

    Raises:
        KeywordingError: if it is.
    """
    effective = os.access in os.supports_effective_ids
    if path.exists() and not os.access(path, os.W_OK, effective_ids=effective):
        raise KeywordingError(f"{path.name} is write-protected: allow writing to it, then run this again")


def replace(path: Path, data: bytes, like: os.stat_result | None, mtime_ns: int | None = None) -> None:
    """Bring new content into place in one step, with the rights, owner and attributes of what stood there.

    Args:
        path: the file.
        data: its new content.
        like: the status of what stands there; None for a new file.
        mtime_ns: the time of last change to give it; now if None.

    Raises:
        OSError: if it cannot be written; the file is as it was then.
    """
    part = path.with_name(f".{uuid4().hex}{PART}")
    try:
        with part.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())  # else a power cut could leave the name with an empty file behind it
        if like is not None:
            _make_like(part, path, like, mtime_ns)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)


def sweep(folder: Path) -> None:
    """Remove what killed runs left half-written; call it while the folder is held."""
    for part in folder.glob(f".*{PART}"):
        with suppress(OSError):
            part.unlink()


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting until somebody writes into a pipe that came meanwhile."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _require_plain(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeywordingError("is not a plain file")


def _make_like(part: Path, path: Path, status: os.stat_result, mtime_ns: int | None) -> None:
    with suppress(OSError):  # what a file system cannot keep is no reason to refuse a keyword
        shutil.copystat(path, part)  # extended attributes too, such as a Finder's colors
    # It did change: programs that synchronize look at the time.
    now = time.time_ns()
    os.utime(part, ns=(now, now if mtime_ns is None else mtime_ns))
    if hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(part, status.st_uid, status.st_gid)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _stamp(status: os.stat_result | None) -> tuple[int, ...] | None:
    return None if status is None else (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
