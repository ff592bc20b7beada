"""From the store to a loaded model: fetched aside, verified, warmed up, and held against its golden set.

All of it blocks; `following` and `shadowing` run it in threads. The files on disk are `release_cache`'s subject.
"""

import logging
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from api.releases.release_cache import ReleaseCache
from api.settings import Settings
from recipe_assets.errors import ReleaseError
from recipe_assets.release.golden import Golden
from recipe_assets.release.pointer import Pointer
from recipe_assets.release.predictor import Predictor
from recipe_assets.release.store import open_store

_LONGEST_PAUSE = 60.0

logger = logging.getLogger(__name__)


class NoReleaseError(ReleaseError):
    """The store can be reached but holds no release yet."""


@dataclass(frozen=True, eq=False)
class Served:
    """A loaded release, with the pointer that named it; gone from memory as soon as nobody holds it."""

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


class Trouble(NamedTuple):
    """A release that could not be loaded: why, how often it was tried, and when it is tried again, in UTC."""

    release_id: str
    reason: str
    tries: int
    retry_at: datetime


class _Failure(NamedTuple):
    pointer: Pointer
    reason: str
    tries: int
    pause: float
    retry_at: float


class ReleaseLoader:
    """Loads releases of one store. Not for several threads at once."""

    def __init__(self, settings: Settings, *, beside: bool = False) -> None:
        """Nothing is read yet.

        Args:
            settings: with the sizes of batches and pools.
            beside: whether photos are answered while the first release is loaded, too, by another one.

        Raises:
            ReleaseError: if the store's URL cannot be one.
        """
        self.store = open_store(settings.releases)
        self.cache = ReleaseCache(self.store, settings.cache)
        self._settings = settings
        self._pause = settings.poll_seconds
        # Until something is served, all processors may help; later one, so that photos are answered meanwhile.
        self._runs = 1 if beside else max(1, settings.forwards)
        self._failure: _Failure | None = None
        self._noted: Pointer | None = None

    @property
    def trouble(self) -> Trouble | None:
        """The release that is waited for because it could not be loaded, or None."""
        failure = self._failure
        if failure is None:
            return None
        left = timedelta(seconds=max(0.0, failure.retry_at - time.monotonic()))
        return Trouble(failure.pointer.release_id, failure.reason, failure.tries, datetime.now(UTC) + left)

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
            self._failure = None
            served = current if current.pointer == found.pointer else replace(current, pointer=found.pointer)
        else:
            served = self.load(found.pointer, insist=insist)
        self._remember(served.pointer)
        return served

    def load(self, pointer: Pointer, *, insist: bool = False) -> Served:
        """Load a release; one that failed before is only tried again after a pause, or when a person insists.

        Raises:
            ReleaseError: if it cannot be used.
        """
        before = self._failure if self._failure and self._failure.pointer == pointer else None
        if before and not insist and time.monotonic() < before.retry_at:
            raise ReleaseError(before.reason)
        try:
            served = self._load(pointer)
        except Exception as error:
            # Even a bug of ours waits for its turn. Words are kept; the error holds on to all that was loaded.
            reason = str(error) if isinstance(error, ReleaseError) else f"loading failed unexpectedly: {error!r}"
            tries, pause = (before.tries, min(2 * before.pause, _LONGEST_PAUSE)) if before else (0, self._pause)
            self._failure = _Failure(pointer, reason, tries + 1, pause, time.monotonic() + pause)
            raise
        self._failure = None
        return served

    def load_cached(self) -> Served:
        """The release that was served last, from the cache alone.

        Raises:
            ReleaseError: if nothing usable is there.
        """
        pointer = self.cache.last()
        return self._open(pointer, self.cache.folder(pointer.release_id))

    def _load(self, pointer: Pointer) -> Served:
        try:
            return self._load_kept(pointer)
        except ReleaseError:
            if not self.cache.mend(pointer):
                raise
            logger.warning("the cached copy of release %s was damaged and is brought anew", pointer.release_id)
            return self._load_kept(pointer)

    def _load_kept(self, pointer: Pointer) -> Served:
        with self.cache.opened(pointer) as folder:
            return self._open(pointer, folder)

    def _open(self, pointer: Pointer, folder: Path) -> Served:
        predictor = Predictor.load(folder, self._settings.threads or None)
        if predictor.manifest.release_id != pointer.release_id:
            raise ReleaseError(f"{folder} holds release {predictor.manifest.release_id}: empty RECIPE_API_CACHE")
        self._try_out(predictor, folder)
        self._runs = 1
        return Served(predictor, pointer, datetime.now(UTC))

    def _try_out(self, predictor: Predictor, folder: Path) -> None:
        """Run the shapes that serve, a single photo and a full batch; with a golden set, on known answers."""
        manifest = predictor.manifest
        golden = Golden.load(folder, manifest)
        batch = 1 if predictor.alone else self._settings.batch_size
        if golden is None:
            logger.info("release %s carries no golden set: it is served without that check", manifest.release_id)
            size = manifest.preprocessing.size
            for count in {1, batch}:
                predictor.logits(np.zeros((count, 3, size, size), np.float32))
        elif found := golden.replay(predictor.logits, manifest, batch=batch, runs=self._runs):
            raise ReleaseError(
                f"release {manifest.release_id} answers otherwise here than when it was packaged: {found}; roll "
                "back, or package it again with the version of ONNX Runtime that serves"
            )

    def _remember(self, pointer: Pointer) -> None:
        """Note what is served; where that fails, the release is served all the same, and noted at a later look."""
        if pointer == self._noted:
            return
        try:
            self.cache.note_served(pointer)
        except ReleaseError as error:
            logger.warning("release %s is served but not noted: %s", pointer.release_id, error)
        else:
            self._noted = pointer
