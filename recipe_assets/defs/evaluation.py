"""How good the tuned model is on recipes it has never seen, how far to trust it, and against which others.

What of this blocks a release stands in `model_checks`, how it is shown in `evaluation_views`.
"""

from pathlib import Path

import dagster as dg
import pandas as pd

from recipe_assets.defs.evaluation_views import (
    accuracy_metadata,
    between,
    calibration_metadata,
    confusion_metadata,
    mistake_metadata,
    review_metadata,
    slice_metadata,
)
from recipe_assets.defs.reporting import percent, picture, plain_errors, table
from recipe_assets.defs.resources import ReleaseStoreResource, StorageResource
from recipe_assets.figures import comparison_chart

TAGS = {"stage": "model"}
NO_RELEASE = "none yet"


@dg.asset(
    group_name="model",
    kinds={"pytorch", "sklearn"},
    owners=["team:data"],
    tags=TAGS,
    ins={"raw_images": dg.AssetIn(metadata={"columns": ["shoot", "file", "year"]})},
)
def confusion_matrix(
    fine_tuned_model: Path, splits: pd.DataFrame, raw_images: pd.DataFrame, storage: StorageResource
) -> dg.MaterializeResult[pd.DataFrame]:
    """How the tuned model answers on recipes it has never seen: what it takes for what, where it is good.

    The table holds validation photos too, which thresholds are chosen on; every figure here is of test photos.
    """
    from recipe_assets.model.pipeline import evaluate
    from recipe_assets.model.predictions import HELD_OUT, answers, held_out

    with plain_errors():
        predictions = evaluate(storage.tables(), splits, fine_tuned_model)
        tested, rows = answers(predictions, HELD_OUT), held_out(predictions)
        metadata = {
            **accuracy_metadata(tested),
            **confusion_metadata(tested),
            **slice_metadata(rows, raw_images),
            **mistake_metadata(rows, storage.tables()),
        }
    return dg.MaterializeResult(value=predictions, metadata=metadata)


@dg.asset(group_name="model", kinds={"scipy"}, owners=["team:data"], tags=TAGS)
def calibration(confusion_matrix: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """Whether a confidence of 90 % is right nine times of ten, and below which confidence a person should look.

    Temperature and thresholds come from validation photos, everything said about them from test photos.
    """
    from recipe_assets.model.predictions import FITTED_ON, HELD_OUT, answers
    from recipe_assets.model.review_rule import plan_review, rule_table

    with plain_errors():
        fitted_on, tested = (answers(confusion_matrix, side) for side in (FITTED_ON, HELD_OUT))
    plan = plan_review(fitted_on)
    return dg.MaterializeResult(
        value=rule_table(plan, fitted_on, tested),
        metadata={**calibration_metadata(tested), **review_metadata(plan, fitted_on, tested)},
    )


@dg.asset(group_name="model", kinds={"onnx", "pandas"}, owners=["team:data"], tags=TAGS, deps=["raw_images"])
def model_comparison(
    confusion_matrix: pd.DataFrame,
    zero_shot_baseline: pd.DataFrame,
    linear_probe_baseline: pd.DataFrame,
    splits: pd.DataFrame,
    releases: ReleaseStoreResource,
    storage: StorageResource,
) -> dg.MaterializeResult[pd.DataFrame]:
    """The tuned model beside the untuned one, a linear probe and the released one, on the same test photos.

    Differences of macro accuracy by paired bootstrap: recipes are drawn once for both models.
    """
    from recipe_assets.model.comparison import comparison_table

    others = {"zero-shot": zero_shot_baseline, "linear probe": linear_probe_baseline}
    with plain_errors():
        release_id, released = released_answers(releases, storage, splits)
    if released is not None:
        others[f"release {release_id}"] = released
    found = comparison_table(confusion_matrix, others)
    return dg.MaterializeResult(
        value=found,
        metadata={
            "released": release_id,
            "differences": picture(comparison_chart(found)),
            "comparison": table(found),
        },
    )


@dg.asset_check(asset=calibration, additional_ins={"confusion_matrix": dg.AssetIn("confusion_matrix")})
def review_keeps_its_promise(confusion_matrix: pd.DataFrame) -> dg.AssetCheckResult:
    """Of the test photos that nobody would look at, as many are right as promised, or chance explains the rest."""
    from recipe_assets.model.gates import breaks_promise
    from recipe_assets.model.predictions import FITTED_ON, HELD_OUT, answers
    from recipe_assets.model.review_rule import TARGET, plan_review

    with plain_errors():
        plan, tested = plan_review(answers(confusion_matrix, FITTED_ON)), answers(confusion_matrix, HELD_OUT)
    passes = plan.passes(tested)
    right = int(tested.right[passes].sum())
    return dg.AssetCheckResult(
        passed=not breaks_promise(tested.right[passes], tested.groups[passes], TARGET),
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{right} of the {int(passes.sum())} test photos that nobody would look at are right; "
        f"{percent(TARGET)} are promised",
        metadata={"unseen": int(passes.sum()), "right": right, "photos": len(tested.truth)},
    )


@dg.asset_check(asset=model_comparison)
def tuning_pays(model_comparison: pd.DataFrame) -> dg.AssetCheckResult:
    """The tuned model is not worse than a linear probe; if it is, use the strategy linear_probe."""
    rows = model_comparison[model_comparison["model"] == "linear probe"].to_dict("records")
    said = [
        f"macro accuracy {percent(row['new'])}, linear probe {percent(row['old'])}; difference "
        f"{between((row['low'], row['high']))}"
        for row in rows
    ]
    return dg.AssetCheckResult(
        passed=not any(row["high"] < 0 for row in rows),
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(said) or "the linear probe answered none of these photos",
        metadata={"comparison": table(model_comparison)},
    )


def released_answers(
    releases: ReleaseStoreResource, storage: StorageResource, splits: pd.DataFrame
) -> tuple[str, pd.DataFrame | None]:
    """The id of the current release and its predictions; without a release, words and None."""
    from recipe_assets.model.pipeline import evaluate_released

    store = releases.open()
    current = store.read_pointer()
    if current is None:
        return NO_RELEASE, None
    folder = storage.copy_of(store, current.pointer)
    return current.pointer.release_id, evaluate_released(storage.tables(), splits, folder)
