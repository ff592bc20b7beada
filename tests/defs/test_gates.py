"""The gates before a release, each on models that it must let pass, warn of and stop; and what the UI shows."""

from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from dagster_aws.s3 import S3Resource

from recipe_assets.defs.evaluation import (
    NO_RELEASE,
    calibration,
    confusion_matrix,
    model_comparison,
    review_keeps_its_promise,
    tuning_pays,
)
from recipe_assets.defs.io_managers import TableIOManager
from recipe_assets.defs.model_checks import (
    baseline_covers_test,
    beats_zero_shot,
    is_calibrated,
    no_keyword_collapses,
    not_worse_than_released,
    probe_covers_test,
    training_improved,
)
from recipe_assets.defs.resources import ReleaseStoreResource, StorageResource
from recipe_assets.model.packaging import TrainingRecord
from recipe_assets.model.predictions import answers, predictions_table
from recipe_assets.release.manifest import BaseCheckpoint
from recipe_assets.release.store import open_store
from tests.model.answered import KEYWORDS, answered, both_sides, photos, right_and_wrong
from tests.model.colors import fresh
from tests.model.small_studio import small_studio
from tests.release import factory

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
PAIRS = {"red-pan": "red", "green-bowl": "lime", "blue-pot": "blue"}
"""What the factory's release knows, and a color that it knows it by."""


def outcome(result: dg.AssetCheckResult) -> str:
    return "passes" if result.passed else "blocks" if result.severity == ERROR else "warns"


def number(result: dg.AssetCheckResult, name: str) -> float:
    return float(result.metadata[name].value)  # type: ignore[arg-type]


def shown(result: dg.MaterializeResult[pd.DataFrame], name: str) -> object:
    value = (result.metadata or {})[name]
    return getattr(value, "value", value)


def share_right(right: int, wrong: int) -> pd.DataFrame:
    """Three keywords, so many photos of each right, and so many taken for bowls."""
    keywords, predicted = right_and_wrong("pan", right, wrong, "bowl")
    for word in ("pot", "tray"):
        more = right_and_wrong(word, right, wrong, "bowl")
        keywords, predicted = keywords + more[0], predicted + more[1]
    return answered(keywords, predicted)


@pytest.fixture
def storage(tmp_path: Path) -> StorageResource:
    """A store with a thumbnail of every photo that `answered` names, and of the factory's release."""
    storage = StorageResource(root=str(tmp_path / "data"))
    files = [f"{split}-{n:04d}.jpg" for split in ("val", "test") for n in range(240)]
    colors = [list(PAIRS.values())[n % 3] for n in range(480)]
    thumbnails = [factory.photo(color, (40, 30), "PNG") for color in colors]
    for shoot in ("shoot-0", "shoot-1"):
        table = pd.DataFrame({"shoot": shoot, "file": files, "thumbnail": thumbnails})
        storage.tables().write(table, "raw_images", shoot)
    return storage


@pytest.fixture
def releases(tmp_path: Path) -> ReleaseStoreResource:
    return ReleaseStoreResource(url=(tmp_path / "releases").as_uri(), s3=S3Resource())


def publish(releases: ReleaseStoreResource, tmp_path: Path, bias: float = 0.0) -> str:
    """A release that names photos by their mean color; with a bias it calls everything a gray tray."""
    manifest = factory.build(tmp_path / "made", bias=bias)
    open_store(releases.url).publish(tmp_path / "made", manifest, None)
    return manifest.release_id


def colored(right: int, count: int = 60) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Splits of test photos in the store's colors, and a model's answers, so many of each thirty right."""
    keywords = [list(PAIRS)[n % 3] for n in range(count)]
    splits = photos(keywords)
    given = [word if n % 30 < right else "gray-tray" for n, word in enumerate(keywords)]
    logits = np.zeros((count, 4), np.float32)
    logits[np.arange(count), [factory.KEYWORDS.index(name) for name in given]] = 2
    return splits, predictions_table(splits, logits, factory.KEYWORDS)


@pytest.mark.parametrize(
    ("tuned", "untuned", "expected"),
    [((20, 0), (10, 10), "passes"), ((10, 10), (10, 10), "passes"), ((10, 10), (20, 0), "blocks")],
)
def test_training_that_did_harm_blocks_and_what_may_be_chance_warns(
    tuned: tuple[int, int], untuned: tuple[int, int], expected: str
) -> None:
    result = beats_zero_shot(share_right(*tuned), share_right(*untuned))
    assert outcome(result) == expected
    assert number(result, "photos") == 60


def test_a_single_photo_less_than_untuned_only_warns() -> None:
    slightly = share_right(20, 0)
    slightly.loc[0, "predicted"] = "bowl"
    assert outcome(beats_zero_shot(slightly, share_right(20, 0))) == "warns"


def test_the_first_model_has_no_release_to_be_worse_than(
    releases: ReleaseStoreResource, storage: StorageResource
) -> None:
    splits, ours = colored(30)
    result = not_worse_than_released(ours, splits, releases=releases, storage=storage)
    assert outcome(result) == "passes"
    assert "no release yet" in result.description


@pytest.mark.parametrize(("right", "expected"), [(30, "passes"), (29, "warns"), (20, "blocks")])
def test_a_model_is_held_against_the_release_on_the_same_photos(
    right: int, expected: str, releases: ReleaseStoreResource, storage: StorageResource, tmp_path: Path
) -> None:
    """The release answers every photo rightly; 29 of 30 is a loss of three points that chance may explain."""
    release_id = publish(releases, tmp_path)
    splits, ours = colored(right)
    result = not_worse_than_released(ours, splits, releases=releases, storage=storage)
    assert outcome(result) == expected
    assert number(result, "released") == 1
    assert number(result, "new") == pytest.approx(right / 30, abs=0.01)
    assert number(result, "low") <= number(result, "difference") <= number(result, "high")
    assert release_id in result.description
    assert "tolerance 1.0 %" in result.description


def test_a_model_that_beats_the_release_passes(
    releases: ReleaseStoreResource, storage: StorageResource, tmp_path: Path
) -> None:
    publish(releases, tmp_path, bias=9)
    splits, ours = colored(20)
    result = not_worse_than_released(ours, splits, releases=releases, storage=storage)
    assert outcome(result) == "passes"
    assert number(result, "released") == 0
    assert "shown to be no worse" in result.description


def test_a_release_of_other_keywords_says_nothing(
    releases: ReleaseStoreResource, storage: StorageResource, tmp_path: Path
) -> None:
    publish(releases, tmp_path)
    ours = share_right(20, 0)
    result = not_worse_than_released(ours, photos(ours["keyword"]), releases=releases, storage=storage)
    assert outcome(result) == "passes"
    assert "shares no keyword" in result.description


@pytest.mark.parametrize(("found", "before", "expected"), [(20, 20, "passes"), (0, 18, "blocks"), (5, 8, "warns")])
def test_a_keyword_that_collapsed_is_named_and_its_photos_are_shown(
    found: int, before: int, expected: str, storage: StorageResource
) -> None:
    others = ["pot"] * 40 + ["tray"] * 40
    tuned = answered(["pan"] * 20 + others, ["pan"] * found + ["bowl"] * (20 - found) + others)
    untuned = answered(["pan"] * 20 + others, ["pan"] * before + ["bowl"] * (20 - before) + others)
    result = no_keyword_collapses(tuned, untuned, storage=storage)
    assert outcome(result) == expected
    assert number(result, "keywords_judged") == 3
    if expected == "passes":
        assert "missed" not in result.metadata
    else:
        assert result.description.startswith(f"pan is {'lost' if expected == 'blocks' else 'weak'}")
        assert "data:image/jpeg" in str(result.metadata["missed"].value)


def claims(confidence: float, right: int, count: int = 200) -> pd.DataFrame:
    """A model that is always as sure, and right so often."""
    return answered(["pan"] * count, ["pan"] * right + ["pot"] * (count - right), confidence)


@pytest.mark.parametrize(
    ("confidence", "right", "expected"),
    [(0.9, 180, "passes"), (0.9, 172, "passes"), (0.9, 162, "warns"), (0.95, 140, "blocks"), (0.6, 190, "blocks")],
)
def test_confidences_that_are_not_honest_warn_and_useless_ones_block(
    confidence: float, right: int, expected: str
) -> None:
    result = is_calibrated(claims(confidence, right))
    assert outcome(result) == expected
    assert number(result, "calibration_error") == pytest.approx(abs(confidence - right / 200), abs=1e-6)
    assert number(result, "beyond_chance") < number(result, "calibration_error")


def test_a_small_test_set_does_not_block_by_its_noise() -> None:
    """Twelve points off on 16 photos is what honest confidences show every second time."""
    result = is_calibrated(claims(0.9, 12, 16))
    assert number(result, "calibration_error") > 0.1
    assert outcome(result) == "passes"


def test_a_table_without_logits_fails_with_one_line() -> None:
    with pytest.raises(dg.Failure, match="materialize its asset again"):
        is_calibrated(pd.DataFrame({"keyword": ["pan"], "predicted": ["pan"]}))


@pytest.mark.parametrize(("right", "expected"), [(100, "passes"), (93, "passes"), (80, "warns")])
def test_a_promise_of_review_that_test_photos_break_warns(right: int, expected: str) -> None:
    validation = answered(["pan"] * 100, ["pan"] * 100, 0.97, "val")
    test = answered(["pan"] * right + ["pot"] * (100 - right), ["pan"] * 100, 0.97)
    result = review_keeps_its_promise(both_sides(validation, test))
    assert outcome(result) == expected
    assert number(result, "unseen") == 100
    assert number(result, "right") == right


@pytest.mark.parametrize(("high", "expected"), [(0.02, "passes"), (-0.01, "warns")])
def test_tuning_that_is_worse_than_a_linear_probe_warns(high: float, expected: str) -> None:
    row = {"photos": 90, "new": 0.8, "old": 0.85, "difference": -0.05, "low": -0.1, "high": high}
    result = tuning_pays(
        pd.DataFrame([{"model": "zero-shot", **row, "high": -1}, {"model": "linear probe", **row}])
    )
    assert outcome(result) == expected
    assert "linear probe 85.0 %" in result.description
    assert tuning_pays(pd.DataFrame(columns=["model", *row])).passed


@pytest.mark.parametrize("check", [baseline_covers_test, probe_covers_test])
def test_a_baseline_that_lacks_test_photos_warns(check: dg.AssetChecksDefinition) -> None:
    splits = pd.concat([photos(["pan"] * 4), photos(["pan"] * 3, "val")])
    assert check(splits, splits).passed
    result = check(splits.iloc[1:], splits)
    assert outcome(result) == "warns"
    assert "1 of 4" in result.description


def record(folder: Path, best_epoch: int) -> Path:
    folder.mkdir(exist_ok=True)
    base = BaseCheckpoint("untrained", None, None)
    TrainingRecord(base, "3f9a1c2b" * 8, "ab" * 32, 1.5, best_epoch, None, None).write(folder)
    return folder


@pytest.mark.parametrize(("best_epoch", "expected"), [(4, "passes"), (1, "warns")])
def test_a_model_whose_first_epoch_is_kept_warns(best_epoch: int, expected: str, tmp_path: Path) -> None:
    assert outcome(training_improved(record(tmp_path / "model", best_epoch))) == expected


def test_the_confusion_matrix_shows_keywords_shoots_years_and_mistakes(
    tmp_path: Path, untrained_checkpoint: Path
) -> None:
    """A model that knows nothing, on stored photos: most of its answers are wrong, and shown."""
    inputs = small_studio(tmp_path, untrained_checkpoint)
    folder = record(tmp_path / "model", 3)
    fresh(untrained_checkpoint).save(folder)
    raw = inputs.splits[["shoot", "file"]].assign(year=pd.array([2024, None] * 21, dtype="Int64"))
    storage = StorageResource(root=str(tmp_path / "tables"))
    result = confusion_matrix(folder, inputs.splits, raw, storage=storage)
    assert result.value["split"].value_counts().to_dict() == {"val": 12, "test": 6}
    assert answers(result.value).temperature == 1.5
    for name in ("matrix", "matrix_in_percent", "keywords", "shoots", "most_confused"):
        assert "data:image/" in str(shown(result, name)), name
    assert shown(result, "test_photos") == 6
    years = {row.data["year"]: row.data["photos"] for row in result.metadata["per_year"].records}
    assert years == {"2024": 3, "unknown": 3}
    right = (result.value["keyword"] == result.value["predicted"])[result.value["split"] == "test"]
    assert len(result.metadata["mistakes"].records) == 6 - right.sum()


def test_calibration_tells_thresholds_and_shows_both_charts() -> None:
    validation = answered(["pan"] * 60, ["pan"] * 60, 0.97, "val")
    test = answered(["pan"] * 19 + ["pot"], ["pan"] * 20, 0.97)
    result = calibration(both_sides(validation, test))
    assert result.value["keyword"].tolist() == list(KEYWORDS)
    assert "certified with 90.0 %" in str(shown(result, "promise"))
    assert shown(result, "unseen") == 1
    assert shown(result, "accuracy_of_unseen") == "95.0 %"
    for name in ("reliability", "risk_coverage"):
        assert "data:image/png" in str(shown(result, name))
    few = calibration(both_sides(validation.head(9), test))
    assert "9 validation photos cannot certify it" in str(shown(few, "promise"))


def test_models_are_compared_with_baselines_and_with_the_release_once_there_is_one(
    releases: ReleaseStoreResource, storage: StorageResource, tmp_path: Path
) -> None:
    splits, ours = colored(20)
    _, probe = colored(10)
    _, untuned = colored(0)
    arguments = (ours, untuned, probe, splits)
    first = model_comparison(*arguments, releases=releases, storage=storage)
    assert first.value["model"].tolist() == ["zero-shot", "linear probe"]
    assert shown(first, "released") == NO_RELEASE
    release_id = publish(releases, tmp_path)
    result = model_comparison(*arguments, releases=releases, storage=storage)
    found = result.value.set_index("model")
    assert list(found.index) == ["zero-shot", "linear probe", f"release {release_id}"]
    assert found["difference"].tolist() == pytest.approx([2 / 3, 1 / 3, -1 / 3], abs=0.02)
    assert (found["low"] <= found["difference"]).all()
    assert "data:image/png" in str(shown(result, "differences"))


def test_a_table_of_an_unpartitioned_asset_keeps_what_its_columns_stand_for(tmp_path: Path) -> None:
    manager, table = TableIOManager(root=str(tmp_path)), claims(0.9, 180)
    key = dg.AssetKey("confusion_matrix")
    manager.handle_output(dg.build_output_context(asset_key=key), table)
    again = manager.load_input(dg.build_input_context(asset_key=key))
    assert again.attrs == table.attrs
    assert answers(again).keywords == KEYWORDS
    assert outcome(is_calibrated(again)) == "passes"
