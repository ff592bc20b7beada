"""What a file's name says, and who is whose mask."""

import pytest

from recipe_assets.studio.names import PhotoName, pair_name, parse_name

NAME = "HF_Y24_R15_BW43_SE_K19256-1_01__original.jpg"


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
        NAME.replace("_01__", "_\uff10\uff11__"), NAME.replace("Y24", "Y\u0662\u0664"), "mask.png", "masked.png",
        "unmask.png", "masks/IMG_1.png",
    ],
)  # fmt: skip
def test_a_name_that_breaks_the_convention_says_nothing_at_all(name: str) -> None:
    """Digits of other scripts are digits to a regular expression, and would make other steps and years."""
    assert parse_name(name) == PhotoName()


@pytest.mark.parametrize(
    "name",
    ["IMG_1 mask.png", "IMG_1-Mask.PNG", "day 1/IMG_1_mask.jpg", "IMG_1.mask.tif", "a\nb mask.png", "köks_MASK"],
)
def test_a_mask_is_known_by_its_ending_even_outside_the_convention(name: str) -> None:
    assert parse_name(name) == PhotoName(tag="mask")


@pytest.mark.parametrize(
    ("original", "mask"),
    [
        (NAME, NAME.replace("original.jpg", "mask.png")),
        (NAME, NAME.replace("__original.jpg", "_mask.tif")),
        (NAME.replace("__", "_low_"), NAME.replace("__original", "_low_mask")),
        ("IMG_1.jpg", "IMG_1 mask.png"),
        ("IMG_1.jpg", "IMG_1-Mask.PNG"),
        ("IMG_1 original.jpg", "IMG_1 mask.jpg"),
        ("day 1/IMG_1.jpg", "day 1/IMG_1__mask.png"),
        ("v1.2 final.jpg", "v1.2 final mask.png"),
        ("köttbullar.JPG", "köttbullar.mask.png"),
    ],
)
def test_an_original_and_its_mask_have_one_name(original: str, mask: str) -> None:
    assert pair_name(original) == pair_name(mask)


@pytest.mark.parametrize(
    ("photo", "mask"),
    [
        (NAME.replace("_01__", "_02__"), NAME.replace("original", "mask")),
        (NAME.replace("__", "_low_"), NAME.replace("__original", "__mask")),
        ("day 1/IMG_1.jpg", "day 2/IMG_1 mask.png"),
        ("IMG_1.jpg", "day 1/IMG_1 mask.png"),
        ("IMG_1.jpg", "IMG_11 mask.png"),
        ("mask.jpg", "mask mask.png.jpg"),
    ],
)
def test_photos_of_other_steps_folders_and_numbers_are_not_paired(photo: str, mask: str) -> None:
    assert pair_name(photo) != pair_name(mask)
