"""Each check on data that it must pass and on data that it must refuse."""

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from recipe_assets.defs.dataset import (
    BEFORE,
    every_keyword_has_photos,
    every_keyword_is_tested,
    every_keyword_is_trained,
    keywords_are_balanced,
    keywords_are_not_rare,
    no_leakage,
    nobody_moved,
)
from recipe_assets.defs.embeddings import embeddings_are_unit_vectors
from recipe_assets.defs.keywords import keywords_are_known
from recipe_assets.defs.model_checks import beats_zero_shot, not_worse_than_released
from recipe_assets.defs.overview import page_path, page_stands_alone
from recipe_assets.defs.quality_checks import finding_check
from recipe_assets.defs.release import somebody_serves
from recipe_assets.defs.resources import (
    ApiFleetResource,
    ReleaseStoreResource,
    ReviewResource,
    StorageResource,
    VocabularyResource,
)
from recipe_assets.defs.review import decisions_are_understood, decisions_find_their_photo
from recipe_assets.defs.studio import masks_are_paired, photos_are_readable
from recipe_assets.studio.quality import KINDS
from recipe_assets.studio.quality.findings import Finding, findings_table
from recipe_assets.studio.review import COLUMNS
from tests.studio.pictures import encode, picture


def photos(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(columns)


@pytest.mark.parametrize(("bad", "passes"), [(0, True), (1, True), (2, False), (10, False)])
def test_a_tenth_of_a_shoot_may_be_unreadable(bad: int, passes: bool) -> None:
    problems: list[object] = ["damaged"] * bad + [None] * (10 - bad)
    result = photos_are_readable(photos(file=list(range(10)), problem=problems))
    assert result.passed is passes
    assert f"{bad} of 10 files" in result.description


@pytest.mark.parametrize(
    ("unknown", "missing", "passes", "blocks"),
    [
        (0, 0, True, False), (3, 0, True, False), (4, 0, False, True), (10, 0, False, True),
        (0, 3, True, False), (0, 4, False, False), (0, 10, False, False), (3, 7, False, False),
        (4, 6, False, True),
    ],
)  # fmt: skip
def test_three_tenths_of_a_shoot_may_have_words_that_say_nothing_and_photos_without_words_only_warn(
    unknown: int, missing: int, passes: bool, blocks: bool
) -> None:
    known = 10 - unknown - missing
    table = photos(
        shoot=["s"] * 10,
        file=list(range(10)),
        keyword=[None] * (unknown + missing) + ["pan"] * known,
        reason=["unknown: wok"] * unknown + ["missing: no keyword"] * missing + [None] * known,
        suggestion=[None] * 10,
    ).astype({"reason": "string"})
    result = keywords_are_known(table)
    assert result.passed is passes
    assert (not result.passed and result.severity == dg.AssetCheckSeverity.ERROR) is blocks
    assert f"the words of {unknown} of 10 photos" in result.description
    assert (f"{missing} photos carry no word at all" in result.description) is bool(missing)


def test_masks_do_not_count_as_lacking_a_keyword() -> None:
    half = photos(
        shoot=["s"] * 2,
        file=["a", "b"],
        keyword=["pan", None],
        reason=[None, "mask: not trained on"],
        suggestion=[None] * 2,
    )
    assert keywords_are_known(half.astype({"reason": "string"})).passed
    masks = half[1:]
    assert keywords_are_known(masks.astype({"reason": "string"})).passed


def split_rows(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["recipe_id", "keyword", "split", "phash"])
    table["dealt"] = table["split"]
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


def test_half_a_pair_warns_and_names_both_halves() -> None:
    pairs = photos(shoot=["s"] * 2, photo=["a", "b"], mask=["am", None], problem=[None, "the mask is missing"])
    result = masks_are_paired(pairs)
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "1 of 2 pairs" in result.description
    assert masks_are_paired(pairs[:1]).passed


def test_a_photo_that_moved_blocks_and_the_first_splits_do_not(tmp_path: Path) -> None:
    storage = StorageResource(root=str(tmp_path))
    now = split_rows(("r1", "pan", "train", 0), ("r2", "pan", "test", FAR))
    assert nobody_moved(now, storage=storage).passed
    storage.tables().write(now, BEFORE)
    assert nobody_moved(now, storage=storage).passed
    result = nobody_moved(now.assign(split="train", dealt="train"), storage=storage)
    assert not result.passed
    assert result.metadata["count"].value == 1


@pytest.fixture
def words(tmp_path: Path) -> VocabularyResource:
    path = tmp_path / "words.yaml"
    path.write_text("min_photos: 3\nkeywords:\n  pan: {prompt: pan}\n  wok: {prompt: wok}\n")
    return VocabularyResource(path=str(path))


def test_a_rare_keyword_warns_and_is_named(words: VocabularyResource) -> None:
    rows = split_rows(("r1", "pan", "train", 0), ("r2", "wok", "rare", FAR))
    result = keywords_are_not_rare(rows, vocabulary=words)
    assert not result.passed
    assert "fewer than 3 photos, so neither learned nor measured: wok" in result.description
    assert keywords_are_not_rare(rows[:1], vocabulary=words).passed


def test_an_uneven_studio_warns_with_the_ratio(words: VocabularyResource) -> None:
    count = 80
    rows = photos(
        shoot=["s"] * count, file=[f"{n}.jpg" for n in range(count)], recipe_id=[f"r{n}" for n in range(count)],
        keyword=["pan"] * 78 + ["wok"] * 2,
    )  # fmt: skip
    result = keywords_are_balanced(rows, vocabulary=words)
    assert not result.passed
    assert "39 times" in result.description
    assert keywords_are_balanced(rows.assign(keyword=["pan", "wok"] * 40), vocabulary=words).passed


@pytest.fixture
def doubtful(tmp_path: Path) -> tuple[pd.DataFrame, StorageResource, ReviewResource]:
    """One finding of every kind about one stored photo, and nothing decided."""
    storage = StorageResource(root=str(tmp_path / "data"))
    files = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    raw = photos(shoot=["s"] * 4, file=files, thumbnail=[encode(picture(n), "PNG") for n in range(4)])
    storage.tables().write(raw, "raw_images", "s")
    storage.tables().write(photos(shoot=["s"] * 4, file=files), "standardized_keywords", "s")
    rows = [
        Finding(
            "s", None if kind == "odd_shoot" else "a.jpg", None if kind == "odd_shoot" else "00", kind, 0.9, "why"
        )
        for kind in KINDS
    ]
    return findings_table(rows), storage, ReviewResource(path=str(tmp_path / "queue.csv"))


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_finding_fails_its_check_with_count_share_picture_and_what_to_do(
    kind: str, doubtful: tuple[pd.DataFrame, StorageResource, ReviewResource]
) -> None:
    found, storage, review = doubtful
    result = finding_check(kind)(found, review=review, storage=storage)
    expected = dg.AssetCheckSeverity.ERROR if KINDS[kind].severity == "error" else dg.AssetCheckSeverity.WARN
    assert (result.passed, result.severity) == (False, expected)
    assert result.metadata["count"].value == 1
    assert result.metadata["share"].value == 0.25
    assert "data:image/" in result.metadata["worst"].value
    assert KINDS[kind].action in result.description
    assert finding_check(kind)(found[found["finding"] != kind], review=review, storage=storage).passed


def test_a_finding_that_a_person_settled_no_longer_fails(
    doubtful: tuple[pd.DataFrame, StorageResource, ReviewResource],
) -> None:
    found, storage, review = doubtful
    line = "s,a.jpg,00,dark,why,,keep"
    Path(review.path).write_text(",".join(COLUMNS) + "\n" + line + "\n")
    assert finding_check("dark")(found, review=review, storage=storage).passed
    assert not finding_check("blurry")(found, review=review, storage=storage).passed


def test_a_decision_that_means_nothing_warns(words: VocabularyResource, tmp_path: Path) -> None:
    review = ReviewResource(path=str(tmp_path / "queue.csv"))
    assert decisions_are_understood(review=review, vocabulary=words).passed
    Path(review.path).write_text(",".join(COLUMNS) + "\ns,a.jpg,00,dark,why,,pann\n")
    result = decisions_are_understood(review=review, vocabulary=words)
    assert not result.passed
    assert result.metadata["lines"].records[0].data["nearest"] == "pan"


def test_a_decision_whose_photo_is_not_there_warns(tmp_path: Path) -> None:
    """A spreadsheet had made a date of the shoot 2024-05-01: the decision was followed by nobody, silently."""
    review = ReviewResource(path=str(tmp_path / "queue.csv"))
    labelled = photos(shoot=["2024-05-01"], file=["a.jpg"], sha256=["00"])
    lines = ["5/1/2024,a.jpg,00,dark,why,,drop", "2024-05-01,a.jpg,00,dark,why,,drop", "x,y,z,dark,why,,"]
    Path(review.path).write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
    result = decisions_find_their_photo(labelled, review=review)
    assert not result.passed
    assert [record.data["shoot"] for record in result.metadata["lines"].records] == ["5/1/2024"]


def test_a_photo_that_was_taken_out_is_settled_in_every_check(
    doubtful: tuple[pd.DataFrame, StorageResource, ReviewResource],
) -> None:
    found, storage, review = doubtful
    Path(review.path).write_text(",".join(COLUMNS) + "\ns,a.jpg,00,dark,why,,Drop\n")
    assert finding_check("blurry")(found, review=review, storage=storage).passed


def test_embeddings_that_are_no_unit_vectors_fail() -> None:
    good = photos(file=["a", "b"], embedding=[[0.6, 0.8], [1.0, 0.0]])
    assert embeddings_are_unit_vectors(good).passed
    assert not embeddings_are_unit_vectors(
        photos(file=["a", "b"], embedding=[[0.6, 0.8], [float("nan"), 0.0]])
    ).passed


def test_a_page_that_fetches_something_or_is_missing_warns(tmp_path: Path) -> None:
    storage = StorageResource(root=str(tmp_path))
    assert not page_stands_alone(storage=storage).passed
    page_path(storage.root).write_text("<img src='data:image/png;base64,AA'>")
    assert page_stands_alone(storage=storage).passed
    page_path(storage.root).write_text("<img src='https://example.com/a.png'>")
    assert not page_stands_alone(storage=storage).passed


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
