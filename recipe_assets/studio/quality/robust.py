"""Where most values of a group lie, however far the odd ones are: median and median absolute deviation.

Pure statistics; which values are compared and what counts as odd is decided by `outliers` and `shoots`.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Z_LIMIT = 3.5
"""Modified z-score beyond which a value is odd (Iglewicz, Hoaglin, How to Detect and Handle Outliers, 1993)."""
_MAD_TO_SIGMA = 1.4826
"""Scales the median absolute deviation to the standard deviation of a normal distribution."""


def center_and_spread(values: pd.Series, groups: pd.Series, minimum: int) -> pd.DataFrame:
    """Median and scaled MAD of each value's own group.

    Args:
        values: float, NaN where unknown.
        groups: the group of each value.
        minimum: a group with fewer known values is given those of all values together.

    Returns:
        Columns `center` and `spread` on the index of `values`; NaN where all values together are too few.
    """
    overall = (values.median(), _spread(values)) if values.count() >= minimum else (np.nan, np.nan)
    table = pd.DataFrame({"center": overall[0], "spread": overall[1]}, index=values.index)
    for _, members in values.groupby(groups):
        if members.count() >= minimum:
            table.loc[members.index, ["center", "spread"]] = [members.median(), _spread(members)]
    return table


def _spread(values: pd.Series) -> float:
    return float(_MAD_TO_SIGMA * (values - values.median()).abs().median())


def leave_one_out_z(values: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    """Distance of each value from the median of the others, in their scaled MADs (at least `floor`), with sign."""
    scores = np.empty(len(values))
    for index, value in enumerate(values):
        others = pd.Series(np.delete(values, index))
        scores[index] = (value - others.median()) / max(_spread(others), floor)
    return scores
