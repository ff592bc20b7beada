"""What a run has begun and done in the outbox, line by line, so that the run after a killed one goes on there.

A local file that lives only as long as its run. The lasting table is `rows`' subject.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Literal

import msgspec

from recipe_assets.outbox.rows import Row


class Entry(msgspec.Struct, frozen=True):
    """A row whose file is about to be written ("begun") or stands there ("done"); `before` is what it replaces.

    A row without a path is that of a photo whose file is about to be taken out, or is gone.
    """

    state: Literal["begun", "done"]
    row: Row
    before: Row | None = None


@dataclass(frozen=True)
class Journal:
    """One file of entries; lines of several threads never mix."""

    path: Path
    _lock: Lock = field(default_factory=Lock)

    def entries(self) -> dict[str, Entry]:
        """The last word on each photo, by file; a line that was cut short says nothing."""
        found: dict[str, Entry] = {}
        lines = self.path.read_bytes().split(b"\n") if self.path.is_file() else []
        for line in lines:
            with suppress(msgspec.MsgspecError):
                entry = msgspec.json.decode(line, type=Entry)
                found[entry.row.file] = entry
        return found

    def begin(self, row: Row, before: Row | None) -> None:
        """Note a file before it is written or taken out; on disk when this returns."""
        self._append(Entry("begun", row, before), sync=True)

    def end(self, row: Row) -> None:
        """Note that it stands there, and what it replaced is gone."""
        self._append(Entry("done", row), sync=False)

    def forget(self) -> None:
        """The table holds everything: nothing is under way."""
        self.path.unlink(missing_ok=True)

    def _append(self, entry: Entry, *, sync: bool) -> None:
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as stream:
                # A line feed first, too: the run before may have been killed within a line.
                stream.write(b"\n" + msgspec.json.encode(entry) + b"\n")
                stream.flush()
                if sync:
                    os.fsync(stream.fileno())
