"""Which word about a photo counts: of files, of the review page, of the queue, and of vocabularies that change."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from recipe_assets.review.history import Entry, entries_of, frame_of, meanings, words_that_count
from recipe_assets.review.journal import Photo
from recipe_assets.review.reviewed import disagreements, merged, news
from recipe_assets.review.unclear import unclear_lines, with_unclear
from recipe_assets.studio.arrivals import Wanted
from recipe_assets.studio.review import COLUMNS
from recipe_assets.studio.vocabulary import load_vocabulary
from tests.outbox.shop import BY_A_PERSON, RED, SHOOT
from tests.review.desk import Desk

WORDS = load_vocabulary()
PHOTO = Photo("s", "f.jpg", "ab" * 32)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def entry(verdict: str, keyword: str | None = None, minute: int = 0, origin: str = "outbox", **more: str) -> Entry:
    return Entry(
        shoot="s",
        file="f.jpg",
        sha256="ab" * 32,
        keyword=keyword,
        original_keyword="pan",
        origin=origin,  # type: ignore[arg-type]
        verdict=verdict,  # type: ignore[arg-type]
        shown_keyword=more.get("shown", "pan"),
        by=more.get("by"),
        at=NOON + timedelta(minutes=minute),
        answer_id=f"{origin}-{minute}",
    )


def test_the_table_gives_back_the_very_words() -> None:
    history = [entry("corrected", "CP"), entry("dropped", None, 1, "review_page")]
    assert entries_of(frame_of(history)) == history
    assert entries_of(frame_of([])) == []


@pytest.mark.parametrize(
    ("history", "meaning"),
    [
        ([entry("corrected", "CP")], "CP"),
        ([entry("confirmed", "pan")], "pan"),
        ([entry("kept")], None),
        ([entry("dropped", None, 0, "review_page")], "drop"),
        ([entry("corrected", "CP"), entry("kept", None, 5)], "CP"),
        ([entry("corrected", "CP"), entry("withdrawn", None, 5)], None),
        ([entry("corrected", "CP", 0), entry("corrected", "medium", 5, "review_page")], "medium"),
        ([entry("corrected", "CP", 9), entry("corrected", "medium", 5, "review_page")], "CP"),
        (
            [
                entry("corrected", "CP", 0),
                entry("corrected", "medium", 5, "review_page"),
                entry("withdrawn", None, 6, "review_page"),
            ],
            "CP",
        ),
        ([entry("withdrawn", None, 5, "review_page"), entry("corrected", "CP", 0)], "CP"),
    ],
)
def test_the_last_word_counts_and_taking_back_concerns_the_own_place(
    history: list[Entry], meaning: str | None
) -> None:
    found = meanings(words_that_count(history), WORDS)
    assert found == ({PHOTO: meaning} if meaning else {})


def page(minute: int, by: str, keyword: str | None) -> Entry:
    return entry("corrected" if keyword else "withdrawn", keyword, minute, "review_page", by=by)


@pytest.mark.parametrize(
    ("history", "meaning"),
    [
        ([page(1, "Ben", "CP"), page(2, "Ana", "medium"), page(3, "Ben", None)], "medium"),
        ([page(1, "Ana", "CP"), page(2, "Ben", "medium"), page(3, "Ben", None)], "CP"),
        ([page(1, "Ben", "CP"), page(2, "Ana", "medium"), page(3, "Ana", None), page(4, "Ben", None)], None),
        ([page(1, "Ben", "CP"), page(2, "Ben", "medium"), page(3, "Ben", None)], None),
        ([entry("corrected", "CP", 2), page(1, "Ben", "medium"), page(3, "Ana", None)], "CP"),
        ([page(9, "Ben", "CP"), page(2, "Ana", "medium")], "medium"),  # a slow clock moves no answer
    ],
)
def test_on_the_review_page_each_takes_back_the_own_word_alone(history: list[Entry], meaning: str | None) -> None:
    assert meanings(words_that_count(history), WORDS) == ({PHOTO: meaning} if meaning else {})


def test_a_keyword_that_the_vocabulary_lost_is_no_label() -> None:
    assert meanings(words_that_count([entry("corrected", "wok")]), WORDS) == {}
    assert meanings(words_that_count([entry("corrected", "sauce-pan")]), WORDS) == {PHOTO: "saucepan"}


def test_the_queue_counts_unless_the_person_was_shown_what_it_decided() -> None:
    word = words_that_count([entry("corrected", "CP")])
    assert merged({}, word, WORDS) == {PHOTO: "CP"}
    assert merged({PHOTO: "medium"}, word, WORDS) == {PHOTO: "medium"}
    assert merged({PHOTO: "pan"}, word, WORDS) == {PHOTO: "CP"}
    assert merged({Photo("s", "other", ""): "pan"}, word, WORDS) == {Photo("s", "other", ""): "pan", PHOTO: "CP"}


def test_contradictions_of_the_queue_are_listed() -> None:
    history = [entry("corrected", "CP")]
    assert disagreements({PHOTO: "medium"}, history, WORDS).to_dict("records") == [
        {"shoot": "s", "file": "f.jpg", "queue": "medium", "reviewed": "CP"}
    ]
    assert disagreements({PHOTO: "pan"}, history, WORDS).empty
    assert disagreements({PHOTO: "CP"}, history, WORDS).empty
    assert disagreements({}, history, WORDS).empty


def test_only_the_shoot_that_somebody_said_something_about_is_standardized_again() -> None:
    before, after = (
        Wanted(WORDS, {}),
        Wanted(WORDS, merged({}, words_that_count([entry("corrected", "CP")]), WORDS)),
    )
    assert before.label_attributes("s", "x") != after.label_attributes("s", "x")
    assert before.label_attributes("other", "x") == after.label_attributes("other", "x")


def test_answers_of_the_review_page_are_words_with_names_and_are_read_once(desk: Desk) -> None:
    desk.answer(RED, "gray-tray")
    desk.answer("doubtful.jpg", str(desk.shop.rows()["doubtful.jpg"]["keyword"]), by="Grace")
    desk.answer("lime.png", "drop")
    assert news(desk.shop.outbox, desk.journal, desk.shop.tables).answers == 3
    found = desk.look()
    by_file = {one.file: one for one in found.history}
    assert {file: one.verdict for file, one in by_file.items()} == {
        RED: "corrected",
        "doubtful.jpg": "confirmed",
        "lime.png": "dropped",
    }
    assert {one.by for one in found.history} == {"Ada", "Grace"}
    assert (by_file[RED].original_keyword, by_file[RED].shown_keyword) == ("red-pan", "red-pan")
    assert by_file[RED].release_id == desk.shop.released.release_id
    assert desk.labels()["lime.png"] == "drop"
    assert not news(desk.shop.outbox, desk.journal, desk.shop.tables)
    assert desk.look().new == 0


def test_an_answer_taken_back_stays_in_the_history_and_no_longer_counts(desk: Desk) -> None:
    desk.answer(RED, "gray-tray")
    desk.look()
    desk.answer(RED, "")
    desk.look()
    assert desk.said(RED) == [("corrected", "gray-tray"), ("withdrawn", None)]
    assert desk.labels() == {}
    desk.answer(RED, "blue-pot", by="Grace")
    desk.look()
    assert desk.labels() == {RED: "blue-pot"}


def test_who_takes_back_an_answer_leaves_the_label_that_another_gave_since(desk: Desk) -> None:
    desk.answer(RED, "gray-tray", by="Ben")
    desk.answer(RED, "blue-pot", by="Ana")
    desk.look()
    desk.answer(RED, "", by="Ben")
    desk.look()
    assert desk.labels() == {RED: "blue-pot"}
    desk.answer(RED, "", by="Ana")
    desk.look()
    assert desk.labels() == {}


def test_the_original_label_stays_through_all_reviews(desk: Desk) -> None:
    """Also where the page showed what the model would say of a photo that a person had labelled."""
    desk.answer(BY_A_PERSON, "blue-pot", shown_keyword="blue-pot", shown_confidence=99.0, release_id="r")
    desk.look()
    desk.answer(BY_A_PERSON, "red-pan", shown_keyword="blue-pot", shown_confidence=99.0, release_id="r")
    desk.type(BY_A_PERSON, "green-bowl")
    desk.look()
    assert {one.original_keyword for one in desk.history} == {"gray-tray"}
    assert [one.verdict for one in desk.history if one.origin == "review_page"] == ["confirmed", "corrected"]
    raw = desk.shop.tables.read("raw_images", SHOOT).set_index("file")
    assert list(raw.loc[BY_A_PERSON, "iptc_keywords"]) == ["gray-tray"]


def test_an_answer_about_a_photo_that_no_table_knows_is_kept(desk: Desk) -> None:
    answer = desk.answer(RED, "gray-tray")
    desk.shop.tables.path("raw_images", SHOOT).unlink()
    found = desk.look()
    assert [one.answer_id for one in found.history] == [answer.answer_id]
    assert list(found.left_out) == [SHOOT]


def test_what_was_unclear_is_settled_by_an_answer_given_since(desk: Desk) -> None:
    desk.type(RED, "skillet")
    assert [case.file for case in desk.look().unclear] == [RED]
    desk.answer(RED, "gray-tray")
    assert desk.look().unclear == []
    assert desk.labels() == {RED: "gray-tray"}
    desk.type(RED, "frying thing")
    assert [case.file for case in desk.look().unclear] == [RED]


def queue(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Lines of file, finding, decision."""
    lines = [(SHOOT, file, "ab", finding, "", "", decision) for file, finding, decision in rows]
    return pd.DataFrame(lines, columns=COLUMNS, dtype="string")


def test_unclear_files_come_first_in_the_queue_and_nothing_else_of_it_is_lost(desk: Desk) -> None:
    desk.type(RED, "grey-tray")
    desk.look()
    lines = unclear_lines(desk.shop.tables)
    before = queue(
        ("a.jpg", "dark", ""),
        ("b.jpg", "label_error", "CP"),
        ("old.jpg", "unclear_edit", ""),
        ("c.jpg", "dark", ""),
    )
    after = with_unclear(before, lines)
    assert after[["file", "finding", "decision"]].to_numpy().tolist() == [
        [RED, "unclear_edit", ""],
        ["a.jpg", "dark", ""],
        ["c.jpg", "dark", ""],
        ["b.jpg", "label_error", "CP"],
    ]
    assert with_unclear(after, lines).equals(after)
    decided = after.assign(decision=["gray-tray", "", "", "CP"])
    assert with_unclear(decided, lines)[["file", "decision"]].to_numpy().tolist() == [
        ["a.jpg", ""],
        ["c.jpg", ""],
        [RED, "gray-tray"],
        ["b.jpg", "CP"],
    ]


def test_a_decision_in_the_queue_settles_an_unclear_file(desk: Desk) -> None:
    desk.type(RED, "grey-tray")
    desk.look()
    lines = unclear_lines(desk.shop.tables).assign(decision="gray-tray")
    assert desk.labels(lines) == {RED: "gray-tray"}
