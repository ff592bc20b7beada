"""Everything that a release says about how good it is, from tables of predictions.

The measures stand in the modules that are imported here; charts of them in `figures.evaluation`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from recipe_assets.errors import ModelError
from recipe_assets.model.bootstrap import Draws, interval
from recipe_assets.model.calibration import calibration_error, softmax
from recipe_assets.model.gates import right_on_average
from recipe_assets.model.metrics import macro_accuracy, macro_f1, top_accuracy
from recipe_assets.model.predictions import FITTED_ON, HELD_OUT, PHOTO, Answers, answers, held_out
from recipe_assets.model.review_rule import TARGET, ReviewPlan, plan_review
from recipe_assets.model.slices import by_keyword
from recipe_assets.release.manifest import KeywordMetrics, Metrics, ReviewRule


@dataclass(frozen=True)
class Assessment:
    """What was measured on the photos that a model had not seen.

    Attributes:
        predictions: the table, validation and test rows.
        metrics: measured on the test rows.
        review: thresholds chosen on the validation rows, their coverage and accuracy measured on the test rows.
    """

    predictions: pd.DataFrame
    metrics: Metrics
    review: ReviewRule


def assess(
    predictions: pd.DataFrame, zero_shot: pd.DataFrame | None = None, linear_probe: pd.DataFrame | None = None
) -> Assessment:
    """Measure a model's predictions.

    Args:
        predictions: of the model, a table as `predictions.predictions_table` makes it, validation and test rows.
        zero_shot: those of the untuned model, or None.
        linear_probe: those of the linear probe, or None.

    Raises:
        ModelError: if the table has no test rows or no logits.
    """
    tested = answers(predictions, HELD_OUT)
    if not len(tested.truth):
        raise ModelError("there is no test photo: add recipes, so that every split gets some")
    plan = plan_review(answers(predictions, FITTED_ON))
    baselines = [_baseline(predictions, table) for table in (zero_shot, linear_probe)]
    return Assessment(predictions, _metrics(tested, baselines), review_rule(plan, tested))


def review_rule(plan: ReviewPlan, tested: Answers) -> ReviewRule:
    """The rule as a release states it: how many test photos need no look, and how many of these are right."""
    passes = plan.passes(tested)
    return ReviewRule(
        target_accuracy=TARGET,
        thresholds={name: float(value) for name, value in zip(tested.keywords, plan.thresholds, strict=True)},
        coverage=float(passes.mean()),
        accuracy=float(tested.right[passes].mean()) if passes.any() else None,
    )


def _metrics(tested: Answers, baselines: list[float | None]) -> Metrics:
    truth, predicted, keywords = tested.truth, tested.predicted, len(tested.keywords)
    rounds = Draws.of(tested.groups).macro_accuracy(truth, predicted, keywords)
    return Metrics(
        macro_accuracy=macro_accuracy(truth, predicted),
        macro_accuracy_interval=interval(rounds),
        photos=len(truth),
        zero_shot_macro_accuracy=baselines[0],
        per_keyword=_per_keyword(by_keyword(tested)),
        macro_f1=macro_f1(truth, predicted),
        top3_accuracy=top_accuracy(tested.logits, truth),
        linear_probe_macro_accuracy=baselines[1],
        calibration_error=calibration_error(tested.confidence, tested.right),
        calibration_error_before=calibration_error(softmax(tested.logits).max(axis=1), tested.right),
    )


def _per_keyword(table: pd.DataFrame) -> dict[str, KeywordMetrics]:
    def measured(value: float) -> float | None:
        return None if np.isnan(value) else float(value)

    return {
        row["keyword"]: KeywordMetrics(
            photos=int(row["photos"]),
            accuracy=measured(row["accuracy"]),
            precision=measured(row["precision"]),
            interval=None if np.isnan(row["low"]) else (float(row["low"]), float(row["high"])),
        )
        for row in table.to_dict("records")
    }


def _baseline(predictions: pd.DataFrame, other: pd.DataFrame | None) -> float | None:
    """Another model's macro accuracy on those of the photos that it answered."""
    if other is None:
        return None
    photos = held_out(predictions)[PHOTO]
    shared = held_out(other).merge(photos, on=PHOTO)
    return right_on_average(shared) if len(shared) else None
