"""One look at all that people said since the last one, and the labels that follow from everything they said.

The graph's door to this room. How files are read and judged stands in the modules beside.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import pandas as pd

from recipe_assets.outbox.places import Outbox
from recipe_assets.outbox.rows import NAME as KEYWORDED
from recipe_assets.outbox.rows import Row, rows_of
from recipe_assets.review.answers import entries_of_answers, new_answers
from recipe_assets.review.history import NAME, Entry, meanings, stored_entries, words_that_count
from recipe_assets.review.journal import Journal, Photo
from recipe_assets.review.judging import Unclear, judge
from recipe_assets.review.originals import read_originals
from recipe_assets.review.outbox_reading import changed_files, read_outbox
from recipe_assets.review.readings import Reading, readings_sha256, store_readings, stored_readings
from recipe_assets.storage import StorageError, TableStore
from recipe_assets.studio.review import decisions
from recipe_assets.studio.vocabulary import Vocabulary

JUDGED = "readings"
"""The history's attribute that says by hash which readings it takes in; it is stored last of all."""


@dataclass(frozen=True)
class Look:
    """What one look found.

    Attributes:
        history: all words in order, the new ones last.
        new: how many of them are new.
        readings: what each file of the outbox is now.
        unclear: files that a person has to settle.
        judged: hash of the readings that the history takes in.
        left_out: shoots whose tables cannot be read, with the reason; what their changed files say waits.
    """

    history: list[Entry]
    new: int
    readings: list[Reading]
    unclear: list[Unclear]
    judged: str
    left_out: dict[str, str] = field(default_factory=dict)


class News(NamedTuple):
    """What the history does not take in yet.

    Attributes:
        answers: how many are new.
        files: those that changed since the last look, each with its version.
        unjudged: hash of all readings, if some were read by a look that ended before its words were stored, or
            waited for a table that could not be read; else "".
    """

    answers: int
    files: tuple[str, ...]
    unjudged: str

    def __bool__(self) -> bool:
        return bool(self.answers or self.files or self.unjudged)

    def __str__(self) -> str:
        waiting = ", and what was read but not taken in" if self.unjudged else ""
        return f"{self.answers} new answers, {len(self.files)} changed files in the outbox{waiting}"

    @property
    def fingerprint(self) -> str:
        """Changes when there is more."""
        said = "\n".join([str(self.answers), *self.files, self.unjudged])
        return hashlib.sha256(said.encode(errors="replace")).hexdigest()[:16]


def look(
    outbox: Outbox,
    journal: Journal,
    tables: TableStore,
    vocabulary: Vocabulary,
    on_progress: Callable[[int, int], None] | None = None,
) -> Look:
    """Read what changed in the outbox and what was answered on the review page since the last look.

    What files say is noted in the storage before it is judged: a look that is cut off reads no file twice.

    Raises:
        OutboxError: if the outbox cannot be used; ReleaseError: if the answers cannot; StorageError: if the
            history is damaged.
    """
    history = stored_entries(tables)
    answers = new_answers(journal, history)
    rows, left_out = keyworded_rows(tables)
    readings = read_outbox(outbox, rows.values(), stored_readings(tables), on_progress)
    store_readings(tables, readings)
    edited = [reading.photo for reading in readings if reading.state == "edited"]
    originals = read_originals(tables, [*edited, *(answer.photo for answer in answers)], vocabulary)
    judged = judge(readings, rows, originals.known, history, vocabulary)
    history += judged.entries
    said = entries_of_answers(answers, originals.known, history, vocabulary)
    words = words_that_count([*history, *said])
    unclear = [case for case in judged.unclear if not _is_settled(case, words)]
    return Look(
        history=[*history, *said],
        new=len(judged.entries) + len(said),
        readings=readings,
        unclear=unclear,
        judged=readings_sha256(reading for reading in readings if reading.photo not in judged.waiting),
        left_out=left_out | originals.unreadable,
    )


def news(outbox: Outbox, journal: Journal, tables: TableStore) -> News:
    """What a look would find, also what one before read and did not bring to an end.

    One listing of outbox and answers; no file is opened.

    Raises:
        OutboxError: as `look`, and so do ReleaseError and StorageError.
    """
    answers = new_answers(journal, stored_entries(tables))
    rows, _ = keyworded_rows(tables)
    readings = stored_readings(tables)
    read, nothing = readings_sha256(readings.values()), readings_sha256([])
    judged = (tables.attributes(NAME) or {}).get(JUDGED, nothing)
    files = changed_files(outbox, rows.values(), readings)
    return News(len(answers), tuple(files), "" if read == judged else read)


def keyworded_rows(tables: TableStore) -> tuple[dict[Photo, Row], dict[str, str]]:
    """The rows of all keyworded shoots by photo, and the shoots whose table cannot be read, with the reason."""
    rows, left_out = {}, {}
    for shoot in tables.partitions(KEYWORDED):
        try:
            found = rows_of(tables.read(KEYWORDED, shoot))
        except (StorageError, msgspec.ValidationError) as error:
            left_out[shoot] = str(error)
            continue
        rows.update({Photo(row.shoot, row.file, row.sha256): row for row in found})
    return rows, left_out


def all_decisions(
    queue: pd.DataFrame, tables: TableStore, vocabulary: Vocabulary
) -> dict[tuple[str, str, str], str]:
    """What people decided for each photo, wherever they said it: the labels that outrank those in the photos.

    Where the review queue (CSV) says another keyword than the outbox or the review page, the queue counts, unless
    what it decided is what that person was shown: then their word is the later one.

    Raises:
        StorageError: if the history is damaged; without it, labels would silently go back to what they were.
    """
    return merged(decisions(queue, vocabulary), words_that_count(stored_entries(tables)), vocabulary)


def merged(
    queued: Mapping[tuple[str, str, str], str], words: Mapping[Photo, Entry], vocabulary: Vocabulary
) -> dict[tuple[str, str, str], str]:
    """The queue's decisions and people's words as one; see `all_decisions`."""
    found = dict(queued)
    for photo, meaning in meanings(words, vocabulary).items():
        if queued.get(photo) in (None, words[photo].shown_keyword):
            found[photo] = meaning
    return found


def disagreements(
    queued: Mapping[tuple[str, str, str], str], history: Sequence[Entry], vocabulary: Vocabulary
) -> pd.DataFrame:
    """Photos about which the queue says something else than the outbox or the review page, and is followed."""
    words = words_that_count(history)
    rows = [
        {"shoot": photo.shoot, "file": photo.file, "queue": queued[photo], "reviewed": meaning}
        for photo, meaning in meanings(words, vocabulary).items()
        if queued.get(photo) not in (None, meaning, words[photo].shown_keyword)
    ]
    return pd.DataFrame(rows, columns=["shoot", "file", "queue", "reviewed"])


def _is_settled(case: Unclear, words: Mapping[Photo, Entry]) -> bool:
    """Whether somebody answered on the review page since the file became unclear."""
    word = words.get(case.photo)
    return word is not None and word.origin == "review_page" and word.at >= case.changed_at
