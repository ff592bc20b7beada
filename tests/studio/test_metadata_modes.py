"""What becomes of keywords that are there: the modes, provenance, undoing, and random histories of all of them."""

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from recipe_assets.studio.metadata import (
    MetadataError,
    PhotoKeywords,
    Provenance,
    add_iptc_keywords,
    add_xmp_subject,
    image_data_sha256,
    read_keywords,
    read_provenance,
    remove_ours,
    sidecar_packet,
    write_keywords,
)
from tests.studio.metadata_files import unique
from tests.studio.pictures import encode, picture

FIRST = Provenance(
    "r1", 97.349, "clip", datetime(2026, 11, 20, 12, 0, 5, 999, tzinfo=timezone(timedelta(hours=2)))
)
LATER = Provenance("r2", 55)
KINDS = ["JPEG", "TIFF", "PNG", "WEBP"]


@pytest.fixture(params=KINDS)
def plain(request: pytest.FixtureRequest) -> bytes:
    return encode(picture(size=(16, 12)), request.param)


def words_of(photo: bytes) -> tuple[str, ...]:
    found = read_keywords(photo)
    assert found.iptc in ((), found.xmp)
    return found.effective


def ours_of(photo: bytes) -> tuple[str, ...]:
    ours = read_provenance(photo)
    return ours.keywords if ours else ()


def test_the_record_says_what_was_written_from_which_release_how_surely_and_when(plain: bytes) -> None:
    ours = read_provenance(write_keywords(plain, ["pan", "pot"], provenance=FIRST))
    assert ours is not None
    assert ours == (("pan", "pot"), "r1", 97.35, "clip", datetime(2026, 11, 20, 10, 0, 5, tzinfo=UTC))


def test_without_a_time_the_record_says_now(plain: bytes) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    ours = read_provenance(write_keywords(plain, ["pan"], provenance=LATER))
    assert ours is not None
    assert ours.time is not None
    assert before <= ours.time <= datetime.now(UTC)


def test_keywords_of_people_have_no_record_and_are_never_taken_back(plain: bytes) -> None:
    photo = write_keywords(plain, ["pan"])
    assert read_provenance(photo) is None
    assert remove_ours(photo) == photo
    assert write_keywords(photo, (), "replace-ours", FIRST) == photo


def test_a_keyword_that_a_person_wrote_stays_a_persons_when_we_find_the_same(plain: bytes) -> None:
    photo = write_keywords(write_keywords(plain, ["pan"]), ["pan", "pot"], provenance=FIRST)
    assert words_of(photo) == ("pan", "pot")
    assert ours_of(photo) == ("pot",)
    assert words_of(remove_ours(photo)) == ("pan",)
    assert write_keywords(write_keywords(plain, ["pan"]), ["pan"], provenance=FIRST) == write_keywords(
        plain, ["pan"]
    )


def test_a_later_release_renews_the_record_of_what_is_ours(plain: bytes) -> None:
    photo = write_keywords(plain, ["pan"], provenance=FIRST)
    same = Provenance("r1", 97.349, "clip", datetime(2027, 1, 1, tzinfo=UTC))
    assert write_keywords(photo, ["pan"], provenance=same) == photo
    renewed = read_provenance(write_keywords(photo, ["pan"], provenance=LATER))
    assert renewed is not None
    assert renewed[:4] == (("pan",), "r2", 55.0, None)


def test_replacing_ours_takes_out_what_we_wrote_before_and_nothing_else(plain: bytes) -> None:
    photo = write_keywords(write_keywords(plain, ["person"]), ["pan"], provenance=FIRST)
    photo = write_keywords(photo, ["person 2"])
    assert ours_of(photo) == ("pan",)
    photo = write_keywords(photo, ["pot"], "replace-ours", LATER)
    assert words_of(photo) == ("person", "person 2", "pot")
    assert ours_of(photo) == ("pot",)
    assert write_keywords(photo, ["pot"], "replace-ours", LATER) == photo
    assert words_of(remove_ours(photo)) == ("person", "person 2")
    confirmed = write_keywords(photo, ["pot"], "replace-ours")  # by a person: no longer ours
    assert words_of(confirmed) == ("person", "person 2", "pot")
    assert read_provenance(confirmed) is None


def test_a_keyword_of_ours_that_is_found_again_keeps_its_place_and_the_file_its_bytes(plain: bytes) -> None:
    photo = write_keywords(write_keywords(plain, ["pan"], provenance=FIRST), ["person"])
    again = Provenance("r1", 97.349, "clip", datetime(2027, 1, 1, tzinfo=UTC))
    assert write_keywords(photo, ["pan"], "replace-ours", again) == photo
    renewed = write_keywords(photo, ["pan"], "replace-ours", LATER)
    assert words_of(renewed) == ("pan", "person")
    assert ours_of(renewed) == ("pan",)
    assert ours_of(write_keywords(photo, ["person"], "replace-ours", again)) == ()


@pytest.mark.parametrize(("confidence", "is_same"), [(97.35, True), (97.36, True), (97.3, True), (97.5, False)])
def test_a_confidence_that_rounding_moved_changes_nothing(plain: bytes, confidence: float, is_same: bool) -> None:
    photo = write_keywords(plain, ["pan"], provenance=FIRST)
    again = Provenance("r1", confidence, "clip", datetime(2027, 1, 1, tzinfo=UTC))
    assert (write_keywords(photo, ["pan"], "replace-ours", again) == photo) is is_same
    assert (write_keywords(photo, ["pan"], "add", again) == photo) is is_same


def test_replacing_all_leaves_the_given_keywords_alone(plain: bytes) -> None:
    photo = write_keywords(write_keywords(plain, ["person", "pot"]), ["pan"], provenance=FIRST)
    replaced = write_keywords(photo, ["pot", "oven"], "replace-all", LATER)
    assert words_of(replaced) == ("pot", "oven")
    assert ours_of(replaced) == ("pot", "oven")
    assert write_keywords(replaced, ["pot", "oven"], "replace-all", LATER) == replaced
    assert words_of(write_keywords(replaced, ["oven", "pot"], "replace-all")) == ("oven", "pot")
    empty = write_keywords(replaced, [], "replace-all")
    assert read_keywords(empty) == PhotoKeywords((), ())
    assert read_provenance(empty) is None


def test_undoing_twice_is_undoing_once(plain: bytes) -> None:
    photo = remove_ours(write_keywords(write_keywords(plain, ["person"]), ["pan"], provenance=FIRST))
    assert words_of(photo) == ("person",)
    assert remove_ours(photo) == photo


def test_where_iptc_and_xmp_differ_writing_makes_both_say_everything() -> None:
    """Programs read one or the other: Lightroom XMP where the digest fits, others IPTC wherever it stands."""
    photo = encode(picture(size=(16, 12)))
    for start, words in (
        (add_xmp_subject(photo, ["lok", "pan"]), ("lok", "pan", "pot")),
        (add_iptc_keywords(photo, ["lok", "pan"]), ("lok", "pan", "pot")),
        (add_xmp_subject(add_iptc_keywords(photo, ["lok", "a"]), ["pan", "lok"]), ("lok", "a", "pan", "pot")),
    ):
        written = write_keywords(start, ["pot"])
        assert read_keywords(written) == PhotoKeywords(words, words)
        assert words_of(write_keywords(start, ["lok"])) == words[:-1]
        assert write_keywords(start, []) == start
        assert remove_ours(start) == start


def test_repeated_and_padded_words_count_once(plain: bytes) -> None:
    assert words_of(write_keywords(plain, ["pan", " pan ", "pot\t", "pan"])) == ("pan", "pot")


def test_a_mode_that_is_none_is_a_mistake_of_the_caller(plain: bytes) -> None:
    with pytest.raises(ValueError, match="mode is one of add, replace-ours, replace-all, not 'replace'"):
        write_keywords(plain, ["pan"], "replace")


@pytest.mark.parametrize(
    "values",
    [("r1", -1), ("r1", 100.5), ("r1", float("nan")), ("", 5), (" ", 5), ("r\n1", 5), ("r1", 5, "a\x00"),
     ("r1", 5, None, datetime(2026, 1, 1))],
)  # fmt: skip
def test_a_provenance_that_cannot_be_true_is_a_mistake_of_the_caller(values: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match=r"confidence|name|time"):
        Provenance(*values)


ALPHABET = "abc åö 焼肉 𠮷 &<>\"'/;,_-"


def random_word(draw: random.Random) -> str:
    letters = "".join(draw.choice(ALPHABET) for _ in range(draw.choice([1, 3, 8, 30, 80])))
    return letters.strip() or "x"


def model(
    state: tuple[list[str], list[str]], words: list[str], mode: str, marked: bool
) -> tuple[list[str], list[str]]:
    """What the modes mean, said once more: all words, and ours among them."""
    there, ours = state
    if mode == "add":
        new = [word for word in words if word not in there]
        return unique([*there, *words]), unique([*ours, *new]) if marked else ours
    if mode == "replace-all":
        return unique(words), unique(words) if marked else []
    persons = [word for word in there if word not in ours]
    kept = [word for word in there if word not in ours or word in words]
    return unique([*kept, *words]), [word for word in unique(words) if word not in persons] if marked else []


@pytest.mark.parametrize("seed", range(40))
def test_random_histories_end_where_the_rules_say(seed: int) -> None:
    draw = random.Random(seed)
    kind = draw.choice(KINDS)
    photo = encode(picture(seed, (16, 12)), kind)
    image, state = image_data_sha256(photo), (list[str](), list[str]())
    pool = [random_word(draw) for _ in range(12)]
    for _ in range(12):
        words = draw.sample(pool, draw.randint(0, 5))
        mode, marked = draw.choice(["add", "replace-ours", "replace-all"]), draw.random() < 0.6
        provenance = Provenance(f"r{draw.randint(1, 3)}", draw.randint(0, 100)) if marked else None
        state = model(state, words, mode, marked)
        photo = write_keywords(photo, words, mode, provenance)
        assert list(read_keywords(photo).xmp) == state[0]
        assert sorted(ours_of(photo)) == sorted(state[1])
        assert image_data_sha256(photo) == image
        assert write_keywords(photo, words, "add") == photo
    assert list(read_keywords(remove_ours(photo)).xmp) == [word for word in state[0] if word not in state[1]]


def test_a_sidecar_follows_the_same_rules() -> None:
    packet = sidecar_packet(sidecar_packet(None, ["person"]), ["pan"], provenance=FIRST)
    assert sidecar_packet(packet, ["pan"], provenance=FIRST) == packet
    replaced = sidecar_packet(packet, ["pot"], "replace-ours", LATER)
    assert read_keywords(b"", replaced).sidecar == ("person", "pot")
    assert read_keywords(b"", sidecar_packet(replaced, (), "replace-ours")).sidecar == ("person",)
    with pytest.raises(MetadataError, match="cannot be a keyword"):
        sidecar_packet(packet, [""])
