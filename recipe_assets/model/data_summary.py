"""How many photos, recipes and shoots a model learned from and was measured on, for its model card.

Counts the table of splits; how photos come to their side is `studio.splits`' subject.
"""

import msgspec
import pandas as pd

from recipe_assets.studio.splits import KEPT_OUT, SHARES


class SideSummary(msgspec.Struct, frozen=True):
    """One side of the splits; a recipe counts with its near-duplicates as one."""

    photos: int
    recipes: int
    shoots: int


class DataSummary(msgspec.Struct, frozen=True):
    """What the splits hold.

    Attributes:
        sides: "train", "val" and "test".
        keywords: photos of each keyword by side.
        kept_out: photos by the reason why they neither train nor measure.
    """

    sides: dict[str, SideSummary]
    keywords: dict[str, dict[str, int]]
    kept_out: dict[str, int]


def summarize_splits(splits: pd.DataFrame) -> DataSummary:
    """Count the table of splits."""
    counts = pd.crosstab(splits["keyword"], splits["split"]).reindex(columns=list(SHARES), fill_value=0)
    return DataSummary(
        sides={side: _side(splits[splits["split"] == side]) for side in SHARES},
        keywords={str(name): {side: int(row[side]) for side in SHARES} for name, row in counts.iterrows()},
        kept_out={
            reason: count for kind, reason in KEPT_OUT.items() if (count := int((splits["split"] == kind).sum()))
        },
    )


def _side(photos: pd.DataFrame) -> SideSummary:
    return SideSummary(len(photos), photos["group"].nunique(), photos["shoot"].nunique())
