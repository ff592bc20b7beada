"""How many answers are right, by several measures, on labels as arrays: every keyword counts the same.

What chance does to these numbers stands in `bootstrap`, what confidences are worth in `calibration`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Labels = NDArray[np.int64]


def recalls(truth: Labels, predicted: Labels) -> dict[int, float]:
    """The share of each true keyword's photos that got it."""
    return {int(k): float(np.mean(predicted[truth == k] == k)) for k in np.unique(truth)}


def macro_accuracy(truth: Labels, predicted: Labels) -> float:
    """Mean recall over the keywords that occur in `truth`, 0-1; each counts the same, however rare."""
    return float(np.mean(list(recalls(truth, predicted).values()))) if len(truth) else float("nan")


def f1_scores(truth: Labels, predicted: Labels) -> dict[int, float]:
    """F1, the harmonic mean of recall and precision, of each keyword that occurs in `truth`."""
    scores = {}
    for k in np.unique(truth):
        mine, given = truth == k, predicted == k
        scores[int(k)] = 2 * float(np.sum(mine & given)) / float(mine.sum() + given.sum())
    return scores


def macro_f1(truth: Labels, predicted: Labels) -> float:
    """Mean F1 over the keywords that occur in `truth`, 0-1; the same keywords as in `macro_accuracy`."""
    return float(np.mean(list(f1_scores(truth, predicted).values()))) if len(truth) else float("nan")


def among_first(logits: NDArray[np.float32], truth: Labels, count: int = 3) -> NDArray[np.bool_]:
    """Whether each photo's keyword is among the `count` highest logits: bool (N,).

    Of equal logits the one that stands first is taken first, as predictions are ranked.

    Args:
        logits: (N, K).
        truth: int64 (N,); -1 is never among them.
        count: how many keywords the answer lists.
    """
    first = np.argsort(-logits, axis=1, kind="stable")[:, :count]
    return np.asarray((first == truth[:, None]).any(axis=1))


def top_accuracy(logits: NDArray[np.float32], truth: Labels, count: int = 3) -> float:
    """The share of photos, 0-1, whose keyword is among the first `count`; the API lists three."""
    return float(among_first(logits, truth, count).mean()) if len(truth) else float("nan")


def confusion(truth: Labels, predicted: Labels, keywords: int) -> NDArray[np.int64]:
    """Photos by true (row) and predicted (column) keyword: int64 (keywords, keywords); -1 is in neither."""
    known = (truth >= 0) & (predicted >= 0)
    pairs = truth[known] * keywords + predicted[known]
    return np.bincount(pairs, minlength=keywords * keywords).reshape(keywords, keywords).astype(np.int64)


def keyword_table(truth: Labels, predicted: Labels, names: Sequence[str]) -> pd.DataFrame:
    """How good each keyword is.

    Returns:
        A row per keyword: keyword, photos, accuracy (recall), precision (NaN if never predicted), f1, mistaken_for
        (what its photos are taken for most often, or "").
    """
    matrix = confusion(truth, predicted, len(names))
    wrong = matrix - np.diag(np.diag(matrix))
    given = np.bincount(predicted[predicted >= 0], minlength=len(names))
    precision = np.divide(np.diag(matrix), given, out=np.full(len(names), np.nan), where=given > 0)
    found, scores = recalls(truth, predicted), f1_scores(truth, predicted)
    return pd.DataFrame(
        {
            "keyword": list(names),
            "photos": np.bincount(truth[truth >= 0], minlength=len(names)),
            "accuracy": [found.get(k, np.nan) for k in range(len(names))],
            "precision": precision,
            "f1": [scores.get(k, np.nan) for k in range(len(names))],
            "mistaken_for": [names[int(row.argmax())] if row.any() else "" for row in wrong],
        }
    )


def confused_pairs(truth: Labels, predicted: Labels, names: Sequence[str]) -> pd.DataFrame:
    """What is taken for what, most frequent first: keyword, predicted, photos, share of the keyword's photos."""
    matrix = confusion(truth, predicted, len(names))
    totals = matrix.sum(axis=1)
    np.fill_diagonal(matrix, 0)
    rows = [(names[t], names[p], int(matrix[t, p]), matrix[t, p] / totals[t]) for t, p in np.argwhere(matrix)]
    pairs = pd.DataFrame(rows, columns=["keyword", "predicted", "photos", "share"])
    return pairs.sort_values(["photos", "share"], ascending=False, kind="stable", ignore_index=True)
