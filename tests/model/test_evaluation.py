"""Measures against numbers worked out by hand, and the gates that stand on them."""

import numpy as np
import pandas as pd
import pytest

from recipe_assets.model.evaluation import (
    BOOTSTRAP_ROUNDS,
    bootstrap_macro_accuracy,
    confusion,
    fit_temperature,
    interval,
    keyword_table,
    macro_accuracy,
    recalls,
    softmax,
)
from recipe_assets.model.gates import compare, measure

TRUTH = np.array([0, 0, 0, 0, 1, 1, 2])
GUESS = np.array([0, 0, 0, 1, 1, 0, 2])
NAMES = ["pan", "pot", "tray", "bowl"]


def test_macro_accuracy_is_the_mean_recall_worked_out_by_hand() -> None:
    assert recalls(TRUTH, GUESS) == {0: 0.75, 1: 0.5, 2: 1.0}
    assert macro_accuracy(TRUTH, GUESS) == pytest.approx((0.75 + 0.5 + 1) / 3)


def test_a_frequent_keyword_counts_no_more_than_a_rare_one() -> None:
    truth = np.array([0] * 99 + [1])
    assert macro_accuracy(truth, np.zeros(100, np.int64)) == 0.5


def test_an_unknown_prediction_is_wrong_and_no_photo_is_no_number() -> None:
    assert macro_accuracy(np.array([0, 1]), np.array([-1, 1])) == 0.5
    assert np.isnan(macro_accuracy(np.array([], np.int64), np.array([], np.int64)))


def test_the_table_of_keywords_names_photos_precision_and_the_usual_mistake() -> None:
    table = keyword_table(TRUTH, GUESS, NAMES).set_index("keyword")
    assert table["photos"].tolist() == [4, 2, 1, 0]
    assert table["mistaken_for"].tolist() == ["pot", "pan", "", ""]
    assert table.loc["pan", "precision"] == pytest.approx(3 / 4)
    assert table.loc["pot", "precision"] == pytest.approx(1 / 2)
    assert table["accuracy"].tolist()[:3] == [0.75, 0.5, 1.0]
    assert np.isnan(table.loc["bowl", "accuracy"])
    assert np.isnan(table.loc["bowl", "precision"])


def test_a_keyword_that_is_never_predicted_has_recall_zero_and_no_precision() -> None:
    table = keyword_table(np.array([0, 1]), np.array([0, 0]), NAMES).set_index("keyword")
    assert table.loc["pot", "accuracy"] == 0
    assert np.isnan(table.loc["pot", "precision"])
    assert table.loc["pan", "precision"] == 0.5


def test_the_confusion_matrix_has_a_row_for_each_true_keyword() -> None:
    matrix = confusion(TRUTH, GUESS, 4)
    assert matrix.tolist() == [[3, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


def test_bootstrap_columns_are_paired() -> None:
    """Two equal predictions must never differ: each round draws the photos once for both."""
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 4, 80)
    guess = np.where(generator.random(80) < 0.7, truth, 0)
    worse = np.where(np.arange(80) == 5, (truth + 1) % 4, guess)
    rounds = bootstrap_macro_accuracy(truth, [guess, guess, worse], [str(n) for n in range(80)])
    assert rounds.shape == (BOOTSTRAP_ROUNDS, 3)
    assert np.array_equal(rounds[:, 0], rounds[:, 1])
    assert rounds[:, 0].std() > 0.02
    assert np.abs(rounds[:, 0] - rounds[:, 2]).max() < 0.2
    assert rounds[:, 0].mean() == pytest.approx(macro_accuracy(truth, guess), abs=0.02)


def test_photos_of_one_recipe_count_as_one_so_the_interval_is_wider() -> None:
    truth = np.zeros(100, np.int64)
    guess = np.repeat(np.arange(10) % 2, 10)  # whole recipes right or wrong
    widths = [
        np.subtract(*interval(bootstrap_macro_accuracy(truth, [guess], groups)[:, 0])[::-1])
        for groups in ([str(n) for n in range(100)], [str(n // 10) for n in range(100)])
    ]
    # The standard error of 10 independent halves is sqrt(10) that of 100.
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(10), rel=0.2)


def test_the_bootstrap_repeats_with_its_seed() -> None:
    groups = list("abcdefg")
    first, second, other = (bootstrap_macro_accuracy(TRUTH, [GUESS], groups, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_the_interval_holds_the_middle_ninety_five_percent() -> None:
    assert interval(np.arange(1001) / 1000) == pytest.approx((0.025, 0.975))


def test_softmax_sums_to_one_and_survives_huge_logits() -> None:
    shares = softmax(np.array([[1e4, 0, -1e4], [1, 1, 1]], np.float32), 0.05)
    np.testing.assert_allclose(shares, [[1, 0, 0], [1 / 3] * 3])


@pytest.mark.parametrize("planted", [0.3, 1.0, 4.0])
def test_a_planted_temperature_is_recovered(planted: float) -> None:
    generator = np.random.default_rng(3)
    logits = generator.normal(0, 3, (4000, 5)).astype(np.float32)
    chances = softmax(logits, planted)
    labels = (chances.cumsum(axis=1) > generator.random((4000, 1))).argmax(axis=1)
    assert fit_temperature(logits, labels) == pytest.approx(planted, rel=0.12)


def predictions(right: float, seed: int, photos: int = 200) -> pd.DataFrame:
    """A table of predictions of two keywords, of which this share is right."""
    generator = np.random.default_rng(seed)
    keywords = np.where(np.arange(photos) % 2, "pan", "pot")
    others = np.where(np.arange(photos) % 2, "pot", "pan")
    guessed = np.where(generator.random(photos) < right, keywords, others)
    groups = [f"g{n // 4}" for n in range(photos)]
    return pd.DataFrame({"keyword": keywords, "predicted": guessed, "group": groups})


def test_measure_gives_macro_accuracy_inside_its_interval() -> None:
    table = predictions(0.8, 1)
    accuracy, (low, high) = measure(table)
    assert accuracy == pytest.approx(
        (table["keyword"] == table["predicted"]).groupby(table["keyword"]).mean().mean()
    )
    assert low < accuracy < high
    assert high - low < 0.2


def test_a_clearly_worse_model_is_worse_and_a_better_or_equal_one_is_not() -> None:
    good, bad = predictions(0.9, 1), predictions(0.5, 2)
    found = compare(bad, good)
    assert found.is_worse
    assert found.photos == 200
    assert found.new < found.old
    assert not compare(good, bad).is_worse
    same = compare(good, good)
    assert not same.is_worse
    assert same.difference == (0, 0)


def test_a_difference_that_chance_explains_does_not_block() -> None:
    good = predictions(0.9, 1)
    slightly = good.copy()
    slightly.loc[3, "predicted"] = "pot" if slightly.loc[3, "keyword"] == "pan" else "pan"
    found = compare(slightly, good)
    assert found.new <= found.old
    assert not found.is_worse


def test_a_keyword_that_the_other_model_does_not_know_counts_as_wrong() -> None:
    good = predictions(1.0, 1)
    assert measure(good.assign(predicted="wok"))[0] == 0
    assert compare(good.assign(predicted="wok"), good).is_worse
