"""From what changed files say to words in the history, and to the cases that only a person can settle.

Nothing is read here: files are `outbox_reading`'s subject, their words `statements`'.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from recipe_assets.outbox.deciding import CONTRADICTORY
from recipe_assets.outbox.rows import Row
from recipe_assets.review.history import Entry, Verdict
from recipe_assets.review.journal import Photo
from recipe_assets.review.originals import Original
from recipe_assets.review.readings import Reading
from recipe_assets.review.statements import Statement, Words, statement
from recipe_assets.studio.vocabulary import Vocabulary


class Unclear(NamedTuple):
    """A file whose keyword a person has to tell: why, and the likeliest keyword or ""."""

    shoot: str
    file: str
    sha256: str
    detail: str
    suggestion: str
    path: str
    changed_at: datetime

    @property
    def photo(self) -> Photo:
        """Which photo it is."""
        return Photo(self.shoot, self.file, self.sha256)


@dataclass
class Judged:
    """New words, the files that are unclear now, and the photos whose changed file waits for its original."""

    entries: list[Entry] = field(default_factory=list)
    unclear: list[Unclear] = field(default_factory=list)
    waiting: set[Photo] = field(default_factory=set)


def judge(
    readings: Iterable[Reading],
    rows: Mapping[Photo, Row],
    originals: Mapping[Photo, Original],
    history: Sequence[Entry],
    vocabulary: Vocabulary,
) -> Judged:
    """What files say that the history does not say yet; judging the same again adds nothing.

    A file that has become unclear, or has its old bytes back, takes back what it said before.

    Args:
        readings: what the outbox's files were found to be.
        rows: what was written, by photo.
        originals: what is known of the original photos; a changed file whose original is not there waits.
        history: all words so far.
        vocabulary: the studio's keywords.
    """
    past: dict[Photo, list[Entry]] = {}
    for known in history:
        past.setdefault(known.photo, []).append(known)
    judged = Judged()
    for reading in readings:
        original = originals.get(reading.photo)
        if reading.state not in ("written", "edited"):
            continue
        if reading.state == "edited" and original is None:
            judged.waiting.add(reading.photo)
            continue
        case = _Case(reading, rows[reading.photo], original or Original(), past.get(reading.photo, []), vocabulary)
        said = case.statement()
        if entry := case.entry(said):
            judged.entries.append(entry)
        if said is not None and said.kind == "unclear":
            judged.unclear.append(case.unclear(said))
    return judged


@dataclass(frozen=True)
class _Case:
    """One photo: what its file is now, what it was, and what people said before."""

    reading: Reading
    row: Row
    original: Original
    past: Sequence[Entry]
    vocabulary: Vocabulary

    def statement(self) -> Statement | None:
        """What the file says; None where it is exactly as we wrote it."""
        said = None
        if self.reading.state == "edited":
            before = words_as_written(self.row, self.original.words)
            said = statement(
                self.reading.words, self.reading.ours, self.row.keyword or "", before, self.vocabulary
            )
        if said is None or said.kind in ("kept", "silent"):
            return self._moved() or said
        return said

    def entry(self, said: Statement | None) -> Entry | None:
        """The word that is new; None if there is none."""
        spoken = [entry for entry in self.past if entry.origin == "outbox" and entry.verdict != "kept"]
        last = spoken[-1] if spoken else None
        word = last.keyword if last else None
        if said is None or said.kind == "unclear":
            taken_back = said is not None or (last is not None and last.written == self.reading.written)
            return self._entry("withdrawn", None) if word and taken_back else None
        if said.kind == "silent" or (said.kind != "kept" and word == said.keyword):
            return None
        if said.kind != "kept":
            return self._entry("corrected" if said.kind == "keyword" else "confirmed", said.keyword)
        if word is not None and word != said.keyword:
            return self._entry("confirmed", said.keyword)  # they changed it, and changed it back
        return None if word or self._is_ours_again() else self._entry("kept", None)

    def unclear(self, said: Statement) -> Unclear:
        """The case for a person."""
        changed = self.reading.changed_at or datetime.now(UTC)
        return Unclear(*self.reading.photo, said.reason or "", said.keyword or "", self.reading.path, changed)

    def _moved(self) -> Statement | None:
        """A file in another pipeline's folder whose keyword leads elsewhere contradicts itself."""
        folder, keyword = self.reading.path.partition("/")[0], self.row.keyword
        leads_here = [word.name for word in self.vocabulary.keywords if word.pipeline == folder]
        if not self.reading.moved or folder == self.row.pipeline or not leads_here or keyword in leads_here:
            return None
        suggestion = leads_here[0] if len(leads_here) == 1 else None
        return Statement("unclear", suggestion, f"moved: it lies in '{folder}', where {keyword} does not lead")

    def _is_ours_again(self) -> bool:
        """Whether we wrote the keyword anew since the table, or this was noted before."""
        renewed = self.reading.release_id not in (None, self.row.release_id)
        return renewed or any(
            entry.verdict == "kept" and entry.written == self.reading.written for entry in self.past
        )

    def _entry(self, verdict: Verdict, keyword: str | None) -> Entry:
        reading, row = self.reading, self.row
        ours = self.vocabulary.known(reading.ours)
        told = len(ours) == 1  # the file itself knows best whose keyword it showed
        shown = ours[0] if told else row.keyword
        original = self.past[0].original_keyword if self.past else self.original.label or shown
        number = sum(entry.origin == "outbox" for entry in self.past)
        name = "\0".join((*reading.photo, str(reading.found), str(number)))
        return Entry(
            shoot=reading.shoot,
            file=reading.file,
            sha256=reading.sha256,
            keyword=keyword,
            original_keyword=original,
            origin="outbox",
            verdict=verdict,
            release_id=(reading.release_id if told else None) or row.release_id,
            shown_keyword=shown,
            shown_confidence=reading.confidence if told and reading.release_id else row.confidence,
            at=reading.changed_at or datetime.now(UTC),
            answer_id="outbox-" + hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:24],
            found=reading.found,
            written=reading.written,
        )


def words_as_written(row: Row, words: Words) -> Words:
    """The words in a file of the outbox as it was written: writing unites all words of the photo with ours."""
    contradictory = (row.reason or "").partition(":")[0] in CONTRADICTORY
    if row.origin != "model" or row.keyword is None or contradictory:
        return words
    if row.written_sha256 != row.sha256:
        united = tuple(dict.fromkeys((*words.iptc, *words.xmp, row.keyword)))
        return words._replace(iptc=united, xmp=united)
    return words._replace(sidecar=(*words.sidecar, row.keyword)) if row.sidecar else words
