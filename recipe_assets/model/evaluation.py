"""How good predictions are: macro accuracy with its interval, per keyword, confusion, calibration.

Works on labels and logits as arrays; knows neither models nor photos.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_score

BOOTSTRAP_ROUNDS = 1000

Labels = NDArray[np.int64]


def recalls(truth: Labels, predicted: Labels) -> dict[int, float]:
    """The share of each true keyword's photos that got it."""
    return {int(k): float(np.mean(predicted[truth == k] == k)) for k in np.unique(truth)}


def macro_accuracy(truth: Labels, predicted: Labels) -> float:
    """Mean recall over the keywords that occur in `truth`, 0-1; each counts the same, however rare."""
    return float(np.mean(list(recalls(truth, predicted).values()))) if len(truth) else float("nan")


def bootstrap_macro_accuracy(
    truth: Labels, predictions: Sequence[Labels], groups: Sequence[str], seed: int = 17
) -> NDArray[np.float64]:
    """Macro accuracy of each prediction under resampled groups: float64 (rounds, len(predictions)).

    Whole groups (recipes) are drawn with replacement, since photos of one recipe succeed and fail together
    (cluster bootstrap: Cameron, Gelbach and Miller 2008). Predictions share each draw, so columns are paired.
    """
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(np.asarray(groups) == group) for group in pd.unique(np.asarray(groups))]
    rounds = np.empty((BOOTSTRAP_ROUNDS, len(predictions)))
    for row in rounds:
        drawn = np.concatenate([members[i] for i in generator.integers(len(members), size=len(members))])
        row[:] = [macro_accuracy(truth[drawn], predicted[drawn]) for predicted in predictions]
    return rounds


def interval(samples: NDArray[np.float64], level: float = 0.95) -> tuple[float, float]:
    """The central percentile interval of bootstrap samples."""
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def keyword_table(truth: Labels, predicted: Labels, names: Sequence[str]) -> pd.DataFrame:
    """Per keyword: photos, accuracy (recall), precision (NaN if never predicted), what it is mistaken for most."""
    matrix = confusion(truth, predicted, len(names))
    wrong = matrix - np.diag(np.diag(matrix))
    precisions = precision_score(truth, predicted, labels=range(len(names)), average=None, zero_division=np.nan)
    found = recalls(truth, predicted)
    return pd.DataFrame(
        {
            "keyword": list(names),
            "photos": matrix.sum(axis=1),
            "accuracy": [found.get(k, np.nan) for k in range(len(names))],
            "precision": precisions,
            "mistaken_for": [names[int(row.argmax())] if row.any() else "" for row in wrong],
        }
    )


def confusion(truth: Labels, predicted: Labels, keywords: int) -> NDArray[np.int64]:
    """Photos by true (row) and predicted (column) keyword: int64 (keywords, keywords)."""
    return np.asarray(confusion_matrix(truth, predicted, labels=range(keywords)), dtype=np.int64)


def softmax(logits: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities (N, K) of logits (N, K) after division by the temperature."""
    scaled = logits.astype(np.float64) / temperature
    exponents = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def fit_temperature(logits: NDArray[np.float32], labels: Labels) -> float:
    """The temperature with the least cross-entropy on held-out logits (Guo et al. 2017), searched in 0.05-20."""
    candidates = np.geomspace(0.05, 20, 400)
    rows = np.arange(len(labels))
    losses = [-np.log(softmax(logits, t)[rows, labels] + 1e-12).mean() for t in candidates]
    return float(candidates[int(np.argmin(losses))])
