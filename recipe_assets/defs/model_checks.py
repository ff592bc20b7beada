"""Checks of the model assets: what must hold before a model may be released, and what people should know."""

from pathlib import Path

import dagster as dg
import pandas as pd

from recipe_assets.defs.model import confusion_matrix, fine_tuned_model, zero_shot_baseline
from recipe_assets.defs.reporting import percent, plain_errors
from recipe_assets.defs.resources import ReleaseStoreResource, StorageResource


@dg.asset_check(asset=zero_shot_baseline, additional_ins={"splits": dg.AssetIn("splits")})
def baseline_covers_test(zero_shot_baseline: pd.DataFrame, splits: pd.DataFrame) -> dg.AssetCheckResult:
    """The baseline was measured on exactly the test photos, so that comparisons with it are fair."""
    expected = set(splits.loc[splits["split"] == "test", "sha256"])
    missing = expected - set(zero_shot_baseline["sha256"])
    return dg.AssetCheckResult(
        passed=not missing,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(missing)} of {len(expected)} test photos have no baseline answer",
    )


@dg.asset_check(
    asset=confusion_matrix, blocking=True, additional_ins={"zero_shot_baseline": dg.AssetIn("zero_shot_baseline")}
)
def beats_zero_shot(confusion_matrix: pd.DataFrame, zero_shot_baseline: pd.DataFrame) -> dg.AssetCheckResult:
    """On the same test photos the tuned model is not worse than the untuned one; if it is, training did harm.

    Blocks when the whole 95 % interval of the paired difference lies below zero; warns when only the figure does.
    """
    from recipe_assets.model.gates import compare

    photos = ["shoot", "file"]
    both = confusion_matrix.merge(zero_shot_baseline[[*photos, "predicted"]], on=photos, suffixes=("", "_old"))
    comparison = compare(both, both.assign(predicted=both["predicted_old"]))
    return dg.AssetCheckResult(
        passed=comparison.new >= comparison.old,
        severity=dg.AssetCheckSeverity.ERROR if comparison.is_worse else dg.AssetCheckSeverity.WARN,
        description=f"macro accuracy {percent(comparison.new)}, zero-shot {percent(comparison.old)}",
        metadata={"fine_tuned": comparison.new, "zero_shot": comparison.old},
    )


@dg.asset_check(asset=confusion_matrix, blocking=True, additional_ins={"splits": dg.AssetIn("splits")})
def not_worse_than_released(
    confusion_matrix: pd.DataFrame, splits: pd.DataFrame, releases: ReleaseStoreResource, storage: StorageResource
) -> dg.AssetCheckResult:
    """On the same test photos the tuned model is not worse than the released one beyond what chance explains.

    Blocks when the whole 95 % interval of the paired difference lies below zero; warns when only the figure does.
    """
    from recipe_assets.model.gates import compare
    from recipe_assets.model.pipeline import evaluate_released

    with plain_errors():
        store = releases.open()
        current = store.read_pointer()
        if current is None:
            return dg.AssetCheckResult(
                passed=True, description="there is no release yet: nothing to be worse than"
            )
        release_id = current.pointer.release_id
        released = evaluate_released(storage.tables(), splits, storage.copy_of(store, current.pointer))
    ours = confusion_matrix.merge(
        released[["shoot", "file", "predicted"]], on=["shoot", "file"], suffixes=("", "_old")
    )
    if ours.empty:
        return dg.AssetCheckResult(
            passed=True, description=f"release {release_id} shares no keyword with these photos"
        )
    comparison = compare(ours, ours.assign(predicted=ours["predicted_old"]))
    low, high = comparison.difference
    return dg.AssetCheckResult(
        passed=comparison.new >= comparison.old,
        severity=dg.AssetCheckSeverity.ERROR if comparison.is_worse else dg.AssetCheckSeverity.WARN,
        description=f"macro accuracy {percent(comparison.new)}, release {release_id} {percent(comparison.old)} "
        f"on the same {comparison.photos} photos; difference between {percent(low)} and {percent(high)}",
        metadata={"new": comparison.new, "released": comparison.old, "release_id": release_id},
    )


@dg.asset_check(asset=fine_tuned_model)
def training_improved(fine_tuned_model: Path) -> dg.AssetCheckResult:
    """The kept epoch is not the first one; if it is, the learning rate is too high or there is too little data."""
    from recipe_assets.model.packaging import TrainingRecord

    best = TrainingRecord.read(fine_tuned_model).best_epoch
    return dg.AssetCheckResult(
        passed=best > 1, severity=dg.AssetCheckSeverity.WARN, description=f"the kept epoch is number {best}"
    )
