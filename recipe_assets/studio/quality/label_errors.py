"""Keywords that are probably wrong: confident learning over out-of-fold probabilities.

Method: Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70, 2021
(arXiv:1911.00068). How the probabilities come about is `out_of_fold`'s subject.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recipe_assets.studio.quality.duplicates import Pair
from recipe_assets.studio.quality.findings import Finding, findings_table, photo_names
from recipe_assets.studio.quality.hashing import connected_groups
from recipe_assets.studio.quality.neighbors import embedding_rows
from recipe_assets.studio.quality.out_of_fold import out_of_fold_probabilities

MOST_OF_A_KEYWORD = 0.5
"""At most this share of a keyword's judged photos is found: a model that doubts more does not know the keyword."""
RELIABLE = 0.7
"""A keyword is suggested only if, of the photos that confidently show it, this share carries it. With 5 % of real
keywords changed at random, this raised precision from 0.21 to 0.50 and kept 42 of 57 hits; a weak model (right on
42 %), which doubted 37 % of all photos, then doubts 2 %."""


def class_thresholds(labels: NDArray[np.intp], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The paper's t_j: mean probability of keyword j over the photos that carry j; infinite where none does.

    Args:
        labels: given keyword numbers, shape (n,).
        probabilities: out-of-fold, shape (n, k), without NaN.
    """
    keywords = np.arange(probabilities.shape[1])
    own = [probabilities[labels == keyword, keyword] for keyword in keywords]
    return np.array([values.mean() if len(values) else np.inf for values in own])


def confident_keywords(labels: NDArray[np.intp], probabilities: NDArray[np.float64]) -> NDArray[np.intp]:
    """The keyword each photo confidently shows: the likeliest of those that reach their threshold; -1 if none.

    Args:
        labels: given keyword numbers, shape (n,).
        probabilities: out-of-fold, shape (n, k), without NaN.
    """
    reached = np.where(probabilities >= class_thresholds(labels, probabilities), probabilities, -1.0)
    return np.where(reached.max(axis=1, initial=-1) >= 0, reached.argmax(axis=1), -1).astype(np.intp)


def confident_joint(labels: NDArray[np.intp], probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """The paper's C: photos by given keyword (rows) and confidently shown keyword (columns), shape (k, k).

    Args:
        labels: given keyword numbers, shape (n,).
        probabilities: out-of-fold, shape (n, k), without NaN.
    """
    count = probabilities.shape[1]
    shown = confident_keywords(labels, probabilities)
    joint = np.zeros((count, count), np.int64)
    np.add.at(joint, (labels[shown >= 0], shown[shown >= 0]), 1)
    return joint


def estimated_joint(joint: NDArray[np.int64], labels: NDArray[np.intp]) -> NDArray[np.float64]:
    """The paper's Q: share of all photos by given and true keyword; rows add up to the given keywords' shares.

    A keyword of which no photo is confident is taken to be right.
    """
    counts = np.bincount(labels, minlength=len(joint)).astype(float)
    rows = np.where(joint.sum(axis=1, keepdims=True) > 0, joint, np.eye(len(joint)))
    calibrated = rows / rows.sum(axis=1, keepdims=True) * counts[:, None]
    shares: NDArray[np.float64] = calibrated / max(calibrated.sum(), 1)
    return shares


def prune(labels: NDArray[np.intp], probabilities: NDArray[np.float64]) -> NDArray[np.intp]:
    """Photos whose keyword is probably wrong, worst first.

    Both of the paper's ways must agree: the photo stands off the diagonal of the confident joint (C_confusion),
    and it is among the n Q_ij photos with the widest margin between true and given keyword (prune by noise rate).

    Args:
        labels: given keyword numbers, shape (n,).
        probabilities: out-of-fold, shape (n, k), without NaN.

    Returns:
        Positions, ordered by normalized margin: probability of the given keyword less that of the likeliest other.
    """
    shown = confident_keywords(labels, probabilities)
    joint = confident_joint(labels, probabilities)
    expected = np.rint(estimated_joint(joint, labels) * len(labels)).astype(int)
    given = probabilities[np.arange(len(labels)), labels]
    chosen: list[int] = []
    for row, column in np.argwhere(joint * (1 - np.eye(len(joint), dtype=int))):
        members = np.flatnonzero(labels == row)
        widest = members[np.argsort(given[members] - probabilities[members, column], kind="stable")]
        chosen += [int(photo) for photo in widest[: expected[row, column]] if shown[photo] == column]
    margin = normalized_margin(labels, probabilities)
    return _spare_keywords(np.array(sorted(chosen, key=lambda photo: margin[photo]), dtype=np.intp), labels)


def normalized_margin(labels: NDArray[np.intp], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of the given keyword less that of the likeliest other: -1 (surely wrong) to 1, shape (n,)."""
    rows = np.arange(len(labels))
    others = probabilities.copy()
    others[rows, labels] = -np.inf
    margin: NDArray[np.float64] = probabilities[rows, labels] - others.max(axis=1)
    return margin


def _spare_keywords(worst_first: NDArray[np.intp], labels: NDArray[np.intp]) -> NDArray[np.intp]:
    limits = np.floor(np.bincount(labels) * MOST_OF_A_KEYWORD)
    found = pd.Series(labels[worst_first])
    within = found.groupby(found).cumcount().to_numpy() < limits[labels[worst_first]]
    spared: NDArray[np.intp] = worst_first[within]
    return spared


def photo_groups(labelled: pd.DataFrame, pairs: Sequence[Pair], known: pd.Series | None = None) -> pd.Series:
    """The group of each photo, on the index of `labelled`: a recipe with its exact copies and near-duplicates.

    Args:
        labelled: usable photos.
        pairs: their near-duplicates.
        known: further groups that must stay whole, on the same index; missing where a photo is in none.
    """
    links = [(pair.left, pair.right) for pair in pairs]
    for column in (labelled["recipe_id"], labelled["sha256"], *([] if known is None else [known])):
        first: dict[str, int] = {}
        links += [
            (first.setdefault(str(value), index), index) for index, value in enumerate(column) if pd.notna(value)
        ]
    return pd.Series([str(group) for group in connected_groups(len(labelled), links)], index=labelled.index)


def label_errors(
    labelled: pd.DataFrame, embeddings: pd.DataFrame, groups: pd.Series, seed: int = 0
) -> pd.DataFrame:
    """Photos whose keyword is probably wrong, with the keyword that fits better as suggestion.

    Photos without keyword or embedding are left out, and so are those that cannot be judged (`out_of_fold`): a
    keyword that only one recipe shows is never doubted. Nor is a keyword suggested that the model itself often
    gets wrong.

    Args:
        labelled: usable photos with their `keyword`.
        embeddings: unit vectors of the photos; of a model that was not trained on these keywords.
        groups: the group of each photo, on the index of `labelled`, as `photo_groups` makes them.
        seed: of the folds.
    """
    photos = labelled[labelled["keyword"].notna()]
    known, vectors = embedding_rows(photos, embeddings)
    photos = photos.iloc[known]
    if photos.empty:
        return findings_table([])
    names = [str(keyword) for keyword in photos["keyword"]]
    found = out_of_fold_probabilities(vectors, names, groups.loc[photos.index].astype(str).tolist(), seed)
    judged = ~np.isnan(found).any(axis=1)
    keywords, numbers = np.unique(names, return_inverse=True)
    return _as_findings(photos.iloc[np.flatnonzero(judged)], numbers[judged], found[judged], keywords)


def _as_findings(
    photos: pd.DataFrame, labels: NDArray[np.intp], probabilities: NDArray[np.float64], keywords: NDArray[Any]
) -> pd.DataFrame:
    shown = confident_keywords(labels, probabilities)
    joint = confident_joint(labels, probabilities)
    reliable = joint.diagonal() >= RELIABLE * joint.sum(axis=0)
    margin = normalized_margin(labels, probabilities)
    names = photo_names(photos)
    rows = []
    for photo in (photo for photo in prune(labels, probabilities) if reliable[shown[photo]]):
        given, better = keywords[labels[photo]], keywords[shown[photo]]
        chances = probabilities[photo, [labels[photo], shown[photo]]]
        detail = f"'{better}' fits at {chances[1]:.0%}, its keyword '{given}' at {chances[0]:.0%}"
        rows.append(Finding(*names[int(photo)], "label_error", float(1 - margin[photo]) / 2, detail, str(better)))
    return findings_table(rows)
