"""The segments that this API process writes: durable appends, and a bound on what all logs here take on disk.

All of it blocks and runs in a thread. What a line says is `prediction_log`'s subject, which segments lie around
`segment_folders`', bringing closed ones to the store `shipping`'s.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from api.predictions.segment_folders import CLOSED, LOCK, OPEN, remove, root_lock, segments_of

SEGMENT_BYTES = 1 << 20
"""A segment is closed at this size, or when it is shipped; a quarter of the bound on disk where that is less."""


class Line(NamedTuple):
    """One record as JSON with its line feed, and its day in UTC: a segment holds one day."""

    day: date
    data: bytes


class Segments:
    """The segments of one process; only one thread at a time may use it.

    Each append is on disk (fsync) when it returns, and what a full disk cut short is cut off. A process that is
    killed leaves at most a last line cut short, which readers leave out.
    """

    def __init__(self, base: Path, store: str, token: str, limit: int) -> None:
        """Touches nothing yet.

        Args:
            base: the folder of all logs of this machine; `limit` is for all of them together.
            store: a name for the release store, so that two stores never mix.
            token: unique to this process, fit for a folder's name.
            limit: bytes of all segments; the oldest closed ones go first.
        """
        self.root = base / store
        self.dropped = 0
        """Rows that were written and removed unshipped, because of the limit or by somebody else."""
        self._base, self._token, self._limit = base, token, limit
        self._largest = max(1, min(SEGMENT_BYTES, limit // 4))
        self._folders = 0
        self._folder: Path | None = None
        self._held: FileLock | None = None
        self._number = self._size = self._rows = 0
        self._path: Path | None = None
        self._day: date | None = None

    def append(self, lines: Sequence[Line]) -> int:
        """Write lines; returns how many there was no room for.

        Raises:
            OSError: if the disk refuses; some of the lines may be written then, but no part of one.
        """
        refused = 0
        for day, some in groupby(lines, key=lambda line: line.day):
            for piece in _pieces([line.data for line in some], self._largest):
                if self._make_room(len(piece)):
                    self._append(day, piece)
                else:
                    refused += piece.count(b"\n")
        return refused

    def close_segment(self) -> None:
        """Make what was written ready to be shipped."""
        if self._path is not None:
            with suppress(FileNotFoundError):
                self._path.rename(self._path.with_suffix(CLOSED))
        self._path, self._size, self._rows = None, 0, 0

    def release(self) -> None:
        """Close the segment and let go of the folder, so that any API on this machine may ship it."""
        self.close_segment()
        self._let_go()

    def _append(self, day: date, data: bytes) -> None:
        if self._path is not None and (self._day != day or self._size + len(data) > self._largest):
            self.close_segment()
        try:
            self._write(day, data)
        except FileNotFoundError:  # somebody removed segment or folder: begin a new folder, once
            self.dropped += self._rows
            self._path, self._size, self._rows = None, 0, 0
            self._let_go()
            self._write(day, data)

    def _write(self, day: date, data: bytes) -> None:
        if self._path is None:
            self._path, self._day = self._new_segment(day), day
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        try:
            _append_whole(descriptor, self._size, data)
        finally:
            os.close(descriptor)
        self._size += len(data)
        self._rows += data.count(b"\n")

    def _new_segment(self, day: date) -> Path:
        folder = self._folder or self._new_folder()
        path = folder / f"{day.isoformat()}_{self._number + 1:06d}{OPEN}"
        path.touch(0o600, exist_ok=False)
        self._number += 1
        return path

    def _new_folder(self) -> Path:
        """Make and hold a folder of our own, under a new name each time: numbers start again in it."""
        self.root.mkdir(parents=True, exist_ok=True)
        self._folders += 1
        folder = self.root / (self._token if self._folders == 1 else f"{self._token}-{self._folders}")
        with root_lock(self.root):
            folder.mkdir(0o700)
            # Not bound to the thread that takes it, as this library's locks are by default.
            held = FileLock(folder / LOCK, timeout=0, thread_local=False)
            held.acquire()
        self._folder, self._held, self._number = folder, held, 0
        return folder

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.release(force=True)
        self._folder = self._held = None

    def _make_room(self, wanted: int) -> bool:
        """Drop the oldest closed segments of all logs here until there is room; False if that is not enough."""
        found = segments_of(self._base)
        taken = sum(segment.bytes for segment in found)
        for segment in found:
            if taken + wanted <= self._limit:
                break
            if segment.path.suffix == CLOSED:
                self.dropped += remove(segment.path)
                taken -= segment.bytes
        return taken + wanted <= self._limit


def _append_whole(descriptor: int, size: int, data: bytes) -> None:
    """Append all or nothing to a file that has `size` bytes, as far as we know."""
    found = os.fstat(descriptor).st_size
    if found < size:
        raise FileNotFoundError(errno.ENOENT, "somebody cut the segment")
    if found > size:
        os.ftruncate(descriptor, size)  # an earlier append was cut short
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, size)
        raise


def _pieces(lines: Sequence[bytes], largest: int) -> Iterator[bytes]:
    """Lines joined to pieces of at most `largest` bytes, or of one line."""
    piece: list[bytes] = []
    size = 0
    for line in lines:
        if piece and size + len(line) > largest:
            yield b"".join(piece)
            piece, size = [], 0
        piece.append(line)
        size += len(line)
    if piece:
        yield b"".join(piece)
