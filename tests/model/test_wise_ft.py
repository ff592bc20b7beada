"""WiSE-FT: weights are mixed name by name, and the best mix on validation is kept."""

import math

import pytest
import torch

from recipe_assets.model.wise_ft import MIXES, best_mix, calibrated_loss, mix_weights


def test_weights_are_mixed_by_hand() -> None:
    untuned, tuned = {"a": torch.tensor([0.0, 4.0])}, {"a": torch.tensor([1.0, 2.0])}
    assert mix_weights(untuned, tuned, 0.25)["a"].tolist() == [0.25, 3.5]
    assert torch.equal(mix_weights(untuned, tuned, 0)["a"], untuned["a"])
    assert torch.equal(mix_weights(untuned, tuned, 1)["a"], tuned["a"])


@pytest.mark.parametrize(("valley", "expected"), [(0.32, 0.3), (-1.0, 0.0), (2.0, 1.0)])
def test_the_mix_with_the_lowest_loss_is_loaded(valley: float, expected: float) -> None:
    loaded: dict[str, torch.Tensor] = {}
    mix, losses = best_mix(
        {"a": torch.zeros(1)}, {"a": torch.ones(1)}, loaded.update, lambda: abs(float(loaded["a"]) - valley)
    )
    assert mix == expected
    assert float(loaded["a"]) == pytest.approx(expected)
    assert tuple(losses) == MIXES


def test_of_equal_mixes_the_most_tuned_one_is_taken() -> None:
    assert best_mix({"a": torch.zeros(1)}, {"a": torch.ones(1)}, lambda _: None, lambda: 1.0)[0] == 1


def test_a_mix_that_is_only_less_sure_of_itself_loses_nothing() -> None:
    labels = torch.arange(40) % 4
    logits = torch.randn((40, 4), generator=torch.Generator().manual_seed(0)) + torch.eye(4)[labels]
    assert calibrated_loss(3 * logits, labels) == pytest.approx(calibrated_loss(logits, labels), rel=2e-3)


def test_every_keyword_counts_the_same_by_hand() -> None:
    """Two keywords, logits 0: whatever the temperature, each photo costs ln 2, and so does each keyword's mean."""
    assert calibrated_loss(torch.zeros((5, 2)), torch.tensor([0, 0, 0, 0, 1])) == pytest.approx(math.log(2))


def test_a_rare_keyword_that_is_always_wrong_weighs_as_much_as_a_frequent_one() -> None:
    frequent = torch.tensor([[2.0, 0.0]]).repeat(9, 1)
    labels = torch.tensor([0] * 9 + [1])
    wrong_once = calibrated_loss(torch.cat([frequent, frequent[:1]]), labels)
    assert wrong_once == pytest.approx(math.log(2), abs=2e-3)  # half of the keywords are wrong: best to be unsure
