"""Release files in a local or mounted folder: staged, renamed into place, the pointer under a file lock.

The rules of releases are `store`'s.
"""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from recipe_assets.durable import sync_folder
from recipe_assets.errors import ReleaseError
from recipe_assets.release.files import describe_file
from recipe_assets.release.manifest import MANIFEST, ReleaseFile
from recipe_assets.release.objects import RELEASES, Content, missing

STAGING = "staging"
_UPLOAD_SECONDS = 600
_SWAP_SECONDS = 30


class FolderObjects:
    """The files of a store in one folder, which comes into being with the first upload."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    @property
    def url(self) -> str:
        """The folder as a file URL."""
        return self._root.as_uri()

    def read(self, key: str) -> Content | None:
        """A small file with the hash of its content as token, or None."""
        with self._errors():
            try:
                data = (self._root / key).read_bytes()
            except FileNotFoundError:
                return None
        return Content(data, hashlib.sha256(data).hexdigest())

    def download(self, key: str, target: Path) -> None:
        """Copy a file out."""
        with self._errors():
            try:
                shutil.copyfile(self._root / key, target)
            except FileNotFoundError:
                raise missing(self.url, key) from None

    def describe(self, key: str) -> ReleaseFile | None:
        """Size and hash of a file, read back from the folder."""
        path = self._root / key
        with self._errors():
            return describe_file(path) if path.is_file() else None

    def sizes(self, prefix: str) -> Mapping[str, int]:
        """Every file below a folder with its size."""
        sizes: dict[str, int] = {}
        with self._errors():
            for path in (self._root / prefix).rglob("*"):
                with suppress(FileNotFoundError):  # somebody's write ended: its partial file has its name now
                    status = path.stat()
                    if stat.S_ISREG(status.st_mode):
                        sizes[path.relative_to(self._root).as_posix()] = status.st_size
        return sizes

    def upload(self, release_id: str, folder: Path, files: Mapping[str, ReleaseFile], manifest: bytes) -> None:
        """Build the release in a staging folder and rename it into place; a half release in place is completed."""
        target = self._root / RELEASES / release_id
        staged = self._root / STAGING / release_id
        with self._errors(), self._lock("upload", _UPLOAD_SECONDS):
            # The lock is ours alone, so whatever is staged belongs to a publisher that was killed.
            shutil.rmtree(self._root / STAGING, ignore_errors=True)
            place = target if target.exists() else staged
            for name in files:
                _copy_new(folder / name, place / name)
            _write_new(place / MANIFEST, manifest)
            if place is staged:
                target.parent.mkdir(parents=True, exist_ok=True)
                staged.rename(target)
                sync_folder(target.parent)

    def swap(self, key: str, data: bytes, expected: str | None) -> bool:
        """Replace a small file in one step if its content is still the expected one."""
        with self._errors(), self._lock("pointer", _SWAP_SECONDS):
            current = self.read(key)
            if (current.token if current else None) != expected:
                return False
            (self._root / key).parent.mkdir(parents=True, exist_ok=True)
            _replace(self._root / key, data)
            return True

    @contextmanager
    def _lock(self, name: str, seconds: float) -> Iterator[None]:
        self._root.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self._root / f".{name}.lock", timeout=seconds):
                yield
        except Timeout:
            raise ReleaseError(
                f"the release store {self._root} is locked by another publisher for over {seconds:.0f} s: "
                "wait for it or stop it, then publish again"
            ) from None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ReleaseError(
                f"the release store {self._root} cannot be used ({error.strerror or error}: {error.filename}): "
                "check the folder and RECIPE_RELEASES"
            ) from error


def _copy_new(source: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    shutil.copyfile(source, partial)
    _sync_and_rename(partial, target)


def _write_new(target: Path, data: bytes) -> None:
    if not target.exists():
        _replace(target, data)


def _replace(target: Path, data: bytes) -> None:
    partial = target.with_name(f".{target.name}.partial")
    partial.write_bytes(data)
    _sync_and_rename(partial, target)


def _sync_and_rename(partial: Path, target: Path) -> None:
    # Without the sync a power cut could leave the new name with an empty file behind it.
    with partial.open("rb") as stream:
        os.fsync(stream.fileno())
    partial.replace(target)
    sync_folder(target.parent)
