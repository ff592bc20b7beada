"""Two models on the same photos, the rules of the gates, and what a release says of itself."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as referee

from recipe_assets.errors import ModelError
from recipe_assets.model.assessment import assess
from recipe_assets.model.comparison import Comparison, compare, comparison_table, measure, same_photos
from recipe_assets.model.gates import TOLERANCE, breaks_promise, collapsed_keywords
from recipe_assets.model.predictions import answers, held_out, predictions_table
from recipe_assets.storage import TableStore
from tests.model.answered import KEYWORDS, answered, both_sides, photos, right_and_wrong


def predictions(right: float, seed: int, count: int = 200) -> pd.DataFrame:
    """A table of predictions of two keywords, of which this share is right; four photos a recipe."""
    generator = np.random.default_rng(seed)
    keywords = np.where(np.arange(count) % 2, "pan", "pot")
    others = np.where(np.arange(count) % 2, "pot", "pan")
    return answered(keywords, np.where(generator.random(count) < right, keywords, others), per_recipe=4)


def test_measure_gives_macro_accuracy_inside_its_interval() -> None:
    table = predictions(0.8, 1)
    accuracy, (low, high) = measure(table)
    expected = (table["keyword"] == table["predicted"]).groupby(table["keyword"]).mean().mean()
    assert accuracy == pytest.approx(expected)
    assert low < accuracy < high
    assert high - low < 0.2


def test_validation_photos_do_not_measure() -> None:
    table = both_sides(answered(["pan"] * 50, ["pot"] * 50, split="val"), predictions(1.0, 1))
    assert measure(table)[0] == 1
    assert same_photos(table, table)[0]["split"].unique().tolist() == ["test"]


def test_a_clearly_worse_model_is_worse_and_a_better_or_equal_one_is_not() -> None:
    good, bad = predictions(0.9, 1), predictions(0.5, 2)
    found = compare(bad, good)
    assert found.is_worse
    assert found.is_worse_by(TOLERANCE)
    assert found.photos == 200
    assert found.new < found.old
    assert not compare(good, bad).is_worse
    same = compare(good, good)
    assert not same.is_worse
    assert same.difference == (0, 0)


@pytest.mark.parametrize(
    ("change", "bounds", "worse", "proven"),
    [
        (-0.06, (-0.11, -0.01), True, False),  # a loss that few photos prove
        (-0.06, (-0.13, 0.01), False, False),  # one that chance may explain
        (-0.005, (-0.008, -0.002), False, True),  # proven, but within the tolerance
        (-0.02, (-0.03, -0.005), True, False),  # proven and beyond it, as a large test set tells
        (0.0, (-0.05, 0.05), False, False),  # equal, on too few photos to say more
        (0.03, (-0.005, 0.06), False, True),
    ],
)
def test_only_a_proven_loss_beyond_the_tolerance_is_one(
    change: float, bounds: tuple[float, float], worse: bool, proven: bool
) -> None:
    found = Comparison(100, 0.8 + change, 0.8, bounds)
    assert found.is_worse_by(TOLERANCE) is worse
    assert found.is_not_worse_by(TOLERANCE) is proven


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


def test_models_are_compared_on_the_photos_that_both_answered_whatever_their_order() -> None:
    ours, theirs = predictions(0.9, 1), predictions(0.6, 2).sample(frac=0.5, random_state=0)
    table = comparison_table(ours, {"other": theirs, "elsewhere": theirs.assign(shoot="x")})
    assert table["model"].tolist() == ["other"]
    row = table.iloc[0]
    shared = ours[ours["file"].isin(theirs["file"])]
    assert row["photos"] == 100
    assert row["new"] == pytest.approx(measure(shared)[0])
    assert row["old"] == pytest.approx(measure(theirs)[0])
    assert row["low"] < row["difference"] == row["new"] - row["old"] < row["high"]


def collapse(right: int, wrong: int, before: int | None, per_recipe: int = 1) -> pd.DataFrame:
    """What is found of "pan" beside 60 photos of "pot", all right; the untuned model found `before` of them."""
    keywords, predicted = right_and_wrong("pan", right, wrong, "pot")
    tuned = answered(keywords + ["pot"] * 60, predicted + ["pot"] * 60, per_recipe=per_recipe)
    if before is None:
        return collapsed_keywords(tuned)
    untuned = ["pan"] * before + ["pot"] * (right + wrong - before) + ["pot"] * 60
    return collapsed_keywords(tuned, answered(keywords + ["pot"] * 60, untuned, per_recipe=per_recipe))


@pytest.mark.parametrize(
    ("right", "wrong", "before", "verdict"),
    [
        (0, 10, 9, "lost"),  # 0 of 10 where 4.5 were due
        (1, 9, 7, "weak"),  # 1 of 10 may be chance where 3.5 were due, hardly where 5 were, as of other keywords
        (2, 8, 9, None),
        (9, 1, 10, None),
        (0, 4, 4, None),  # too few photos to speak of
        (0, 5, 5, "lost"),  # 0.5 to the power of 5 is 3 %
        (0, 5, 3, "weak"),  # 17 % by chance where 1.5 were due, 3 % where 2.5 were
        (0, 40, 0, "lost"),  # below ten of a hundred whatever the untuned model did
        (1, 19, 0, "weak"),
    ],
)
def test_a_keyword_is_lost_if_chance_does_not_explain_how_few_are_found(
    right: int, wrong: int, before: int, verdict: str | None
) -> None:
    found = collapse(right, wrong, before)
    assert found["keyword"].tolist() == ([] if verdict is None else ["pan"])
    assert found["lost"].tolist() == ([] if verdict is None else [verdict == "lost"])


def test_ten_photos_of_one_recipe_do_not_show_that_a_keyword_is_lost() -> None:
    assert collapse(0, 10, 10, per_recipe=10).empty
    assert not collapse(0, 10, 10, per_recipe=1).empty


def test_without_a_baseline_the_floor_alone_counts() -> None:
    found = collapse(0, 40, None)
    assert found["lost"].tolist() == [True]
    assert found["zero_shot"].isna().all()


def test_a_promise_is_broken_only_beyond_chance() -> None:
    right = np.arange(100) >= 7
    assert not breaks_promise(right, np.arange(100), 0.95)
    assert breaks_promise(np.arange(100) >= 15, np.arange(100), 0.95)
    assert not breaks_promise(np.arange(100) >= 15, np.arange(100) // 50, 0.95)
    assert not breaks_promise(np.zeros(0, bool), np.zeros(0), 0.95)


def drawn(seed: int, split: str, count: int = 240) -> pd.DataFrame:
    """Answers with real logits: half as sure as they might be, temperature 0.5."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 4, count)
    logits = generator.normal(0, 1, (count, 4)).astype(np.float32)
    logits[np.arange(count), truth] += 2
    rows = photos([KEYWORDS[label] for label in truth], split, per_recipe=2)
    return predictions_table(rows, logits, KEYWORDS, 0.5)


def test_an_assessment_agrees_with_scikit_learn_and_measures_test_photos_alone() -> None:
    test = drawn(1, "test")
    found = assess(both_sides(drawn(2, "val"), test), test.assign(predicted="pan"))
    given = answers(test)
    metrics = found.metrics
    assert metrics.photos == 240
    assert metrics.macro_accuracy == pytest.approx(referee.balanced_accuracy_score(given.truth, given.predicted))
    assert metrics.macro_f1 == pytest.approx(referee.f1_score(given.truth, given.predicted, average="macro"))
    assert metrics.top3_accuracy == pytest.approx(referee.top_k_accuracy_score(given.truth, given.logits, k=3))
    assert metrics.zero_shot_macro_accuracy == 0.25
    assert metrics.linear_probe_macro_accuracy is None
    low, high = metrics.macro_accuracy_interval
    assert low < metrics.macro_accuracy < high
    assert metrics.calibration_error is not None
    assert metrics.calibration_error_before is not None
    assert metrics.calibration_error < metrics.calibration_error_before
    assert sum(keyword.photos for keyword in metrics.per_keyword.values()) == 240
    assert list(metrics.per_keyword) == list(KEYWORDS)


def test_the_rule_of_a_release_states_what_it_does_to_the_test_photos() -> None:
    test = drawn(1, "test")
    rule = assess(both_sides(drawn(2, "val", 600), test)).review
    passes = test["confidence"].to_numpy() >= test["predicted"].map(rule.thresholds).to_numpy()
    assert 0 < rule.coverage < 1
    assert rule.coverage == pytest.approx(passes.mean())
    assert rule.accuracy == pytest.approx((test["keyword"] == test["predicted"])[passes].mean())
    assert rule.accuracy >= 0.93


def test_nothing_to_measure_is_said() -> None:
    with pytest.raises(ModelError, match="no test photo"):
        assess(drawn(2, "val"))
    with pytest.raises(ModelError, match="materialize"):
        answers(pd.DataFrame({"keyword": ["pan"]}))


def test_a_stored_table_says_what_its_logits_stand_for(tmp_path: Path) -> None:
    table, store = drawn(1, "test"), TableStore(tmp_path)
    store.write(table, "confusion_matrix", None, {key: str(value) for key, value in table.attrs.items()})
    again = store.read("confusion_matrix")
    again.attrs = dict(store.attributes("confusion_matrix") or {})
    before, after = answers(table), answers(again)
    assert after.keywords == before.keywords
    assert after.temperature == 0.5
    for name in ("truth", "predicted", "confidence", "logits"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    assert held_out(again.assign(split="val")).empty
