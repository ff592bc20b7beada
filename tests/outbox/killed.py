"""Keywords shoots in child processes that are killed at one point each, as `kill -9` or a power cut would.

`python -m tests.outbox.killed POINT=ROOT ...`: one process loads the libraries, each child dies in its own shop.
"""

import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from recipe_assets.outbox import lists, shoot
from recipe_assets.outbox.folder import FolderOutbox
from recipe_assets.outbox.journal import Journal
from recipe_assets.outbox.putting import Files
from recipe_assets.storage import TableStore
from tests.outbox.shop import Shop


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(call: Callable[..., Any], time: int) -> Callable[..., Any]:
    return _counting(call, time, early=True)


def after(call: Callable[..., Any], time: int) -> Callable[..., Any]:
    return _counting(call, time, early=False)


def _counting(call: Callable[..., Any], time: int, *, early: bool) -> Callable[..., Any]:
    calls = iter(range(1, 1000))

    @wraps(call)
    def wrapped(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        mine = next(calls)
        if early and mine == time:
            die()
        result = call(*arguments, **named)
        if mine == time:
            die()
        return result

    return wrapped


POINTS: dict[str, tuple[object, str, Callable[..., Any]]] = {
    "before the third photo is noted": (Journal, "begin", before(Journal.begin, 3)),
    "before the third photo is written": (FolderOutbox, "write", before(FolderOutbox.write, 3)),
    "within the third write": (FolderOutbox, "_bring_in", before(FolderOutbox._bring_in, 3)),
    "after the third write": (FolderOutbox, "write", after(FolderOutbox.write, 3)),
    "after the third photo was noted as done": (Journal, "end", after(Journal.end, 3)),
    "between new and old place of the second photo": (Files, "put", after(Files.put, 2)),
    "after the second photo left its old place": (Files, "take_out", after(Files.take_out, 2)),
    "before the table is stored": (TableStore, "write", before(TableStore.write, 1)),
    "before the lists are written": (shoot, "write_lists", before(lists.write_lists, 1)),
    "before the notes are forgotten": (Journal, "forget", before(Journal.forget, 1)),
    "after the first write": (FolderOutbox, "write", after(FolderOutbox.write, 1)),
    "after the second write": (FolderOutbox, "write", after(FolderOutbox.write, 2)),
    "before the first removal": (FolderOutbox, "remove", before(FolderOutbox.remove, 1)),
    "after the first removal": (FolderOutbox, "remove", after(FolderOutbox.remove, 1)),
    "after the second removal": (FolderOutbox, "remove", after(FolderOutbox.remove, 2)),
}


def run(point: str, root: Path) -> None:
    """Keyword the shoot in `root`, and die on the way."""
    owner, name, deadly = POINTS[point]
    setattr(owner, name, deadly)
    Shop(root, str(root / "outbox")).keyword("write")


def main(arguments: list[str]) -> None:
    for argument in arguments:
        point, _, root = argument.partition("=")
        child = os.fork()
        if child == 0:
            run(point, Path(root))
            os._exit(1)
        status = os.waitpid(child, 0)[1]
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            sys.exit(f"{point}: the run was not killed")


if __name__ == "__main__":
    main(sys.argv[1:])
