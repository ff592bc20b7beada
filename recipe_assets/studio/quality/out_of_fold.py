"""What a model that never saw a photo's recipe says about its keyword: probabilities by cross-validation.

Here: folds and the linear model on embeddings. What follows from the probabilities is `label_errors`' subject.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FOLDS = 5
_INVERSE_PENALTY = 0.1
"""scikit-learn's C, for features of unit spread. On real photos confidence then meets accuracy: 0.83 against 0.89
with a network's ImageNet features, 0.43 against 0.42 with the built-in CLIP's. At a tenth of it: 0.69 and 0.22."""
_TOLERANCE = 1e-4
"""Gradient at which the solver stops. At 1e-3 some probabilities were still off by 0.2."""
_MOST_STEPS = 5_000


def out_of_fold_probabilities(
    embeddings: NDArray[np.float32], labels: Sequence[str], groups: Sequence[str], seed: int = 0
) -> NDArray[np.float64]:
    """Probability of each keyword for each photo, by logistic regressions that saw no photo of its group.

    Keywords count equally however many photos they have. A photo whose keyword stands in no group outside its fold
    cannot be judged: the model would not know the keyword. Its row is NaN.

    Args:
        embeddings: unit vectors, shape (n, d).
        labels: the given keyword of each photo.
        groups: photos of one group (a recipe with its near-duplicates) are held out together.
        seed: of the order in which groups are dealt to folds.

    Returns:
        Shape (n, k), columns in the sorted order of the k keywords; rows sum to 1 or are NaN.
    """
    keywords, targets = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    folds = deal_folds(targets, groups, seed)
    probabilities = np.full((len(targets), len(keywords)), np.nan)
    for fold in np.unique(folds):
        held, seen = folds == fold, folds != fold
        known = np.unique(targets[seen])
        if len(known) < 2:
            continue  # nothing to tell apart
        judged = np.flatnonzero(held & np.isin(targets, known))
        probabilities[judged] = 0
        if len(judged):
            probabilities[np.ix_(judged, known)] = _predict(embeddings[seen], targets[seen], embeddings[judged])
    return probabilities


def _predict(
    seen: NDArray[np.float32], targets: NDArray[np.intp], unseen: NDArray[np.float32]
) -> NDArray[np.float64]:
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # One scale for all dimensions keeps the geometry; centering removes what all photos share, and the solver
    # converges several times faster.
    center = seen.mean(axis=0)
    scale = max(float(seen.std(axis=0).mean()), 1e-12)
    model = LogisticRegression(C=_INVERSE_PENALTY, class_weight="balanced", tol=_TOLERANCE, max_iter=_MOST_STEPS)
    # The solver's many small products gain nothing from threads; on a busy machine, waiting for them took 12 times
    # as long as the work.
    with threadpool_limits(limits=1, user_api="blas"):
        model.fit((seen - center) / scale, targets)
    predicted: NDArray[np.float64] = model.predict_proba((unseen - center) / scale).astype(np.float64)
    return predicted


def deal_folds(
    targets: NDArray[np.intp], groups: Sequence[str], seed: int, folds: int = FOLDS
) -> NDArray[np.intp]:
    """The fold of each photo: groups stay whole, keywords spread evenly, the rarest ones first.

    A keyword with two groups or more is dealt to two folds or more wherever its groups' other keywords allow.

    Args:
        targets: keyword numbers, shape (n,).
        groups: the group of each photo.
        seed: of the order among groups that are equally urgent.
        folds: how many.
    """
    table = pd.crosstab(np.asarray(groups, dtype=str), targets)
    presence = (table.to_numpy() > 0).astype(int)
    spread = presence.sum(axis=0)  # groups of each keyword
    rarest = np.where(presence > 0, spread, spread.max(initial=0) + 1).argmin(axis=1)
    shuffled = np.random.default_rng(seed).permutation(len(table))
    held = np.zeros((folds, table.shape[1]), int)  # groups with each keyword in each fold
    sizes = np.zeros(folds, int)
    dealt: dict[str, int] = {}
    for group in shuffled[np.argsort(spread[rarest[shuffled]], kind="stable")]:
        fold = int(np.lexsort((sizes, held @ presence[group], held[:, rarest[group]]))[0])
        held[fold] += presence[group]
        sizes[fold] += int(table.to_numpy()[group].sum())
        dealt[str(table.index[group])] = fold
    return np.array([dealt[str(group)] for group in groups], dtype=np.intp)
