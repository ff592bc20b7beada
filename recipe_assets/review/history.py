"""What people said about keywords, every word of it in order, and which word about a photo counts.

The table only ever grows. Where words come from is the subject of `judging` (files) and `answers` (review page).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

import msgspec
import pandas as pd

from recipe_assets.cells import plain
from recipe_assets.review.journal import DROP, Photo
from recipe_assets.review.standing import standing
from recipe_assets.storage import StorageError, TableStore
from recipe_assets.studio.vocabulary import Vocabulary

NAME = "reviewed_keywords"
"""The table's name in storage."""
Origin = Literal["outbox", "review_page"]
Verdict = Literal["confirmed", "corrected", "dropped", "kept", "withdrawn"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One word of a person about one photo.

    Attributes:
        shoot: the photo's.
        file: its path inside the shoot.
        sha256: of the original.
        keyword: that the person says is right; None where they say none.
        original_keyword: what the photo was labelled before its first review: its own label, else what we wrote.
        origin: where it was said.
        verdict: "confirmed" and "corrected" tell whether `keyword` is the one shown, "dropped" takes the photo out
            of training. "kept" is no word: the file was changed and the keyword left as it was. "withdrawn" takes
            back what was said before at the same place, by the same person.
        release_id: whose answer was shown; None where it was a person's keyword.
        shown_keyword: what the person saw.
        shown_confidence: how sure the release was of it, 0-100.
        by: the person; None where a file does not tell.
        at: when, UTC.
        answer_id: names this word for good.
        sequence: its place among the answers about a photo on the review page.
        found: hash of the file that said it.
        written: hash of that file as we had written it.
    """

    shoot: str
    file: str
    sha256: str
    keyword: str | None = None
    original_keyword: str | None = None
    origin: Origin
    verdict: Verdict
    release_id: str | None = None
    shown_keyword: str | None = None
    shown_confidence: float | None = None
    by: str | None = None
    at: datetime
    answer_id: str
    sequence: int | None = None
    found: str | None = None
    written: str | None = None

    @property
    def photo(self) -> Photo:
        """Which photo it is about."""
        return Photo(self.shoot, self.file, self.sha256)

    @property
    def meaning(self) -> str | None:
        """The keyword, or "drop"; None if it says neither."""
        return DROP if self.verdict == "dropped" else self.keyword if self.verdict in _WORDS else None


_WORDS = ("confirmed", "corrected")
_TYPES = {
    **dict.fromkeys(Entry.__struct_fields__, "string"),
    "shown_confidence": "Float64",
    "sequence": "Int64",
    "at": "datetime64[us, UTC]",
}


def frame_of(entries: Iterable[Entry]) -> pd.DataFrame:
    """The table, in the order in which the words were read."""
    records = [msgspec.structs.asdict(entry) for entry in entries]
    return pd.DataFrame(
        {name: pd.Series([one[name] for one in records], dtype=kind) for name, kind in _TYPES.items()}
    )


def entries_of(frame: pd.DataFrame) -> list[Entry]:
    """The words of a table."""
    records = frame[list(_TYPES)].to_dict("records")
    return [
        msgspec.convert({str(name): plain(cell) for name, cell in record.items()}, Entry) for record in records
    ]


def stored_entries(tables: TableStore) -> list[Entry]:
    """All words that were read so far; none before the first time.

    Raises:
        StorageError: if the table is damaged: people's words are in it, so it is never begun anew by itself.
    """
    if not tables.path(NAME).is_file():
        return []
    try:
        return entries_of(tables.read(NAME))
    except StorageError as error:
        raise StorageError(
            f"{error}; it holds what people decided: restore that file, or delete it to begin with what the "
            "outbox and the review page say now"
        ) from None


def words_that_count(entries: Iterable[Entry]) -> dict[Photo, Entry]:
    """The last word about each photo that was not taken back.

    Who takes back takes back the own word at that place alone: what others said, or was said elsewhere, stands.
    """
    left = standing(
        (entry for entry in entries if entry.verdict != "kept"),
        lambda entry: (entry.photo, entry.origin, entry.by),
        lambda entry: entry.verdict == "withdrawn",
    )
    # At one place the order counts, not the clocks of several APIs; between places there is only the time.
    last = {(entry.photo, entry.origin): entry for entry in left}
    return {entry.photo: entry for entry in sorted(last.values(), key=lambda entry: entry.at)}


def meanings(words: Mapping[Photo, Entry], vocabulary: Vocabulary) -> dict[Photo, str]:
    """Keyword of today's vocabulary, or "drop", for each photo; keywords that it no longer has are left out."""
    found = {}
    for photo, entry in words.items():
        known = vocabulary.known([entry.meaning or ""])
        if entry.meaning == DROP or known:
            found[photo] = DROP if entry.meaning == DROP else known[0]
    return found
