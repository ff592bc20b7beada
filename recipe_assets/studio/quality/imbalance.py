"""How evenly keywords are photographed, and which are too rare to learn.

Counts only; photos and single keywords are judged elsewhere.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import pandas as pd

RARE_PHOTOS = 20
"""A keyword with fewer photos is rare: a tenth of them for the test are two, so one error is 50 %."""
RARE_RECIPES = 3
"""A keyword of fewer recipes cannot stand in training, validation and test: recipes stay on one side."""
NAMED = 8
"""So many rare keywords are named in the sentence."""


class Imbalance(msgspec.Struct, frozen=True):
    """How evenly photos are spread over keywords.

    Attributes:
        photos: with a keyword.
        keywords: that at least one photo carries.
        ratio: photos of the most frequent keyword over those of the least frequent one; 1 without any photo.
        effective_keywords: the number of equally frequent keywords with the same entropy (exp of Shannon's, the
            Hill number of order 1: Hill, Ecology 54, 1973).
        evenness: entropy over its maximum (Pielou 1966): 1 if all keywords are equally frequent.
        rare: keywords with too few photos or recipes, rarest first.
        missing: expected keywords that no photo carries.
        advice: one sentence for people.
    """

    photos: int
    keywords: int
    ratio: float
    effective_keywords: float
    evenness: float
    rare: tuple[str, ...]
    missing: tuple[str, ...]
    advice: str


def imbalance(labelled: pd.DataFrame, expected: Sequence[str] = ()) -> Imbalance:
    """Measure how evenly the studio's keywords are photographed.

    Args:
        labelled: usable photos with `keyword` and `recipe_id`.
        expected: all keywords of the vocabulary, to tell which have no photo at all.
    """
    photos = labelled[labelled["keyword"].notna()]
    counts = photos["keyword"].value_counts()
    counts = counts[counts > 0]
    shares = counts.to_numpy(dtype=float) / max(int(counts.sum()), 1)
    entropy = float(-(shares @ np.log(shares)))
    rare = _rare(photos, counts)
    missing = tuple(keyword for keyword in expected if keyword not in counts.index)
    return Imbalance(
        photos=len(photos),
        keywords=len(counts),
        ratio=float(counts.max() / counts.min()) if len(counts) else 1.0,
        effective_keywords=float(np.exp(entropy)) if len(counts) else 0.0,
        evenness=entropy / float(np.log(len(counts))) if len(counts) > 1 else 1.0,
        rare=rare,
        missing=missing,
        advice=_advice(rare, missing),
    )


def _rare(photos: pd.DataFrame, counts: pd.Series) -> tuple[str, ...]:
    # A photo whose name tells no recipe is one of its own.
    recipes = (
        photos["recipe_id"].fillna(photos["shoot"] + "/" + photos["file"]).groupby(photos["keyword"]).nunique()
    )
    few = (counts < RARE_PHOTOS) | (recipes.reindex(counts.index) < RARE_RECIPES)
    return tuple(sorted(map(str, counts.index[few]), key=lambda keyword: (counts[keyword], keyword)))


def _advice(rare: tuple[str, ...], missing: tuple[str, ...]) -> str:
    parts = []
    if missing:
        parts.append(f"photograph {_some(missing)}, which no photo shows")
    if rare:
        parts.append(
            f"photograph {_some(rare)} in more recipes: below {RARE_PHOTOS} photos or {RARE_RECIPES} recipes "
            "a keyword is hardly learned and its accuracy is chance"
        )
    return "; ".join(parts) or "every keyword has photos enough to be learned and measured"


def _some(keywords: tuple[str, ...]) -> str:
    named = ", ".join(f"'{keyword}'" for keyword in keywords[:NAMED])
    return named if len(keywords) <= NAMED else f"{named} and {len(keywords) - NAMED} more"
