"""Which photos train, validate and test: nothing moves, nothing leaks, every keyword is measured."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recipe_assets.storage import StorageError, TableStore
from recipe_assets.studio.sample.plan import plan_photos
from recipe_assets.studio.splits import (
    BRIDGE,
    data_fingerprint,
    leaks,
    pending_fingerprint,
    previous_splits,
    split_photos,
)

TYPES = {"phash": "UInt64", "keyword": "string", "recipe_id": "string", "shoot": "string", "file": "string"}
SIDES = {"train", "val", "test"}


def photo(number: int, keyword: str | None, recipe: str | None, shoot: str = "a", **facts: object) -> dict:
    """One labelled photo; its hash is far from those of other numbers."""
    digest = hashlib.sha256(str(number).encode()).digest()
    return {
        "shoot": shoot, "file": f"{number:04d}.jpg", "sha256": digest.hex(), "recipe_id": recipe,
        "phash": int.from_bytes(digest[:8], "big"), "keyword": keyword,
    } | facts  # fmt: skip


def table(rows: list[dict]) -> pd.DataFrame:
    columns = {name: pd.Series([row[name] for row in rows], dtype=TYPES.get(name)) for name in rows[0]}
    return pd.DataFrame(columns)


def sample_studio(seed: int) -> pd.DataFrame:
    """The sample studio's photos with their recipes, some of which the name does not say, and near-copies."""
    rows = []
    for number, planned in enumerate(plan_photos(seed)):
        known = number % 9 != 0
        rows.append(photo(number, planned.keyword, str(planned.recipe) if known else None, planned.shoot))
        if number % 25 == 24:
            rows[-1]["phash"] = rows[-7]["phash"] ^ 0b1011
    return table(rows)


def long_tail(seed: int) -> pd.DataFrame:
    """Random recipes of several keywords each."""
    generator = np.random.default_rng(seed)
    rows = []
    for recipe in range(40):
        for _ in range(int(generator.integers(1, 7))):
            keyword = f"k{min(9, int(generator.geometric(0.3)))}"
            rows.append(photo(len(rows) + 1000 * seed, keyword, f"r{recipe}", f"s{recipe % 4}"))
    return table(rows)


def sides(splits: pd.DataFrame) -> dict[tuple[str, str], str]:
    return splits.set_index(["shoot", "file"])["split"].to_dict()


def unmeasured(splits: pd.DataFrame) -> list[tuple[str, str]]:
    """Keywords with two groups that no test photo shows, with three that no validation photo shows."""
    missing = []
    for keyword, photos in splits.groupby("keyword"):
        groups, found = photos["group"].nunique(), set(photos["split"])
        wanted = {1: {"train"}, 2: {"train", "test"}}.get(groups, SIDES)
        missing += [(keyword, side) for side in sorted(wanted - found)]
    return missing


@pytest.mark.parametrize("seed", range(6))
def test_no_photo_moves_and_nothing_leaks_in_whatever_order_shoots_arrive(seed: int) -> None:
    photos = sample_studio(seed)
    order = np.random.default_rng(seed).permutation(photos["shoot"].unique())
    previous = None
    for arrived in range(1, len(order) + 1):
        here = photos[photos["shoot"].isin(order[:arrived])]
        dealt = split_photos(here.sample(frac=1, random_state=seed), previous)
        assert len(dealt) == len(here)
        assert set(dealt["split"]) <= SIDES | {BRIDGE}
        assert leaks(dealt).empty
        if previous is not None:
            before = sides(previous)
            assert {key: side for key, side in sides(dealt).items() if key in before} == before
        previous = dealt


@pytest.mark.parametrize("seed", range(6))
def test_every_keyword_of_the_sample_is_trained_on_and_measured(seed: int) -> None:
    dealt = split_photos(sample_studio(seed))
    assert unmeasured(dealt) == []
    shares = dealt["split"].value_counts(normalize=True)
    assert 0.7 < shares["train"] < 0.85
    assert min(shares["val"], shares["test"]) > 0.07


@pytest.mark.parametrize("seed", range(20))
def test_every_keyword_of_a_random_long_tail_is_trained_on_and_measured(seed: int) -> None:
    """Rare keywords are dealt first; the photos of other keywords in their recipes went along unasked."""
    assert unmeasured(split_photos(long_tail(seed))) == []


@pytest.mark.parametrize("seed", range(6))
def test_every_keyword_is_measured_after_the_last_shoot_arrived(seed: int) -> None:
    photos = sample_studio(seed)
    order = np.random.default_rng(seed).permutation(photos["shoot"].unique())
    dealt = None
    for arrived in range(1, len(order) + 1):
        dealt = split_photos(photos[photos["shoot"].isin(order[:arrived])], dealt)
    assert unmeasured(dealt) == []


@pytest.mark.parametrize(("groups", "expected"), [(1, {"train"}), (2, {"train", "test"}), (3, SIDES), (9, SIDES)])
def test_a_keyword_with_few_recipes_is_trained_on_first_then_tested_then_validated(
    groups: int, expected: set[str]
) -> None:
    rows = [photo(n, "pan", f"r{n % groups}") for n in range(3 * groups)]
    assert set(split_photos(table(rows))["split"]) == expected


def test_dealing_does_not_depend_on_the_order_of_rows_or_on_chance() -> None:
    photos = sample_studio(3)
    first = split_photos(photos)
    pd.testing.assert_frame_equal(first, split_photos(photos.sample(frac=1, random_state=5)))
    assert data_fingerprint(first, "v") == data_fingerprint(first.sample(frac=1, random_state=1), "v")


def test_photos_without_a_keyword_are_left_out() -> None:
    rows = [photo(n, "pan" if n % 2 else None, f"r{n}") for n in range(12)]
    assert split_photos(table(rows))["file"].tolist() == [f"{n:04d}.jpg" for n in range(1, 12, 2)]


def test_a_studio_without_any_keyword_deals_nothing() -> None:
    dealt = split_photos(table([photo(n, None, None) for n in range(3)]))
    assert dealt.empty
    assert leaks(dealt).empty


def test_a_new_photo_follows_its_recipe_and_its_near_duplicate() -> None:
    first = split_photos(table([photo(n, "pan", f"r{n}") for n in range(12)]))
    twin = first.loc[first["split"] == "test"].iloc[0]
    pal = first.loc[first["split"] == "val"].iloc[0]
    new = [
        photo(50, "pan", None, "b", phash=int(twin["phash"]) ^ 0b11),
        photo(51, "pot", pal["recipe_id"], "b"),
        photo(52, "pan", None, "b", phash=int(twin["phash"]) ^ 0b1100011),
    ]
    rows = [photo(n, "pan", f"r{n}") for n in range(12)] + new
    found = sides(split_photos(table(rows), first))
    assert found["b", "0050.jpg"] == "test"
    assert found["b", "0051.jpg"] == "val"
    assert found["b", "0052.jpg"] == "test"  # near to 0050, so in its group, as far as it is from the twin


def test_a_photo_between_two_sides_is_kept_out_of_both() -> None:
    first = split_photos(table([photo(n, "pan", f"r{n}") for n in range(12)]))
    train, test = (first.loc[first["split"] == side].iloc[0] for side in ("train", "test"))
    rows = [photo(n, "pan", f"r{n}") for n in range(12)]
    bridge = photo(99, "pan", train["recipe_id"], "b", phash=int(test["phash"]) ^ 1)
    dealt = split_photos(table([*rows, bridge]), first)
    assert sides(dealt)["b", "0099.jpg"] == BRIDGE
    assert leaks(dealt).empty
    assert {key: side for key, side in sides(dealt).items() if key[0] == "a"} == sides(first)
    assert sides(split_photos(table([*rows, bridge]), dealt)) == sides(dealt)


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


@pytest.mark.parametrize(
    ("column", "value"), [("keyword", "pot"), ("split", "test"), ("sha256", "00"), ("file", "x.jpg")]
)
def test_the_fingerprint_changes_with_what_a_model_learns_from(column: str, value: str) -> None:
    splits = split_photos(table([photo(n, "pan", f"r{n}") for n in range(5)]))
    changed = splits.copy()
    row = changed.index[changed[column] != value][0]
    changed.loc[row, column] = value
    seen = {data_fingerprint(splits, "v"), data_fingerprint(changed, "v"), data_fingerprint(splits, "w")}
    assert len(seen) == 3


def test_stored_splits_come_back_and_keep_every_photo_where_it_is(tmp_path: Path) -> None:
    tables = TableStore(tmp_path)
    assert previous_splits(tables) is None
    assert pending_fingerprint(tables, "v") is None
    photos = sample_studio(1)
    splits = split_photos(photos)
    tables.write(splits, "splits")
    pd.testing.assert_frame_equal(previous_splits(tables), splits, check_dtype=False)
    assert sides(split_photos(photos, previous_splits(tables))) == sides(splits)
    for shoot, rows in photos.groupby("shoot"):
        tables.write(rows, "standardized_keywords", str(shoot))
    assert pending_fingerprint(tables, "v") == data_fingerprint(splits, "v")


def test_damaged_splits_are_an_error_because_dealing_anew_would_move_photos(tmp_path: Path) -> None:
    tables = TableStore(tmp_path)
    path = tables.write(split_photos(sample_studio(1)), "splits")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(StorageError, match="photos keep their split, so restore that file or delete it"):
        previous_splits(tables)
