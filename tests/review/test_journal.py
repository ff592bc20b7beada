"""The journal of answers in both kinds of store: nothing lost, nothing doubled, the order kept."""

import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from recipe_assets.errors import ReleaseError
from recipe_assets.release.folder_store import FolderObjects
from recipe_assets.release.objects import Objects
from recipe_assets.release.places import open_objects
from recipe_assets.review.journal import Answer, AnswerError, Journal, Photo
from tests.release.conftest import ROOT, Place, place

__all__ = ["place"]

ONE, OTHER = "1a" * 32, "f0" * 32


def answer(number: int = 1, sha256: str = ONE, **changes: Any) -> Answer:  # noqa: ANN401 (any field)
    fields = {
        "answer_id": f"id-{number}", "shoot": "week-1", "file": "a/01.jpg", "sha256": sha256,
        "keyword": f"keyword-{number}", "by": "Ana",
    }  # fmt: skip
    return Answer(**(fields | changes))


class Listed(FolderObjects):
    """A folder that notes what was listed."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.prefixes: list[str] = []

    def sizes(self, prefix: str) -> Mapping[str, int]:
        self.prefixes.append(prefix)
        return super().sizes(prefix)


@pytest.fixture
def objects(place: Place) -> Objects:
    return open_objects(place.url, getattr(place, "client", None))


@pytest.fixture
def journal(objects: Objects) -> Journal:
    return Journal(objects)


def test_an_answer_comes_back_as_it_was_given_with_its_place(journal: Journal, objects: Objects) -> None:
    given = answer(shown_keyword="pan", shown_confidence=61.5, release_id="r1", file="Küche/ß 1.jpg")
    stored = journal.append(given)
    assert stored == msgspec.structs.replace(given, sequence=1)
    assert Journal(objects).of(ONE) == [stored]
    assert stored.at.tzinfo is not None
    assert stored.photo == Photo("week-1", "Küche/ß 1.jpg", ONE)


def test_answers_about_a_photo_keep_their_order(journal: Journal, objects: Objects) -> None:
    for number in range(1, 13):
        journal.append(answer(number))
    assert [one.keyword for one in Journal(objects).of(ONE)] == [f"keyword-{number}" for number in range(1, 13)]
    assert [one.sequence for one in journal.of(ONE)] == list(range(1, 13))
    assert journal.of(OTHER) == []


def test_an_answer_that_is_sent_twice_counts_once(journal: Journal, objects: Objects) -> None:
    first = journal.append(answer(1))
    second = journal.append(answer(2))
    assert journal.append(answer(1)) == first
    assert Journal(objects).append(answer(2)) == second
    assert journal.of(ONE) == [first, second]


def test_the_last_word_about_a_photo_counts(journal: Journal) -> None:
    journal.append(answer(1))
    second = journal.append(answer(2, by="Ben"))
    other = journal.append(answer(3, OTHER))
    assert journal.latest() == {second.photo: second, other.photo: other}


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ([("Ana", "pan"), ("Ana", "")], None),
        ([("Ben", "pan"), ("Ana", "pot"), ("Ben", "")], "pot"),
        ([("Ana", "pan"), ("Ben", "pot"), ("Ben", "")], "pan"),
        ([("Ben", "pan"), ("Ana", "pot"), ("Ana", ""), ("Ben", "")], None),
        ([("Ben", "pan"), ("Ana", "pot"), ("Ben", "tray"), ("Ben", "")], "pot"),
        ([("Ben", "pan"), ("Ben", "pot"), ("Ben", "")], None),
        ([("Ben", "pan"), ("Ben", ""), ("Ben", "pot")], "pot"),
        ([("Ana", "pan"), ("Ben", "")], "pan"),
    ],
)
def test_who_takes_back_takes_back_the_own_word_alone(
    journal: Journal, said: list[tuple[str, str]], counts: str | None
) -> None:
    for number, (by, keyword) in enumerate(said):
        journal.append(answer(number, by=by, keyword=keyword))
    assert [word.keyword for word in journal.latest().values()] == ([counts] if counts else [])


def test_copies_of_a_photo_in_two_shoots_are_answered_apart(journal: Journal) -> None:
    here, there = journal.append(answer(1)), journal.append(answer(2, shoot="week-2"))
    assert journal.latest() == {here.photo: here, there.photo: there}
    assert [here.sequence, there.sequence] == [1, 2]


def test_only_what_is_new_is_read_again(journal: Journal) -> None:
    for number in (1, 2):
        journal.append(answer(number))
    journal.append(answer(3, OTHER))
    assert [one.answer_id for one in journal.all()] == ["id-1", "id-2", "id-3"]
    assert [one.answer_id for one in journal.all({ONE: 1, OTHER: 1})] == ["id-2"]
    assert list(journal.all({ONE: 2, OTHER: 1})) == []


@pytest.mark.parametrize("others", [0, 40])
def test_answers_about_some_photos_are_found_among_few_and_among_many(
    place: Place, objects: Objects, journal: Journal, others: int
) -> None:
    mine = [journal.append(answer(number)) for number in (1, 2)]
    for number in range(others):
        place.write(f"review/answers/{number:064x}/000001.json", b"{damaged")
    fresh = Journal(objects)
    for at_least in (0, others):
        assert list(fresh.about({ONE, OTHER}, at_least)) == mine
    mine.append(journal.append(answer(3, OTHER)))
    assert list(fresh.about({ONE, OTHER}, others)) == mine
    assert list(fresh.about(set(), others)) == []


def test_beside_many_answers_only_those_asked_for_are_listed(tmp_path: Path) -> None:
    objects = Listed(tmp_path)
    journal = Journal(objects)
    for number in range(30):
        journal.append(answer(number, f"{number:064x}"))
    objects.prefixes.clear()
    assert len(list(journal.about({f"{7:064x}"}))) == 1
    assert objects.prefixes == ["review/answers/"], "nobody knows yet how many there are"
    assert len(list(journal.about({f"{number:064x}" for number in range(5)}))) == 5
    assert objects.prefixes == ["review/answers/"] * 2, "one listing of all is cheaper than five"
    assert len(list(journal.about({f"{7:064x}"}))) == 1
    assert objects.prefixes[2:] == [f"review/answers/{7:064x}/"]


def test_an_answer_of_another_process_is_seen(place: Place, objects: Objects, journal: Journal) -> None:
    journal.append(answer(1))
    theirs = Journal(open_objects(place.url, getattr(place, "client", None)))
    stored = theirs.append(answer(2))
    assert stored.sequence == 2
    assert journal.of(ONE)[-1] == stored


def test_whatever_else_lies_there_is_no_answer(place: Place, journal: Journal) -> None:
    stored = journal.append(answer(1))
    for name in (f"{ONE}/.000002.json.partial", f"{ONE}/2.json", "notes.txt", f"{ONE}/000002.json.bak"):
        place.write(f"review/answers/{name}", b"{}")
    assert list(journal.all()) == [stored]
    assert journal.append(answer(2)).sequence == 2


def test_a_gap_is_never_filled_so_that_the_order_stays(place: Place, objects: Objects, journal: Journal) -> None:
    for number in (1, 2, 3):
        journal.append(answer(number))
    place.delete(f"review/answers/{ONE}/000002.json")
    fresh = Journal(objects)
    assert fresh.append(answer(4)).sequence == 4
    assert [one.answer_id for one in fresh.of(ONE)] == ["id-1", "id-3", "id-4"]


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b"[]", b'{"answer_id": "x"}'])
def test_a_damaged_answer_is_named_and_never_skipped(
    place: Place, objects: Objects, journal: Journal, damage: bytes
) -> None:
    journal.append(answer(1))
    place.write(f"review/answers/{ONE}/000001.json", damage)
    with pytest.raises(ReleaseError, match=rf"{ONE}/000001\.json is damaged .*restore it"):
        Journal(objects).of(ONE)


def test_an_answer_under_another_photos_name_is_damage(place: Place, objects: Objects, journal: Journal) -> None:
    journal.append(answer(1))
    place.write(f"review/answers/{OTHER}/000001.json", place.read(f"review/answers/{ONE}/000001.json"))
    with pytest.raises(ReleaseError, match=r"damaged \(it says that it is review/answers/1a"):
        list(Journal(objects).all())


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "../../latest"},
        {"sha256": ONE.upper()},
        {"sha256": ONE + "\n"},
        {"answer_id": ""},
        {"answer_id": "a/b"},
        {"answer_id": "x" * 65},
        {"by": "  "},
        {"by": "x" * 65},
        {"shoot": ""},
        {"file": "x" * 1025},
        {"keyword": "x" * 201},
        {"shown_confidence": 100.1},
        {"shown_confidence": float("nan")},
    ],
)
def test_what_nobody_can_have_answered_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(AnswerError):
        answer(**changes)


@pytest.mark.parametrize("sha256", ["..", "", ONE[:-1], "*"])
def test_a_photo_is_asked_for_by_its_hash_alone(journal: Journal, sha256: str) -> None:
    with pytest.raises(AnswerError):
        journal.of(sha256)


def test_many_threads_at_once_lose_nothing_and_double_nothing(place: Place, objects: Objects) -> None:
    journals = [Journal(open_objects(place.url, getattr(place, "client", None))) for _ in range(4)]
    jobs = [answer(number, (ONE, OTHER)[number % 2]) for number in range(24)] * 2
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda job: journals[job[0] % 4].append(job[1]), enumerate(jobs)))
    assert stored[:24] == stored[24:]
    for sha256 in (ONE, OTHER):
        kept = Journal(objects).of(sha256)
        assert [one.sequence for one in kept] == list(range(1, 13))
        assert len({one.answer_id for one in kept}) == 12


def test_a_listing_amid_writes_finds_every_answer_that_was_there_before(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    journal = Journal(objects)
    first = journal.append(answer(1))
    stop = threading.Event()

    def write() -> None:
        number = 2
        while not stop.is_set():
            journal.append(answer(number, OTHER))
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = [list(Journal(objects).about({ONE})) for _ in range(200)]
    finally:
        stop.set()
        writer.join()
    assert seen == [[first]] * 200


def test_a_writer_that_is_killed_leaves_whole_answers_only(tmp_path: Path) -> None:
    script = (
        "import sys; from tests.review import test_journal as here\n"
        "journal = here.Journal(here.FolderObjects(here.Path(sys.argv[1])))\n"
        "for number in range(1, 10_000): print(journal.append(here.answer(number)).sequence, flush=True)\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with writer:
        confirmed = [int(writer.stdout.readline()) for _ in range(20)]
        writer.kill()
        confirmed += [int(line) for line in writer.communicate()[0].splitlines() if line]
    kept = Journal(FolderObjects(tmp_path)).of(ONE)
    assert [one.sequence for one in kept] == list(range(1, len(kept) + 1))
    assert len(kept) >= max(confirmed)
    assert Journal(FolderObjects(tmp_path)).append(answer(0)).sequence == len(kept) + 1
