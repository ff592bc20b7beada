"""A whole shoot into the outbox: decided photo by photo, written by several threads, then listed.

The order of the work stands here; every piece of it is a module beside this one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import pandas as pd
from filelock import FileLock, Timeout

from recipe_assets.outbox.answers import answers, photos_of
from recipe_assets.outbox.changes import WAITS, Change, changes_table
from recipe_assets.outbox.deciding import Decision, Photo, Pipelines, by_model, without_model
from recipe_assets.outbox.delivering import Delivered, Delivery
from recipe_assets.outbox.errors import OutboxError
from recipe_assets.outbox.journal import Journal
from recipe_assets.outbox.lists import write_lists
from recipe_assets.outbox.originals import Originals
from recipe_assets.outbox.places import Outbox, require_apart
from recipe_assets.outbox.planning import Step, asks_model, gone, remembered, step_for
from recipe_assets.outbox.putting import Files
from recipe_assets.outbox.resuming import rows_before
from recipe_assets.outbox.rows import NAME, Row, frame_of
from recipe_assets.outbox.standing import OUTBOX, WAITING, made_from, short
from recipe_assets.release.predictor import Predictor
from recipe_assets.storage import TableStore
from recipe_assets.studio.shoots import Shoot, Studio
from recipe_assets.studio.vocabulary import Vocabulary

WORKERS = 8
"""Photos on their way at once: most of the time is spent waiting for disks and networks."""
PORTION = 64
"""Photos handed to the threads at once; what fails, fails before the next portion is begun."""
Update = Literal["show", "write"]
"""What becomes of photos that are in the outbox and would be changed: tell, or do."""
OnProgress = Callable[[int, int], None]


class Released(NamedTuple):
    """The current release; its model is loaded only if a photo needs it."""

    release_id: str
    load: Callable[[], Predictor]


class Outcome(NamedTuple):
    """What became of a shoot: its rows, what changed or would, photos that left the studio, where it all lies."""

    rows: pd.DataFrame
    changes: pd.DataFrame
    gone: int
    csv: str
    path: Path


@dataclass(frozen=True)
class Rooms:
    """What keywording works with; `scratch` is a local folder for notes of runs under way."""

    studio: Studio
    tables: TableStore
    outbox: Outbox
    vocabulary: Vocabulary
    scratch: Path


def keyword_shoot(
    rooms: Rooms, shoot: str, released: Released, update: Update = "show", on_progress: OnProgress | None = None
) -> Outcome:
    """Bring a shoot into the outbox, or up to date there. Running it again changes nothing.

    New photos are written without asking. A photo that is there is changed only if its file is exactly as it was
    written, and only with `update` "write"; a newer release changes only what the model keyworded. A run that was
    killed is gone on with.

    Args:
        rooms: what to work with.
        shoot: which one.
        released: the release to keyword by.
        update: what becomes of photos that would be changed.
        on_progress: called with (photos done, photos in all).

    Raises:
        OutboxError: if the outbox cannot be used, another run is at work, or the shoot is not ready.
        StudioError: if the studio cannot be read.
        ReleaseError: if the released model cannot be used.
        StorageError: if a table of the studio is missing.
    """
    require_apart(rooms.outbox.location, rooms.studio.location)
    attributes = made_from(rooms.tables, shoot, released.release_id, rooms.outbox.location)
    with _alone(rooms.scratch, shoot):
        journal = Journal(notes_of(rooms, shoot))
        photos = photos_of(rooms.tables, shoot)
        before = rows_before(_tables_of_this_outbox(rooms, shoot), rooms.outbox, shoot, journal)
        steps = _steps(rooms, photos, before, released)
        done = _delivered(rooms, shoot, steps, journal, update, on_progress)
        kept = gone(before, photos)
        rows = frame_of([*(one.row for one in done), *kept])
        changes = changes_table(_changes(steps, done), written=update == "write")
        waiting = int((changes["state"] == WAITS).sum())
        path = rooms.tables.write(rows, NAME, shoot, {**attributes, WAITING: str(waiting)})
        csv = write_lists(rooms.outbox, shoot, rows, {photo.file: photo.step for photo in photos})
        journal.forget()
    return Outcome(rows, changes, len(kept), csv, path)


@contextmanager
def _alone(scratch: Path, shoot: str) -> Iterator[None]:
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(scratch / f"{shoot}.lock", timeout=0):
            yield
    except Timeout:
        raise OutboxError(f"another run is keywording shoot '{shoot}': wait for it or stop it") from None


def notes_of(rooms: Rooms, shoot: str) -> Path:
    """The notes of a shoot's run into this outbox; older ones, whose name tells no outbox, become these."""
    older, notes = (rooms.scratch / f"{shoot}{of}.jsonl" for of in ("", f"-{short(rooms.outbox.location)}"))
    if older.is_file():
        older.replace(notes)
    return notes


def _tables_of_this_outbox(rooms: Rooms, shoot: str) -> TableStore:
    """Where the shoot's table is; if that names files of another outbox, nowhere: its copy in this one counts."""
    about = (rooms.tables.attributes(NAME, shoot) or {}).get(OUTBOX, rooms.outbox.location)
    return rooms.tables if about == rooms.outbox.location else TableStore(rooms.scratch / "of-another-outbox")


def _steps(rooms: Rooms, photos: Sequence[Photo], before: Mapping[str, Row], released: Released) -> list[Step]:
    pipelines = Pipelines(rooms.vocabulary)
    decided = {photo.file: without_model(photo, pipelines) for photo in photos}
    open_cases = {photo.file: photo for photo in photos if decided[photo.file] is None}
    asked = {
        file: photo
        for file, photo in open_cases.items()
        if asks_model(photo, before.get(file), released.release_id)
    }
    decided |= {
        file: remembered(photo, before[file], pipelines) for file, photo in open_cases.items() if file not in asked
    }
    if asked:
        decided |= _asked(rooms, asked, released.load(), pipelines)
    return [step_for(photo, decided[photo.file] or Decision(), before.get(photo.file)) for photo in photos]


def _asked(
    rooms: Rooms, photos: Mapping[str, Photo], predictor: Predictor, pipelines: Pipelines
) -> dict[str, Decision]:
    shoot = next(iter(photos.values())).shoot
    return {
        file: by_model(photos[file], ranked, predictor, pipelines)
        for file, ranked in answers(predictor, rooms.tables, shoot, photos)
    }


def _delivered(
    rooms: Rooms, shoot: str, steps: Sequence[Step], journal: Journal, update: Update, report: OnProgress | None
) -> list[Delivered]:
    done_now = ("write",) if update == "show" else ("write", "change")
    copied = [step for step in steps if step.decision.origin != "none" and step.action in done_now]
    # A shoot that has left the studio needs nothing from there.
    listed = rooms.studio.shoot(shoot) if copied else Shoot(shoot, (), 0)
    delivery = Delivery(Originals(rooms.studio, listed), Files(rooms.outbox), journal)

    def one(step: Step) -> Delivered:
        if step.before is not None and step.action == "change" and update == "show":
            return delivery.look(step, step.before)
        return delivery.deliver(step)

    done: list[Delivered] = []
    with ThreadPoolExecutor(WORKERS, "outbox") as pool:
        for start in range(0, len(steps), PORTION):
            done += pool.map(one, steps[start : start + PORTION])
            if report:
                report(len(done), len(steps))
    return done


def _changes(steps: Sequence[Step], done: Sequence[Delivered]) -> list[Change]:
    """What was to be changed; of photos that were renewed at their origin, only those that were left."""
    return [
        Change(step, one.left)
        for step, one in zip(steps, done, strict=True)
        if step.action == "change" or one.left is not None
    ]
