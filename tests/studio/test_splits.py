"""Which photos train, validate and test: nothing moves, nothing leaks, every keyword is measured."""

import numpy as np
import pandas as pd
import pytest

from recipe_assets.studio.split_checks import leaks
from recipe_assets.studio.splits import BLOCKED, BRIDGE, COPY, GONE, RARE, split_photos
from tests.studio.labelled import long_tail, photo, sample_studio, table

SIDES = {"train", "val", "test"}


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


def test_photos_without_a_keyword_are_left_out() -> None:
    rows = [photo(n, "pan" if n % 4 else None, f"r{n}") for n in range(12)]
    assert split_photos(table(rows))["file"].tolist() == [f"{n:04d}.jpg" for n in range(12) if n % 4]


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


def test_of_equal_photos_one_is_used_and_a_new_copy_moves_nothing() -> None:
    rows = [photo(n, "pan", f"r{n}") for n in range(12)]
    first = split_photos(table(rows))
    copy = rows[3] | {"shoot": "0", "file": "copy.jpg"}  # sorts before the photo that it copies
    dealt = split_photos(table([*rows, copy]), first)
    assert sides(dealt)["0", "copy.jpg"] == COPY
    assert {key: side for key, side in sides(dealt).items() if key[0] == "a"} == sides(first)
    fresh = split_photos(table([*rows, copy]))
    assert (fresh["split"] == COPY).sum() == 1
    assert sides(fresh)["a", "0003.jpg"] == COPY


def test_a_copy_takes_the_place_of_a_photo_that_is_gone_on_the_same_side() -> None:
    rows = [photo(n, "pan", f"r{n}") for n in range(12)]
    copy = rows[3] | {"shoot": "b"}
    dealt = split_photos(table([*rows, copy]), split_photos(table(rows)))
    alone = split_photos(table([*rows[:3], *rows[4:], copy]), dealt)
    assert sides(alone)["b", "0003.jpg"] in SIDES


def test_a_rare_keyword_is_listed_and_neither_trains_nor_measures_until_it_has_enough() -> None:
    rows = [photo(n, "pan", f"r{n}") for n in range(12)] + [photo(20 + n, "wok", f"w{n}") for n in range(3)]
    first = split_photos(table(rows), min_photos=4)
    assert set(first.loc[first["keyword"] == "wok", "split"]) == {RARE}
    second = split_photos(table([*rows, photo(30, "wok", "w9")]), first, min_photos=4)
    assert RARE not in set(second["split"])
    pans = first["keyword"] == "pan"
    assert {key: sides(second)[key] for key in sides(first[pans])} == sides(first[pans])


def test_a_keyword_that_became_rare_comes_back_to_the_very_sides_it_had() -> None:
    rows = [photo(n, "pan", f"r{n}") for n in range(12)] + [photo(20 + n, "wok", f"w{n}") for n in range(6)]
    first = split_photos(table(rows), min_photos=4)
    strict = split_photos(table(rows), first, min_photos=10)
    assert set(strict.loc[strict["keyword"] == "wok", "split"]) == {RARE}
    assert sides(split_photos(table(rows), strict, min_photos=4)) == sides(first)


def test_copies_do_not_make_a_rare_keyword_frequent() -> None:
    rows = [photo(n, "pan", f"r{n}") for n in range(12)]
    copies = [photo(20, "wok", "w") | {"file": f"copy {n}.jpg"} for n in range(9)]
    dealt = split_photos(table([*rows, *copies]), min_photos=4)
    assert set(dealt.loc[dealt["keyword"] == "wok", "split"]) == {RARE, COPY}


def half_without_keyword(first: int, count: int, shoot: str, reason: str) -> list[dict]:
    """Every second photo has no keyword, for this reason."""
    return [
        photo(first + n, "pan", f"b{n}", shoot) if n % 2 else photo(first + n, None, f"b{n}", shoot, reason=reason)
        for n in range(count)
    ]


def test_a_shoot_with_too_many_words_that_say_no_keyword_is_kept_out_whole() -> None:
    good = [photo(n, "pan", f"r{n}") for n in range(12)]
    bad = half_without_keyword(20, 8, "b", "unknown: wok")
    dealt = split_photos(table([*good, *bad]))
    assert set(dealt.loc[dealt["shoot"] == "b", "split"]) == {BLOCKED}
    assert set(dealt.loc[dealt["shoot"] == "a", "split"]) == SIDES
    mended = [row | {"keyword": "pan", "reason": None} for row in bad]
    assert BLOCKED not in set(split_photos(table([*good, *mended]), dealt)["split"])


def test_a_photo_that_loses_its_keyword_for_a_while_comes_back_to_its_side() -> None:
    """An alias was taken out and put back: its photos had been dealt anew, some from training to test."""
    photos = sample_studio(1)
    first = split_photos(photos)
    hidden = photos["keyword"] == "saucepan"
    while_away = photos.assign(
        keyword=photos["keyword"].mask(hidden), reason=photos["reason"].mask(hidden, "unknown: x")
    )
    second = split_photos(while_away, first)
    assert set(second.loc[second["keyword"] == "saucepan", "split"]) == {GONE}
    assert sides(split_photos(photos, second)) == sides(first)


def test_renamed_photos_keep_their_sides() -> None:
    rows = [photo(n, "pan", f"r{n}") for n in range(40)]
    first = split_photos(table(rows))
    renamed = [row | {"file": f"new {row['file']}", "recipe_id": None} for row in rows]
    second = split_photos(table([*renamed, *(photo(100 + n, "pan", f"q{n}") for n in range(30))]), first)
    assert {key: sides(second)[key[0], f"new {key[1]}"] for key in sides(first)} == sides(first)
    assert GONE not in set(second["split"])


def test_a_studio_of_which_everything_is_blocked_has_no_copies() -> None:
    """All but one of fifty different photos were called copies of each other."""
    rows = half_without_keyword(0, 20, "a", "ambiguous: pan, wok")
    assert set(split_photos(table(rows))["split"]) == {BLOCKED}


def test_what_people_label_in_a_shoot_that_came_without_keywords_is_trained_on() -> None:
    good = [photo(n, "pan", f"r{n}") for n in range(12)]
    unlabelled = half_without_keyword(20, 8, "b", "missing: the photo has no keyword")
    dealt = split_photos(table([*good, *unlabelled]))
    assert len(dealt[dealt["shoot"] == "b"]) == 4
    assert set(dealt.loc[dealt["shoot"] == "b", "split"]) <= SIDES
