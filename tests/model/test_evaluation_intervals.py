"""Intervals, bounds and draws against closed forms, scipy's distributions and a plain loop."""

import time

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score, recall_score

from recipe_assets.model.bootstrap import (
    BOOTSTRAP_ROUNDS,
    Draws,
    bootstrap_macro_accuracy,
    interval,
    keyword_intervals,
)
from recipe_assets.model.intervals import chance_of_so_few, effective_photos, highest_risk, likeness, wilson
from recipe_assets.model.metrics import macro_accuracy

Z = 1.959963984540054


def test_wilson_is_the_published_interval_and_never_certain() -> None:
    low, high = wilson(81, 263)
    assert (low, high) == pytest.approx((0.2553, 0.3662), abs=5e-5)  # Newcombe 1998, table I
    assert wilson(3, 3) == pytest.approx((3 / (3 + Z**2), 1))
    assert wilson(0, 3) == pytest.approx((0, Z**2 / (3 + Z**2)))
    assert wilson(0, 0) == (0, 1)


@pytest.mark.parametrize(("errors", "photos"), [(0, 59), (3, 100), (17, 40)])
def test_the_highest_risk_is_the_rate_at_which_so_few_errors_are_just_possible(errors: int, photos: int) -> None:
    risk = highest_risk(errors, photos, 0.95)
    assert stats.binom.cdf(errors, photos, risk) == pytest.approx(0.05)


def test_without_a_mistake_the_bound_has_a_closed_form() -> None:
    assert highest_risk(0, 59, 0.95) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert highest_risk(0, 59, 0.95) < 0.05 < highest_risk(0, 58, 0.95)
    assert highest_risk(0, 0, 0.95) == highest_risk(4, 4, 0.95) == 1


@pytest.mark.parametrize(("right", "photos", "share"), [(0, 5, 0.5), (2, 10, 0.5), (7, 9, 0.9), (9, 9, 0.9)])
def test_the_chance_of_so_few_is_the_binomial_tail(right: int, photos: int, share: float) -> None:
    assert chance_of_so_few(right, photos, share) == pytest.approx(stats.binom.cdf(right, photos, share))


def test_photos_of_a_recipe_that_share_their_fate_are_worth_one() -> None:
    groups, right = np.repeat(np.arange(20), 5), np.repeat(np.arange(20) % 2 == 0, 5)
    assert likeness(right, groups) == pytest.approx(1)
    assert effective_photos(groups, 1.0) == pytest.approx(20)
    assert effective_photos(groups, 0.0) == 100
    assert effective_photos(np.array([]), 0.5) == 0


def test_likeness_is_worked_out_by_hand() -> None:
    # Two recipes of two photos: both right, one right. Between 0.25, within 0.25, so nothing is alike.
    assert likeness(np.array([True, True, True, False]), list("aabb")) == 0
    # Three of two: both, both, none. Between 2/3, within 0: alike altogether.
    assert likeness(np.array([True] * 4 + [False] * 2), list("aabbcc")) == 1
    # Four of two: both, both, none, one. Between 0.4583, within 0.125: (0.4583 - 0.125) / (0.4583 + 0.125).
    right = np.array([True, True, True, True, False, False, True, False])
    assert likeness(right, list("aabbccdd")) == pytest.approx(4 / 7)


def test_unrelated_photos_are_not_alike_and_a_single_recipe_proves_nothing() -> None:
    right = np.random.default_rng(0).random(4000) < 0.7
    assert likeness(right, np.arange(4000) // 4) < 0.05
    assert likeness(right, np.arange(4000)) == 0
    assert likeness(right, np.zeros(4000)) == 1
    assert likeness(np.ones(9, bool), np.arange(9) // 3) == 0


def planted(
    photos: int = 120, keywords: int = 4, per_recipe: int = 3
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(5)
    truth = generator.integers(0, keywords, photos)
    guess = np.where(generator.random(photos) < 0.7, truth, generator.integers(0, keywords, photos))
    return truth, guess, np.arange(photos) // per_recipe


def test_draws_measure_what_a_loop_over_the_drawn_photos_measures() -> None:
    """Every keyword is in nearly every recipe here, so that their weights are equal to four digits."""
    truth, guess, groups = planted(per_recipe=30)
    draws = Draws.of(groups, rounds=50)
    recall, f1 = draws.recalls(truth, guess, 4), draws.macro_f1(truth, guess, 4)
    right = draws.mean(truth == guess)
    for round_, weights in enumerate(draws.weights.astype(int)):
        drawn = np.concatenate([np.tile(np.flatnonzero(groups == g), times) for g, times in enumerate(weights)])
        expected = recall_score(truth[drawn], guess[drawn], labels=range(4), average=None)
        np.testing.assert_allclose(recall[round_], expected)
        assert f1[round_] == pytest.approx(f1_score(truth[drawn], guess[drawn], average="macro"))
        assert right[round_] == pytest.approx((truth == guess)[drawn].mean())


def test_a_keyword_that_a_draw_misses_leaves_the_others_in_proportion() -> None:
    """Keyword 0 is in one of two recipes, so in 3/4 of all draws, and counts 4/3 where it is."""
    truth, guess, groups = np.array([0, 1, 1]), np.array([0, 1, 0]), np.array([0, 0, 1])
    draws = Draws(groups, np.array([[1, 1], [0, 2], [2, 0]], np.float32))
    found = draws.macro_accuracy(truth, guess, 2)
    np.testing.assert_allclose(found, [(4 / 3 * 1 + 0.5) / (4 / 3 + 1), 0, 1])
    assert np.isnan(draws.recalls(truth, guess, 2)[1, 0])


def test_draws_lie_around_what_was_measured_even_if_rare_keywords_are_bad() -> None:
    """A plain mean over the drawn keywords would lean to the frequent ones, which are in every draw."""
    truth = np.concatenate([np.repeat(np.arange(10), 8), np.arange(10, 40)])
    guess = np.where(truth < 10, truth, 0)
    rounds = bootstrap_macro_accuracy(truth, [guess], np.arange(len(truth)))[:, 0]
    plain = np.nanmean(Draws.of(np.arange(len(truth))).recalls(truth, guess, 40), axis=1)
    assert macro_accuracy(truth, guess) == 0.25
    assert rounds.mean() == pytest.approx(0.25, abs=0.01)
    assert plain.mean() > 0.3


def test_columns_are_paired() -> None:
    """Two equal predictions must never differ: each round draws the photos once for both."""
    truth, guess, groups = planted()
    worse = np.where(np.arange(len(truth)) == 5, (truth + 1) % 4, guess)
    rounds = bootstrap_macro_accuracy(truth, [guess, guess, worse], groups)
    assert rounds.shape == (BOOTSTRAP_ROUNDS, 3)
    assert np.array_equal(rounds[:, 0], rounds[:, 1])
    assert rounds[:, 0].std() > 0.02
    assert np.abs(rounds[:, 0] - rounds[:, 2]).max() < 0.2


def test_photos_of_one_recipe_count_as_one_so_the_interval_is_wider() -> None:
    truth = np.zeros(100, np.int64)
    guess = np.repeat(np.arange(10) % 2, 10)  # whole recipes right or wrong
    widths = [
        np.subtract(*interval(bootstrap_macro_accuracy(truth, [guess], groups)[:, 0])[::-1])
        for groups in (np.arange(100), np.arange(100) // 10)
    ]
    # The standard error of 10 independent halves is sqrt(10) that of 100.
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(10), rel=0.2)


def test_draws_repeat_with_their_seed() -> None:
    truth, guess, groups = planted()
    first, second, other = (bootstrap_macro_accuracy(truth, [guess], groups, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_the_interval_holds_the_middle_ninety_five_percent() -> None:
    assert interval(np.arange(1001) / 1000) == pytest.approx((0.025, 0.975))


def test_the_interval_holds_the_true_macro_accuracy_as_often_as_it_says() -> None:
    """Forty keywords of differing accuracy, most of one or two recipes of several photos that share their fate."""
    generator, held = np.random.default_rng(3), 0
    for _ in range(120):
        recipes = 1 + generator.poisson(0.6, 40)
        owner = np.repeat(np.arange(40), recipes)
        levels = generator.uniform(0.2, 0.9, 40)
        chances = np.clip(levels[owner] + generator.uniform(-0.1, 0.1, len(owner)), 0, 1)
        groups = np.repeat(np.arange(len(owner)), 4)
        truth = owner[groups]
        guess = np.where(generator.random(len(groups)) < chances[groups], truth, (truth + 1) % 40)
        low, high = interval(Draws.of(groups, rounds=300).macro_accuracy(truth, guess, 40))
        held += low <= levels.mean() <= high
    assert held / 120 > 0.88


def test_three_of_three_right_is_not_certain_and_a_keyword_without_photos_has_no_interval() -> None:
    truth, guess = np.array([0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 1, 0, 0])
    found = keyword_intervals(truth, guess, np.arange(7), 3)
    np.testing.assert_allclose(found[0], wilson(3, 3))
    np.testing.assert_allclose(found[1], wilson(2, 4))
    assert np.isnan(found[2]).all()


def test_a_keyword_of_one_recipe_is_worth_fewer_photos_than_it_has() -> None:
    right = np.repeat([True, True, False, True], 6)
    truth, groups = np.repeat([0, 1, 2, 3], 6), np.repeat([0, 1, 2, 3], 6)
    found = keyword_intervals(truth, np.where(right, truth, 0), groups, 4)
    np.testing.assert_allclose(found[1], wilson(1, 1))


def test_a_keyword_of_many_recipes_gets_the_interval_of_its_draws() -> None:
    truth, guess, groups = planted()
    found = keyword_intervals(truth, guess, groups, 4)
    rounds = Draws.of(groups).recalls(truth, guess, 4)
    np.testing.assert_allclose(found, [interval(rounds[:, k]) for k in range(4)])


def test_a_thousand_rounds_over_five_thousand_photos_and_43_keywords_take_under_two_seconds() -> None:
    truth, guess, _ = planted(5000, 43)
    start = time.process_time()
    bootstrap_macro_accuracy(truth, [guess, guess], np.arange(5000))
    assert time.process_time() - start < 2
