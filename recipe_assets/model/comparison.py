"""Models beside each other on the same photos: macro accuracies and their paired difference.

What a difference means for a release is `gates`' subject.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recipe_assets.model.bootstrap import bootstrap_macro_accuracy, interval
from recipe_assets.model.metrics import macro_accuracy
from recipe_assets.model.predictions import PHOTO, as_labels, held_out


@dataclass(frozen=True)
class Comparison:
    """Two models on the same photos: macro accuracies (0-1), and their difference with its 95 % interval."""

    photos: int
    new: float
    old: float
    difference: tuple[float, float]

    @property
    def change(self) -> float:
        """How much better the new model is."""
        return self.new - self.old

    @property
    def is_worse(self) -> bool:
        """The new model is worse beyond what chance explains."""
        return self.difference[1] < 0

    def is_worse_by(self, tolerance: float) -> bool:
        """Worse beyond what chance explains, and by more than `tolerance` (0-1)."""
        return self.is_worse and self.change < -tolerance

    def is_not_worse_by(self, tolerance: float) -> bool:
        """The whole interval is above `-tolerance`: shown to be as good, not only not shown to be worse."""
        return self.difference[0] >= -tolerance


def measure(predictions: pd.DataFrame) -> tuple[float, tuple[float, float]]:
    """Macro accuracy on the held-out photos of a table with its 95 % interval, recipes resampled as a whole."""
    rows = held_out(predictions)
    names = sorted(set(rows["keyword"]))
    truth, predicted = as_labels(rows["keyword"], names), as_labels(rows["predicted"], names)
    rounds = bootstrap_macro_accuracy(truth, [predicted], rows["group"].to_numpy())
    return macro_accuracy(truth, predicted), interval(rounds[:, 0])


def same_photos(new: pd.DataFrame, old: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The held-out photos that both tables have, in one order."""
    ours, theirs = held_out(new), held_out(old)
    both = ours.merge(theirs[[*PHOTO, "predicted"]], on=PHOTO, suffixes=("", "_old"))
    return both.drop(columns="predicted_old"), both.assign(predicted=both["predicted_old"])


def compare(new: pd.DataFrame, old: pd.DataFrame) -> Comparison:
    """Compare two tables of predictions of the same photos in the same order, by paired bootstrap."""
    names = sorted(set(new["keyword"]))
    truth = as_labels(new["keyword"], names)
    pair = [as_labels(table["predicted"], names) for table in (new, old)]
    rounds = bootstrap_macro_accuracy(truth, pair, new["group"].to_numpy())
    return Comparison(
        photos=len(truth),
        new=macro_accuracy(truth, pair[0]),
        old=macro_accuracy(truth, pair[1]),
        difference=interval(np.subtract(rounds[:, 0], rounds[:, 1])),
    )


def comparison_table(new: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How the new model does against each other one, on the held-out photos that both answered.

    Returns:
        A row per other model that shares photos: model, photos, new and old macro accuracy, difference (new less
        old) with low and high of its 95 % interval; all 0-1.
    """
    rows = []
    for name, table in others.items():
        ours, theirs = same_photos(new, table)
        if len(ours):
            found = compare(ours, theirs)
            rows.append((name, found.photos, found.new, found.old, found.change, *found.difference))
    return pd.DataFrame(rows, columns=["model", "photos", "new", "old", "difference", "low", "high"])
