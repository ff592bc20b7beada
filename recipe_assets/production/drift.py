"""How far the keywords of photos in production are from those that the model was trained on, and what chance does.

Works on tables alone; when people are warned is decided where the check is, with the limits that are stated here.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recipe_assets.release.prediction_record import PREDICTION

LIMIT = 0.2
"""The Jensen-Shannon distance that is too far. For small differences eight times the divergence in nats is the
population stability index (both are chi-square-like), so 0.2 is an index of 0.22: between the 0.1 and the 0.25
from which credit scoring speaks of a shift and of a major one (Siddiqi 2006, Credit Risk Scorecards)."""
RECENT_DAYS = 7
"""The days with predictions, up to the newest one, that are judged."""
FEWEST_PHOTOS = 100
FEWEST_BURSTS = 10
"""With fewer bursts (or recipes), resampling them shows too little of what others would have been: of mixes
without drift, seen in 5 bursts, 1 in 20 was called drifted; in 10 or more, none of 240."""
IDLE = pd.Timedelta(minutes=30)
"""Photos of one client with shorter pauses between them are one burst: mostly one shoot, so they are alike."""

Shares = NDArray[np.float64]


class Drift(NamedTuple):
    """The distance between two keyword mixes.

    Attributes:
        distance: Jensen-Shannon distance, 0 (the same mix) to 1 (no keyword in common), corrected for the distance
            that small counts show without any drift.
        low: of the 95 % interval; NaN where there is too little to say.
        high: of the interval.
        photos: different photos that were answered.
        bursts: in which they came.
    """

    distance: float
    low: float
    high: float
    photos: int
    bursts: int

    @property
    def enough(self) -> bool:
        """Whether there is enough to judge."""
        return self.photos >= FEWEST_PHOTOS and not np.isnan(self.low)

    @property
    def too_far(self) -> bool:
        """Whether even the near end of the interval is beyond `LIMIT`."""
        return self.enough and self.low > LIMIT


def answered_photos(predictions: pd.DataFrame) -> pd.DataFrame:
    """What clients were answered, with `burst` (which burst of photos it came in) and `day` (UTC)."""
    answers = predictions[predictions["kind"] == PREDICTION].sort_values(["time", "row_id"])
    client = answers["client"].fillna("")
    begins = ~(answers.groupby(client)["time"].diff() <= IDLE)
    number = begins.astype(int).groupby(client).cumsum()
    return answers.assign(burst=client + "#" + number.astype("string"), day=answers["time"].dt.date)


def different_photos(answers: pd.DataFrame) -> pd.DataFrame:
    """The last answer for each photo: one that is sent again does not count twice."""
    return answers.drop_duplicates("photo_sha256", keep="last")


def recent(answers: pd.DataFrame) -> pd.DataFrame:
    """The answers of the newest `RECENT_DAYS` days that have any."""
    days = sorted(answers["day"].unique())[-RECENT_DAYS:]
    return answers[answers["day"].isin(days)]


def drift(training: pd.DataFrame, answers: pd.DataFrame) -> Drift:
    """The distance of the answered photos' keyword mix from the training photos'.

    Square root of the Jensen-Shannon divergence to base 2 (Lin 1991; a metric: Endres and Schindelin 2003):
    bounded, and no keyword that one side lacks makes it infinite. The interval is the basic bootstrap interval
    (Davison and Hinkley 1997, 5.2.1) of the divergence, whole bursts and whole recipe groups drawn again: it takes
    off the bias of counts, which without it would look like drift wherever photos are few. Where half of a burst's
    photos show the same, it is somewhat short: of 10 to 40 bursts, it holds the true distance 7 to 9 times of 10.

    Args:
        training: a row for each training photo: keyword, group.
        answers: from `answered_photos`; a photo that was sent twice counts once.
    """
    photos = different_photos(answers)
    bursts, groups = photos["burst"].nunique(), training["group"].nunique()
    if not len(photos) or not len(training):
        return Drift(np.nan, np.nan, np.nan, len(photos), bursts)
    ours, theirs = _draws(training["group"], training["keyword"], photos["burst"], photos["keyword"])
    measured = divergence(ours[0], theirs[0])
    drawn = divergence(ours[1], theirs[1])
    distance = _distance(2 * measured - drawn.mean())
    if min(bursts, groups) < FEWEST_BURSTS:
        return Drift(distance, np.nan, np.nan, len(photos), bursts)
    high, low = (_distance(2 * measured - end) for end in np.quantile(drawn, [0.025, 0.975]))
    return Drift(distance, low, high, len(photos), bursts)


def divergence(one: Shares, other: Shares) -> Shares:
    """Jensen-Shannon divergence in bits of counts or shares over the last axis: (..., K) and (..., K) -> (...)."""
    from scipy.special import rel_entr

    p, q = (side / side.sum(axis=-1, keepdims=True) for side in (one, other))
    middle = (p + q) / 2
    return np.asarray((rel_entr(p, middle) + rel_entr(q, middle)).sum(axis=-1) / (2 * np.log(2)))


def keyword_mix(training: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Photos and share of each keyword in training and in production, the largest difference first.

    `low` and `high` are the 95 % interval of the share in production (percentiles, whole bursts drawn again); NaN
    where there are too few bursts.
    """
    photos = different_photos(answers)
    table = pd.DataFrame(
        {"training_photos": training["keyword"].value_counts(), "photos": photos["keyword"].value_counts()}
    ).fillna(0)
    table = table.astype({"training_photos": "int64", "photos": "int64"}).rename_axis("keyword").sort_index()
    table["training"] = table["training_photos"] / max(1, len(training))
    table["production"] = table["photos"] / max(1, len(photos))
    table["low"] = table["high"] = np.nan
    if photos["burst"].nunique() >= FEWEST_BURSTS:
        _, (_, drawn) = _draws(training["group"], training["keyword"], photos["burst"], photos["keyword"])
        table[["low", "high"]] = np.quantile(drawn / drawn.sum(axis=1, keepdims=True), [0.025, 0.975], axis=0).T
    order = (table["production"] - table["training"]).abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index()


def _draws(
    groups: pd.Series, labels: pd.Series, bursts: pd.Series, answers: pd.Series
) -> tuple[tuple[Shares, Shares], tuple[Shares, Shares]]:
    """Counts by keyword, in order of their names, as they are (K,) and drawn again (rounds, K); for both sides."""
    from recipe_assets.model.bootstrap import Draws

    names = sorted({*labels, *answers})
    sides = []
    for seed, (clusters, keywords) in enumerate([(groups, labels), (bursts, answers)]):
        codes = pd.Categorical(keywords, categories=names).codes.astype(np.int64)
        counts = np.bincount(codes, minlength=len(names)).astype(np.float64)
        drawn = (
            Draws.of(clusters.to_numpy(dtype=str), seed=seed).counts(codes, len(names)) if len(codes) else counts
        )
        sides.append((counts, drawn))
    return sides[0], sides[1]


def _distance(bits: float) -> float:
    return float(np.sqrt(np.clip(bits, 0, 1)))
