"""From a shoot's raw words to one standard keyword a photo, or the reason why it gets none.

Works on the table of `reading`, never on files, so a changed vocabulary costs no decoding.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import pandas as pd

from recipe_assets.studio.quality.findings import DROP
from recipe_assets.studio.review import Decisions
from recipe_assets.studio.vocabulary import Vocabulary

FACTS = [
    "shoot", "file", "sha256", "brand", "year", "recipe", "step", "extra", "tag", "phash",
    "iptc_keywords", "xmp_keywords", "sidecar_keywords",
]  # fmt: skip
"""What a labelled table keeps of the raw one."""
SOURCES = {"IPTC": "iptc_keywords", "XMP": "xmp_keywords", "sidecar": "sidecar_keywords"}
"""Where a photo's words come from, in the order in which they are believed, with their column."""
REASONS = {
    "missing": "no keyword at all: write one into the photo",
    "unknown": "no word of it is in the vocabulary: add an alias, or correct the photo",
    "ambiguous": "one source names several keywords: remove all but one",
    "conflicting": "IPTC, XMP, sidecar and file name name different keywords: make them agree",
    "dropped": "a person took it out in the review queue",
    "mask": "a mask is never trained on",
}
"""Why a photo has no keyword, as the part of its reason before the colon, and what to do."""


MAX_UNMAPPED = 0.3
"""Share of photos of a shoot whose words may say no keyword; more is a new spelling, not carelessness."""
FAULTS = ("unknown", "ambiguous", "conflicting")
"""The reasons that speak against a shoot's words; a photo whose keyword is `missing` is one for the model."""


SHOWN, LONGEST = 10, 100
"""Unknown words named in a reason, and characters kept of each."""


class Label(NamedTuple):
    """A photo's keyword and where it comes from, or the reason why there is none and the nearest keyword."""

    keyword: str | None
    source: str | None
    reason: str | None
    suggestion: str | None


def standardize_shoot(
    raw: pd.DataFrame, vocabulary: Vocabulary, decisions: Decisions | None = None
) -> pd.DataFrame:
    """Add `keyword`, `source`, `reason`, `suggestion` and `recipe_id` to each readable photo of a raw table.

    Unreadable files are left out: they are counted where they were read. Masks get no keyword.

    Args:
        raw: the table of `reading` without its thumbnails.
        vocabulary: the studio's keywords.
        decisions: what people decided about single photos; it outranks what stands in the photo.
    """
    photos = raw[raw["problem"].isna()]
    labelled = photos[FACTS].reset_index(drop=True)
    labels = [_label(row, vocabulary, decisions or {}) for row in labelled.to_dict("records")]
    for column in Label._fields:
        labelled[column] = pd.Series([getattr(label, column) for label in labels], dtype="string")
    labelled["recipe_id"] = recipe_ids(labelled)
    return labelled


def _label(row: Mapping[Hashable, object], vocabulary: Vocabulary, decisions: Decisions) -> Label:
    if row["tag"] == "mask":
        return Label(None, None, "mask: not trained on", None)
    decided = decisions.get((str(row["shoot"]), str(row["file"]), str(row["sha256"])))
    if decided == DROP:
        return Label(None, "review", "dropped: by review", None)
    if decided is not None:
        return Label(decided, "review", None, None)
    words = {source: _words(row[column]) for source, column in SOURCES.items()}
    return _from_words(words, _name_words(row), vocabulary)


def _from_words(words: Mapping[str, Sequence[str]], name: Sequence[str], vocabulary: Vocabulary) -> Label:
    """The first source that names a keyword is believed, unless another names a different one."""
    found = {source: vocabulary.known(words[source]) for source in words}
    for source, keywords in found.items():
        if len(keywords) > 1:
            return Label(None, None, f"ambiguous: {', '.join(keywords)} ({source})", None)
    claims = {source: keywords[0] for source, keywords in found.items() if keywords}
    in_name = vocabulary.known(name)
    if claims and len(in_name) == 1:
        claims["file name"] = in_name[0]
    if len(set(claims.values())) > 1:
        said = ", ".join(f"{source} says {keyword}" for source, keyword in claims.items())
        return Label(None, None, f"conflicting: {said}", None)
    for source, keyword in claims.items():
        return Label(keyword, source, None, None)
    # A name alone is no label, only a hint: nobody proofreads file names.
    hint = in_name[0] if len(in_name) == 1 else None
    unknown = sorted({word for said in words.values() for word in said})
    if not unknown:
        return Label(None, None, "missing: the photo has no keyword", hint)
    more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
    reason = "unknown: " + ", ".join(unknown[:SHOWN]) + more
    return Label(None, None, reason, hint or vocabulary.nearest(unknown[:SHOWN]))


def _words(cell: object) -> list[str]:
    """Words that say something, cut to a length that a keyword can have: metadata may hold whole novels."""
    return [word[:LONGEST] for word in (cell if isinstance(cell, Iterable) else ()) if word.strip()]


def _name_words(row: Mapping[Hashable, object]) -> list[str]:
    """What may name a keyword in a file's name: its extra part, or outside the convention all but the number."""
    if isinstance(row["recipe"], str):
        return [row["extra"]] if isinstance(row["extra"], str) else []
    return [PurePosixPath(str(row["file"])).stem.rstrip("0123456789 _-()")]


def recipe_ids(photos: pd.DataFrame) -> pd.Series:
    """`brand-year-recipe` of each photo, missing where its name does not say."""
    known = photos[["brand", "year", "recipe"]].notna().all(axis=1)
    ids = photos["brand"] + "-" + photos["year"].astype("string") + "-" + photos["recipe"]
    return ids.where(known).astype("string")


def reason_kind(reasons: pd.Series) -> pd.Series:
    """The part of each reason before the colon, one of `REASONS`."""
    return reasons.str.split(":").str[0]


def unmapped_shares(labelled: pd.DataFrame) -> pd.Series:
    """Share of each shoot's photos whose words say no keyword; masks and photos taken out do not count at all.

    A shoot that arrives without a word is not at fault: the released model keywords it, and what people then
    correct or confirm there are labels like any other.
    """
    counted = labelled[~reason_kind(labelled["reason"]).fillna("").isin(["mask", "dropped"])]
    shares = reason_kind(counted["reason"]).isin(FAULTS).groupby(counted["shoot"]).mean()
    # A shoot of nothing but masks is whole: it is Recipe Cropper's.
    return shares.reindex(sorted(set(labelled["shoot"])), fill_value=0.0)


def keyword_counts(labelled: pd.DataFrame, vocabulary: Vocabulary) -> pd.DataFrame:
    """Photos per keyword (rows, in vocabulary order, zeros kept) and shoot (columns)."""
    counts = pd.crosstab(labelled["keyword"], labelled["shoot"])
    return counts.reindex(list(vocabulary.names), fill_value=0)
