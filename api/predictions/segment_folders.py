"""Which segments of prediction logs lie on this machine, which wait for the store, which nobody writes any more.

Layout: `<base>/<store>/<process token>/<day>_<number>.jsonl`, ".open" instead while it is written, and a file
`lock` that the process holds as long as it lives. Writing segments is `segments`' subject.
"""

import shutil
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

OPEN, CLOSED = ".open", ".jsonl"
LOCK = "lock"
_ROOT_LOCK = ".lock"
_LOCK_SECONDS = 5


class Segment(NamedTuple):
    """A segment as it lies there; sorted, the one written longest ago comes first."""

    written_ns: int
    path: Path
    bytes: int

    @property
    def day(self) -> date:
        """The day of all its rows, UTC."""
        return _day(self.path)


def root_lock(root: Path) -> FileLock:
    """Held while folders of processes are made or adopted, so that no new one is taken for an abandoned one."""
    return FileLock(root / _ROOT_LOCK, timeout=_LOCK_SECONDS)


def segments_of(base: Path) -> list[Segment]:
    """The segments of all stores and processes, open ones too, oldest first."""
    return _found(base, "*/*/*")


def closed_segments(root: Path) -> list[Segment]:
    """The segments of one store that wait to be shipped, oldest first."""
    return [segment for segment in _found(root, "*/*") if segment.path.suffix == CLOSED]


def remove(path: Path) -> int:
    """Remove a segment; returns how many rows went with it, 0 if another process was faster."""
    with suppress(FileNotFoundError):
        rows = path.read_bytes().count(b"\n")
        path.unlink()
        return rows
    return 0


def adopt(root: Path) -> None:
    """Close what processes that are gone left open, and remove their empty folders.

    Raises:
        OSError: if the folder cannot be used, or is locked for seconds.
    """
    if not root.is_dir():
        return
    with root_lock(root):
        for folder in [path for path in root.iterdir() if path.is_dir()]:
            with suppress(Timeout), FileLock(folder / LOCK, timeout=0):
                for path in folder.glob(f"*{OPEN}"):
                    path.rename(path.with_suffix(CLOSED))
                if {path.name for path in folder.iterdir()} == {LOCK}:
                    shutil.rmtree(folder, ignore_errors=True)


def _found(folder: Path, pattern: str) -> list[Segment]:
    found = []
    for path in folder.glob(pattern):
        if path.suffix in (OPEN, CLOSED):
            # Shipped in this moment, or no file of ours.
            with suppress(FileNotFoundError, ValueError):
                _day(path)
                facts = path.stat()
                found.append(Segment(facts.st_mtime_ns, path, facts.st_size))
    return sorted(found)


def _day(path: Path) -> date:
    return date.fromisoformat(path.stem.partition("_")[0])
