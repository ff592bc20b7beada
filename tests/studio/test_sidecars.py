"""Which XMP file belongs to which photo."""

import pytest

from recipe_assets.studio.shoots import StudioFile
from recipe_assets.studio.sidecars import is_sidecar, sidecars


def matched(*names: str) -> dict[str, str]:
    """Photo -> sidecar, for a shoot of these files."""
    files = [StudioFile(name, 1, "v") for name in sorted(names)]
    return {photo: note.name for photo, note in sidecars(files).of.items()}


@pytest.mark.parametrize(
    ("photo", "note"),
    [
        ("a.jpg", "a.xmp"),
        ("a.jpg", "a.jpg.xmp"),
        ("A.JPG", "a.xmp"),
        ("a.jpg", "A.XMP"),
        ("IMG_1.CR2", "IMG_1.cr2.xmp"),
        ("day 1/a.jpg", "day 1/a.xmp"),
        ("v1.2 köks.jpg", "v1.2 köks.xmp"),
        ("no_suffix", "no_suffix.xmp"),
    ],
)
def test_a_sidecar_is_found_beside_its_photo(photo: str, note: str) -> None:
    assert matched(photo, note) == {photo: note}


@pytest.mark.parametrize(
    ("photo", "note"),
    [
        ("a.jpg", "b.xmp"),
        ("day 1/a.jpg", "a.xmp"),
        ("a.jpg", "day 1/a.xmp"),
        ("a.jpg", "a.png.xmp"),
        ("a.jpg", "a.xmp.txt"),
        ("v1.2.jpg", "v1.xmp"),
    ],
)
def test_a_sidecar_elsewhere_or_of_another_photo_is_not(photo: str, note: str) -> None:
    assert photo not in matched(photo, note)


def test_the_name_with_the_photos_extension_wins() -> None:
    assert matched("a.jpg", "a.xmp", "a.jpg.xmp") == {"a.jpg": "a.jpg.xmp"}
    assert matched("a.jpg", "a.tif", "a.xmp", "a.jpg.xmp") == {"a.jpg": "a.jpg.xmp", "a.tif": "a.xmp"}


def test_a_raw_file_and_its_jpeg_share_one_sidecar() -> None:
    assert matched("a.cr2", "a.jpg", "a.xmp") == {"a.cr2": "a.xmp", "a.jpg": "a.xmp"}


def test_names_that_differ_in_case_alone_keep_their_own_sidecars() -> None:
    """Where the file system tells them apart, one photo got the other's keywords."""
    own = {"IMG.jpg": "IMG.xmp", "img.jpg": "img.xmp"}
    assert matched(*own, *own.values()) == own


def test_no_sidecar_is_a_photo_of_its_own() -> None:
    assert matched("a.xmp", "a.xmp.xmp") == {}
    assert [is_sidecar(name) for name in ("a.xmp", "day 1/A.XMP", "a.jpg.xmp", "a.xmp.jpg", "xmp")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_only_sidecars_without_a_photo_are_left_over() -> None:
    names = ["a.jpg", "a.jpg.xmp", "a.xmp", "b.jpg", "b.xmp", "lonely.xmp"]
    found = sidecars([StudioFile(name, 1, "v") for name in names])
    assert found.attached == {"a.jpg.xmp", "a.xmp", "b.xmp"}
