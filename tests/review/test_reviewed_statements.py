"""What the words of a changed file say, case by case; no file is involved."""

import pytest

from recipe_assets.review.statements import Statement, Words, statement
from recipe_assets.studio.vocabulary import Keyword, Vocabulary

VOCABULARY = Vocabulary(
    (
        *(Keyword(name, name) for name in ("pan", "saucepan", "oven-tray", "glass-bowl")),
        Keyword("grill", "grill", ("grill-plate",)),
    )
)
LONG = "a keyword of a studio that likes to write whole sentences into the metadata of photos"


def both(*words: str) -> Words:
    return Words(words, words)


WRITTEN = both("studio A", "pan")


def say(said: Words, before: Words = WRITTEN, ours: tuple[str, ...] = ("pan",), shown: str = "pan") -> Statement:
    return statement(said, ours, shown, before, VOCABULARY)


@pytest.mark.parametrize(
    ("said", "kind", "keyword"),
    [
        (both("studio A", "pan"), "kept", "pan"),
        (both("pan"), "kept", "pan"),
        (both("pan", "studio A"), "kept", "pan"),
        (both("PAN ", "studio a"), "kept", "pan"),
        (Words(("studio A", "pan")), "kept", "pan"),
        (Words((), ("studio A", "pan")), "kept", "pan"),
        (both("oven-tray"), "keyword", "oven-tray"),
        (both("Oven Tray", "studio A"), "keyword", "oven-tray"),
        (both("grill_plate"), "keyword", "grill"),
        (Words(("oven-tray",)), "keyword", "oven-tray"),
        (Words((), ("oven-tray",)), "keyword", "oven-tray"),
        (Words(("oven-tray",), ("studio A",)), "keyword", "oven-tray"),
        (both("oven-tray", "for the spring issue"), "keyword", "oven-tray"),
        (both("studio A", "pan", "reviewed"), "confirmed", "pan"),
        (both("pan", "REVIEWED"), "confirmed", "pan"),
        (Words(("studio A", "pan"), ("studio A", "pan", "reviewed")), "confirmed", "pan"),
        (both("oven-tray", "reviewed"), "keyword", "oven-tray"),
        (both("studio A", "pan", "saucepan"), "unclear", None),
        (Words(("oven-tray",), ("studio A", "pan")), "unclear", None),
        (Words(("oven-tray",), ("oven-tray", "pan")), "unclear", None),
        (both("panne", "studio A"), "unclear", "pan"),
        (both("studio A"), "unclear", None),
        (both("pan", "reviewed", "saucepann"), "unclear", "saucepan"),
        (both("reviewed"), "unclear", None),
        (both(" ", ""), "unclear", None),
        (Words(sidecar=("oven-tray",)), "keyword", "oven-tray"),
        (both("pan")._replace(sidecar=("oven-tray",)), "unclear", None),
    ],
)
def test_words_say_a_keyword_or_that_a_person_has_to_tell(said: Words, kind: str, keyword: str | None) -> None:
    found = say(said)
    assert (found.kind, found.keyword) == (kind, keyword)
    assert (found.reason is not None) == (kind == "unclear")


def test_without_words_and_without_our_record_a_file_says_nothing() -> None:
    assert say(Words(), ours=()) == Statement("silent")
    assert say(Words()).kind == "unclear", "somebody took out the keyword and left the rest of the metadata"


def test_a_keyword_of_ours_from_elsewhere_is_no_correction() -> None:
    assert say(both("studio A", "oven-tray"), ours=("oven-tray",)).kind == "kept"


@pytest.mark.parametrize("before", [Words(("pan",), ("oven-tray",)), both("pan", "oven-tray")])
def test_a_photo_that_contradicted_itself_is_unclear_only_once_somebody_changes_that(before: Words) -> None:
    """It was passed through as it came, sorted by what the model said."""
    assert say(before, before, ()).kind == "kept"
    assert say(before._replace(iptc=("saucepan",)), before, ()).kind == "unclear"
    assert say(both("oven-tray"), before, ()) == Statement("keyword", "oven-tray")
    assert say(both("pan"), before, ()) == Statement("confirmed", "pan")


def test_a_source_that_a_program_dropped_is_no_choice_between_keywords() -> None:
    assert say(Words(("pan",)), Words(("pan",), ("oven-tray",)), ()).kind == "kept"


def test_a_photo_labelled_in_the_review_queue_says_what_its_own_words_said() -> None:
    """Its file was passed through with the word that the queue overruled."""
    before = both("saucepan")
    assert say(before, before, (), shown="pan").kind == "kept"
    assert say(both("oven-tray"), before, (), shown="pan") == Statement("keyword", "oven-tray")


def test_a_long_word_that_iptc_holds_cut_is_nobody_s_addition() -> None:
    cut = LONG[:64].strip()
    before = both(LONG, "pan")
    assert say(Words((cut, "pan"), (LONG, "pan")), before).kind == "kept"
    assert say(Words((cut, "oven-tray"), (LONG, "oven-tray")), before).keyword == "oven-tray"


def test_a_vocabulary_may_have_a_keyword_called_reviewed() -> None:
    words = Vocabulary((Keyword("pan", "pan"), Keyword("reviewed", "reviewed")))
    assert statement(both("reviewed"), ("pan",), "pan", both("pan"), words) == Statement("keyword", "reviewed")


def test_reasons_are_one_line_of_bounded_length_whatever_stands_in_a_file() -> None:
    found = say(both(*(f"word {number} " + "x" * 5000 for number in range(500))))
    assert found.kind == "unclear"
    assert found.reason is not None
    assert len(found.reason) < 2000
    assert "and 490 more" in found.reason
