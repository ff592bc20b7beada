"""What a release says of how good it is: held-out results, when a person should look, which graph ships and why.

Plain records inside the manifest; how they are measured is the model room's subject.
"""

import math
from typing import Literal

import msgspec

from recipe_assets.errors import ReleaseError

Precision = Literal["fp32", "int8"]


class KeywordMetrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Held-out results of one keyword, 0-1; None where nothing was measured (no photo, never predicted).

    `interval` is the 95 % interval of the accuracy (recall), recipes resampled as a whole.
    """

    photos: int
    accuracy: float | None
    precision: float | None
    interval: tuple[float, float] | None = None


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Held-out results, 0-1; the interval is that of the macro accuracy.

    The calibration errors (ECE) are those of the confidences before and after division by the temperature.
    """

    macro_accuracy: float
    macro_accuracy_interval: tuple[float, float]
    photos: int
    zero_shot_macro_accuracy: float | None
    per_keyword: dict[str, KeywordMetrics]
    macro_f1: float | None = None
    top3_accuracy: float | None = None
    linear_probe_macro_accuracy: float | None = None
    calibration_error: float | None = None
    calibration_error_before: float | None = None


class ReviewRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a person should look: a photo whose confidence (0-1) is below the threshold of its first keyword.

    `coverage` is the share of held-out photos that need no look, `accuracy` the share of these that are right.

    Raises:
        ReleaseError: if a threshold is no share.
    """

    target_accuracy: float
    thresholds: dict[str, float]
    coverage: float
    accuracy: float | None

    def __post_init__(self) -> None:
        wrong = [name for name, value in self.thresholds.items() if not (math.isfinite(value) and 0 <= value <= 1)]
        if wrong:
            raise ReleaseError(f"the review threshold of '{wrong[0]}' is {self.thresholds[wrong[0]]}, not 0 to 1")

    def needs_review(self, keyword: str, confidence: float) -> bool:
        """Whether a person should look at a photo, given its first keyword and how sure of it, in percent (0-100).

        Where the keyword has no threshold, nobody has measured how far it can be trusted: a person looks.
        """
        threshold = self.thresholds.get(keyword)
        return threshold is None or confidence < 100 * threshold


class Graph(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which graph ships, why, and how close it is to the model on validation photos.

    Attributes:
        precision: "int8" where its products of matrices are quantized, else "fp32".
        reason: why, in words with numbers.
        same_keyword: share of the photos whose first keyword is the model's, 0-1.
        macro_accuracy_change: the shipped graph's macro accuracy minus the model's, 0-1; negative is a loss.
        photos: validation photos that both saw.
    """

    precision: Precision
    reason: str
    same_keyword: float
    macro_accuracy_change: float
    photos: int
