"""What people see of an evaluation: its tables, charts and example photos as metadata of assets and checks.

Which assets there are is `evaluation`'s subject, what blocks a release `model_checks`'.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from recipe_assets import figures
from recipe_assets.defs.reporting import percent, picture, table
from recipe_assets.storage import TableStore
from recipe_assets.studio.thumbnails import thumbnails

if TYPE_CHECKING:
    from recipe_assets.model.predictions import Answers
    from recipe_assets.model.review_rule import ReviewPlan

PAIRS, CELL = 8, 180
"""Confused pairs that are shown with photos, and pixels of a photo: six in a row just fit the dialog of the UI."""
SHOWN = 24


def accuracy_metadata(tested: "Answers") -> dict[str, Any]:
    """The figures that a model is known by, each with its 95 % interval, recipes resampled as a whole."""
    from recipe_assets.model.bootstrap import Draws, interval
    from recipe_assets.model.metrics import among_first, macro_accuracy, macro_f1

    truth, predicted, keywords = tested.truth, tested.predicted, len(tested.keywords)
    draws, first = Draws.of(tested.groups), among_first(tested.logits, truth)
    return {
        "macro_accuracy": macro_accuracy(truth, predicted),
        "interval_95": between(interval(draws.macro_accuracy(truth, predicted, keywords))),
        "macro_f1": macro_f1(truth, predicted),
        "macro_f1_interval_95": between(interval(draws.macro_f1(truth, predicted, keywords))),
        "top3_accuracy": float(first.mean()),
        "top3_interval_95": between(interval(draws.mean(first))),
        "test_photos": len(truth),
        "test_recipes": len(set(tested.groups)),
    }


def confusion_metadata(tested: "Answers") -> dict[str, Any]:
    """What is taken for what, and how good each keyword is."""
    from recipe_assets.model.metrics import confused_pairs, confusion
    from recipe_assets.model.slices import by_keyword

    matrix = confusion(tested.truth, tested.predicted, len(tested.keywords))
    keywords = by_keyword(tested).sort_values("accuracy", kind="stable", ignore_index=True)
    return {
        "matrix": picture(figures.confusion_heatmap(matrix, tested.keywords)),
        "matrix_in_percent": picture(figures.confusion_heatmap(matrix, tested.keywords, shares_only=True)),
        "keywords": picture(
            figures.interval_chart(keywords["keyword"].tolist(), keywords, keywords["accuracy"].mean())
        ),
        "per_keyword": table(keywords),
        "confused_pairs": table(confused_pairs(tested.truth, tested.predicted, tested.keywords)),
    }


def slice_metadata(predictions: pd.DataFrame, raw: pd.DataFrame) -> dict[str, Any]:
    """Results by shoot and by year."""
    from recipe_assets.model.slices import by_slice, with_years

    dated = with_years(predictions, raw)
    right = float((dated["keyword"] == dated["predicted"]).mean())
    shoots, years = by_slice(dated, "shoot"), by_slice(dated, "year")
    return {
        "shoots": picture(figures.interval_chart(shoots["shoot"].tolist(), shoots, right)),
        "per_shoot": table(shoots),
        "per_year": table(years),
    }


def mistake_metadata(predictions: pd.DataFrame, tables: TableStore) -> dict[str, Any]:
    """The photos that were answered wrongly, and examples of the most frequent mistakes."""
    from recipe_assets.model.metrics import confused_pairs
    from recipe_assets.model.predictions import as_labels
    from recipe_assets.model.slices import examples_of_pairs

    names = sorted(set(predictions["keyword"]) | set(predictions["predicted"]))
    truth, predicted = (as_labels(predictions[column], names) for column in ("keyword", "predicted"))
    wrong = predictions[predictions["keyword"] != predictions["predicted"]]
    shown = examples_of_pairs(wrong, confused_pairs(truth, predicted, names).head(PAIRS))
    found = table(wrong[["shoot", "file", "keyword", "predicted", "confidence"]])
    return {"mistakes": found} | ({"most_confused": photo_sheet(tables, shown)} if len(shown) else {})


def calibration_metadata(tested: "Answers") -> dict[str, Any]:
    """How honest confidences are before and after the temperature, in numbers and as a picture."""
    from recipe_assets.model.calibration import calibration, reliability, softmax

    raw = softmax(tested.logits).max(axis=1)
    before = calibration(raw, tested.right, tested.groups)
    after = calibration(tested.confidence, tested.right, tested.groups)
    panels = [
        (f"as the model gives them: ECE {100 * before.error:.1f} points", reliability(raw, tested.right)),
        (
            f"temperature {tested.temperature:.3g}: ECE {100 * after.error:.1f} points",
            reliability(tested.confidence, tested.right),
        ),
    ]
    return {
        "temperature": tested.temperature,
        "calibration_error_before": before.error,
        "calibration_error": after.error,
        "calibration_error_of_equal_bins": after.adaptive,
        "calibration_error_if_honest": after.if_honest,
        "reliability": picture(figures.reliability_diagram(panels)),
    }


def review_metadata(plan: "ReviewPlan", fitted_on: "Answers", tested: "Answers") -> dict[str, Any]:
    """How many photos nobody would have to look at, how many of them are right, and by which thresholds."""
    from recipe_assets.model.assessment import review_rule
    from recipe_assets.model.coverage import risk_coverage
    from recipe_assets.model.review_rule import CERTAINTY, rule_table

    rule, curve = review_rule(plan, tested), risk_coverage(tested.confidence, tested.right)
    promise = f"{percent(rule.target_accuracy)} of what nobody looks at is right"
    found = {
        "area_under_risk_coverage": curve.area,
        "area_beyond_perfect_order": curve.excess_area,
        "unseen": rule.coverage,
        "accuracy_of_unseen": "nothing passes" if rule.accuracy is None else percent(rule.accuracy),
        "promise": f"{promise}, certified with {percent(CERTAINTY)}"
        if plan.is_certified
        else f"{promise}, by calibration only: {plan.photos} validation photos cannot certify it",
        "thresholds": table(rule_table(plan, fitted_on, tested)),
    }
    point = (rule.coverage, rule.accuracy)
    chart = figures.risk_coverage_chart(curve.coverage, curve.risk, point, rule.target_accuracy)
    return found | {"risk_coverage": picture(chart)}


def photo_sheet(tables: TableStore, rows: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """A contact sheet of predictions: each photo with its keyword and what it was taken for."""
    shown = rows.head(SHOWN)
    pictures: Mapping[tuple[str, str], bytes] = {
        (str(shoot), file): png
        for shoot, part in shown.groupby("shoot")
        for file, png in thumbnails(tables, str(shoot), part["file"]).items()
    }
    cells = [
        (
            f"{row['keyword']}\nas {row['predicted']}, {row['confidence']:.0%}",
            pictures[row["shoot"], row["file"]],
        )
        for row in shown.to_dict("records")
    ]
    return picture(figures.contact_sheet(cells, width=CELL))


def between(bounds: tuple[float, float]) -> str:
    """An interval for people."""
    return f"{percent(bounds[0])} to {percent(bounds[1])}"
