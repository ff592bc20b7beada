"""Measures against numbers worked out by hand and against scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics as referee

from recipe_assets.model.metrics import (
    Labels,
    confused_pairs,
    confusion,
    f1_scores,
    keyword_table,
    macro_accuracy,
    macro_f1,
    recalls,
    top_accuracy,
)

TRUTH = np.array([0, 0, 0, 0, 1, 1, 2])
GUESS = np.array([0, 0, 0, 1, 1, 0, 2])
NAMES = ["pan", "pot", "tray", "bowl"]


def drawn(seed: int, photos: int = 300, keywords: int = 12) -> tuple[Labels, Labels]:
    """Long-tailed keywords, of which two thirds of the photos are answered rightly; the last one never occurs."""
    generator = np.random.default_rng(seed)
    shares = 0.7 ** np.arange(keywords - 1)
    truth = generator.choice(keywords - 1, photos, p=shares / shares.sum())
    return truth, np.where(generator.random(photos) < 0.66, truth, generator.integers(0, keywords, photos))


def test_macro_accuracy_is_the_mean_recall_worked_out_by_hand() -> None:
    assert recalls(TRUTH, GUESS) == {0: 0.75, 1: 0.5, 2: 1.0}
    assert macro_accuracy(TRUTH, GUESS) == pytest.approx((0.75 + 0.5 + 1) / 3)


def test_macro_f1_is_worked_out_by_hand() -> None:
    assert f1_scores(TRUTH, GUESS) == {0: 6 / 8, 1: 2 / 4, 2: 1.0}
    assert macro_f1(TRUTH, GUESS) == pytest.approx(0.75)


@pytest.mark.parametrize("seed", range(4))
def test_measures_agree_with_scikit_learn(seed: int) -> None:
    truth, guess = drawn(seed)
    occur = np.unique(truth)
    of_these = {"labels": occur, "average": "macro", "zero_division": 0}
    assert macro_accuracy(truth, guess) == pytest.approx(referee.recall_score(truth, guess, **of_these))
    assert macro_f1(truth, guess) == pytest.approx(referee.f1_score(truth, guess, **of_these))
    assert np.array_equal(confusion(truth, guess, 12), referee.confusion_matrix(truth, guess, labels=range(12)))
    precision = referee.precision_score(truth, guess, labels=range(12), average=None, zero_division=np.nan)
    np.testing.assert_allclose(keyword_table(truth, guess, [str(n) for n in range(12)])["precision"], precision)


@pytest.mark.parametrize("count", [1, 3, 5])
def test_top_accuracy_agrees_with_scikit_learn(count: int) -> None:
    truth, _ = drawn(1)
    logits = np.random.default_rng(2).normal(size=(len(truth), 12)).astype(np.float32)
    logits[np.arange(len(truth)), truth] += 1
    expected = referee.top_k_accuracy_score(truth, logits, k=count, labels=range(12))
    assert top_accuracy(logits, truth, count) == pytest.approx(expected)


def test_of_equal_logits_the_first_ones_are_in_the_answer() -> None:
    flat = np.zeros((2, 5), np.float32)
    assert top_accuracy(flat, np.array([2, 3])) == 0.5


def test_a_frequent_keyword_counts_no_more_than_a_rare_one() -> None:
    truth = np.array([0] * 99 + [1])
    assert macro_accuracy(truth, np.zeros(100, np.int64)) == 0.5


def test_an_unknown_prediction_is_wrong_and_no_photo_is_no_number() -> None:
    nothing = np.array([], np.int64)
    assert macro_accuracy(np.array([0, 1]), np.array([-1, 1])) == 0.5
    assert np.isnan(macro_accuracy(nothing, nothing))
    assert np.isnan(macro_f1(nothing, nothing))
    assert np.isnan(top_accuracy(np.empty((0, 3), np.float32), nothing))


def test_the_table_of_keywords_names_photos_precision_and_the_usual_mistake() -> None:
    table = keyword_table(TRUTH, GUESS, NAMES).set_index("keyword")
    assert table["photos"].tolist() == [4, 2, 1, 0]
    assert table["mistaken_for"].tolist() == ["pot", "pan", "", ""]
    assert table["precision"].tolist()[:3] == [3 / 4, 1 / 2, 1]
    assert table["accuracy"].tolist()[:3] == [0.75, 0.5, 1.0]
    assert table.loc["bowl", ["accuracy", "precision", "f1"]].isna().all()


def test_a_keyword_that_is_never_predicted_has_recall_zero_and_no_precision() -> None:
    table = keyword_table(np.array([0, 1]), np.array([0, 0]), NAMES).set_index("keyword")
    assert table.loc["pot", "accuracy"] == 0
    assert np.isnan(table.loc["pot", "precision"])
    assert table.loc["pan", "precision"] == 0.5


def test_confused_pairs_are_listed_by_how_often_they_happen() -> None:
    truth = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
    guess = np.array([0, 1, 1, 1, 2, 2, 2, 2, 0])
    pairs = confused_pairs(truth, guess, NAMES)
    assert pairs.to_numpy().tolist() == [
        ["pan", "pot", 2, pytest.approx(2 / 3)],
        ["pot", "tray", 1, 0.5],
        ["tray", "pan", 1, 0.25],
    ]
    assert confused_pairs(truth, truth, NAMES).empty
