"""From the store to a loaded model, by way of a local cache of verified releases.

All of it blocks; `serving` runs it in threads.
"""

import hashlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from api.settings import Settings
from recipe_assets.errors import ReleaseError
from recipe_assets.release.pointer import Pointer, Versioned, decode_pointer, encode_pointer
from recipe_assets.release.predictor import Predictor
from recipe_assets.release.store import open_store

_LONGEST_PAUSE = 60.0


class NoReleaseError(ReleaseError):
    """The store can be reached but holds no release yet."""


class Served(NamedTuple):
    """A loaded release."""

    predictor: Predictor
    pointer: Pointer
    loaded_at: datetime

    @property
    def release_id(self) -> str:
        """The id of the release."""
        return self.pointer.release_id

    def is_at(self, pointer: Pointer) -> bool:
        """Whether this is the release that the pointer names, to the byte."""
        return (self.release_id, self.pointer.manifest_sha256) == (pointer.release_id, pointer.manifest_sha256)


class _Broken(NamedTuple):
    """A pointer whose release could not be loaded, and when to try it again."""

    token: str
    error: ReleaseError
    pause: float
    retry_at: float


class ReleaseLoader:
    """Loads the current release of one store."""

    def __init__(self, settings: Settings) -> None:
        self.store = open_store(settings.releases)
        self._threads = settings.threads or None
        self._pause = settings.poll_seconds
        self._broken: _Broken | None = None
        # One cache may serve several stores, whose release ids need not differ.
        store_key = hashlib.sha256(self.store.store_url.encode()).hexdigest()[:12]
        self._cache = settings.cache / store_key
        self._last = self._cache / "last.json"

    def load_latest(self, current: Served | None, *, insist: bool) -> Served:
        """The current release of the store; `current` itself if that has not moved.

        A release that failed before is only tried again after a pause, or when a person insists.

        Raises:
            NoReleaseError: if the store is empty.
            ReleaseError: if the store cannot be reached or its current release cannot be used.
        """
        found = self.store.read_pointer()
        if found is None:
            raise NoReleaseError(
                f"{self.store.store_url} has no release yet: materialize the graph to publish one"
            )
        if current and current.is_at(found.pointer):
            return current._replace(pointer=found.pointer)
        broken = self._broken if self._broken and self._broken.token == found.token else None
        if broken and not insist and time.monotonic() < broken.retry_at:
            raise broken.error
        try:
            with self._cache_errors():
                served = self._load(found.pointer)
                self._remember(served.pointer)
        except ReleaseError as error:
            self._broken = self._note(found, error, broken)
            raise
        return served

    def load_cached(self) -> Served:
        """The release that was served last, from the cache alone.

        Raises:
            ReleaseError: if nothing usable is there.
        """
        try:
            pointer = decode_pointer(self._last.read_bytes(), str(self._last))
        except OSError:
            raise ReleaseError(f"no release is kept in {self._cache}") from None
        return self._open(pointer)

    def _load(self, pointer: Pointer) -> Served:
        self.store.fetch(pointer.release_id, self._folder(pointer.release_id), pointer.manifest_sha256)
        return self._open(pointer)

    def _open(self, pointer: Pointer) -> Served:
        predictor = Predictor.load(self._folder(pointer.release_id), self._threads)
        return Served(predictor, pointer, datetime.now(UTC))

    def _folder(self, release_id: str) -> Path:
        return self._cache / "releases" / release_id

    def _note(self, found: Versioned, error: ReleaseError, before: _Broken | None) -> _Broken:
        pause = min(2 * before.pause, _LONGEST_PAUSE) if before else self._pause
        return _Broken(found.token, error, pause, time.monotonic() + pause)

    @contextmanager
    def _cache_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise ReleaseError(
                f"the cache {self._cache} cannot be used ({reason}): free space there or change RECIPE_API_CACHE"
            ) from error

    def _remember(self, pointer: Pointer) -> None:
        """Note what is served, and drop all releases but this one and the one before, to bound the cache."""
        partial = self._last.with_suffix(".partial")
        partial.write_bytes(encode_pointer(pointer))
        partial.replace(self._last)
        for folder in self._folder(pointer.release_id).parent.iterdir():
            if folder.name not in (pointer.release_id, pointer.previous):
                shutil.rmtree(folder, ignore_errors=True)
