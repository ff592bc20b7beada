"""Whole shoots that look unlike all others: other light, camera, export settings or subject.

Single odd photos are `outliers`' subject. Speaks only where there are enough shoots to know what is usual.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recipe_assets.studio.quality.findings import Finding, excess_score, findings_table
from recipe_assets.studio.quality.neighbors import embedding_rows
from recipe_assets.studio.quality.robust import Z_LIMIT, leave_one_out_z

MINIMUM_SHOOTS = 5
"""With fewer, nobody knows what is usual among shoots."""
MINIMUM_PHOTOS = 10
"""A smaller shoot is neither judged nor compared with: its mean is chance."""
MINIMUM_RECIPES = 3
"""Embeddings of fewer recipes tell of those recipes, not of the shoot."""


class _Look(NamedTuple):
    """One measure of a shoot: words for low and high, least spread assumed among shoots, whether ratios count."""

    low: str
    high: str
    floor: float
    ratios: bool = False


_LOOKS = {
    "brightness": _Look("darker", "brighter", 10),
    "contrast": _Look("flatter", "richer in contrast", 6),
    "sharpness": _Look("softer", "sharper", 0.4, ratios=True),
    "megapixels": _Look("smaller", "larger", 0.25, ratios=True),
}
_LEAST_SPREAD = 0.25
"""Least spread assumed for distances between shoots, as a share of the usual distance..."""
_NOISE_SHARE = 0.5
"""... and of the distance that chance alone makes between means of so few recipes."""


def odd_shoots(raw: pd.DataFrame, embeddings: pd.DataFrame | None = None) -> pd.DataFrame:
    """Shoots that look unlike all others, by light, contrast, sharpness, size and embeddings.

    Each shoot is compared with the others (leave one out), in medians and median deviations.

    Args:
        raw: one row per file of all shoots, with metrics. Masks and unreadable files are left out.
        embeddings: unit vectors of the photos, or None.

    Returns:
        Findings of the kind odd_shoot, without file; none if fewer than 5 shoots have at least 10 photos.
    """
    photos = raw[raw["problem"].isna() & (raw["tag"].fillna("") != "mask")]
    sizes = photos["shoot"].value_counts()
    photos = photos[photos["shoot"].isin(sizes.index[sizes >= MINIMUM_PHOTOS])].reset_index(drop=True)
    if photos["shoot"].nunique() < MINIMUM_SHOOTS:
        return findings_table([])
    looks = _look_scores(photos)
    worst = looks.abs().max(axis=1)
    content = _content_scores(photos, embeddings) if embeddings is not None else pd.Series(dtype=float)
    rows = []
    for shoot in looks.index:
        excess = max(worst[shoot], content.get(shoot, 0.0)) / Z_LIMIT
        if excess > 1:
            detail = _sentence(looks.loc[shoot], content.get(shoot, 0.0) > Z_LIMIT)
            rows.append(
                Finding(str(shoot), None, None, "odd_shoot", float(excess_score(np.array(excess))), detail)
            )
    return findings_table(rows)


def _look_scores(photos: pd.DataFrame) -> pd.DataFrame:
    """Robust z-scores of each shoot's median photo: shoots as rows, measures as columns."""
    measures = photos.assign(megapixels=photos["width"] * photos["height"] / 1e6)
    medians = measures.groupby("shoot")[list(_LOOKS)].median().astype(float)
    scores = {}
    for measure, look in _LOOKS.items():
        values = np.log(medians[measure].clip(lower=1e-6)) if look.ratios else medians[measure]
        scores[measure] = leave_one_out_z(values.to_numpy(), look.floor)
    return pd.DataFrame(scores, index=medians.index)


def _content_scores(photos: pd.DataFrame, embeddings: pd.DataFrame) -> pd.Series:
    """Robust z-score of each shoot's distance to the nearest other shoot; far is positive."""
    known, vectors = embedding_rows(photos, embeddings)
    photos = photos.iloc[known].reset_index(drop=True)
    if photos["shoot"].nunique() < MINIMUM_SHOOTS:
        return pd.Series(dtype=float)
    # Photos of one recipe are hardly independent, so recipes are averaged first and counted as one look each.
    recipe = photos["recipe"].fillna(photos["file"])
    looks = pd.DataFrame(vectors).groupby([photos["shoot"], recipe]).mean()
    counts = looks.groupby(level=0).size()
    looks = looks[(counts >= MINIMUM_RECIPES).reindex(looks.index.get_level_values(0)).to_numpy()]
    if looks.index.get_level_values(0).nunique() < MINIMUM_SHOOTS:
        return pd.Series(dtype=float)
    nearest, noise = _nearest_distances(looks)
    floor = max(_LEAST_SPREAD * float(np.median(nearest)), _NOISE_SHARE * noise, 1e-6)
    return pd.Series(leave_one_out_z(nearest, floor), index=counts.index[counts >= MINIMUM_RECIPES])


def _nearest_distances(looks: pd.DataFrame) -> tuple[NDArray[np.float64], float]:
    """Distance of each shoot's mean look to the nearest other's, and the distance that chance alone makes.

    The mean of n looks is off by their variance over n; that much is taken from the squared distances.
    """
    means = looks.groupby(level=0).mean().to_numpy(dtype=float)
    counts = looks.groupby(level=0).size().to_numpy(dtype=float)
    noise = looks.groupby(level=0).var().sum(axis=1).to_numpy(dtype=float) / counts
    chance = noise[:, None] + noise[None]
    distances = np.sqrt(np.maximum(((means[:, None] - means[None]) ** 2).sum(axis=2) - chance, 0))
    np.fill_diagonal(distances, np.inf)
    return distances.min(axis=1), float(np.sqrt(np.median(chance)))


def _sentence(looks: pd.Series, other_content: bool) -> str:
    words: list[str] = [
        _LOOKS[str(measure)].low if score < 0 else _LOOKS[str(measure)].high
        for measure, score in looks.sort_values(key=np.abs, ascending=False).items()
        if abs(score) > Z_LIMIT
    ]
    if words:
        tail = ", and it shows other things" if other_content else ""
        return f"its photos are {' and '.join(words)} than those of the other shoots{tail}"
    return "its photos show other things than those of the other shoots, in usual light and sharpness"
