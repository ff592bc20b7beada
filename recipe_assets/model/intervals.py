"""What small counts can prove: intervals and bounds of shares, and how many photos a set of recipes is worth.

Exact or classical formulas only; what is resampled stands in `bootstrap`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

LEVEL = 0.95


def wilson(right: float, photos: float, level: float = LEVEL) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927), 0-1; neither end is certain, even if all photos are right.

    Counts may be fractions, as effective numbers of photos are. Without photos it is 0 to 1.
    """
    if photos <= 0:
        return 0.0, 1.0
    z = float(special.ndtri((1 + level) / 2))
    share, scale = right / photos, 1 + z * z / photos
    center = (share + z * z / (2 * photos)) / scale
    half = z / scale * np.sqrt(share * (1 - share) / photos + z * z / (4 * photos * photos))
    return max(0.0, float(center - half)), min(1.0, float(center + half))


def highest_risk(errors: float, photos: float, certainty: float) -> float:
    """The largest error rate that so few errors leave possible (Clopper and Pearson 1934), one-sided, 0-1.

    Args:
        errors: how many were wrong; may be a fraction.
        photos: out of how many.
        certainty: how sure the bound is, 0-1.
    """
    if photos <= 0 or errors >= photos:
        return 1.0
    return float(special.betaincinv(errors + 1, photos - errors, certainty))


def chance_of_so_few(right: float, photos: float, share: float) -> float:
    """How likely at most `right` of `photos` are right where `share` of all are: the binomial's lower tail."""
    if right >= photos:
        return 1.0
    return float(special.betainc(photos - right, right + 1, 1 - share))


def likeness(right: NDArray[np.bool_], groups: Sequence[Any] | NDArray[Any]) -> float:
    """How alike photos of one recipe succeed or fail: intraclass correlation, 0 (not at all) to 1 (together).

    The analysis-of-variance estimate for shares (Ridout, Demetrio and Firth 1999). Of a single recipe it is 1:
    nothing shows that its photos are worth more than one.
    """
    codes, sizes = _sizes(groups)
    recipes, photos = len(sizes), len(codes)
    if recipes < 2:
        return 1.0
    if recipes == photos:
        return 0.0
    shares = np.bincount(codes, weights=right) / sizes
    between = np.sum(sizes * (shares - right.mean()) ** 2) / (recipes - 1)
    within = np.sum(sizes * shares * (1 - shares)) / (photos - recipes)
    typical = (photos - np.sum(sizes**2) / photos) / (recipes - 1)
    total = between + (typical - 1) * within
    return float(np.clip((between - within) / total, 0, 1)) if total > 0 else 0.0


def effective_photos(groups: Sequence[Any] | NDArray[Any], alike: float) -> float:
    """How many unrelated photos these are worth, by Kish's (1965) design effect: between recipes and photos.

    Args:
        groups: the recipe of each photo.
        alike: `likeness` of a recipe's photos.
    """
    if not len(groups):
        return 0.0
    _, sizes = _sizes(groups)
    return float(sizes.sum() / (1 + (np.sum(sizes**2) / sizes.sum() - 1) * alike))


def _sizes(groups: Sequence[Any] | NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    _, codes = np.unique(np.asarray(groups), return_inverse=True)
    return codes, np.bincount(codes).astype(np.float64)
