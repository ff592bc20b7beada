"""Gates: what must hold before a model may be released; and whether training and baselines were sound.

The rules and their numbers stand in `model.gates`; here is decided who is told, what they see, and what stops.
"""

from pathlib import Path

import dagster as dg
import pandas as pd

from recipe_assets.defs.evaluation import confusion_matrix, released_answers
from recipe_assets.defs.evaluation_views import between, photo_sheet
from recipe_assets.defs.model import fine_tuned_model, linear_probe_baseline, zero_shot_baseline
from recipe_assets.defs.reporting import percent, plain_errors, table
from recipe_assets.defs.resources import ReleaseStoreResource, StorageResource

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
BASELINE = {"zero_shot_baseline": dg.AssetIn("zero_shot_baseline")}
SPLITS = {"splits": dg.AssetIn("splits")}


@dg.asset_check(asset=zero_shot_baseline, additional_ins=SPLITS)
def baseline_covers_test(zero_shot_baseline: pd.DataFrame, splits: pd.DataFrame) -> dg.AssetCheckResult:
    """The baseline was measured on exactly the test photos, so that comparisons with it are fair."""
    return _covers_test(zero_shot_baseline, splits)


@dg.asset_check(asset=linear_probe_baseline, additional_ins=SPLITS)
def probe_covers_test(linear_probe_baseline: pd.DataFrame, splits: pd.DataFrame) -> dg.AssetCheckResult:
    """The linear probe was measured on exactly the test photos, so that comparisons with it are fair."""
    return _covers_test(linear_probe_baseline, splits)


def _covers_test(answered: pd.DataFrame, splits: pd.DataFrame) -> dg.AssetCheckResult:
    expected = set(splits.loc[splits["split"] == "test", "sha256"])
    missing = expected - set(answered["sha256"])
    return dg.AssetCheckResult(
        passed=not missing,
        severity=WARN,
        description=f"{len(missing)} of {len(expected)} test photos have no baseline answer",
    )


@dg.asset_check(asset=confusion_matrix, blocking=True, additional_ins=BASELINE)
def beats_zero_shot(confusion_matrix: pd.DataFrame, zero_shot_baseline: pd.DataFrame) -> dg.AssetCheckResult:
    """On the same test photos the tuned model is not worse than the untuned one; if it is, training did harm.

    Blocks when the whole 95 % interval of the paired difference lies below zero; warns when only the figure does.
    """
    from recipe_assets.model.gates import compare, same_photos

    found = compare(*same_photos(confusion_matrix, zero_shot_baseline))
    return dg.AssetCheckResult(
        passed=found.new >= found.old,
        severity=ERROR if found.is_worse else WARN,
        description=f"macro accuracy {percent(found.new)}, zero-shot {percent(found.old)}; difference "
        f"{between(found.difference)} on {found.photos} photos",
        metadata={"fine_tuned": found.new, "zero_shot": found.old, "photos": found.photos},
    )


@dg.asset_check(asset=confusion_matrix, blocking=True, additional_ins=SPLITS)
def not_worse_than_released(
    confusion_matrix: pd.DataFrame, splits: pd.DataFrame, releases: ReleaseStoreResource, storage: StorageResource
) -> dg.AssetCheckResult:
    """On the same test photos the tuned model is not worse than the released one by more than one point.

    Blocks when it is, and the whole 95 % interval of the paired difference lies below zero; warns where the test
    photos are too few to tell it from chance.
    """
    from recipe_assets.model.gates import TOLERANCE, compare, same_photos

    with plain_errors():
        release_id, released = released_answers(releases, storage, splits)
    if released is None:
        return dg.AssetCheckResult(passed=True, description="there is no release yet: nothing to be worse than")
    ours, theirs = same_photos(confusion_matrix, released)
    if ours.empty:
        return dg.AssetCheckResult(
            passed=True, description=f"release {release_id} shares no keyword with these photos"
        )
    found = compare(ours, theirs)
    proof = ", shown to be no worse" if found.is_not_worse_by(TOLERANCE) else ""
    return dg.AssetCheckResult(
        passed=found.change >= -TOLERANCE,
        severity=ERROR if found.is_worse_by(TOLERANCE) else WARN,
        description=f"macro accuracy {percent(found.new)}, release {release_id} {percent(found.old)} on the same "
        f"{found.photos} photos; difference {between(found.difference)}, tolerance {percent(TOLERANCE)}{proof}",
        metadata={
            "new": found.new, "released": found.old, "release_id": release_id, "photos": found.photos,
            "difference": found.change, "low": found.difference[0], "high": found.difference[1],
        },
    )  # fmt: skip


@dg.asset_check(asset=confusion_matrix, blocking=True, additional_ins=BASELINE)
def no_keyword_collapses(
    confusion_matrix: pd.DataFrame, zero_shot_baseline: pd.DataFrame, storage: StorageResource
) -> dg.AssetCheckResult:
    """No keyword is lost, though the mean is good: found less than half as often as untuned, or in under 10 %.

    Blocks on a lost keyword, warns of one that is found less than half as often as the others on average; both
    only where chance does not explain it.
    """
    from recipe_assets.model.gates import FEWEST_PHOTOS, collapsed_keywords
    from recipe_assets.model.predictions import held_out

    found, tested = collapsed_keywords(confusion_matrix, zero_shot_baseline), held_out(confusion_matrix)
    judged = int((tested["keyword"].value_counts() >= FEWEST_PHOTOS).sum())
    metadata: dict[str, dg.MetadataValue | int] = {"keywords_judged": judged, "keywords": table(found)}
    missed = tested[tested["keyword"].isin(found["keyword"]) & (tested["keyword"] != tested["predicted"])]
    if len(missed):
        with plain_errors():
            metadata["missed"] = photo_sheet(storage.tables(), missed)
    said = [
        f"{row['keyword']} is {'lost' if row['lost'] else 'weak'} ({percent(row['accuracy'])} of {row['photos']})"
        for row in found.to_dict("records")
    ]
    return dg.AssetCheckResult(
        passed=found.empty,
        severity=ERROR if found["lost"].any() else WARN,
        description="; ".join(said) or f"none of the {judged} keywords with at least {FEWEST_PHOTOS} test photos",
        metadata=metadata,
    )


@dg.asset_check(asset=confusion_matrix, blocking=True)
def is_calibrated(confusion_matrix: pd.DataFrame) -> dg.AssetCheckResult:
    """On test photos the confidences are right as often as they say.

    Judged is the calibration error beyond what honest confidences show on so few photos, where chance does not
    explain it: above 10 points it blocks, above 5 it warns.
    """
    from recipe_assets.model.calibration import calibration
    from recipe_assets.model.gates import NOTICEABLE, UNUSABLE, is_badly_calibrated
    from recipe_assets.model.predictions import HELD_OUT, answers

    with plain_errors():
        tested = answers(confusion_matrix, HELD_OUT)
    found = calibration(tested.confidence, tested.right, tested.groups)
    return dg.AssetCheckResult(
        passed=not is_badly_calibrated(found, NOTICEABLE),
        severity=ERROR if is_badly_calibrated(found, UNUSABLE) else WARN,
        description=f"calibration error {percent(found.error)} on {len(tested.truth)} photos, of which "
        f"{percent(found.if_honest)} is to be expected of so few; chance explains up to "
        f"{percent(found.at_most_if_honest)}",
        metadata={
            "calibration_error": found.error,
            "beyond_chance": found.excess,
            "temperature": tested.temperature,
        },
    )


@dg.asset_check(asset=fine_tuned_model)
def training_improved(fine_tuned_model: Path) -> dg.AssetCheckResult:
    """The kept epoch is not the first one; if it is, the learning rate is too high or there is too little data."""
    from recipe_assets.model.packaging import TrainingRecord

    best = TrainingRecord.read(fine_tuned_model).best_epoch
    return dg.AssetCheckResult(passed=best > 1, severity=WARN, description=f"the kept epoch is number {best}")
