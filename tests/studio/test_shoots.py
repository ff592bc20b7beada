"""What lies in the studio's folder, and what a file's name says."""

import os
import time
from pathlib import Path

import pytest

from recipe_assets.errors import StudioError
from recipe_assets.studio.arrivals import require_shoots
from recipe_assets.studio.shoots import FolderStudio, PhotoName, open_studio, parse_name
from tests.studio.pictures import write_shoot

NAME = "HF_Y24_R15_BW43_SE_K19256-1_01__original.jpg"


@pytest.fixture
def studio(tmp_path: Path) -> FolderStudio:
    """A studio with one shoot of two files, an hour old."""
    folder = write_shoot(tmp_path, "W43", {"b.jpg": b"bb", "a.jpg": b"a"})
    for path in folder.iterdir():
        os.utime(path, (time.time() - 3600,) * 2)
    return FolderStudio(tmp_path)


def test_the_name_of_the_convention_says_all_it_holds() -> None:
    assert parse_name(NAME) == PhotoName(
        "HF", 2024, "R15", "BW43", "SE", "K19256-1", step="01", extra=None, tag="original"
    )


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("HF_Y24_R15_BW43_SE_K19256-1_main__original.jpg", "step", "main"),
        ("HF_Y24_R15_BW43_SE_K19256-1_01_low_original.jpg", "extra", "low"),
        ("HF_Y24_R15_BW43_SE_K19256-1_01_original.jpg", "extra", None),
        ("HF_Y24_R15_BW43_SE_K19256-1_01__mask.png", "tag", "mask"),
        ("HF_Y24_R15_AB2_BW43_SE_K19256-1_01__original.jpg", "image_type", "R15_AB2"),
        ("HF_Y24_R15_W43_NORD_K19256-1_12__original.tiff", "country", "NORD"),
        ("HF_Y24_R15_W43_NORD_K19256-1_12__original.tiff", "week", "W43"),
        ("day 1/HF_Y24_R15_BW43_SE_K19256-1_01__original.jpg", "recipe", "K19256-1"),
    ],
)
def test_every_part_of_a_name_may_take_its_other_forms(name: str, field: str, value: str | None) -> None:
    found = parse_name(name)
    assert found.brand == "HF"
    assert getattr(found, field) == value


@pytest.mark.parametrize(
    "name",
    [
        "", "IMG_0001 (1).jpg", "notes.txt", NAME.lower(), NAME.replace("HF", "HFX"), NAME.replace("Y24", "24"),
        NAME.replace("_01__", "_1__"), NAME.replace("original", "copy"), NAME.replace("_SE", "_S"),
        NAME.replace("_SE", "_SWEDE"), " " + NAME, NAME.replace("_K19256-1", ""), NAME.replace(".", "\n."),
        NAME.replace("BW43", "X43"), NAME.replace("_original", "_original_2"), "köttbullar.jpg",
    ],
)  # fmt: skip
def test_a_name_that_breaks_the_convention_says_nothing_at_all(name: str) -> None:
    assert parse_name(name) == PhotoName()


def test_a_missing_studio_is_an_error_that_names_folder_and_cure(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match=r"/nowhere does not exist: set RECIPE_STUDIO"):
        FolderStudio(tmp_path / "nowhere").shoots()


def test_a_file_in_the_place_of_the_studio_is_an_error_and_not_an_empty_studio(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StudioError, match=r"/file cannot be read: Not a directory"):
        FolderStudio(tmp_path / "file").shoots()


def test_an_empty_studio_is_told_how_to_get_a_shoot(tmp_path: Path) -> None:
    (tmp_path / "lonely.jpg").write_bytes(b"")
    with pytest.raises(StudioError, match=r"has no shoot: .*make sample") as raised:
        require_shoots(FolderStudio(tmp_path))
    assert str(tmp_path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_shoots_are_the_folders_in_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("W44", "W43", ".Trash", "köksbild 1"):
        (tmp_path / name).mkdir()
    (tmp_path / "loose.jpg").write_bytes(b"")
    assert require_shoots(FolderStudio(tmp_path)) == ["W43", "W44", "köksbild 1"]


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_a_shoot_that_is_no_folder_is_an_error_and_not_an_empty_shoot(studio: FolderStudio, kind: str) -> None:
    """The search for files finds nothing in a missing folder, silently; its fingerprint looked like any other."""
    if kind == "file":
        (studio.root / "W99").write_bytes(b"")
    with pytest.raises(StudioError, match=r"shoot 'W99' in .* cannot be read"):
        studio.fingerprint("W99")


def test_system_litter_is_left_out_and_everything_else_is_listed(studio: FolderStudio) -> None:
    litter = dict.fromkeys([".DS_Store", "._a.jpg", "Thumbs.db", "desktop.ini", ".cache/x.jpg"], b"x")
    before = studio.fingerprint("W43")
    write_shoot(studio.root, "W43", litter)
    assert studio.fingerprint("W43") == before
    write_shoot(studio.root, "W43", {"notes.txt": b"", "nested/c.jpg": b"ccc"})
    listed = [(file.name, file.bytes) for file in studio.files("W43")]
    assert listed == [("a.jpg", 1), ("b.jpg", 2), ("nested/c.jpg", 3), ("notes.txt", 0)]
    assert studio.read("W43", "nested/c.jpg") == b"ccc"


def test_the_fingerprint_changes_when_a_file_is_added_changed_or_removed(studio: FolderStudio) -> None:
    seen = [studio.fingerprint("W43")]
    assert studio.fingerprint("W43") == seen[0]
    path = studio.root / "W43" / "c.jpg"
    path.write_bytes(b"c")
    os.utime(path, ns=(10**18, 10**18))
    seen.append(studio.fingerprint("W43"))
    path.write_bytes(b"d")  # as long as before
    os.utime(path, ns=(10**18 + 1, 10**18 + 1))
    seen.append(studio.fingerprint("W43"))
    path.rename(path.with_name("d.jpg"))
    seen.append(studio.fingerprint("W43"))
    assert len(set(seen)) == 4
    path.with_name("d.jpg").unlink()
    assert studio.fingerprint("W43") == seen[0]


def test_a_name_that_is_not_utf8_does_not_stop_the_shoot(studio: FolderStudio) -> None:
    """Old zip tools leave names in Latin-1; such a name cannot be written as JSON or Parquet text as it is."""
    with open(os.fsencode(studio.root / "W43") + b"/k\xf6tt.jpg", "wb") as stream:  # noqa: PTH123 (bytes)
        stream.write(b"x")
    assert len(studio.fingerprint("W43")) == 16
    assert studio.read("W43", studio.files("W43")[-1].name) == b"x"


def test_a_shoot_settles_when_no_file_changed_lately(studio: FolderStudio) -> None:
    assert not studio.is_settling("W43", 60)
    assert studio.is_settling("W43", 2 * 3600)
    (studio.root / "W43" / "new.jpg").write_bytes(b"")
    assert studio.is_settling("W43", 60)
    assert not studio.is_settling("W43", 0)


def test_a_folder_without_files_is_still_on_its_way(studio: FolderStudio) -> None:
    (studio.root / "W44").mkdir()
    assert studio.is_settling("W44", 60)
    assert not studio.is_settling("W44", 0)


def test_a_camera_clock_that_is_ahead_does_not_hold_a_shoot_up_for_ever(studio: FolderStudio) -> None:
    tomorrow = time.time() + 86400
    os.utime(studio.root / "W43" / "a.jpg", (tomorrow, tomorrow))
    assert not studio.is_settling("W43", 60)
    (studio.root / "W43" / "new.jpg").write_bytes(b"")
    assert studio.is_settling("W43", 60)


def test_a_studio_is_opened_by_path_or_file_url(tmp_path: Path) -> None:
    (tmp_path / "köks bilder").mkdir()
    assert open_studio(str(tmp_path)).root == tmp_path
    assert open_studio((tmp_path / "köks bilder").as_uri()).root == tmp_path / "köks bilder"


@pytest.mark.parametrize("location", ["s3://bucket/shoots", "https://example.com/shoots"])
def test_a_bucket_is_refused_with_the_cure(location: str) -> None:
    with pytest.raises(StudioError, match=f"RECIPE_STUDIO={location}: only folders .* copy or mount"):
        open_studio(location)
