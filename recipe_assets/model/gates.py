"""What must hold before a model is released, as plain rules on tables of predictions.

How models are measured and compared stands in `comparison`; who is told and what stops, in the checks.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recipe_assets.model.calibration import Calibration
from recipe_assets.model.comparison import Comparison, compare, measure, same_photos
from recipe_assets.model.intervals import chance_of_so_few, effective_photos, likeness
from recipe_assets.model.metrics import macro_accuracy
from recipe_assets.model.predictions import as_labels, held_out

__all__ = ["Comparison", "collapsed_keywords", "compare", "is_badly_calibrated", "measure", "same_photos"]

TOLERANCE = 0.01
"""How much worse than the released model one may be, of 1.

One point: less than what another seed changes, so that a model trained on more photos is not held back by luck. A
small test set cannot show a loss of one point, and to demand proof that there is none would stop every release; so
only a proven loss blocks (the whole interval below 0) that is also larger than this. One that may be chance warns.
"""
FEWEST_PHOTOS = 5
"""Held-out photos of a keyword below which nothing is said about it."""
HALF = 0.5
UNLIKELY = 0.05
LOWEST_RECALL = 0.1
"""A keyword that is found less often than this is of no use, whatever the untuned model did."""
NOTICEABLE, UNUSABLE = 0.05, 0.1
"""Calibration errors beyond chance, of 1.

At 5 points "90 %" is right in 85 of 100 photos or 95: people should know. At 10 points the error is twice what the
rule for review promises to let through, so its thresholds mean nothing.
"""


def collapsed_keywords(tuned: pd.DataFrame, zero_shot: pd.DataFrame | None = None) -> pd.DataFrame:
    """Keywords that the model lost or never learned, beyond what chance explains on so few photos.

    A keyword is lost if it is found less than half as often as by the untuned model, or less often than
    `LOWEST_RECALL`; it is weak if it is found less than half as often as the others on average. Chance explains
    it where a model that finds just so many would find as few with a probability of `UNLIKELY` or more (the
    binomial's tail; photos of one recipe count as what they are worth).

    Args:
        tuned: the predictions of the model; its held-out photos are judged.
        zero_shot: those of the untuned model.

    Returns:
        A row per lost or weak keyword, lost ones and the least found first: keyword, photos, recipes, accuracy,
        zero_shot, limit, chance, lost.
    """
    rows = held_out(tuned)
    rows = rows.assign(right=(rows["keyword"] == rows["predicted"]).to_numpy(bool))
    untuned = {} if zero_shot is None else _recalls(held_out(zero_shot))
    alike = likeness(rows["right"].to_numpy(), rows["group"].to_numpy()) if len(rows) else 0.0
    shares, found = _recalls(rows), []
    for keyword, part in rows.groupby("keyword"):
        others = [share for other, share in shares.items() if other != keyword]
        average = sum(others) / max(1, len(others))
        if len(part) >= FEWEST_PHOTOS and (why := _collapse(part, untuned.get(keyword), average, alike)):
            found.append({"keyword": keyword, **why})
    columns = ["keyword", "photos", "recipes", "accuracy", "zero_shot", "limit", "chance", "lost"]
    table = pd.DataFrame(found, columns=columns).astype({"lost": bool})
    return table.sort_values(["lost", "accuracy"], ascending=[False, True], ignore_index=True)


def _collapse(part: pd.DataFrame, untuned: float | None, average: float, alike: float) -> dict[str, Any] | None:
    """Why the photos of one keyword show that it is lost, or else weak; None if they do not."""
    worth, accuracy = effective_photos(part["group"].to_numpy(), alike), float(part["right"].mean())
    for lost, limit in ((True, max(LOWEST_RECALL, HALF * (untuned or 0))), (False, HALF * average)):
        chance = chance_of_so_few(accuracy * worth, worth, limit)
        if accuracy < limit and chance < UNLIKELY:
            return {
                "photos": len(part), "recipes": part["group"].nunique(), "accuracy": accuracy,
                "zero_shot": untuned, "limit": limit, "chance": chance, "lost": lost,
            }  # fmt: skip
    return None


def right_on_average(rows: pd.DataFrame) -> float:
    """Macro accuracy of a table's photos."""
    names = sorted(set(rows["keyword"]))
    return macro_accuracy(as_labels(rows["keyword"], names), as_labels(rows["predicted"], names))


def _recalls(rows: pd.DataFrame) -> dict[Any, float]:
    shares = rows["keyword"].eq(rows["predicted"]).astype(float).groupby(rows["keyword"]).mean()
    return {keyword: float(share) for keyword, share in shares.items()}


def is_badly_calibrated(found: Calibration, limit: float) -> bool:
    """The error exceeds `limit` beyond what honest confidences show on so few photos, and is not chance."""
    return found.excess > limit and not found.is_chance


def breaks_promise(right: NDArray[np.bool_], groups: NDArray[Any], target: float) -> bool:
    """Fewer of these photos (N,) are right than promised, beyond what chance explains on so few recipes (N,)."""
    if not len(right) or right.mean() >= target:
        return False
    worth = effective_photos(groups, likeness(right, groups))
    return chance_of_so_few(float(right.mean()) * worth, worth, target) < UNLIKELY
