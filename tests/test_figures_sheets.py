"""Contact sheets: a cell for every photo, readable names under it, and no picture that breaks the sheet."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recipe_assets.figures import contact_sheet, example_sheet
from recipe_assets.figures.fonts import fit, text_width
from recipe_assets.figures.sheets import GAP
from tests.studio.pictures import encode, picture

CELL = 240
HEIGHT = CELL * 2 // 3


def pixels(content: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "JPEG"
        return np.asarray(image.convert("RGB"))


def cell(sheet: NDArray[np.uint8], column: int, row: int = 0, rows: int = 1) -> NDArray[np.uint8]:
    """The picture's part of a cell."""
    step = (sheet.shape[0] - GAP) // rows
    left, top = GAP + column * (CELL + GAP), GAP + row * step
    return sheet[top : top + HEIGHT, left : left + CELL]


def caption(sheet: NDArray[np.uint8], column: int) -> NDArray[np.uint8]:
    left = GAP + column * (CELL + GAP)
    return sheet[GAP + HEIGHT :, left - GAP // 2 : left + CELL + GAP // 2]


def inked(part: NDArray[np.uint8]) -> bool:
    return bool(part.min() < 160)


@pytest.mark.parametrize(("count", "columns", "rows"), [(0, 1, 1), (1, 1, 1), (6, 6, 1), (7, 6, 2), (60, 6, 10)])
def test_a_sheet_has_a_cell_for_each_photo(count: int, columns: int, rows: int) -> None:
    shapes = [(60, 40), (40, 60), (300, 20)]
    photos = [(f"köttbullar {n}", encode(picture(n, shapes[n % 3]), "PNG")) for n in range(count)]
    sheet = pixels(contact_sheet(photos))
    assert sheet.shape[1] == columns * (CELL + GAP) + GAP
    assert rows * HEIGHT < sheet.shape[0] < rows * (HEIGHT + 60) + GAP
    for index in range(count):
        assert cell(sheet, index % 6, index // 6, rows).std() > 20


def test_a_picture_is_not_distorted_and_stands_in_the_middle() -> None:
    sheet = pixels(contact_sheet([("wide", encode(Image.new("RGB", (480, 160), "black"), "PNG"))]))
    dark = np.argwhere(cell(sheet, 0).max(axis=2) < 60)
    (top, left), (bottom, right) = dark.min(axis=0), dark.max(axis=0)
    assert (right - left + 1, bottom - top + 1) == (240, 80)
    assert abs(top - (HEIGHT - 1 - bottom)) <= 1


@pytest.mark.parametrize(
    "broken", [b"", b"\x89PNG\r\n\x1a\n", b"no picture", b"cut"], ids=["empty", "png", "text", "cut"]
)
def test_a_broken_thumbnail_leaves_a_named_cell_and_the_others_stay(broken: bytes) -> None:
    good = encode(picture(3), "PNG")
    content = good[: len(good) // 2] if broken == b"cut" else broken
    sheet = pixels(contact_sheet([("first", good), ("second", content), ("third", good)]))
    assert all(cell(sheet, column).std() > 20 for column in (0, 2))
    gray = cell(sheet, 1)[20:50, 20:220]
    assert gray.std() < 4
    assert 225 < gray.mean() < 245
    assert inked(cell(sheet, 1)[60:100, 20:220])
    assert inked(caption(sheet, 1))


def test_transparent_parts_are_white_as_paper() -> None:
    clear = encode(Image.new("RGBA", (120, 80), (0, 0, 0, 0)), "PNG")
    assert cell(pixels(contact_sheet([("clear", clear)])), 0).min() > 245


@pytest.mark.parametrize("script", ["Ελλ", "Жшя", "סיר", "مقل", "鍋釜", "한글", "हिं"])
def test_every_script_leaves_ink_under_the_picture(script: str) -> None:
    photo = encode(picture(1), "PNG")
    plain, written = (pixels(contact_sheet([(text, photo)])) for text in ("", script))
    assert not inked(caption(plain, 0))
    assert inked(caption(written, 0))


@pytest.mark.parametrize(
    ("one", "other"), [("Ελλ", "Ωψξ"), ("Жшя", "Дфю"), ("סיר", "מחב"), ("مقل", "طبخ"), ("å", "ä")]
)
def test_letters_beyond_latin_are_drawn_as_themselves(one: str, other: str) -> None:
    """A font without the letters draws the same box for all of them."""
    photo = encode(picture(1), "PNG")
    assert contact_sheet([(one, photo)]) != contact_sheet([(other, photo)])


@pytest.mark.parametrize(
    "text", ["w" * 400, "köttbullar med gräddsås och lingonsylt i stekpanna", "鍋" * 80, "مقلاة " * 40]
)
def test_a_long_caption_stays_in_its_cell(text: str) -> None:
    photo = encode(picture(1), "PNG")
    alone = pixels(contact_sheet([("", photo), ("x", photo)]))
    sheet = pixels(contact_sheet([(text, photo), ("x", photo)]))
    assert inked(caption(sheet, 0))
    # JPEG blurs a few pixels; the neighbor's letters stand as they stood.
    neighbor = (caption(sheet, 1)[:, 8:].astype(int), caption(alone, 1)[:, 8:].astype(int))
    assert np.abs(neighbor[0] - neighbor[1]).max() < 40


def test_a_caption_that_does_not_fit_keeps_both_ends() -> None:
    short = fit("HF_Y24_R15_BW43_SE_K19256-1_01__original.jpg", 20, 150)
    assert short.startswith("HF_Y")
    assert short.endswith(".jpg")
    assert text_width(short, 20) <= 150
    assert fit("pan", 20, 150) == "pan"


def test_a_second_line_makes_the_sheet_higher_and_has_its_own_ink() -> None:
    photo = encode(picture(1), "PNG")
    one, two = (pixels(contact_sheet([(text, photo)])) for text in ("pan", "pan\n12 photos"))
    assert two.shape[0] - one.shape[0] >= 20
    assert inked(two[one.shape[0] - GAP :])


@pytest.mark.parametrize("text", ["a\x00b\tc", "\udcf6", "\u202eabc", "a\r\nb\nc"])
def test_control_characters_in_a_caption_are_blank(text: str) -> None:
    assert pixels(contact_sheet([(text, None)])).size


def test_the_same_photos_make_the_same_sheet() -> None:
    photos = [(f"pan {n}\n鍋", encode(picture(n), "PNG")) for n in range(4)]
    assert contact_sheet(photos) == contact_sheet(photos)


def test_every_keyword_has_a_cell_and_those_with_photos_show_one() -> None:
    counts = {"pan": 1200, "wok": 0, "pot": 1}
    examples = {"pan": encode(picture(1, (384, 256)), "PNG"), "pot": encode(picture(2, (256, 384)), "PNG")}
    sheet = pixels(example_sheet(counts, examples))
    assert [cell(sheet, column)[20:50, 80:160].std() > 12 for column in range(3)] == [True, False, True]
    assert all(inked(caption(sheet, column)) for column in range(3))
    assert pixels(example_sheet({"wok": 0}, {})).shape[1] == CELL + 2 * GAP


def test_a_lost_example_is_not_shown_as_a_keyword_without_photos() -> None:
    assert not np.array_equal(
        pixels(example_sheet({"pan": 9}, {})), pixels(contact_sheet([("pan\n9 photos", None)]))
    )
