"""What people read of the predictions: by day, by release and client, and where a candidate disagreed.

Tables in, tables out. How far a mix has drifted is `drift`'s subject.
"""

import numpy as np
import pandas as pd

from recipe_assets.production.drift import FEWEST_PHOTOS, different_photos, drift
from recipe_assets.release.prediction_record import SHADOW

DAY_COLUMNS = [
    "day", "predictions", "photos", "bursts", "review", "review_low", "review_high", "confidence",
    "drift", "drift_low", "drift_high",
]  # fmt: skip
DISAGREEMENT = [
    "time", "client", "photo_sha256", "release_id", "keyword", "confidence", "needs_review",
    "candidate_release_id", "candidate_keyword", "candidate_confidence",
]  # fmt: skip


def by_day(training: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """One row for each day with answers (UTC), `DAY_COLUMNS`.

    `review` is the share of photos that a person should look at (0-1) with its 95 % interval (Wilson's, on the
    number of photos that the bursts are worth), `confidence` the median of first keywords in percent, `drift` the
    distance from training; NaN on days with fewer than `FEWEST_PHOTOS` photos, its ends on days of few bursts.
    """
    rows = []
    for day, some in answers.groupby("day"):
        photos = different_photos(some)
        low, high = _review_interval(photos)
        found = drift(training, some) if len(photos) >= FEWEST_PHOTOS else None
        rows.append(
            {
                "day": day,
                "predictions": len(some),
                "photos": len(photos),
                "bursts": photos["burst"].nunique(),
                "review": photos["needs_review"].mean(),
                "review_low": low,
                "review_high": high,
                "confidence": photos["confidence"].median(),
                "drift": found.distance if found else np.nan,
                "drift_low": found.low if found else np.nan,
                "drift_high": found.high if found else np.nan,
            }
        )
    return pd.DataFrame(rows, columns=DAY_COLUMNS)


def _review_interval(photos: pd.DataFrame) -> tuple[float, float]:
    from recipe_assets.model.intervals import effective_photos, likeness, wilson

    marked, bursts = photos["needs_review"].to_numpy(dtype=bool), photos["burst"].to_numpy(dtype=str)
    worth = effective_photos(bursts, likeness(marked, bursts))
    return wilson(marked.mean() * worth, worth)


def traffic(answers: pd.DataFrame) -> pd.DataFrame:
    """Predictions and different photos by release and client, the newest release first."""
    named = answers.assign(client=answers["client"].fillna("(no key)"))
    grouped = named.groupby(["release_id", "client"])
    table = pd.DataFrame(
        {
            "predictions": grouped.size(),
            "photos": grouped["photo_sha256"].nunique(),
            "review_share": grouped["needs_review"].mean(),
            "median_confidence": grouped["confidence"].median(),
            "first": grouped["time"].min(),
            "last": grouped["time"].max(),
        }
    ).reset_index()
    return table.sort_values(["release_id", "predictions"], ascending=[False, False], ignore_index=True)


def shadowed(predictions: pd.DataFrame) -> pd.DataFrame:
    """By release and candidate: how many photos both answered, and how many they disagree about."""
    both = predictions[predictions["kind"] == SHADOW]
    differs = both["keyword"] != both["candidate_keyword"]
    grouped = both.assign(differs=differs.astype(float)).groupby(["release_id", "candidate_release_id"])["differs"]
    table = pd.DataFrame({"photos": grouped.size(), "disagree": grouped.sum(), "share": grouped.mean()})
    return table.astype({"disagree": "int64"}).reset_index()


def disagreements(predictions: pd.DataFrame) -> pd.DataFrame:
    """The photos that release and candidate name otherwise, the newest first: `DISAGREEMENT`."""
    both = predictions[predictions["kind"] == SHADOW]
    found = both[(both["keyword"] != both["candidate_keyword"]).fillna(value=True)]
    return found.sort_values("time", ascending=False, ignore_index=True)[DISAGREEMENT]


def moves(found: pd.DataFrame) -> pd.DataFrame:
    """Disagreements by both keywords, the most frequent pair first."""
    counts = found.groupby(["keyword", "candidate_keyword"]).size().rename("photos").reset_index()
    return counts.sort_values("photos", ascending=False, kind="stable", ignore_index=True)
