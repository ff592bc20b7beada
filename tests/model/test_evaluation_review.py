"""The risk-coverage curve and the thresholds for review, worked out by hand and held to their promise."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, logit

from recipe_assets.model.coverage import risk_coverage
from recipe_assets.model.intervals import highest_risk
from recipe_assets.model.predictions import Answers, answers
from recipe_assets.model.review_rule import (
    CERTAINTY,
    LOWEST,
    TARGET,
    certified_threshold,
    offsets,
    plan_review,
    rule_table,
)
from tests.model.answered import KEYWORDS, answered, right_and_wrong


def test_the_risk_coverage_curve_is_worked_out_by_hand() -> None:
    curve = risk_coverage(np.array([0.6, 0.9, 0.8, 0.7]), np.array([True, True, False, True]))
    assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1]
    np.testing.assert_allclose(curve.risk, [0, 1 / 2, 1 / 3, 1 / 4])
    assert curve.threshold.tolist() == [0.9, 0.8, 0.7, 0.6]
    assert curve.area == pytest.approx((1 / 2 + 1 / 3 + 1 / 4) / 4)
    # In perfect order the one mistake comes last: risks 0, 0, 0, 1/4.
    assert curve.excess_area == pytest.approx((1 / 2 + 1 / 3) / 4)


def test_a_perfect_order_has_no_excess_and_an_even_one_has_no_order() -> None:
    right = np.arange(10) < 7
    assert risk_coverage(1 - np.arange(10) / 10, right).excess_area == pytest.approx(0)
    np.testing.assert_allclose(risk_coverage(np.full(10, 0.5), right).risk, 0.3)


def test_photos_of_equal_confidence_have_the_risk_of_their_average_order() -> None:
    confidence, right = np.array([0.9, 0.5, 0.5, 0.5]), np.array([True, True, False, False])
    orders = [[0, 1, 2, 3], [0, 2, 1, 3], [0, 2, 3, 1]]
    risks = [np.cumsum(~right[order]) / np.arange(1, 5) for order in orders]
    np.testing.assert_allclose(risk_coverage(confidence, right).risk, np.mean(risks, axis=0))


def test_an_offset_is_worked_out_by_hand() -> None:
    """One photo at a half that is right: 1 - expit(b) = b, so b = 0.4010581."""
    moved = offsets(np.array([0.5]), np.array([True]), np.array([1]), 3)
    np.testing.assert_allclose(moved, [0, 0.4010581, 0], atol=1e-6)


def test_an_offset_is_shrunk_with_few_photos_and_follows_many() -> None:
    few, many = (offsets(np.full(n, 0.9), np.arange(n) % 2 == 0, np.zeros(n, np.int64), 1)[0] for n in (2, 2000))
    assert many == pytest.approx(logit(0.5) - logit(0.9), abs=0.02)
    assert many < few < -0.3


def test_an_offset_survives_certain_mistakes() -> None:
    sure = np.array([1.0, 1.0, 0.0])
    moved = offsets(sure, np.array([False, False, True]), np.array([0, 0, 1]), 2)
    np.testing.assert_allclose(moved, [-2, 1], atol=0.01)


def test_the_lowest_proven_score_is_taken_and_the_first_failure_ends_the_search() -> None:
    """All are right down to 0.8, then half are wrong: 300 photos bear a few mistakes below 0.8, but not all."""
    scores = np.linspace(1, 0.5, 500)
    right = (scores >= 0.8) | (np.arange(500) % 2 == 0)
    threshold = certified_threshold(scores, right, np.arange(500))
    assert threshold == pytest.approx(0.8)
    wrong = [int((~right[scores >= score]).sum()) for score in (0.8, 0.75)]
    passing = [int((scores >= score).sum()) for score in (0.8, 0.75)]
    bounds = [highest_risk(errors, photos, CERTAINTY) for errors, photos in zip(wrong, passing, strict=True)]
    assert bounds[0] <= 1 - TARGET < bounds[1]


def test_too_few_photos_prove_nothing_even_without_a_mistake() -> None:
    """0.95 to the power of 45 is the first below a tenth."""
    assert certified_threshold(np.full(44, 0.99), np.ones(44, bool), np.arange(44)) is None
    assert certified_threshold(np.full(45, 0.99), np.ones(45, bool), np.arange(45)) == LOWEST


def test_a_photo_of_low_confidence_is_looked_at_however_good_the_others_are() -> None:
    table = answered(["pan"] * 300, ["pan"] * 300, [0.3] + [0.97] * 299, "val")
    plan = plan_review(answers(table))
    assert plan.is_certified
    assert plan.passes(answers(table)).tolist() == [False] + [True] * 299


def test_photos_of_one_recipe_prove_less_than_photos_of_many() -> None:
    right = np.arange(200) >= 4
    scores = np.full(200, 0.99)
    assert certified_threshold(scores, right, np.arange(200)) is not None
    assert certified_threshold(scores, right, np.arange(200) // 4) is None


def studio(seed: int, photos: int) -> Answers:
    """Calibrated answers on four keywords, save that the last one is right far less often than it claims."""
    generator = np.random.default_rng(seed)
    confidence = 1 - generator.beta(0.6, 4, photos)
    predicted = generator.choice(4, photos, p=[0.4, 0.3, 0.2, 0.1])
    chance = np.where(predicted == 3, expit(logit(np.clip(confidence, 0, 1 - 1e-9)) - 2), confidence)
    truth = np.where(generator.random(photos) < chance, predicted, (predicted + 1) % 4)
    empty: NDArray[np.float32] = np.zeros((photos, 4), np.float32)
    return Answers(KEYWORDS, truth, predicted, confidence, empty, np.arange(photos) // 2, 1.0)


def test_what_passes_is_right_as_often_as_promised_on_new_photos() -> None:
    """A proof with certainty 0.9 may fail in one of ten studios."""
    new, broken, unseen = studio(10_000, 20_000), [], []
    for seed in range(40):
        plan = plan_review(studio(seed, 600))
        passes = plan.passes(new)
        if plan.is_certified:
            broken.append(new.right[passes].mean() < TARGET)
            unseen.append(passes.mean())
    assert len(broken) > 30
    assert np.mean(broken) <= 0.1
    assert np.mean(unseen) > 0.4


def test_a_keyword_that_claims_too_much_has_to_be_surer() -> None:
    plan = plan_review(studio(1, 2000))
    assert plan.thresholds[3] > plan.thresholds[:3].max() + 0.02
    new = studio(2, 20_000)
    passes = plan.passes(new)
    last = passes & (new.predicted == 3)
    plain = (new.confidence >= np.sort(new.confidence)[-int(passes.sum())]) & (new.predicted == 3)
    assert new.right[last].mean() > new.right[plain].mean() + 0.05


def test_a_rare_keyword_keeps_the_common_threshold() -> None:
    table = answered(["pan"] * 200 + ["bowl"], ["pan"] * 200 + ["bowl"], 0.97, "val")
    plan = plan_review(answers(table))
    assert plan.thresholds[1] == plan.thresholds[2]  # never predicted: no offset at all
    assert abs(logit(plan.thresholds[3]) - logit(plan.thresholds[1])) < 0.05


@pytest.mark.parametrize("photos", [0, 12])
def test_without_proof_the_confidence_itself_must_reach_the_target(photos: int) -> None:
    plan = plan_review(answers(answered(["pan"] * photos, ["pan"] * photos, 0.99, "val")))
    assert not plan.is_certified
    assert plan.photos == photos
    np.testing.assert_allclose(plan.thresholds[1:], TARGET)
    assert plan.thresholds[0] <= TARGET


def test_the_rule_is_told_keyword_by_keyword() -> None:
    keywords, predicted = right_and_wrong("pan", 3, 1, "pot")
    tested = answers(answered(keywords, predicted, [0.99, 0.99, 0.5, 0.99]))
    fitted_on = answers(answered(["pan"] * 12, ["pan"] * 12, 0.95, "val"))
    table = rule_table(plan_review(fitted_on), fitted_on, tested).set_index("keyword")
    assert table["validation_photos"].tolist() == [12, 0, 0, 0]
    assert table["test_photos"].tolist() == [3, 1, 0, 0]
    assert table.loc["pan", ["unseen", "accuracy"]].tolist() == [pytest.approx(2 / 3), 1]
    assert table.loc["pot", ["unseen", "accuracy"]].tolist() == [1, 0]
    assert table.loc["tray", ["unseen", "accuracy"]].isna().all()
