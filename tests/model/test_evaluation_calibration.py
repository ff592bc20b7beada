"""Temperature and calibration errors against closed forms, worked-out cases and scikit-learn's bins."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.calibration import calibration_curve

from recipe_assets.model.calibration import (
    COLDEST,
    HOTTEST,
    calibration,
    calibration_error,
    cross_entropy,
    errors_if_honest,
    fit_temperature,
    reliability,
    softmax,
)
from recipe_assets.model.gates import NOTICEABLE, UNUSABLE, is_badly_calibrated


def gaps(gap: float, right: int, wrong: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Photos of two keywords, the first always ahead by the same gap and right so often."""
    logits = np.tile(np.array([gap, 0], np.float32), (right + wrong, 1))
    return logits, np.array([0] * right + [1] * wrong)


def planted(temperature: float, photos: int, seed: int = 3) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Logits whose probabilities are right only after division by the temperature."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 3, (photos, 5)).astype(np.float32)
    chances = softmax(logits, temperature)
    return logits, (chances.cumsum(axis=1) > generator.random((photos, 1))).argmax(axis=1)


def test_softmax_sums_to_one_and_survives_huge_logits() -> None:
    shares = softmax(np.array([[1e4, 0, -1e4], [1, 1, 1]], np.float32), 0.05)
    np.testing.assert_allclose(shares, [[1, 0, 0], [1 / 3] * 3])


@pytest.mark.parametrize(("gap", "right", "wrong"), [(4, 90, 10), (1, 90, 10), (6, 100, 0), (2, 51, 49)])
def test_with_two_keywords_the_temperature_has_a_closed_form(gap: float, right: int, wrong: int) -> None:
    """All photos are one case, so its probability is the share right, half a photo added to either side."""
    share = (right + 0.5) / (right + wrong + 1)
    assert fit_temperature(*gaps(gap, right, wrong)) == pytest.approx(gap / np.log(share / (1 - share)))


def test_a_model_without_a_mistake_is_not_called_certain() -> None:
    logits, labels = gaps(5, 60, 0)
    confidence = softmax(logits, fit_temperature(logits, labels)).max()
    assert confidence == pytest.approx(60.5 / 61)


def test_a_model_that_is_mostly_wrong_is_made_as_unsure_as_possible() -> None:
    assert fit_temperature(*gaps(4, 20, 80)) == HOTTEST
    assert fit_temperature(*gaps(1e-3, 999, 1)) == COLDEST


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_a_planted_temperature_is_recovered(temperature: float) -> None:
    assert fit_temperature(*planted(temperature, 4000)) == pytest.approx(temperature, rel=0.1)


def test_the_temperature_is_where_the_cross_entropy_is_least() -> None:
    """A search of the loss itself, the imaginary photo left out: with 20,000 photos it no longer counts."""
    logits, labels = planted(1.7, 20000)
    search = minimize_scalar(lambda log_t: cross_entropy(logits, labels, np.exp(log_t)), bounds=(-3, 3))
    assert fit_temperature(logits, labels) == pytest.approx(np.exp(search.x), rel=1e-3)


def test_without_photos_or_with_one_keyword_nothing_is_divided() -> None:
    assert fit_temperature(np.empty((0, 4), np.float32), np.empty(0, np.int64)) == 1
    assert fit_temperature(np.ones((3, 1), np.float32), np.zeros(3, np.int64)) == 1


def test_the_calibration_error_is_worked_out_by_hand() -> None:
    confidence, right = np.array([0.95, 0.95, 0.55, 0.55]), np.array([True, False, True, True])
    # Of (0.9, 1]: 0.95 against a half; of (0.5, 0.6]: 0.55 against all.
    assert calibration_error(confidence, right, 10) == pytest.approx((0.45 + 0.45) / 2)
    # In two bins of equally many photos they are the same ones; in one, 0.75 against 0.75.
    assert calibration_error(confidence, right, 2, equal_width=False) == pytest.approx(0.45)
    assert calibration_error(confidence, right, 1) == pytest.approx(0)
    assert np.isnan(calibration_error(np.array([]), np.array([], bool)))


def test_a_bin_holds_its_upper_end_and_not_its_lower_one() -> None:
    table = reliability(np.array([0.0, 0.2, 0.21, 0.4, 1.0]), np.ones(5, bool), 5)
    assert table["start"].tolist() == [0, 0.2, 0.8]
    assert table["photos"].tolist() == [2, 2, 1]


def test_bins_agree_with_scikit_learn() -> None:
    generator = np.random.default_rng(1)
    confidence = generator.random(500)
    right = generator.random(500) < confidence**2
    shares, means = calibration_curve(right, confidence, n_bins=15)
    table = reliability(confidence, right)
    np.testing.assert_allclose(table["accuracy"], shares)
    np.testing.assert_allclose(table["confidence"], means)
    error = np.sum(table["photos"] / 500 * np.abs(shares - means))
    assert calibration_error(confidence, right) == pytest.approx(error)
    assert ((table["low"] <= table["accuracy"]) & (table["accuracy"] <= table["high"])).all()


def test_honest_confidences_show_the_error_that_a_coin_does() -> None:
    """100 tosses are off a half by 0.05 times a normal's mean absolute value; one recipe of them by a half."""
    coins = np.full(100, 0.5)
    assert errors_if_honest(coins, rounds=4000).mean() == pytest.approx(0.05 * np.sqrt(2 / np.pi), rel=0.05)
    np.testing.assert_allclose(errors_if_honest(coins, np.zeros(100)), 0.5, atol=1e-6)


def answers_of(photos: int, claimed: float, seed: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidences of 0.6 to 1, right as often as they say to the power of `claimed`."""
    generator = np.random.default_rng(seed)
    confidence = generator.uniform(0.6, 1, photos)
    return confidence, generator.random(photos) < confidence**claimed


def verdicts(photos: int, claimed: float, limit: float) -> float:
    found = [calibration(*answers_of(photos, claimed, seed), groups=np.arange(photos) // 2) for seed in range(40)]
    return float(np.mean([is_badly_calibrated(one, limit) for one in found]))


def test_honest_confidences_on_few_photos_are_not_blamed_for_their_noise() -> None:
    errors = [calibration_error(*answers_of(60, 1, seed)) for seed in range(40)]
    assert np.mean(errors) > NOTICEABLE  # most would be blamed for the plain error
    assert verdicts(60, 1, NOTICEABLE) <= 0.05
    assert verdicts(600, 1, NOTICEABLE) == 0


def test_confidences_that_claim_far_too_much_are_found_on_some_hundred_photos() -> None:
    assert verdicts(300, 3, UNUSABLE) >= 0.95
    assert verdicts(300, 1.6, NOTICEABLE) >= 0.5
    assert verdicts(300, 1.6, UNUSABLE) <= 0.15
