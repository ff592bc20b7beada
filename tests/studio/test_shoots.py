"""A studio of either kind: the same shoots, files and bytes, and never other bytes than were listed."""

import time

import dagster as dg
import pandas as pd
import pytest

from recipe_assets.errors import StudioError
from recipe_assets.storage import TableStore
from recipe_assets.studio.shoots import Shoot, StudioFile, is_litter, is_shoot_name
from tests.studio.places import Place

NAMES = [
    "köttbullar.jpg", "e\u0301.jpg", "焼き肉.jpg", "IMG 0001 (1).jpg", " led.jpg", "100%.jpg", "a%20b.jpg", "-rf",
    "%2e.jpg", "a+b.jpg", "a#1.jpg", "a?b=c&d.jpg", "quote'\".jpg", "[x]*{y}.jpg", "back\\slash.jpg", "a...jpg",
    "a;b:c@d,e.jpg", "~$a.jpg", "day 1/köks #2/a+b%.jpg", "<a>&amp;.jpg", "x" * 200,
]  # fmt: skip
SHOOTS = ["W43", "W43.1 köksbild", "week 43 + #1 100%", "a=b;c", "焼き肉", "~W43", "-W43", "x" * 200]
NO_SHOOTS = [
    "", ".hidden", "..", "a\nb", "a\tb", "W43...W44", "x" * 201, "ö" * 101, "@eaDir", "__MACOSX", "$RECYCLE.BIN",
]  # fmt: skip


def contents(place: Place) -> dict[str, bytes]:
    """Every file of a studio, by `shoot/name`, as it is listed and read."""
    studio = place.open()
    found = {}
    for name, shoot in studio.shoots().items():
        assert (name, [file.name for file in shoot.files]) == (
            shoot.name,
            sorted(file.name for file in shoot.files),
        )
        for file in shoot.files:
            found[f"{name}/{file.name}"] = studio.read(name, file)
            assert file.bytes == len(found[f"{name}/{file.name}"])
    return found


def test_shoots_and_files_are_listed_in_order_with_their_sizes(place: Place) -> None:
    place.put(
        {"W44/b.jpg": b"bb", "W43/z.jpg": b"", "W43/a.jpg": b"aaa", "W43/day 1/c.jpg": b"c", "W5/a.jpg": b"a"}
    )
    shoots = place.open().shoots()
    assert list(shoots) == ["W43", "W44", "W5"]
    assert [(file.name, file.bytes) for file in shoots["W43"].files] == [
        ("a.jpg", 3), ("day 1/c.jpg", 1), ("z.jpg", 0),
    ]  # fmt: skip


def test_files_of_any_name_come_back_byte_for_byte(place: Place) -> None:
    files = {f"W43/{name}": name.encode() for name in NAMES}
    place.put(files)
    assert contents(place) == files


def test_shoots_of_any_plain_name_come_back(place: Place) -> None:
    files = {f"{shoot}/a.jpg": shoot.encode() for shoot in SHOOTS}
    place.put(files)
    assert contents(place) == files
    for shoot in SHOOTS:
        assert [file.name for file in place.open().shoot(shoot).files] == ["a.jpg"]


@pytest.mark.parametrize("shoot", SHOOTS)
def test_a_name_that_can_name_a_shoot_can_name_a_partition_and_a_table(tables: TableStore, shoot: str) -> None:
    assert is_shoot_name(shoot)
    dg.DynamicPartitionsDefinition(name="shoots").build_add_request([shoot])
    tables.write(pd.DataFrame({"a": [1]}), "raw_images", shoot)
    assert tables.partitions("raw_images") == [shoot]


@pytest.mark.parametrize("shoot", NO_SHOOTS)
def test_a_name_that_no_partition_or_table_can_have_is_no_shoot(shoot: str) -> None:
    assert not is_shoot_name(shoot)


def test_a_folder_that_cannot_name_a_shoot_is_told_and_the_others_are_listed(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.put({"W43/a.jpg": b"a", "W43...W44/a.jpg": b"a", "a\tb/a.jpg": b"a", ".Trash/a.jpg": b"a"})
    assert list(place.open().shoots()) == ["W43"]
    told = [record.getMessage() for record in caplog.records if record.name.startswith("recipe_assets")]
    assert len(told) == 2
    assert all("cannot name a shoot: rename it" in line and "\t" not in line for line in told)


LITTER = [
    ".DS_Store", "._a.jpg", "Thumbs.db", "desktop.ini", ".cache/x.jpg", "day 1/.a.jpg.8fYc2", "__MACOSX/a.jpg",
    "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg", "day 1/THUMBS.DB", "$RECYCLE.BIN/a.jpg", "#recycle/a.jpg",
]  # fmt: skip


def test_litter_is_left_out_and_everything_else_is_listed(place: Place) -> None:
    place.put({"W43/a.jpg": b"a"})
    before = place.open().shoot("W43").fingerprint
    place.put({f"W43/{name}": b"x" for name in LITTER})
    assert place.open().shoot("W43").fingerprint == before
    place.put({"W43/notes.txt": b"", "W43/nested/c": b"c", "W43/a.xmp": b"x", "lonely.jpg": b"at the top"})
    assert [file.name for file in place.open().shoots()["W43"].files] == [
        "a.jpg",
        "a.xmp",
        "nested/c",
        "notes.txt",
    ]
    assert list(place.open().shoots()) == ["W43"]


@pytest.mark.parametrize("name", LITTER)
def test_litter_is_known_by_its_path(name: str) -> None:
    assert is_litter(name)
    assert not is_litter("day 1/a.jpg")


def test_hidden_files_count_as_activity(place: Place) -> None:
    """A copying tool writes into a hidden file before it renames it, so the shoot is still on its way."""
    place.put({"W43/a.jpg": b"a"})
    time.sleep(1.2)
    listed = time.time()
    place.put({"W43/.a.jpg.8fYc2": b"half"})
    assert place.open().shoot("W43").changed >= listed - 1
    assert place.open().shoots()["W43"].changed >= listed - 1


def test_the_fingerprint_changes_when_a_file_is_added_changed_renamed_or_removed(place: Place) -> None:
    place.put({"W43/a.jpg": b"a", "W44/a.jpg": b"a"})
    first, other = (place.open().shoot(name).fingerprint for name in ("W43", "W44"))
    seen = [first]
    for files in ({"W43/b.jpg": b"b"}, {"W43/b.jpg": b"c"}, {"W43/b.jpg": b"cc"}):
        place.put(files)
        seen.append(place.open().shoot("W43").fingerprint)
    place.delete("W43/b.jpg")
    place.put({"W43/c.jpg": b"cc"})
    seen.append(place.open().shoots()["W43"].fingerprint)
    assert len(set(seen)) == 5
    place.delete("W43/c.jpg")
    assert place.open().shoot("W43").fingerprint == place.open().shoots()["W43"].fingerprint == first
    assert place.open().shoot("W44").fingerprint == other


@pytest.mark.parametrize("content", [b"new", b"longer", b""])
def test_a_file_that_changed_since_it_was_listed_is_never_read(place: Place, content: bytes) -> None:
    place.put({"W43/a.jpg": b"old", "W43/b.jpg": b"b"})
    studio = place.open()
    first, second = studio.shoot("W43").files
    place.put({"W43/a.jpg": content})
    with pytest.raises(StudioError, match=r"^W43/a\.jpg changed while its shoot was read"):
        studio.read("W43", first)
    assert studio.read("W43", second) == b"b"


def test_a_file_that_was_removed_since_it_was_listed_is_no_reject(place: Place) -> None:
    place.put({"W43/day 1/a.jpg": b"a", "W43/b.jpg": b"b"})
    studio = place.open()
    second, first = studio.shoot("W43").files
    place.delete("W43/day 1/a.jpg")
    with pytest.raises(StudioError, match=r"^W43/day 1/a\.jpg (was removed|changed) while its shoot was read"):
        studio.read("W43", first)
    assert studio.read("W43", second) == b"b"


def test_a_shoot_that_is_not_there_is_an_error_and_no_empty_shoot(place: Place) -> None:
    place.put({"W43/a.jpg": b"a", "lonely.jpg": b"a"})
    for name in ("W44", "W4", "lonely.jpg"):
        with pytest.raises(StudioError, match=rf"shoot '{name}' in .* cannot be read: ") as raised:
            place.open().shoot(name)
        assert place.location in str(raised.value)


def test_a_studio_without_shoots_lists_none(place: Place) -> None:
    assert place.open().shoots() == {}


@pytest.mark.parametrize(
    ("age", "seconds", "settling"),
    [(30, 60, True), (90, 60, False), (-30, 60, True), (-3600, 60, False), (0, 0, False), (30, 0, False)],
)
def test_a_shoot_settles_once_nothing_changed_for_a_while_whichever_clock_is_ahead(
    age: float, seconds: float, settling: bool
) -> None:
    assert Shoot("W43", (), time.time() - age).is_settling(seconds) is settling


def test_names_that_are_no_text_have_a_fingerprint_too() -> None:
    prints = {Shoot("W43", (StudioFile(name, 1, "v"),), 0).fingerprint for name in ("a", "\udcf6", "\udcf7", "\n")}
    assert len(prints) == 4
