"""From a shoot's raw keywords to one standard keyword a photo, or the reason why it gets none.

Works on the table of `reading`, never on files, so a changed vocabulary costs no decoding.
"""

from collections.abc import Sequence

import pandas as pd

from recipe_assets.studio.metadata import PhotoKeywords
from recipe_assets.studio.vocabulary import Standardized, Vocabulary

FACTS = [
    "shoot",
    "file",
    "sha256",
    "brand",
    "year",
    "recipe",
    "step",
    "tag",
    "phash",
    "iptc_keywords",
    "xmp_keywords",
]
"""What a labelled table keeps of the raw one."""


def standardize_shoot(raw: pd.DataFrame, vocabulary: Vocabulary) -> pd.DataFrame:
    """Add `keyword` (or None), `reason` and `recipe_id` to each readable photo of a raw table.

    Unreadable files are left out: they are counted where they were read. Masks get no keyword.
    """
    photos = raw[raw["problem"].isna()]
    labelled = photos[FACTS].reset_index(drop=True)
    columns = (labelled["tag"].fillna(""), labelled["iptc_keywords"], labelled["xmp_keywords"])
    found = [_standardize(*facts, vocabulary) for facts in zip(*columns, strict=True)]
    labelled["keyword"] = pd.Series([keyword for keyword, _ in found], dtype="string")
    labelled["reason"] = pd.Series([reason for _, reason in found], dtype="string")
    labelled["recipe_id"] = recipe_ids(labelled)
    return labelled


def _standardize(tag: str, iptc: Sequence[str], xmp: Sequence[str], vocabulary: Vocabulary) -> Standardized:
    if tag == "mask":
        return Standardized(None, "mask: not trained on")
    return vocabulary.standardize(PhotoKeywords(tuple(iptc), tuple(xmp)).effective)


def recipe_ids(photos: pd.DataFrame) -> pd.Series:
    """`brand-year-recipe` of each photo, missing where its name does not say."""
    known = photos[["brand", "year", "recipe"]].notna().all(axis=1)
    ids = photos["brand"] + "-" + photos["year"].astype("string") + "-" + photos["recipe"]
    return ids.where(known).astype("string")


def reason_kind(reasons: pd.Series) -> pd.Series:
    """The part of each reason before the colon: missing, unknown, ambiguous or mask."""
    return reasons.str.split(":").str[0]


def keyword_counts(labelled: pd.DataFrame, vocabulary: Vocabulary) -> pd.DataFrame:
    """Photos per keyword (rows, in vocabulary order, zeros kept) and shoot (columns)."""
    counts = pd.crosstab(labelled["keyword"], labelled["shoot"])
    return counts.reindex(list(vocabulary.names), fill_value=0)
