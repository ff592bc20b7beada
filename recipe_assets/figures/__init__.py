"""Pictures that people read instead of tables: PNG and JPEG bytes out, for the UI, the report and releases.

Every figure is drawn without a display, legible on paper, on a 2x screen and with any color vision.
"""

from recipe_assets.figures.changes import change_bars
from recipe_assets.figures.evaluation import (
    comparison_chart,
    interval_chart,
    reliability_diagram,
    risk_coverage_chart,
)
from recipe_assets.figures.keywords import keyword_bars, keyword_heatmap
from recipe_assets.figures.labels import finding_bars, reason_bars, split_bars
from recipe_assets.figures.model import confusion_heatmap, training_curves
from recipe_assets.figures.photos import size_chart, tone_boxes
from recipe_assets.figures.search import search_summary, setting_importance
from recipe_assets.figures.sheets import contact_sheet, example_sheet
from recipe_assets.figures.spellings import spelling_bars

__all__ = [
    "change_bars", "comparison_chart", "confusion_heatmap", "contact_sheet", "example_sheet", "finding_bars",
    "interval_chart", "keyword_bars", "keyword_heatmap", "reason_bars", "reliability_diagram",
    "risk_coverage_chart", "search_summary", "setting_importance", "size_chart", "spelling_bars", "split_bars",
    "tone_boxes", "training_curves",
]  # fmt: skip
