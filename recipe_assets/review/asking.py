"""Which photos the review page asks about, and in which order: plain decisions over stored tables.

What is shown of each photo is `illustrating`'s subject, the published file `queue_file`'s.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import zip_longest
from typing import NamedTuple

import pandas as pd

from recipe_assets.outbox.deciding import is_contradictory
from recipe_assets.outbox.rows import Row
from recipe_assets.review.journal import Answer, Photo
from recipe_assets.review.unclear import FINDING as UNCLEAR
from recipe_assets.review.unclear import NAME as UNCLEAR_TABLE
from recipe_assets.storage import TableStore
from recipe_assets.studio.review import DOUBTS, KEY, is_decided

NEEDS_REVIEW = "needs_review"
UNUSABLE = ("conflicting", "ambiguous", "unknown")
"""Findings of photos in which people wrote something that names no single keyword. One without any word is no case
of its own: the model keywords it, and where it is not sure, the photo needs review."""


class Case(NamedTuple):
    """Why a photo is asked about. Its first `known` answers are older than the doubt: they settle nothing."""

    photo: Photo
    reason: str
    detail: str
    known: int = 0


class Situation(NamedTuple):
    """All that decides what is asked.

    Attributes:
        queue: the review queue (CSV) as people edit it, worst first.
        unclear: files changed in the outbox that say no single keyword, with `changed_at`.
        keyworded: what was decided about each photo in the outbox.
        answers: the word of the review page that counts about each photo.
        decided: photos that a person has decided, wherever they said it.
    """

    queue: pd.DataFrame
    unclear: pd.DataFrame
    keyworded: Mapping[Photo, Row]
    answers: Mapping[Photo, Answer]
    decided: frozenset[tuple[str, str, str]]


def stored_unclear(tables: TableStore) -> pd.DataFrame:
    """The files of the outbox that are unclear now; none before the first look.

    Raises:
        StorageError: if the table is damaged.
    """
    columns = [*Photo._fields, "detail", "changed_at"]
    return tables.read(UNCLEAR_TABLE) if tables.path(UNCLEAR_TABLE).is_file() else pd.DataFrame(columns=columns)


def cases(situation: Situation, most: int) -> list[Case]:
    """What is asked, worst first and each photo once.

    First come files that people left unclear. Then photos that the model is not sure of, doubtful keywords and
    unusable ones take turns, so that many of one kind never hide the others.

    Args:
        situation: all that decides it.
        most: how many photos are asked about at most.
    """
    kinds = (_unsure(situation), _queued(situation, DOUBTS), _queued(situation, UNUSABLE))
    turns = (case for turn in zip_longest(*kinds) for case in turn if case is not None)
    found: dict[Photo, Case] = {}
    for case in (*_unclear(situation), *turns):
        found.setdefault(case.photo, case)
    return list(found.values())[:most]


def _unclear(situation: Situation) -> Iterator[Case]:
    settled = _lines(situation.queue[is_decided(situation.queue)], (UNCLEAR,))
    decided = {photo for photo, _, _ in settled}
    for row in situation.unclear.itertuples():
        photo, word = _photo(row), situation.answers.get(_photo(row))
        if photo not in decided and (word is None or word.at < _time(row.changed_at)):
            yield Case(photo, UNCLEAR, str(row.detail), word.sequence if word else 0)


def _unsure(situation: Situation) -> Iterator[Case]:
    rows = [row for row in situation.keyworded.values() if row.needs_review and row.keyword and row.sha256]
    for row in sorted(rows, key=lambda row: row.confidence if row.confidence is not None else 100.0):
        photo = Photo(row.shoot, row.file, row.sha256)
        if _is_open(situation, photo):
            yield Case(photo, *_why(row))


def _why(row: Row) -> tuple[str, str]:
    """Reason and detail: the model may be sure of a photo whose own words contradict each other."""
    if row.reason and is_contradictory(row.reason):
        return row.reason.partition(":")[0], row.reason
    sure = "" if row.confidence is None else f", {row.confidence:.0f} %"
    return NEEDS_REVIEW, f"the model is not sure enough of {row.keyword}{sure}"


def _queued(situation: Situation, findings: Iterable[str]) -> Iterator[Case]:
    for photo, finding, detail in _lines(situation.queue[~is_decided(situation.queue)], tuple(findings)):
        if _is_open(situation, photo):
            yield Case(photo, finding, detail)


def _lines(queue: pd.DataFrame, findings: tuple[str, ...]) -> list[tuple[Photo, str, str]]:
    wanted = queue[queue["finding"].isin(findings)].drop_duplicates(KEY)
    return [(_photo(row), str(row.finding), str(row.detail)) for row in wanted.itertuples()]


def _is_open(situation: Situation, photo: Photo) -> bool:
    return photo not in situation.decided and photo not in situation.answers


def _photo(row: object) -> Photo:
    return Photo(*(str(getattr(row, name)) for name in Photo._fields))


def _time(cell: object) -> datetime:
    time: datetime = pd.Timestamp(str(cell)).to_pydatetime()
    return time
