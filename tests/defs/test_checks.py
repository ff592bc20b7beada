"""Each check on data that it must pass and on data that it must refuse."""

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from recipe_assets.defs.dataset import (
    every_keyword_has_photos,
    every_keyword_is_tested,
    every_keyword_is_trained,
    no_leakage,
)
from recipe_assets.defs.model_checks import beats_zero_shot, not_worse_than_released
from recipe_assets.defs.release import somebody_serves
from recipe_assets.defs.resources import ApiFleetResource, ReleaseStoreResource, StorageResource
from recipe_assets.defs.studio import keywords_are_known, photos_are_readable


def photos(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(columns)


@pytest.mark.parametrize(("bad", "passes"), [(0, True), (1, True), (2, False), (10, False)])
def test_a_tenth_of_a_shoot_may_be_unreadable(bad: int, passes: bool) -> None:
    problems: list[object] = ["damaged"] * bad + [None] * (10 - bad)
    result = photos_are_readable(photos(file=list(range(10)), problem=problems))
    assert result.passed is passes
    assert f"{bad} of 10 files" in result.description


@pytest.mark.parametrize(("bad", "passes"), [(0, True), (3, True), (4, False), (10, False)])
def test_three_tenths_of_a_shoot_may_lack_a_keyword(bad: int, passes: bool) -> None:
    table = photos(
        file=list(range(10)),
        keyword=[None] * bad + ["pan"] * (10 - bad),
        reason=["unknown: wok"] * bad + [None] * (10 - bad),
    ).astype({"reason": "string"})
    assert keywords_are_known(table).passed is passes


def test_masks_do_not_count_as_lacking_a_keyword_but_a_shoot_of_masks_alone_does() -> None:
    half = photos(file=["a", "b"], keyword=["pan", None], reason=[None, "mask: not trained on"])
    assert keywords_are_known(half.astype({"reason": "string"})).passed
    masks = photos(file=["b"], keyword=[None], reason=["mask: not trained on"])
    assert not keywords_are_known(masks.astype({"reason": "string"})).passed


def split_rows(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["recipe_id", "keyword", "split", "phash"])
    table["shoot"], table["file"] = "s", [f"{i}.jpg" for i in range(len(table))]
    table["sha256"] = [f"{i:064x}" for i in range(len(table))]
    return table.astype({"phash": "uint64"})


FAR = 0xFFFF_0000_FFFF_0000


def test_a_recipe_in_two_splits_is_a_leak() -> None:
    assert no_leakage(split_rows(("r1", "pan", "train", 0), ("r2", "pan", "test", FAR))).passed
    assert not no_leakage(split_rows(("r1", "pan", "train", 0), ("r1", "pan", "test", FAR))).passed


def test_a_near_duplicate_in_two_splits_is_a_leak() -> None:
    assert not no_leakage(split_rows(("r1", "pan", "train", 0b111), ("r2", "pan", "test", 0b1))).passed


def test_a_keyword_without_training_photos_blocks_and_is_named() -> None:
    result = every_keyword_is_trained(split_rows(("r1", "pan", "train", 0), ("r2", "saucepan", "test", FAR)))
    assert not result.passed
    assert "saucepan" in result.description


def test_a_keyword_without_test_photos_warns_only() -> None:
    result = every_keyword_is_tested(split_rows(("r1", "pan", "train", 0)))
    assert not result.passed
    assert result.severity == dg.AssetCheckSeverity.WARN


def test_a_keyword_of_the_vocabulary_without_photos_warns_and_is_named() -> None:
    result = every_keyword_has_photos(photos(keyword=["pan", "CP"], shoot=[3, 0]))
    assert not result.passed
    assert "CP" in result.description


def predictions(predicted: list[str]) -> pd.DataFrame:
    keywords = ["pan", "pan", "tray", "tray"] * (len(predicted) // 4)
    return pd.DataFrame(
        {
            "shoot": "s",
            "file": [f"{i}.jpg" for i in range(len(predicted))],
            "group": [f"g{i}" for i in range(len(predicted))],
            "keyword": keywords,
            "predicted": predicted,
        }
    )


GOOD = predictions(["pan", "pan", "tray", "tray"] * 5)
HALF = predictions(["pan", "pan", "pan", "pan"] * 5)


NEARLY = predictions(["pan", "pan", "tray", "tray"] * 4 + ["pan", "pan", "tray", "pan"])


@pytest.mark.parametrize(("tuned", "untuned"), [(GOOD, HALF), (HALF, HALF)])
def test_a_tuned_model_as_good_as_the_untuned_one_passes(tuned: pd.DataFrame, untuned: pd.DataFrame) -> None:
    assert beats_zero_shot(tuned, untuned).passed


def test_a_tuned_model_that_is_clearly_worse_blocks_and_one_photo_less_only_warns() -> None:
    clearly = beats_zero_shot(HALF, GOOD)
    assert (clearly.passed, clearly.severity) == (False, dg.AssetCheckSeverity.ERROR)
    slightly = beats_zero_shot(NEARLY, GOOD)
    assert (slightly.passed, slightly.severity) == (False, dg.AssetCheckSeverity.WARN)


def test_the_first_model_has_no_release_to_be_worse_than(tmp_path: Path) -> None:
    from dagster_aws.s3 import S3Resource

    store = ReleaseStoreResource(url=tmp_path.as_uri(), s3=S3Resource())
    result = not_worse_than_released(
        GOOD, pd.DataFrame(), releases=store, storage=StorageResource(root=str(tmp_path))
    )
    assert result.passed
    assert "no release yet" in result.description


def test_a_release_that_reaches_nobody_warns() -> None:
    assert somebody_serves(apis=ApiFleetResource(urls=["http://localhost:8000"])).passed
    result = somebody_serves(apis=ApiFleetResource(urls=[]))
    assert not result.passed
    assert "RECIPE_API_URLS" in result.description
