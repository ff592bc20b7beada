"""Originals and masks: pairs, halves, and pairs that do not fit."""

import pandas as pd
import pytest

from recipe_assets.storage import TableStore
from recipe_assets.studio.masks import COLUMNS, mask_pairs
from recipe_assets.studio.names import parse_name

NAME = "HF_Y24_R15_BW43_SE_K19256-1_{}"
DTYPES = {
    "shoot": "string", "file": "string", "tag": "string", "width": "Int64", "height": "Int64", "problem": "string",
}  # fmt: skip


def raw_table(*files: str | dict[str, object]) -> pd.DataFrame:
    """A shoot's table; what a file does not say is as for a good photo of 60x40 pixels."""
    named = [{"file": file} if isinstance(file, str) else file for file in files]
    rows = [
        {"shoot": "W43", "width": 60, "height": 40, "tag": parse_name(str(row["file"])).tag} | row for row in named
    ]
    return pd.DataFrame(
        {name: pd.Series([row.get(name) for row in rows], dtype=dtype) for name, dtype in DTYPES.items()}
    )


def unreadable(file: str) -> dict[str, object]:
    return {"file": file, "width": None, "height": None, "problem": "truncated"}


def pairs(*files: str | dict[str, object]) -> list[tuple[object, ...]]:
    """Photo, mask and problem of each pair, None for what is missing."""
    found = mask_pairs(raw_table(*files))
    assert list(found.columns) == COLUMNS
    assert set(found["shoot"]) <= {"W43"}
    cells = found[["photo", "mask", "problem"]].astype(object)
    return list(cells.where(cells.notna(), None).itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("photo", "mask"),
    [
        (NAME.format("01__original.jpg"), NAME.format("01__mask.png")),
        (NAME.format("01__original.tif"), NAME.format("01_mask.tif")),
        ("IMG_1.jpg", "IMG_1 mask.png"),
        ("day 1/IMG_1.jpg", "day 1/IMG_1-MASK.PNG"),
    ],
)
def test_a_pair_is_found_by_name_whatever_the_file_types(photo: str, mask: str) -> None:
    assert pairs(mask, photo) == [(photo, mask, None)]


def test_each_pair_stands_in_a_row_in_order_and_other_photos_in_none() -> None:
    files = ["b.jpg", "a.jpg", "b mask.png", "a mask.png", "c.jpg", "notes.txt"]
    assert pairs(*files) == [("a.jpg", "a mask.png", None), ("b.jpg", "b mask.png", None)]


def test_halves_name_what_is_missing() -> None:
    original, mask = NAME.format("01__original.jpg"), NAME.format("02__mask.png")
    assert pairs(original, mask, "IMG_1 mask.png", "IMG_2.jpg") == [
        (original, None, "the mask is missing"),
        (None, mask, "the original is missing"),
        (None, "IMG_1 mask.png", "the original is missing"),
    ]


def test_a_shoot_without_masks_misses_none() -> None:
    found = mask_pairs(raw_table(NAME.format("01__original.jpg"), "IMG_1.jpg"))
    assert (len(found), list(found.columns)) == (0, COLUMNS)
    assert len(mask_pairs(raw_table())) == 0


def test_unreadable_halves_name_the_half_and_why() -> None:
    assert pairs(unreadable("a.jpg"), "a mask.png", "b.jpg", unreadable("b mask.png")) == [
        ("a.jpg", "a mask.png", "the original is no usable photo (truncated)"),
        ("b.jpg", "b mask.png", "the mask is no usable photo (truncated)"),
    ]
    assert (
        pairs(unreadable("a.jpg"), unreadable("a mask.png"))[0][2] == "the original is no usable photo (truncated)"
    )


@pytest.mark.parametrize("beside", ["a.txt", "a.cr2", "a original.xmp"])
def test_a_file_that_is_no_photo_is_nobodys_original_where_there_is_one(beside: str) -> None:
    assert pairs("a.jpg", unreadable(beside), "a mask.png") == [("a.jpg", "a mask.png", None)]


@pytest.mark.parametrize("beside", ["a_mask.txt", "a-mask.psd"])
def test_a_file_that_is_no_photo_is_nobodys_mask_where_there_is_one(beside: str) -> None:
    assert pairs("a.jpg", unreadable(beside), "a mask.png") == [("a.jpg", "a mask.png", None)]


@pytest.mark.parametrize("size", [(40, 60), (60, 41), (30, 20)])
def test_a_mask_of_another_size_is_told_with_both(size: tuple[int, int]) -> None:
    mask = {"file": "a mask.png", "width": size[0], "height": size[1]}
    problem = f"the mask has {size[0]}x{size[1]} pixels, the original 60x40"
    assert pairs("a.jpg", mask) == [("a.jpg", "a mask.png", problem)]


def test_two_originals_of_one_mask_are_both_told() -> None:
    assert pairs("a.jpg", "a.tif", "a mask.png") == [("a.jpg", "a mask.png", None), ("a.tif", "a mask.png", None)]


def test_nothing_but_halves_and_nothing_but_rejects_are_tables_too() -> None:
    assert pairs("a mask.png") == [(None, "a mask.png", "the original is missing")]
    assert pairs(unreadable("a mask.png")) == [(None, "a mask.png", "the original is missing")]
    assert pairs(unreadable("a.jpg"), unreadable("b.jpg")) == []


@pytest.mark.parametrize("files", [("a.jpg",), ("a.jpg", "a mask.png"), ("a mask.png",)])
def test_a_stored_table_of_pairs_has_the_same_types_whatever_it_holds(
    tables: TableStore, files: tuple[str]
) -> None:
    """Shoots' tables are put one below the other, so an empty one may not bring other types."""
    tables.write(mask_pairs(raw_table(*files)), "mask_pairs", "W43")
    assert set(tables.read("mask_pairs", "W43").dtypes.astype(str)) == {"string"}
