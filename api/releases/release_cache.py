"""Verified releases on this machine's disk: what the API served last, and where it starts from without the store.

Kept without checkpoints. Several processes and threads may share one cache. Opening is `loading`'s subject.
"""

import errno
import hashlib
import logging
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from recipe_assets.errors import ReleaseError
from recipe_assets.release.manifest import MANIFEST
from recipe_assets.release.pointer import Pointer, decode_pointer, encode_pointer
from recipe_assets.release.store import ReleaseStore

_LOCKS, _LOCK_SECONDS = 64, 5.0  # a release has one of the lock files by its id: they do not grow in number
_FULL = (errno.ENOSPC, errno.EDQUOT)
_SERVED, _SHADOW = "last.json", "shadow.json"

logger = logging.getLogger(__name__)


class ReleaseCache:
    """The releases of one store that are kept here: the served one, the one before it, and a candidate."""

    def __init__(self, store: ReleaseStore, folder: Path) -> None:
        """Touches no file.

        Args:
            store: where releases come from.
            folder: of all caches, one for each store: release ids of two stores need not differ.
        """
        self._store = store
        self._root = folder / hashlib.sha256(store.store_url.encode()).hexdigest()[:12]
        self._releases = self._root / "releases"

    def folder(self, release_id: str) -> Path:
        """Where a release is kept, if it is."""
        return self._releases / release_id

    @contextmanager
    def opened(self, pointer: Pointer) -> Iterator[Path]:
        """A release's folder, brought here where it is not yet; nobody drops it meanwhile.

        What is brought is verified. What was here is not, since whoever opens it does: reading hundreds of
        megabytes once more would take a second of every start; where it turns out damaged, `mend` helps.

        Raises:
            ReleaseError: if the store cannot be reached, the release differs from its manifest, the cache cannot
                be used, or another process is bringing this very release.
        """
        with self._held(pointer.release_id):
            if not self._is_here(pointer):
                self._bring(pointer)
            yield self.folder(pointer.release_id)

    def mend(self, pointer: Pointer) -> bool:
        """Verify a release that is here, if it is, and bring it anew if it is damaged; whether it was.

        Raises:
            ReleaseError: as `opened` does.
        """
        if not self._is_here(pointer):
            return False
        with self._held(pointer.release_id):
            before = self.folder(pointer.release_id).stat().st_ino
            self._bring(pointer)
            return self.folder(pointer.release_id).stat().st_ino != before

    def last(self) -> Pointer:
        """The release that was served last.

        Raises:
            ReleaseError: if none was, or the note of it is damaged.
        """
        path = self._root / _SERVED
        try:
            return decode_pointer(path.read_bytes(), str(path), "the next release that is served writes it anew")
        except OSError as error:
            raise ReleaseError(f"no release is kept in {self._root} ({error.strerror})") from error

    def note_served(self, pointer: Pointer) -> None:
        """Note what is served, and drop all releases but this one, the one before it, and a candidate.

        Raises:
            ReleaseError: if the cache cannot be written; what nobody needs is dropped all the same.
        """
        self._note(_SERVED, pointer)

    def note_shadow(self, pointer: Pointer | None) -> None:
        """Note which candidate is kept, if any, before it is brought; raises as `note_served` does.

        A candidate that is gone stays until another release comes: it may have become the served one.
        """
        self._note(_SHADOW, pointer)

    @contextmanager
    def _held(self, release_id: str) -> Iterator[None]:
        with self._errors():
            try:
                with self._lock(release_id, _LOCK_SECONDS):
                    yield
            except Timeout:
                raise ReleaseError(f"another process is bringing release {release_id} into {self._root}") from None

    def _is_here(self, pointer: Pointer) -> bool:
        try:
            content = (self.folder(pointer.release_id) / MANIFEST).read_bytes()
        except OSError:
            return False
        return hashlib.sha256(content).hexdigest() == pointer.manifest_sha256

    def _bring(self, pointer: Pointer) -> None:
        """Let the store bring a release, or verify the copy; where room lacks, releases not served make way."""
        into = self.folder(pointer.release_id)
        try:
            self._store.fetch(pointer.release_id, into, pointer.manifest_sha256, checkpoint=False)
        except (ReleaseError, OSError) as error:
            if not _is_full(error):
                raise
            logger.warning("the cache %s is full: releases that are not served make way", self._root)
            self._keep({found.release_id for found in self._noted(_SERVED)})
            self._store.fetch(pointer.release_id, into, pointer.manifest_sha256, checkpoint=False)

    def _note(self, name: str, pointer: Pointer | None) -> None:
        with self._errors():
            self._root.mkdir(parents=True, exist_ok=True)
            try:
                _write(self._root / name, pointer)
            finally:
                if pointer is not None:
                    noted = [*self._noted(_SERVED), *self._noted(_SHADOW), pointer]
                    self._keep({name for found in noted for name in (found.release_id, found.previous) if name})

    def _noted(self, name: str) -> list[Pointer]:
        path = self._root / name
        try:
            return [decode_pointer(path.read_bytes(), str(path))]
        except (OSError, ReleaseError):
            return []

    def _keep(self, wanted: set[str]) -> None:
        """Drop all else, half downloads that killed processes left included, but not what somebody holds."""
        for folder in self._releases.iterdir() if self._releases.is_dir() else ():
            half = folder.name.startswith(".")
            release_id = folder.name[1:].rpartition("-")[0] if half else folder.name
            if half or release_id not in wanted:
                try:
                    with self._lock(release_id, 0):
                        shutil.rmtree(folder, ignore_errors=True)
                except Timeout:
                    continue

    def _lock(self, release_id: str, seconds: float) -> FileLock:
        locks = self._root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        return FileLock(locks / f"{zlib.crc32(release_id.encode()) % _LOCKS:02d}", timeout=seconds)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Tell trouble with this disk from trouble with the store, which reports both as its own."""
        try:
            yield
        except (ReleaseError, OSError) as error:
            if _is_full(error):
                reason = "it is full"
            elif isinstance(error, OSError):
                reason = error.strerror or str(error)
            else:
                raise
            raise ReleaseError(
                f"the cache {self._root} cannot be used ({reason}): free space there or change RECIPE_API_CACHE"
            ) from error


def _write(path: Path, pointer: Pointer | None) -> None:
    if pointer is None:
        path.unlink(missing_ok=True)
        return
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        partial.write_bytes(encode_pointer(pointer))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _is_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__
    return False
