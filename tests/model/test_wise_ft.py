"""WiSE-FT: weights are mixed name by name, and the best mix on validation is kept."""

import pytest
import torch

from recipe_assets.model.wise_ft import MIXES, best_mix, mix_weights


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
