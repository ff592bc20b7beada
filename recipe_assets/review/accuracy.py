"""How often a release is right on the photos that it keyworded, as far as people's words tell.

Nobody looks at a random sample: the review page asks about doubtful photos, and in the outbox a wrong keyword is
corrected far sooner than a right one is marked. So each share stands between two bounds (after Manski 2003,
Partial Identification of Probability Distributions): at least what people confirmed of what they judged, at most
all that nobody corrected; both with the end of a Wilson interval. Photos that need a look and those that do not
are measured apart and weighed by how many of either the release keyworded. Figures are drawn elsewhere.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recipe_assets.outbox.rows import Row
from recipe_assets.release.manifest import Manifest
from recipe_assets.review.history import Entry, Verdict, words_that_count
from recipe_assets.review.journal import Photo
from recipe_assets.studio.names import parse_name

ALL = "(all)"
"""What stands in the place of one keyword, or of one part."""
SURE, DOUBTFUL = "nobody looks", "needs a look"
"""The two parts of photos: those that the release's rule lets through, and the others."""
FEWEST, FEWEST_RECIPES = 20, 10
"""Photos and recipes below which nothing is judged: a single recipe may be odd as a whole."""
VERDICTS = ("confirmed", "corrected", "dropped", "kept")
COLUMNS = [
    "release_id", "keyword", "part", "photos", "recipes", *VERDICTS,
    "accuracy", "low", "high", "promised",
]  # fmt: skip


class Bounds(NamedTuple):
    """Share of right keywords among what people judged (NaN without any), and the bounds of all, 0-1."""

    accuracy: float
    low: float
    high: float


def keyworded_photos(rows: Iterable[Row], history: Sequence[Entry], manifest: Manifest) -> pd.DataFrame:
    """The photos that a release keyworded, with what people said of them; one row each.

    Only photos about whose keyword of this release people said something are judged, each by the last word about
    it: one that was said of another release's keyword since may take the first one back or correct it.

    Args:
        rows: of all keyworded shoots.
        history: all words.
        manifest: of the release.

    Returns:
        Columns: keyword (as the release said), part (`SURE` or `DOUBTFUL`), group (recipe), verdict (None where
        nobody said anything).
    """
    mine = [entry for entry in history if entry.release_id == manifest.release_id and entry.shown_keyword]
    judged = {entry.photo for entry in mine if entry.verdict != "kept"}
    kept = {entry.photo for entry in mine if entry.verdict == "kept"}
    words = {photo: word for photo, word in words_that_count(history).items() if photo in judged}
    shown: dict[Photo, tuple[str, bool]] = {
        entry.photo: (entry.shown_keyword or "", _needs_look(entry, manifest)) for entry in mine
    }
    for row in rows:
        if row.origin == "model" and row.release_id == manifest.release_id and row.path and row.keyword:
            shown[Photo(row.shoot, row.file, row.sha256)] = (row.keyword, row.needs_review)
    records = [
        {
            "keyword": keyword,
            "part": DOUBTFUL if needs_look else SURE,
            "group": _recipe(photo),
            "verdict": _verdict(words.get(photo), keyword, manifest) or ("kept" if photo in kept else None),
        }
        for photo, (keyword, needs_look) in shown.items()
    ]
    return pd.DataFrame(records, columns=["keyword", "part", "group", "verdict"])


def live_accuracy(photos: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """The table: all photos, each part, then each keyword with the most photos first; `COLUMNS`.

    `accuracy`, `low` and `high` are those of `bounds`; `promised` is what the release's test photos promise for
    the same, NaN where they say nothing.

    Args:
        photos: from `keyworded_photos`.
        manifest: of the release.
    """
    selections = [(ALL, ALL, photos)]
    selections += [(ALL, part, photos[photos["part"] == part]) for part in (SURE, DOUBTFUL)]
    for keyword in photos["keyword"].value_counts().index:
        selections.append((str(keyword), ALL, photos[photos["keyword"] == keyword]))
    rows = []
    for keyword, part, some in selections:
        counts = {verdict: int((some["verdict"] == verdict).sum()) for verdict in VERDICTS}
        found = dict(zip(Bounds._fields, weighed(some), strict=True))
        about = {"release_id": manifest.release_id, "keyword": keyword, "part": part}
        sizes = {"photos": len(some), "recipes": some["group"].nunique()}
        rows.append({**about, **sizes, **counts, **found, "promised": promised(some, part, manifest)})
    return pd.DataFrame(rows, columns=COLUMNS)


def weighed(photos: pd.DataFrame) -> Bounds:
    """The bounds of both parts, weighed by their photos; the accuracy is NaN if of one part nothing was judged."""
    parts = [some for _, some in photos.groupby("part")]
    if not parts:
        return Bounds(np.nan, 0.0, 1.0)
    found = np.array([bounds(some) for some in parts])
    weights = np.array([len(some) for some in parts]) / len(photos)
    accuracy, low, high = (weights @ found).tolist()
    return Bounds(accuracy, low, high)


def bounds(photos: pd.DataFrame) -> Bounds:
    """What people's words prove about the photos of one part.

    The low bound is the low end of the interval of what was judged: people judge doubtful photos first. The high
    bound is the high end of the interval of all photos where whatever nobody corrected counts as right. Photos of
    one recipe are alike, so the intervals are those of as many unrelated photos as they are worth (Kish 1965).
    Photos that were dropped show nothing that a keyword could be right about, and do not count.
    """
    counted = photos[photos["verdict"] != "dropped"]
    judged = counted[counted["verdict"].isin(["confirmed", "corrected"])]
    low, _ = _interval((judged["verdict"] == "confirmed").to_numpy(dtype=bool), judged["group"])
    _, high = _interval((counted["verdict"] != "corrected").to_numpy(dtype=bool), counted["group"])
    accuracy = float((judged["verdict"] == "confirmed").mean()) if len(judged) else np.nan
    return Bounds(accuracy, low, high)


def promised(photos: pd.DataFrame, part: str, manifest: Manifest) -> float:
    """The share of right keywords that the release's test photos promise for such photos; NaN if they do not say.

    For all photos and for a keyword: the precision of the keywords that were said. For the photos that nobody
    looks at: what the release's rule reached. For the others: what is left of all test photos.
    """
    rule, said = manifest.review, manifest.metrics.per_keyword
    if not len(photos):
        return np.nan
    if part == ALL:
        of_keywords = [said[word].precision if word in said else None for word in photos["keyword"]]
        fallback = manifest.metrics.macro_accuracy
        return float(np.mean([fallback if share is None else share for share in of_keywords]))
    if rule is None or rule.accuracy is None:
        return np.nan
    if part == SURE:
        return rule.accuracy
    tested = [(one.photos, one.accuracy) for one in said.values() if one.accuracy is not None]
    everything = sum(count * share for count, share in tested) / max(1, sum(count for count, _ in tested))
    left = 1 - rule.coverage
    rest = (everything - rule.coverage * rule.accuracy) / left if left > 0 else np.nan
    return float(rest) if 0 < rest < 1 else np.nan  # of few test photos, a difference of shares may be none


def below_promise(table: pd.DataFrame) -> pd.DataFrame:
    """The rows in which even the high bound is below the promise, of those with photos enough."""
    enough = (table["photos"] >= FEWEST) & (table["recipes"] >= FEWEST_RECIPES)
    return table[enough & (table["high"] < table["promised"])]


def _interval(right: NDArray[np.bool_], groups: pd.Series) -> tuple[float, float]:
    from recipe_assets.model.intervals import effective_photos, likeness, wilson

    if not len(right):
        return 0.0, 1.0
    names = groups.to_numpy(dtype=str)
    worth = effective_photos(names, likeness(right, names))
    return wilson(float(right.mean()) * worth, worth)


def _needs_look(entry: Entry, manifest: Manifest) -> bool:
    rule, confidence = manifest.review, entry.shown_confidence
    return rule is None or confidence is None or rule.needs_review(entry.shown_keyword or "", confidence)


def _verdict(word: Entry | None, keyword: str, manifest: Manifest) -> Verdict | None:
    """What a word says of the release's keyword, also where the person was shown another release's."""
    if word is None:
        return None
    if word.verdict == "dropped" or (word.release_id == manifest.release_id and word.shown_keyword):
        return word.verdict
    return "confirmed" if word.keyword == keyword else "corrected"


def _recipe(photo: Photo) -> str:
    name = parse_name(photo.file)
    return f"{name.brand}-{name.year}-{name.recipe}" if name.recipe else f"{photo.shoot}/{photo.file}"
