"""What chance does to measures: whole recipes are drawn again and again, and everything is measured on each draw.

What the measures are stands in `metrics`, intervals that need no draws in `intervals`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recipe_assets.model.intervals import LEVEL, effective_photos, likeness, wilson

BOOTSTRAP_ROUNDS = 1000
FEW_RECIPES = 5
"""With fewer recipes, resampling them shows too little of what other recipes would have given."""

Labels = NDArray[np.int64]
Rounds = NDArray[np.float64]


@dataclass(frozen=True)
class Draws:
    """Recipes drawn with replacement, as many as there are, over and over.

    Photos of one recipe succeed and fail together, so whole recipes are drawn (cluster bootstrap: Cameron, Gelbach
    and Miller 2008). A draw is how often each recipe is in it: measures that are ratios of counts then need the
    counts of each recipe only, and all draws are one matrix product.

    Attributes:
        codes: int64 (N,), the recipe of each photo.
        weights: float32 (rounds, recipes), how often each is drawn.
    """

    codes: NDArray[np.int64]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, groups: Sequence[Any] | NDArray[Any], seed: int = 17, rounds: int = BOOTSTRAP_ROUNDS) -> Self:
        """Draw from the recipes of N photos; the same recipes and seed give the same draws."""
        names, codes = np.unique(np.asarray(groups), return_inverse=True)
        count = len(names)
        weights = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=rounds)
        return cls(codes.astype(np.int64), weights.astype(np.float32))

    def counts(self, labels: Labels, keywords: int, chosen: NDArray[np.bool_] | None = None) -> Rounds:
        """Photos by label in each draw: (rounds, keywords); of the chosen photos, without label -1."""
        taken = labels >= 0 if chosen is None else (labels >= 0) & chosen
        recipes = self.weights.shape[1]
        cells = self.codes[taken] * keywords + labels[taken]
        counts = np.bincount(cells, minlength=recipes * keywords).reshape(recipes, keywords)
        return np.asarray(self.weights @ counts.astype(np.float32), dtype=np.float64)

    def recalls(self, truth: Labels, predicted: Labels, keywords: int) -> Rounds:
        """Recall of each keyword in each draw: (rounds, keywords); NaN where a draw has no photo of it."""
        photos = self.counts(truth, keywords)
        return _ratio(self.counts(truth, keywords, truth == predicted), photos)

    def macro_accuracy(self, truth: Labels, predicted: Labels, keywords: int) -> Rounds:
        """Macro accuracy in each draw: (rounds,)."""
        return self._mean_of_keywords(self.recalls(truth, predicted, keywords), truth)

    def macro_f1(self, truth: Labels, predicted: Labels, keywords: int) -> Rounds:
        """Macro F1 in each draw: (rounds,)."""
        photos, given = self.counts(truth, keywords), self.counts(predicted, keywords)
        doubled = 2 * self.counts(truth, keywords, truth == predicted)
        return self._mean_of_keywords(np.where(photos > 0, _ratio(doubled, photos + given), np.nan), truth)

    def _mean_of_keywords(self, values: Rounds, truth: Labels) -> Rounds:
        """The mean of (rounds, keywords) over the keywords that each draw has photos of: (rounds,).

        A keyword of a single recipe is missing from a third of all draws, and a plain mean would lean to the
        frequent ones. So each counts by the inverse of its chance to be in a draw (the ratio estimator of Hajek
        1971), and the draws lie around what was measured.
        """
        recipes, keywords = self.weights.shape[1], values.shape[1]
        held = np.bincount(np.unique(self.codes * keywords + truth) % keywords, minlength=keywords)
        weights = np.where(np.isnan(values), 0, 1 / np.maximum(1 - (1 - held / recipes) ** recipes, 1e-12))
        return np.asarray((weights * np.nan_to_num(values)).sum(axis=1) / weights.sum(axis=1))

    def mean(self, values: NDArray[Any]) -> Rounds:
        """The mean of a value of each photo (N,) in each draw: (rounds,)."""
        sums = np.bincount(self.codes, weights=values, minlength=self.weights.shape[1])
        sizes = np.bincount(self.codes, minlength=self.weights.shape[1])
        means: Rounds = (self.weights @ sums) / (self.weights @ sizes)
        return means


def _ratio(part: Rounds, whole: Rounds) -> Rounds:
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))


def bootstrap_macro_accuracy(
    truth: Labels, predictions: Sequence[Labels], groups: Sequence[Any] | NDArray[Any], seed: int = 17
) -> Rounds:
    """Macro accuracy of each prediction on the same draws, so that columns are paired: (rounds, predictions)."""
    draws, keywords = Draws.of(groups, seed), int(truth.max()) + 1
    return np.stack([draws.macro_accuracy(truth, predicted, keywords) for predicted in predictions], axis=1)


def interval(samples: Rounds, level: float = LEVEL) -> tuple[float, float]:
    """The central percentile interval of bootstrap samples."""
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def keyword_intervals(
    truth: Labels, predicted: Labels, groups: Sequence[Any] | NDArray[Any], keywords: int
) -> NDArray[np.float64]:
    """The 95 % interval of each keyword's recall: float64 (keywords, 2); NaN where it has no photo.

    The percentile interval of the draws that have a photo of the keyword. Where its photos are of fewer than
    `FEW_RECIPES` recipes, or all draws agree (three of three right does not mean that all will be), Wilson's
    interval on the number of photos that they are worth, given how alike photos of one recipe are answered.
    """
    names = np.asarray(groups)
    right = truth == predicted
    rounds = Draws.of(names).recalls(truth, predicted, keywords)
    alike = likeness(right, names)
    found = np.full((keywords, 2), np.nan)
    for keyword in np.unique(truth[truth >= 0]):
        mine = truth == keyword
        drawn = rounds[~np.isnan(rounds[:, keyword]), keyword]
        if len(np.unique(names[mine])) >= FEW_RECIPES and np.ptp(drawn) > 0:
            found[keyword] = interval(drawn)
        else:
            worth = effective_photos(names[mine], alike)
            found[keyword] = wilson(right[mine].mean() * worth, worth)
    return found
