"""One photo at a time into the outbox: copied, written, noted; a file that is not exactly ours is never touched.

What is to be done is `planning`'s subject, which bytes `copies`', how files move `putting`'s, what a killed run
leaves behind `resuming`'s.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from recipe_assets.outbox.copies import copy_of, sha256_of, sidecar_name
from recipe_assets.outbox.deciding import Decision, Photo
from recipe_assets.outbox.errors import OutboxChangedError, OutboxPathError
from recipe_assets.outbox.journal import Journal
from recipe_assets.outbox.layout import photo_path
from recipe_assets.outbox.originals import Originals, UnusableOriginalError
from recipe_assets.outbox.planning import Step
from recipe_assets.outbox.putting import Files, Made
from recipe_assets.outbox.rows import Row
from recipe_assets.studio.decoding.limits import MemoryGate

MEMORY = 2 << 30
"""Bytes that all copies under way take together."""
COPIES = 4
"""The original, what is written, its parts in between, and what is read back."""


class Delivered(NamedTuple):
    """A photo's row from now on; `left` says why the file that was to be changed was not."""

    row: Row
    left: str | None = None


@dataclass(frozen=True)
class Delivery:
    """Brings photos of one shoot into the outbox. Safe to share between threads."""

    originals: Originals
    files: Files
    journal: Journal
    gate: MemoryGate = field(default_factory=lambda: MemoryGate(MEMORY))

    def deliver(self, step: Step) -> Delivered:
        """Do what is to be done for one photo.

        Raises:
            OutboxError: if the outbox cannot be used.
            StudioError: if the studio cannot.
        """
        before = step.before
        if before is not None and step.action == "keep":
            return Delivered(before)
        with self.gate.reserve(min(MEMORY, COPIES * step.photo.bytes)):
            if before is None or before.path is None:
                return self._new(step)
            return self._replaced(step, before)

    def look(self, step: Step, before: Row) -> Delivered:
        """Say what would become of a photo that is there, and change nothing."""
        with self.gate.reserve(min(MEMORY, COPIES * step.photo.bytes)):
            return Delivered(before, self.files.held(before).left)

    def _new(self, step: Step) -> Delivered:
        if step.decision.origin == "none":
            return Delivered(step.decision.row(step.photo))
        try:
            made = self._made(step.photo, step.decision)
            self.journal.begin(made.row, None)
            row = self.files.put(made)
        except (UnusableOriginalError, OutboxPathError) as error:
            return Delivered(_not_written(step, str(error)))
        except OutboxChangedError as error:
            return Delivered(_not_written(step, f"{error}; move that file away and materialize again"))
        return self._noted(row)

    def _replaced(self, step: Step, before: Row) -> Delivered:
        """The same for a photo that has a file in the outbox: it is replaced, moved, or taken out."""
        held = self.files.held(before)
        if held.file is None and before.sha256 != step.photo.sha256:
            return self._new(step)  # the file was taken on, and this is another picture
        if held.file is None or held.left is not None:
            return Delivered(before, held.left)
        try:
            if step.decision.origin == "none":
                nothing = step.decision.row(step.photo)
                self.journal.begin(nothing, before)
                self.files.take_out(before, held)
                return self._noted(nothing)
            made = self._made(step.photo, step.decision)
            self.journal.begin(made.row, before)
            put = self.files.put_over if made.row.path == before.path else self.files.move
            row = put(made, before, held)
        except (UnusableOriginalError, OutboxPathError, OutboxChangedError) as error:
            return Delivered(before, str(error))
        return self._noted(row)

    def _noted(self, row: Row) -> Delivered:
        self.journal.end(row)
        return Delivered(row)

    def _made(self, photo: Photo, decision: Decision) -> Made:
        original, now = self.originals.read(photo), datetime.now(UTC)
        copy, folder = copy_of(original, decision, now), str(decision.pipeline)
        beside = None
        if copy.sidecar is not None:
            beside = original.sidecar_name or sidecar_name(photo.file, self.originals.names)
        row = msgspec.structs.replace(
            decision.row(photo),
            path=photo_path(folder, photo.shoot, photo.file),
            written_sha256=sha256_of(copy.photo),
            written_at=now,
            sidecar=None if beside is None else photo_path(folder, photo.shoot, beside),
            sidecar_sha256=None if copy.sidecar is None else sha256_of(copy.sidecar),
            reason="; ".join(filter(None, [decision.reason, copy.note])) or None,
        )
        return Made(row, copy, original, decision)


def _not_written(step: Step, reason: str) -> Row:
    return msgspec.structs.replace(step.decision.row(step.photo), reason=reason)
