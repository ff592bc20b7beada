"""An outbox in a folder, local or mounted: files appear whole, and new ones never over another file."""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from recipe_assets.durable import sync_folder
from recipe_assets.outbox.errors import OutboxChangedError, OutboxError, OutboxPathError
from recipe_assets.outbox.places import State, Stored, checked_path
from recipe_assets.storage import LEFTOVER_SECONDS

PART = ".recipe-part"
"""The ending of files that are being written; hidden, so that no hot folder takes them."""
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
_NAMES = {errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ}
"""What is wrong with one path only: a file where a folder is needed or the reverse, a name too long or unknown."""


class FolderOutbox:
    """Files below one folder, which comes into being with the first of them."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._swept: set[Path] = set()

    @property
    def location(self) -> str:
        """The folder."""
        return str(self._root)

    def fetch(self, path: str) -> Stored | None:
        """A file with its state, or None if there is none."""
        with self._errors(path):
            try:
                with self._place(path).open("rb") as stream:
                    # First the state: what is saved while we read makes another version.
                    state = _state(os.fstat(stream.fileno()))
                    return Stored(stream.read(), state)
            except (FileNotFoundError, NotADirectoryError):
                return None

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        found = self.fetch(path)
        if found is None:
            raise OutboxError(f"{path} is not in the outbox {self._root}: it was moved or removed")
        return found.data

    def write(self, path: str, data: bytes, over: str | None = "anything") -> State:
        """Write a file beside its place, sync it, and bring it into place in one step."""
        target = self._place(path)
        part = target.with_name(f".{uuid4().hex}{PART}")
        with self._errors(path):
            self._sweep(target.parent)
            try:
                state = _write_synced(part, data)
                self._bring_in(part, target, over)
                sync_folder(target.parent)
            finally:
                part.unlink(missing_ok=True)
        return state

    def remove(self, path: str, over: str = "anything") -> None:
        """Remove a file, and folders that it leaves empty."""
        target = self._place(path)
        with self._errors(path):
            if over != "anything" and (now := self.describe(path)) is not None and now.version != over:
                raise self._changed(target)
            with suppress(FileNotFoundError, NotADirectoryError):
                target.unlink()
            for folder in target.parents:
                # A pipeline's own folder stays: a program may be watching it.
                if self._root in (folder, folder.parent) or not _removed_empty(folder):
                    return

    def describe(self, path: str) -> State | None:
        """The state of a file, or None if there is none."""
        with self._errors(path), suppress(FileNotFoundError, NotADirectoryError):
            target = self._place(path)
            return _state(target.stat()) if target.is_file() else None
        return None

    def listing(self, prefix: str = "") -> dict[str, State]:
        """All files below a folder by path, sorted."""
        start = self._place(prefix) if prefix else self._root
        found = {}
        with self._errors(prefix):
            for place in start.rglob("*"):
                if not place.name.endswith(PART):
                    with suppress(FileNotFoundError):  # a hot folder may take it meanwhile
                        if place.is_file():
                            found[place.relative_to(self._root).as_posix()] = _state(place.stat())
        return dict(sorted(found.items()))

    def url(self, path: str) -> str:
        """The file as a file URL."""
        return self._place(path).as_uri()

    def _place(self, path: str) -> Path:
        return self._root / checked_path(path)

    def _sweep(self, folder: Path) -> None:
        """Before the first write into a folder, remove what a killed run left half-written there a day ago."""
        if folder in self._swept or not folder.is_dir():
            return
        self._swept.add(folder)
        for part in folder.glob(f".*{PART}"):
            with suppress(OSError):  # another run may have finished it meanwhile; if it stays, it harms nobody
                if time.time() - part.stat().st_mtime > LEFTOVER_SECONDS:
                    part.unlink()

    def _bring_in(self, part: Path, target: Path, over: str | None) -> None:
        """Rename into place if what stands there is what may be replaced."""
        if over is None:
            try:
                os.link(part, target)  # unlike a rename, it fails if the name is taken
            except FileExistsError:
                raise self._changed(target) from None
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
            else:
                return
            if target.exists() or target.is_symlink():
                raise self._changed(target)
        elif over != "anything":
            with suppress(FileNotFoundError):
                if _state(target.stat()).version == over:
                    part.replace(target)
                    return
            raise self._changed(target)
        part.replace(target)

    def _changed(self, target: Path) -> OutboxChangedError:
        return OutboxChangedError(
            f"{target.relative_to(self._root).as_posix()} in the outbox is not the file that was expected there: "
            "it is left as it is"
        )

    @contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in _NAMES and self._root.is_dir():
                raise OutboxPathError(f"{path} cannot be a path in the outbox ({error.strerror})") from error
            raise OutboxError(
                f"{path or 'a listing'} in the outbox {self._root} failed ({error.strerror or error}): check the "
                "folder, its rights and space, and RECIPE_OUTBOX"
            ) from error


def _state(status: os.stat_result) -> State:
    return State(status.st_size, f"{status.st_mtime_ns}-{status.st_size}")


def _write_synced(part: Path, data: bytes) -> State:
    """Without the sync a power cut could leave the new name with an empty file behind it."""
    with _created(part) as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
        state = _state(os.fstat(stream.fileno()))
    if state.bytes != len(data) or part.read_bytes() != data:
        raise OSError(errno.EIO, "the file is not stored as it was written", str(part))
    return state


def _created(part: Path) -> BinaryIO:
    """A new file; its folder may just be going, since a thread that moved the last photo out removes it."""
    for _ in range(10):
        part.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            return part.open("xb")
    return part.open("xb")


def _removed_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True
