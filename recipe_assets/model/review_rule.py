"""When a person should look: a confidence threshold for every keyword, chosen on validation photos.

How much may go unseen at all confidences is `coverage`'s subject, whether confidences are honest `calibration`'s.

Thresholds taken from each keyword's own photos alone fail on rare keywords: with three validation photos the 95 %
point is one of these three, and to bound an error rate by 5 % takes 45 photos without a mistake (so do class-wise
conformal sets: Ding et al. 2023). So keywords share one threshold, which is proven on all photos, on a scale that
knows how far each keyword can be trusted.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from recipe_assets.model.intervals import effective_photos, highest_risk, likeness
from recipe_assets.model.predictions import Answers

TARGET = 0.95
"""How many of the photos that nobody looks at should be right."""
CERTAINTY = 0.9
"""How sure the bound of their error rate is."""
LOWEST = 0.5
"""A photo whose confidence is below this is looked at, however good the others are."""
STEPS = 10
SPREAD = 1.0
"""How far apart keywords lie, on the logit scale: two thirds are within 1 of what confidence says."""
FOLDS = 5
TINY = 1e-9

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ReviewPlan:
    """The thresholds and what they stand on.

    Attributes:
        thresholds: float64 (K,), 0-1: a photo whose confidence is below that of its first keyword is looked at.
        is_certified: whether `CERTAINTY` was reached that `TARGET` of what passes is right; if not, there are too
            few validation photos or too many mistakes to prove it, and the calibrated confidence itself must
            reach the target.
        photos: validation photos that it was chosen on.
    """

    thresholds: Floats
    is_certified: bool
    photos: int

    def passes(self, given: Answers) -> NDArray[np.bool_]:
        """Which photos nobody needs to look at: bool (N,)."""
        return np.asarray(given.confidence >= self.thresholds[given.predicted])


def plan_review(fitted_on: Answers, target: float = TARGET) -> ReviewPlan:
    """Choose thresholds so that `target` of what passes is right.

    1. Each keyword gets an offset on the logit of confidence, which says how much more or less often its
       predictions are right than they claim; shrunk to 0, so that one with few photos keeps the common scale.
    2. On that scale one threshold is proven for all, by `certified_threshold`. Scores are cross-fitted: a photo's
       offsets come from the other recipes, else the proof would stand on what was fitted to it.
    3. Back on the scale of confidence, that is a threshold for each keyword, `LOWEST` at least.

    Args:
        fitted_on: answers on validation photos, calibrated.
        target: share of right answers, 0-1.
    """
    found = fitted_on
    keywords, photos = len(found.keywords), len(found.truth)
    scores = _cross_fitted(found)
    certified = certified_threshold(scores, found.right, found.groups, target) if photos else None
    common = target if certified is None else certified
    moved = offsets(found.confidence, found.right, found.predicted, keywords)
    thresholds = np.maximum(expit(_logit(np.full(keywords, common)) - moved), LOWEST)
    return ReviewPlan(thresholds, certified is not None, photos)


def offsets(confidence: Floats, right: NDArray[np.bool_], predicted: Labels, keywords: int) -> Floats:
    """How much to add to the logit of each predicted keyword's confidence so that it is right as often: (K,).

    The most likely random intercept b of a logistic model, b from a normal distribution of deviation `SPREAD`: the
    root of sum(right - expit(logit(confidence) + b)) = b / SPREAD^2, which falls in b. A keyword without
    predictions has 0.

    Args:
        confidence: (N,), 0-1.
        right: bool (N,).
        predicted: int64 (N,), the keyword that each photo was given.
        keywords: K.
    """
    scores = _logit(confidence)
    reach = SPREAD**2 * np.bincount(predicted, minlength=keywords)
    low, high = -reach.astype(np.float64), reach.astype(np.float64)
    for _ in range(60):
        middle = (low + high) / 2
        surplus = np.bincount(predicted, weights=right - expit(scores + middle[predicted]), minlength=keywords)
        rises = surplus > middle / SPREAD**2
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    return (low + high) / 2


def certified_threshold(
    scores: Floats, right: NDArray[np.bool_], groups: NDArray[Any], target: float = TARGET
) -> float | None:
    """The lowest score at which `target` of what passes is right, proven with `CERTAINTY`; None if none is.

    The proof is the exact binomial bound of the error rate, as in Geifman and El-Yaniv 2017; photos of one recipe
    count as what they are worth. Scores are tried from the target itself, where honest scores pass, down to
    `LOWEST`, and the first failure ends the search: in an order that is fixed before photos are seen, each test
    has the full certainty (Angelopoulos et al. 2021, "Learn then Test").

    Args:
        scores: (N,), 0-1, about how likely each photo is right.
        right: bool (N,).
        groups: the recipes, (N,).
        target: share of right answers, 0-1.
    """
    alike, found = likeness(right, groups), None
    for threshold in np.linspace(target, LOWEST, STEPS):
        passing = scores >= threshold
        worth = effective_photos(groups[passing], alike)
        errors = (~right[passing]).mean() * worth if worth else 0.0
        if highest_risk(errors, worth, CERTAINTY) > 1 - target:
            break
        found = float(threshold)
    return found


def _cross_fitted(found: Answers) -> Floats:
    """Each photo's confidence on the common scale, by offsets from the other folds of recipes: (N,).

    It is 0 where the confidence is below `LOWEST`, since such a photo never passes.
    """
    folds = np.unique(found.groups, return_inverse=True)[1] % FOLDS
    scores = _logit(found.confidence)
    for fold in range(FOLDS):
        mine, others = folds == fold, folds != fold
        moved = offsets(
            found.confidence[others], found.right[others], found.predicted[others], len(found.keywords)
        )
        scores[mine] += moved[found.predicted[mine]]
    return np.where(found.confidence < LOWEST, 0.0, expit(scores))


def _logit(shares: Floats) -> Floats:
    return np.asarray(logit(np.clip(shares, TINY, 1 - TINY)))


def rule_table(plan: ReviewPlan, fitted_on: Answers, tested: Answers) -> pd.DataFrame:
    """The rule keyword by keyword.

    Returns:
        A row per keyword: keyword, threshold (0-1), validation_photos and test_photos (that were given it), unseen
        (the share of these test photos that pass), accuracy (the share of the unseen that are right, NaN without).
    """
    passes, count = plan.passes(tested), len(plan.thresholds)
    given = np.bincount(tested.predicted, minlength=count)
    unseen = np.bincount(tested.predicted[passes], minlength=count)
    right = np.bincount(tested.predicted[passes & tested.right], minlength=count)
    nothing = np.full(count, np.nan)
    return pd.DataFrame(
        {
            "keyword": tested.keywords,
            "threshold": plan.thresholds,
            "validation_photos": np.bincount(fitted_on.predicted, minlength=count),
            "test_photos": given,
            "unseen": np.divide(unseen, given, out=nothing.copy(), where=given > 0),
            "accuracy": np.divide(right, unseen, out=nothing.copy(), where=unseen > 0),
        }
    )
