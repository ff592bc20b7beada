"""Judging photos and keywords: odd photos, copies, doubtful keywords, imbalance, odd shoots.

Pure functions over tables and thumbnails; opens no file, knows no Dagster. What to do with findings is decided by
those who call: checks, the report, the review queue.
"""

from recipe_assets.studio.quality.duplicates import (
    Pair,
    conflicting_labels,
    exact_duplicates,
    near_duplicate_photos,
    near_duplicates,
)
from recipe_assets.studio.quality.everything import all_findings
from recipe_assets.studio.quality.findings import DROP, FINDING_COLUMNS, KINDS, Kind
from recipe_assets.studio.quality.hashing import (
    NEAR_DUPLICATE_BITS,
    connected_groups,
    near_duplicate_pairs,
    perceptual_hash,
)
from recipe_assets.studio.quality.imbalance import Imbalance, imbalance
from recipe_assets.studio.quality.label_errors import confident_joint, label_errors, photo_groups
from recipe_assets.studio.quality.metrics import METRICS, PhotoMetrics, photo_metrics
from recipe_assets.studio.quality.out_of_fold import out_of_fold_probabilities
from recipe_assets.studio.quality.outliers import odd_photos
from recipe_assets.studio.quality.shoots import odd_shoots

__all__ = [
    "DROP",
    "FINDING_COLUMNS",
    "KINDS",
    "METRICS",
    "NEAR_DUPLICATE_BITS",
    "Imbalance",
    "Kind",
    "Pair",
    "PhotoMetrics",
    "all_findings",
    "confident_joint",
    "conflicting_labels",
    "connected_groups",
    "exact_duplicates",
    "imbalance",
    "label_errors",
    "near_duplicate_pairs",
    "near_duplicate_photos",
    "near_duplicates",
    "odd_photos",
    "odd_shoots",
    "out_of_fold_probabilities",
    "perceptual_hash",
    "photo_groups",
    "photo_metrics",
]
