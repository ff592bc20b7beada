"""What answering only the surest photos would cost and bring: the risk-coverage curve and its area.

Which photos to leave to a person is `review_rule`'s subject.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RiskCoverage:
    """The curve over N photos, the surest first.

    Attributes:
        coverage: float64 (N,), the share of photos that are answered, rising to 1.
        risk: float64 (N,), the share of these that are wrong.
        threshold: float64 (N,), the least confidence among them.
    """

    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]
    threshold: NDArray[np.float64]

    @property
    def area(self) -> float:
        """Area under the curve (AURC), the mean risk over all coverages: 0 is perfect (Geifman et al. 2019)."""
        return float(self.risk.mean())

    @property
    def excess_area(self) -> float:
        """What of the area the order of the photos is to blame for (E-AURC): 0 if every mistake comes last."""
        count = len(self.risk)
        wrong = round(self.risk[-1] * count)
        best = np.maximum(0, np.arange(1, count + 1) - (count - wrong)) / np.arange(1, count + 1)
        return self.area - float(best.mean())


def risk_coverage(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> RiskCoverage:
    """The curve of confidences (N,) and which photos were right (N,).

    Photos of equal confidence have no order: each counts as wrong as all of them are on average.
    """
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    _, ties = np.unique(-ranked, return_inverse=True)
    wrong = np.bincount(ties, weights=~right[order]) / np.bincount(ties)
    answered = np.arange(1, len(ranked) + 1)
    return RiskCoverage(answered / len(ranked), wrong[ties].cumsum() / answered, ranked)
