"""Which photos the review page asks about: worst first, each once, nothing settled, no kind hiding another."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from recipe_assets.outbox.rows import Row
from recipe_assets.review.asking import Case, Situation, cases
from recipe_assets.review.journal import Answer, Photo
from recipe_assets.studio.review import COLUMNS

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def photo(number: int) -> Photo:
    return Photo("week-1", f"{number}.jpg", f"{number:064x}")


def unsure(number: int, confidence: float, **changes: Any) -> Row:  # noqa: ANN401 (any column)
    fields = photo(number)._asdict() | {"keyword": "pan", "confidence": confidence, "needs_review": True}
    return Row(**(fields | changes))


def line(number: int, finding: str, decision: str = "") -> dict[str, str]:
    return photo(number)._asdict() | {
        "finding": finding, "detail": f"{finding} of {number}", "suggestion": "", "decision": decision,
    }  # fmt: skip


def word(number: int, keyword: str = "pan", hour: int = 12, sequence: int = 1) -> dict[Photo, Answer]:
    at = NOON.replace(hour=hour)
    fields = photo(number)._asdict()
    return {photo(number): Answer(answer_id="1", keyword=keyword, by="Ana", at=at, sequence=sequence, **fields)}


def situation(
    rows: tuple[Row, ...] = (),
    lines: tuple[dict[str, str], ...] = (),
    unclear: tuple[int, ...] = (),
    **more: Any,  # noqa: ANN401
) -> Situation:
    edits = [photo(number)._asdict() | {"detail": "pan, pot", "changed_at": NOON} for number in unclear]
    fields = {
        "queue": pd.DataFrame(list(lines), columns=COLUMNS, dtype="string"),
        "unclear": pd.DataFrame(edits, columns=[*Photo._fields, "detail", "changed_at"]),
        "keyworded": {Photo(row.shoot, row.file, row.sha256): row for row in rows},
        "answers": {},
        "decided": frozenset(),
    }
    return Situation(**(fields | more))


def numbers(found: list[Case]) -> list[int]:
    return [int(case.photo.file.partition(".")[0]) for case in found]


def test_the_least_sure_come_first() -> None:
    rows = (unsure(1, 60), unsure(2, 30), unsure(3, 45), unsure(4, 10, needs_review=False))
    found = cases(situation(rows), 10)
    assert numbers(found) == [2, 3, 1]
    assert found[0] == Case(photo(2), "needs_review", "the model is not sure enough of pan, 30 %")


def test_a_photo_whose_words_contradict_is_asked_about_for_that_however_sure_the_model_is() -> None:
    """The page said that the model was not sure enough of it, with 100 %."""
    contradicting = unsure(1, 99.9, reason="ambiguous: pan, pot (IPTC); nothing is written into it")
    rows = (contradicting, unsure(2, 30, reason="missing: the photo has no keyword"))
    found = cases(situation(rows), 10)
    assert found[1] == Case(photo(1), "ambiguous", "ambiguous: pan, pot (IPTC); nothing is written into it")
    assert found[0].reason == "needs_review"
    assert [case.reason for case in cases(situation(rows, (line(1, "ambiguous"),)), 10)].count("ambiguous") == 1


def test_kinds_take_turns_after_what_people_left_unclear() -> None:
    doubts = (line(11, "label_error"), line(12, "label_error"), line(21, "unknown"), line(22, "ambiguous"))
    found = cases(situation((unsure(1, 10), unsure(2, 20), unsure(3, 30)), doubts, unclear=(31,)), 10)
    assert numbers(found) == [31, 1, 11, 21, 2, 12, 22, 3]


def test_the_queue_is_bounded_and_holds_each_photo_once() -> None:
    rows = tuple(unsure(number, number) for number in range(1, 9))
    lines = (line(1, "label_error"), line(1, "conflicting_labels"), line(9, "label_error"))
    assert numbers(cases(situation(rows, lines), 5)) == [1, 2, 3, 9, 4]


@pytest.mark.parametrize("finding", ["missing", "dark", "blurry", "exact_duplicate"])
def test_what_asks_for_no_keyword_is_not_asked(finding: str) -> None:
    assert cases(situation(lines=(line(1, finding),)), 10) == []


def test_what_a_person_settled_anywhere_is_not_asked_again() -> None:
    rows, lines = (unsure(1, 10), unsure(2, 20)), (line(3, "label_error", "pan"), line(4, "label_error"))
    settled = {"answers": word(1), "decided": frozenset({tuple(photo(2)), tuple(photo(4))})}
    assert cases(situation(rows, lines, **settled), 10) == []


@pytest.mark.parametrize(("hour", "asked"), [(11, [1]), (13, [])])
def test_a_file_that_became_unclear_after_an_answer_is_asked_about_again(hour: int, asked: list[int]) -> None:
    found = cases(situation(unclear=(1,), answers=word(1, hour=hour, sequence=3)), 10)
    assert numbers(found) == asked
    assert [case.known for case in found] == [3] * len(asked)


def test_an_unclear_file_that_was_decided_in_the_list_is_settled() -> None:
    assert cases(situation(lines=(line(1, "unclear_edit", "pan"),), unclear=(1,)), 10) == []


def test_a_photo_that_goes_nowhere_or_could_not_be_read_is_not_asked() -> None:
    rows = (unsure(1, 10, keyword=None), unsure(2, 10, sha256=""))
    assert cases(situation(rows), 10) == []
