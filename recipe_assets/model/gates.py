"""What must hold before a model is released, as plain comparisons on the same test photos."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from recipe_assets.model.baseline import as_labels
from recipe_assets.model.evaluation import bootstrap_macro_accuracy, interval, macro_accuracy


@dataclass(frozen=True)
class Comparison:
    """Two models on the same photos: macro accuracies (0-1), and their difference with its 95 % interval."""

    photos: int
    new: float
    old: float
    difference: tuple[float, float]

    @property
    def is_worse(self) -> bool:
        """The new model is worse beyond what chance explains."""
        return self.difference[1] < 0


def measure(predictions: pd.DataFrame) -> tuple[float, tuple[float, float]]:
    """Macro accuracy of a table of predictions with its 95 % interval, recipes resampled as a whole."""
    names = sorted(set(predictions["keyword"]))
    truth, predicted = as_labels(predictions["keyword"], names), as_labels(predictions["predicted"], names)
    rounds = bootstrap_macro_accuracy(truth, [predicted], predictions["group"].tolist())
    return macro_accuracy(truth, predicted), interval(rounds[:, 0])


def compare(new: pd.DataFrame, old: pd.DataFrame) -> Comparison:
    """Compare two tables of predictions of the same photos in the same order, by paired bootstrap."""
    names = sorted(set(new["keyword"]))
    truth = as_labels(new["keyword"], names)
    pair = [as_labels(table["predicted"], names) for table in (new, old)]
    rounds = bootstrap_macro_accuracy(truth, pair, new["group"].tolist())
    return Comparison(
        photos=len(truth),
        new=macro_accuracy(truth, pair[0]),
        old=macro_accuracy(truth, pair[1]),
        difference=interval(np.subtract(rounds[:, 0], rounds[:, 1])),
    )
