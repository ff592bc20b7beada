"""What is to be done: new and changed shoots are read, and a later step is done again without reading."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from recipe_assets.errors import StudioError
from recipe_assets.storage import TableStore
from recipe_assets.studio import arrivals
from recipe_assets.studio.arrivals import (
    Wanted,
    Work,
    current_shoots,
    embed_attributes,
    pending_work,
    raw_attributes,
    require_shoots,
)
from recipe_assets.studio.shoots import Shoot
from recipe_assets.studio.vocabulary import Keyword, Vocabulary
from tests.studio.places import Place

PAN = Keyword("pan", "frying pan", ("skillet",))
WANTED = Wanted(Vocabulary((PAN, Keyword("oven-tray", "oven tray"))), {}, "builtin:tiny")
PHOTO = ("W43", "a.jpg", "ab12")
ROWS = pd.DataFrame({"shoot": ["W43"], "problem": pd.Series([None], dtype="string")})

Shoots = dict[str, Shoot]


@pytest.fixture
def shoots(place: Place) -> Shoots:
    """Two shoots as they are listed."""
    place.put({"W43/a.jpg": b"a", "W44/a.jpg": b"a"})
    return place.open().shoots()


def do(tables: TableStore, work: Work, shoots: Shoots, wanted: Wanted) -> None:
    """Store what each step would store, by the attributes that the steps write."""
    for name in work.read:
        tables.write(ROWS, "raw_images", name, raw_attributes(shoots[name].fingerprint))
    for name in (*work.read, *work.standardize):
        made_from = wanted.label_attributes(name, shoots[name].fingerprint)
        tables.write(ROWS, "standardized_keywords", name, made_from)
    for name in (*work.read, *work.embed):
        made_from = embed_attributes(shoots[name].fingerprint, str(wanted.base))
        tables.write(ROWS, "photo_embeddings", name, made_from)


@pytest.fixture
def done(shoots: Shoots, tables: TableStore) -> TableStore:
    """The tables after all work is done."""
    do(tables, pending_work(shoots, tables, WANTED), shoots, WANTED)
    return tables


def test_all_shoots_are_to_be_read_into_an_empty_store(shoots: Shoots, tables: TableStore) -> None:
    prints = {name: shoot.fingerprint for name, shoot in shoots.items()}
    assert list(prints) == ["W43", "W44"]
    assert pending_work(shoots, tables, WANTED) == Work(prints, [], [])
    assert pending_work({}, tables, WANTED) == Work()


def test_there_is_nothing_to_do_twice(shoots: Shoots, done: TableStore) -> None:
    assert pending_work(shoots, done, WANTED) == Work()


def test_a_changed_shoot_is_read_and_the_others_are_left_alone(
    place: Place, shoots: Shoots, done: TableStore
) -> None:
    place.put({"W44/b.jpg": b"b"})
    now = place.open().shoots()
    work = pending_work(now, done, WANTED)
    assert work == Work({"W44": now["W44"].fingerprint})
    do(done, work, now, WANTED)
    assert pending_work(now, done, WANTED) == Work()
    place.delete("W44/b.jpg")
    assert list(pending_work(place.open().shoots(), done, WANTED).read) == ["W44"]


SPELLINGS = (
    Keyword("pan", "frying pan", ("skillet", "fry pan")),
    Keyword("pan", "frying pan"),
    Keyword("cup", "frying pan", ("skillet",)),
)
MEANINGS = (Keyword("pan", "iron pan", ("Skillet",)), Keyword("pan", "frying pan", ("skillet",), "stove"))


@pytest.mark.parametrize("word", SPELLINGS)
def test_other_spellings_standardize_again_and_read_no_photo(
    shoots: Shoots, done: TableStore, word: Keyword
) -> None:
    wanted = replace(WANTED, vocabulary=Vocabulary((word, *WANTED.vocabulary.keywords[1:])))
    work = pending_work(shoots, done, wanted)
    assert work == Work({}, ["W43", "W44"], [])
    do(done, work, shoots, wanted)
    assert pending_work(shoots, done, wanted) == Work()


@pytest.mark.parametrize("word", MEANINGS)
def test_other_prompts_pipelines_and_letter_cases_do_nothing_again(
    shoots: Shoots, done: TableStore, word: Keyword
) -> None:
    vocabulary = Vocabulary((word, *WANTED.vocabulary.keywords[1:]), min_photos=99)
    assert pending_work(shoots, done, replace(WANTED, vocabulary=vocabulary)) == Work()


def test_a_decision_standardizes_its_own_shoot_again(shoots: Shoots, done: TableStore) -> None:
    decided = replace(WANTED, decisions={PHOTO: "pan"})
    work = pending_work(shoots, done, decided)
    assert work == Work({}, ["W43"], [])
    do(done, work, shoots, decided)
    assert pending_work(shoots, done, decided) == Work()
    for decisions in (
        {PHOTO: "drop"},
        {(*PHOTO[:2], "cd34"): "pan"},
        {PHOTO: "pan", ("W43", "b.jpg", "0"): "pan"},
        {},
    ):
        assert pending_work(shoots, done, replace(WANTED, decisions=decisions)) == Work({}, ["W43"], [])
    elsewhere = {PHOTO: "pan", ("W99", "a.jpg", "ab12"): "drop"}
    assert pending_work(shoots, done, replace(WANTED, decisions=elsewhere)) == Work()


def test_another_base_embeds_again_and_none_embeds_nothing(shoots: Shoots, done: TableStore) -> None:
    other = replace(WANTED, base="openai/clip-vit-base-patch32")
    work = pending_work(shoots, done, other)
    assert work == Work({}, [], ["W43", "W44"])
    do(done, work, shoots, other)
    assert pending_work(shoots, done, other) == Work()
    assert pending_work(shoots, done, replace(WANTED, base=None)) == Work()


def test_a_new_reader_reads_every_shoot_again(
    shoots: Shoots, done: TableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "READER", arrivals.READER + "+")
    assert list(pending_work(shoots, done, WANTED).read) == ["W43", "W44"]


def test_a_table_of_an_older_program_is_read_again(shoots: Shoots, done: TableStore) -> None:
    done.write(ROWS, "raw_images", "W43", {"files": shoots["W43"].fingerprint})
    assert list(pending_work(shoots, done, WANTED).read) == ["W43"]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("raw_images", lambda work: list(work.read)),
        ("standardized_keywords", lambda work: work.standardize),
        ("photo_embeddings", lambda work: work.embed),
    ],
)
@pytest.mark.parametrize("damage", [None, b"", b"PAR1", b"PAR1 nothing of the kind PAR1"])
def test_a_table_that_is_missing_or_damaged_is_made_again(
    shoots: Shoots, done: TableStore, table: str, expected: Callable[[Work], list[str]], damage: bytes | None
) -> None:
    done.path(table, "W43").unlink()
    if damage is not None:
        done.path(table, "W43").write_bytes(damage)
    work = pending_work(shoots, done, WANTED)
    assert expected(work) == ["W43"]
    assert sum(map(len, (work.read, work.standardize, work.embed))) == 1


def test_a_shoot_with_too_many_broken_files_waits_for_a_person_and_is_named(
    place: Place, shoots: Shoots, tables: TableStore
) -> None:
    """It was standardized and embedded again and again, and failed each time."""
    broken = pd.concat([ROWS.assign(problem="empty file"), *[ROWS] * 3])
    tables.write(broken, "raw_images", "W43", raw_attributes(shoots["W43"].fingerprint))
    work = pending_work(shoots, tables, WANTED)
    assert work.read == {"W44": shoots["W44"].fingerprint}
    assert (work.standardize, work.embed) == ([], [])
    assert list(work.held_back) == ["W43"]
    assert "1 of 4 files are no usable photos" in work.held_back["W43"]
    place.put({"W43/a.jpg": b"mended"})
    assert list(pending_work(place.open().shoots(), tables, WANTED).read) == ["W43", "W44"]


def test_a_run_that_was_killed_between_its_steps_is_taken_up_where_it_ended(
    place: Place, shoots: Shoots, done: TableStore
) -> None:
    place.put({"W44/b.jpg": b"b"})
    now = place.open().shoots()
    files = now["W44"].fingerprint
    done.write(ROWS, "raw_images", "W44", raw_attributes(files))
    assert pending_work(now, done, WANTED) == Work({}, ["W44"], ["W44"])
    done.write(ROWS, "standardized_keywords", "W44", WANTED.label_attributes("W44", files))
    assert pending_work(now, done, WANTED) == Work({}, [], ["W44"])


def test_a_step_that_ran_on_older_files_is_done_again(place: Place, shoots: Shoots, done: TableStore) -> None:
    """Two runs of one shoot may overlap: the older one's later step may end last."""
    place.put({"W44/b.jpg": b"b"})
    now = place.open().shoots()
    work = pending_work(now, done, WANTED)
    do(done, work, now, WANTED)
    done.write(ROWS, "standardized_keywords", "W44", WANTED.label_attributes("W44", shoots["W44"].fingerprint))
    assert pending_work(now, done, WANTED) == Work({}, ["W44"], [])


def test_a_shoot_that_is_gone_is_kept_current_from_its_tables(shoots: Shoots, done: TableStore) -> None:
    gone = {"W43": shoots["W43"]}
    assert pending_work(gone, done, WANTED) == Work()
    other = Wanted(WANTED.vocabulary, WANTED.decisions, "another base")
    assert pending_work(gone, done, other) == Work({}, [], ["W43", "W44"])


def test_tables_of_an_older_raw_table_are_out_of_date(done: TableStore) -> None:
    """A shoot whose new files were held back trained on its old keywords, with the new thumbnails."""
    assert current_shoots(done, "standardized_keywords") == ["W43", "W44"]
    done.write(ROWS, "raw_images", "W44", raw_attributes("other files"))
    assert current_shoots(done, "standardized_keywords") == ["W43"]
    done.path("raw_images", "W43").unlink()
    assert current_shoots(done, "photo_embeddings") == []


def test_an_empty_studio_is_told_how_to_get_a_shoot(place: Place) -> None:
    place.put({"lonely.jpg": b""})
    with pytest.raises(StudioError, match=r"has no shoot: .*make sample") as raised:
        require_shoots(place.open())
    assert place.location in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_shoots_of_a_studio_are_those_that_it_lists(place: Place, shoots: Shoots) -> None:
    assert require_shoots(place.open()) == shoots
