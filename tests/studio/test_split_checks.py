"""What the checks of splits find, on splits with planted faults."""

import pandas as pd
import pytest

from recipe_assets.studio.split_checks import leaks, moved
from recipe_assets.studio.splits import BRIDGE, RARE, split_photos
from tests.studio.labelled import photo, sample_studio, table


def planted(**facts: object) -> pd.DataFrame:
    """Two photos, of which one trains and one tests."""
    rows = [photo(1, "pan", "r1"), photo(2, "pan", "r2") | facts]
    return table(rows).assign(split=pd.Series(["train", "test"], dtype="string"))


def test_photos_that_have_nothing_in_common_are_no_leak() -> None:
    assert leaks(planted()).empty


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"recipe_id": "r1"}, "recipe_id"),
        ({"sha256": photo(1, None, None)["sha256"]}, "sha256"),
        ({"phash": photo(1, None, None)["phash"] ^ 0b1111}, "near-duplicate"),
    ],
)
def test_a_planted_leak_is_found_with_both_sides_and_photos(facts: dict[str, object], kind: str) -> None:
    (found,) = leaks(planted(**facts)).to_dict("records")
    assert found["kind"] == kind
    assert found["sides"] == "test, train"
    assert found["photos"] == "a/0001.jpg, a/0002.jpg"
    assert leaks(planted(**facts).assign(split="train")).empty
    assert leaks(planted(**facts).assign(split=["train", BRIDGE])).empty


def test_missing_recipes_are_not_one_recipe() -> None:
    assert leaks(planted(recipe_id=None).assign(recipe_id=pd.Series([None, None], dtype="string"))).empty


def test_nobody_moved_between_a_table_and_itself_or_more_shoots() -> None:
    photos = sample_studio(2)
    first = split_photos(photos[photos["shoot"] != photos["shoot"].max()])
    assert moved(first, first).empty
    assert moved(first, split_photos(photos, first)).empty


@pytest.mark.parametrize(("columns", "found"), [(["split", "dealt"], 1), (["split"], 1), (["dealt"], 1)])
def test_a_photo_on_another_side_is_found(columns: list[str], found: int) -> None:
    first = split_photos(sample_studio(2))
    after = first.copy()
    row = after.index[after["split"] == "test"][0]
    after.loc[row, columns] = "train"
    (names,) = moved(first, after)[["shoot", "file"]].to_dict("records")
    assert names == after.loc[row, ["shoot", "file"]].to_dict()


def test_a_photo_that_is_only_kept_out_now_has_not_moved() -> None:
    first = split_photos(sample_studio(2))
    assert moved(first, first.assign(split=RARE)).empty


def test_splits_of_an_earlier_version_can_be_compared() -> None:
    first = split_photos(sample_studio(2))
    assert moved(first.drop(columns="dealt"), first).empty
