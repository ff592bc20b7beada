"""The tables of a model card, as Markdown. What stands around them is `model_card`'s subject."""

from collections.abc import Mapping, Sequence

from recipe_assets.model.data_summary import DataSummary
from recipe_assets.release.manifest import KeywordMetrics, Manifest, Metrics

SIDES = {"train": "training", "val": "validation", "test": "test"}
NOTHING = "-"
"""Where nothing was measured."""


def percent(share: float | None) -> str:
    """A share, 0-1, in percent with one decimal."""
    return NOTHING if share is None else f"{100 * share:.1f} %"


def data_table(data: DataSummary) -> str:
    """Photos, recipes and shoots by side."""
    rows = [
        [SIDES[name], *map(_number, (side.photos, side.recipes, side.shoots))] for name, side in data.sides.items()
    ]
    return _table(["", "photos", "recipes", "shoots"], rows)


def settings_table(settings: Mapping[str, str | float | bool | None]) -> str:
    """The settings that were decided; those left open are not listed."""
    return _table(
        ["setting", "value"], [[f"`{name}`", str(value)] for name, value in settings.items() if value is not None]
    )


def results_table(metrics: Metrics) -> str:
    """The figures of the whole model beside those of the baselines."""
    low, high = metrics.macro_accuracy_interval
    rows = [
        ["**macro accuracy** (mean recall)", f"**{percent(metrics.macro_accuracy)}** ({_span(low, high)})"],
        ["the same of the untuned base (zero-shot)", percent(metrics.zero_shot_macro_accuracy)],
        ["the same of a linear probe on it", percent(metrics.linear_probe_macro_accuracy)],
        ["macro F1", percent(metrics.macro_f1)],
        ["keyword among the first three", percent(metrics.top3_accuracy)],
        ["calibration error (ECE)", percent(metrics.calibration_error)],
        ["the same before temperature scaling", percent(metrics.calibration_error_before)],
    ]
    return _table(["", "test photos"], rows)


def keyword_table(manifest: Manifest, data: DataSummary) -> str:
    """A row per keyword, worst first: how much was learned from, how well it went."""
    rule, measured = manifest.review, manifest.metrics.per_keyword
    nothing = KeywordMetrics(photos=0, accuracy=None, precision=None)
    rows = []
    for word in manifest.keywords:
        found = measured.get(word.name, nothing)
        learned = data.keywords.get(word.name, {}).get("train", 0)
        interval = _span(*found.interval) if found.interval else NOTHING
        threshold = percent(rule.thresholds.get(word.name)) if rule else NOTHING
        numbers = [percent(found.accuracy), interval, percent(found.precision), threshold]
        rows.append((found.accuracy, [word.name, _number(learned), _number(found.photos), *numbers]))
    rows.sort(key=lambda row: (row[0] is None, row[0] or 0.0))
    head = [
        "keyword",
        "training photos",
        "test photos",
        "accuracy",
        "95 % interval",
        "precision",
        "looked at below",
    ]
    return _table(head, [cells for _, cells in rows])


def _number(count: int) -> str:
    return f"{count:,}"


def _span(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
