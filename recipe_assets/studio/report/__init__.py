"""The studio report: exploratory data analysis of all shoots as one self-contained HTML page.

Works on tables and a few thumbnails; reads no photo and knows nothing of Dagster.
"""

from recipe_assets.studio.report.page import studio_report
from recipe_assets.studio.report.pictures import Thumbnails, pick_examples
from recipe_assets.studio.report.spellings import raw_spellings

__all__ = ["Thumbnails", "pick_examples", "raw_spellings", "studio_report"]
