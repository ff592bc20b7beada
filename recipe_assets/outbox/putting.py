"""The moves that a photo with its sidecar makes in the outbox: put, replaced, moved, taken out, looked after.

Every move says what it expects to find and leaves anything else as it is. When to move is `delivering`'s subject.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from recipe_assets.outbox.copies import Copy, Original, is_same_copy, sha256_of
from recipe_assets.outbox.deciding import Decision
from recipe_assets.outbox.errors import OutboxChangedError
from recipe_assets.outbox.places import Outbox, State, Stored
from recipe_assets.outbox.rows import Row

TOUCHED = "a person changed the file in the outbox: it is left as it is"
MISSING = "the file is no longer where it was written: it was taken on or moved, and is not written again"
"""Why a file may not be changed."""


class Made(NamedTuple):
    """What is about to be written, with its row and what it was made from."""

    row: Row
    copy: Copy
    original: Original
    decision: Decision


class Held(NamedTuple):
    """A row's files as they stand now, None for one that is not there; `left` is None if they are exactly ours."""

    file: Stored | None
    sidecar: Stored | None
    left: str | None


@dataclass(frozen=True)
class Files:
    """Photos with their sidecars in one outbox; a photo's row says where, and what they were when written."""

    outbox: Outbox

    def held(self, row: Row) -> Held:
        """Look at a row's files, byte for byte: times and sizes can be set back."""
        found = self.outbox.fetch(row.path or "")
        if found is None:
            return Held(None, None, MISSING)
        beside = self.outbox.fetch(row.sidecar) if row.sidecar else None
        same = (_sha256(found), _sha256(beside)) == (row.written_sha256, row.sidecar_sha256)
        return Held(found, beside, None if same else TOUCHED)

    def put(self, made: Made) -> Row:
        """Write where nothing stands; the sidecar first, since a hot folder takes a photo as soon as it is there.

        Returns:
            The row as it is now.

        Raises:
            OutboxChangedError: if another file stands there.
        """
        beside = self._put_sidecar(made, None)
        path = made.row.path or ""
        try:
            return _written(made.row, self.outbox.write(path, made.copy.photo, over=None))
        except OutboxChangedError:
            stored = self.outbox.fetch(path)
            if stored is not None and is_same_copy(stored.data, made.original, made.decision):
                sha256 = sha256_of(stored.data)
                return _written(msgspec.structs.replace(made.row, written_sha256=sha256), stored.state)
            if beside is not None:
                self._put_back(made.row.sidecar or "", beside, None)
            raise

    def put_over(self, made: Made, before: Row, now: Held) -> Row:
        """Replace a row's files, which were just found to be ours; raises as `put` does."""
        same_place = made.row.sidecar == before.sidecar
        if not same_place:
            self._require_sidecar(before, now)
        over = now.sidecar if same_place else None
        beside = self._put_sidecar(made, over)
        try:
            state = self.outbox.write(made.row.path or "", made.copy.photo, over=_version(now.file))
        except OutboxChangedError:
            if beside is not None:
                self._put_back(made.row.sidecar or "", beside, over)
            raise
        if not same_place:
            self._remove_sidecar(before, now.sidecar)
        return _written(made.row, state)

    def move(self, made: Made, before: Row, now: Held) -> Row:
        """Write a photo at its new place, and only then remove the old files; raises as `put` does."""
        row = self.put(made)
        try:
            self.take_out(before, now)
        except OutboxChangedError:
            # A person changed the old ones this very moment: those are the ones to keep.
            new = self.held(row)
            if new.left is None:
                self.take_out(row, new)
            raise
        return row

    def take_out(self, row: Row, now: Held) -> None:
        """Remove a row's files, which were just found to be ours.

        Raises:
            OutboxChangedError: if a person changed one of them meanwhile; both are left as they are.
        """
        self._require_sidecar(row, now)
        self.outbox.remove(row.path or "", _version(now.file) or "")
        self._remove_sidecar(row, now.sidecar)

    def take_out_sidecar(self, row: Row) -> None:
        """Remove a row's sidecar that no photo needs any more, if it is exactly ours."""
        found = self.outbox.fetch(row.sidecar) if row.sidecar else None
        if _sha256(found) == row.sidecar_sha256:
            self._remove_sidecar(row, found)

    def _put_sidecar(self, made: Made, over: Stored | None) -> State | None:
        """The state of a sidecar that was written; None if there is none, or the very same one stands there."""
        path, data = made.row.sidecar, made.copy.sidecar
        if path is None or data is None or (over is not None and over.data == data):
            return None
        try:
            return self.outbox.write(path, data, over=_version(over))
        except OutboxChangedError:
            stored = self.outbox.fetch(path)
            if stored is None or stored.data != data:
                raise
            return None

    def _put_back(self, path: str, beside: State, over: Stored | None) -> None:
        """Undo a sidecar that was written, since its photo was not."""
        if over is None:
            self.outbox.remove(path, beside.version)
        else:
            self.outbox.write(path, over.data, over=beside.version)

    def _require_sidecar(self, row: Row, now: Held) -> None:
        """Before its photo goes: a person who saved the sidecar meanwhile keeps both."""
        state = self.outbox.describe(row.sidecar) if row.sidecar else None
        if (state.version if state else None) != _version(now.sidecar):
            raise OutboxChangedError(TOUCHED)

    def _remove_sidecar(self, row: Row, found: Stored | None) -> None:
        if row.sidecar is not None and found is not None:
            with suppress(OutboxChangedError):  # what a person saves this very moment stays
                self.outbox.remove(row.sidecar, found.state.version)


def _version(found: Stored | None) -> str | None:
    """What may be replaced: what was found, or nothing."""
    return found.state.version if found else None


def _sha256(found: Stored | None) -> str | None:
    return sha256_of(found.data) if found else None


def _written(row: Row, state: State) -> Row:
    return msgspec.structs.replace(row, written_version=state.version)
