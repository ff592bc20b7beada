"""From the answers of the review page to words in the history. How answers are stored is `journal`'s subject."""

from collections.abc import Iterable, Mapping, Sequence

from recipe_assets.review.history import Entry, Verdict
from recipe_assets.review.journal import DROP, Answer, Journal, Photo
from recipe_assets.review.originals import Original
from recipe_assets.studio.vocabulary import Vocabulary


def new_answers(journal: Journal, history: Iterable[Entry]) -> list[Answer]:
    """The answers that the history does not have yet, oldest first; only they are read.

    Raises:
        ReleaseError: if the store cannot be used or an answer in it is damaged.
    """
    known: dict[str, int] = {}
    for entry in history:
        if entry.origin == "review_page" and entry.sequence is not None:
            known[entry.sha256] = max(entry.sequence, known.get(entry.sha256, 0))
    return sorted(journal.all(after=known), key=lambda answer: answer.at)


def entries_of_answers(
    answers: Sequence[Answer],
    originals: Mapping[Photo, Original],
    history: Iterable[Entry],
    vocabulary: Vocabulary,
) -> list[Entry]:
    """The words that answers are, in the order of each photo's answers."""
    first: dict[Photo, str | None] = {}
    for entry in history:
        first.setdefault(entry.photo, entry.original_keyword)
    found = []
    for answer in sorted(answers, key=lambda answer: (answer.sha256, answer.sequence)):
        label = originals.get(answer.photo, Original()).label
        original = first.setdefault(answer.photo, label or answer.shown_keyword)
        found.append(_entry(answer, original, vocabulary))
    return found


def _entry(answer: Answer, original: str | None, vocabulary: Vocabulary) -> Entry:
    keyword, shown = _today(answer.keyword, vocabulary), _today(answer.shown_keyword, vocabulary)
    verdict: Verdict = "confirmed" if keyword == (shown or original) else "corrected"
    if not answer.stands:
        verdict = "withdrawn"
    elif answer.keyword == DROP:
        verdict = "dropped"
    return Entry(
        shoot=answer.shoot,
        file=answer.file,
        sha256=answer.sha256,
        keyword=keyword if verdict in ("confirmed", "corrected") else None,
        original_keyword=original,
        origin="review_page",
        verdict=verdict,
        release_id=answer.release_id,
        shown_keyword=shown,
        shown_confidence=answer.shown_confidence,
        by=answer.by,
        at=answer.at,
        answer_id=answer.answer_id,
        sequence=answer.sequence,
    )


def _today(keyword: str | None, vocabulary: Vocabulary) -> str | None:
    """A keyword by the name that it has in the vocabulary; as it is where it has none."""
    return next(iter(vocabulary.known([keyword or ""])), keyword)
