"""Where a model is good and where not: accuracy by keyword, shoot and year, each with what chance does to it.

Charts of these tables stand in `figures.evaluation`.
"""

import numpy as np
import pandas as pd

from recipe_assets.model.bootstrap import FEW_RECIPES, Draws, interval, keyword_intervals
from recipe_assets.model.intervals import effective_photos, likeness, wilson
from recipe_assets.model.metrics import keyword_table
from recipe_assets.model.predictions import PHOTO, Answers

UNKNOWN = "unknown"


def by_keyword(found: Answers) -> pd.DataFrame:
    """`keyword_table` with recipes and the 95 % interval of accuracy (low, high), a row per keyword."""
    table = keyword_table(found.truth, found.predicted, found.keywords)
    recipes = pd.Series(found.groups).groupby(found.truth).nunique()
    bounds = keyword_intervals(found.truth, found.predicted, found.groups, len(found.keywords))
    table.insert(2, "recipes", [int(recipes.get(k, 0)) for k in range(len(table))])
    table.insert(4, "low", bounds[:, 0])
    table.insert(5, "high", bounds[:, 1])
    return table


def by_slice(predictions: pd.DataFrame, column: str) -> pd.DataFrame:
    """Accuracy in each value of a column; photos without a value stand last, as `UNKNOWN`.

    Of photos and not of keywords: few keywords occur in every slice, and slices with other keywords could not be
    compared. The interval is by recipes, as for keywords.

    Args:
        predictions: one row per photo: keyword, predicted, group, and the column.
        column: what to slice by.

    Returns:
        A row per value: the column, photos, recipes, accuracy, low, high.
    """
    right = (predictions["keyword"] == predictions["predicted"]).to_numpy(bool)
    alike = likeness(right, predictions["group"].to_numpy()) if len(right) else 0.0
    rows = []
    for value, part in predictions.assign(right=right).groupby(column, sort=True, dropna=False):
        low, high = _slice_interval(part, alike)
        name = UNKNOWN if pd.isna(value) else str(value)
        rows.append((name, len(part), part["group"].nunique(), part["right"].mean(), low, high))
    table = pd.DataFrame(rows, columns=[column, "photos", "recipes", "accuracy", "low", "high"])
    return table.sort_values(column, key=lambda names: names == UNKNOWN, kind="stable", ignore_index=True)


def _slice_interval(part: pd.DataFrame, alike: float) -> tuple[float, float]:
    groups = part["group"].to_numpy()
    drawn = Draws.of(groups).mean(part["right"].to_numpy(np.float64))
    if part["group"].nunique() >= FEW_RECIPES and np.ptp(drawn) > 0:
        return interval(drawn)
    worth = effective_photos(groups, alike)
    return wilson(part["right"].mean() * worth, worth)


def with_years(predictions: pd.DataFrame, raw: pd.DataFrame) -> pd.DataFrame:
    """The predictions with the `year` that the photo's name gives, as whole numbers; missing where it gives none.

    Args:
        predictions: shoot and file, one row per photo.
        raw: of raw_images: shoot, file, year.
    """
    years = raw.set_index(PHOTO)["year"].astype("Int64")
    photos = pd.MultiIndex.from_frame(predictions[PHOTO])
    return predictions.assign(year=years[~years.index.duplicated()].reindex(photos).array)


def examples_of_pairs(predictions: pd.DataFrame, pairs: pd.DataFrame, each: int = 3) -> pd.DataFrame:
    """Photos of confused pairs, in the order of the pairs, the surest mistakes first.

    Args:
        predictions: keyword, predicted, confidence.
        pairs: keyword, predicted: what was taken for what.
        each: photos of a pair.
    """
    found = [
        predictions[(predictions["keyword"] == pair.keyword) & (predictions["predicted"] == pair.predicted)]
        .sort_values("confidence", ascending=False, kind="stable")
        .head(each)
        for pair in pairs.itertuples()
    ]
    return pd.concat(found, ignore_index=True) if found else predictions.head(0)
