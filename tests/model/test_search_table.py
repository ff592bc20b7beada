"""How trials are measured and compared: the loss that ranks them, the winner, and what to mistrust about it."""

import json
import math

import msgspec
import numpy as np
import pandas as pd
import pytest

from recipe_assets.errors import ModelError
from recipe_assets.model.calibration import fit_temperature, macro_loss
from recipe_assets.model.search import best_config, open_end


def test_the_loss_of_a_trial_counts_keywords_alike_and_does_not_blame_confidence() -> None:
    """Three photos of the first keyword, with margins 3, 3 and -1, and one of the second, with a margin of 1."""
    labels = np.array([0, 0, 0, 1])
    logits = np.array([[3, 0], [3, 0], [-1, 0], [0, 1]], dtype=np.float32)
    temperature = fit_temperature(logits, labels)

    def loss(margin: float) -> float:
        return math.log(1 + math.exp(-margin / temperature))

    assert macro_loss(logits, labels) == pytest.approx(((2 * loss(3) + loss(-1)) / 3 + loss(1)) / 2)
    assert macro_loss(20 * logits, labels) == pytest.approx(macro_loss(logits, labels), rel=1e-4)


def test_models_without_a_mistake_are_still_told_apart() -> None:
    """Calibrated on themselves alone, every such model would have no loss at all."""
    labels = np.arange(12) % 3
    clear, close = (np.eye(3, dtype=np.float32)[labels] * 9 for _ in range(2))
    close[:6, :] *= 0.1
    assert 0 < macro_loss(clear, labels) < macro_loss(close, labels) < math.log(3)


def table_of(rows: list[tuple[str, str, float | None, float]]) -> pd.DataFrame:
    """Trials of (strategy, state, loss, learning rate)."""
    return pd.DataFrame(
        [
            {
                "number": number,
                "strategy": strategy,
                "state": state,
                "val_macro_loss": loss,
                "settings": json.dumps({"learning_rate": rate}),
                "config": json.dumps({"strategy": strategy, "learning_rate": rate}),
            }
            for number, (strategy, state, loss, rate) in enumerate(rows, 1)
        ]
    )


def test_of_equal_trials_the_first_and_cheapest_wins_and_pruned_ones_never_do() -> None:
    rows = [
        ("linear_probe", "complete", 0.5, 1e-3),
        ("full", "complete", 0.5, 1e-4),
        ("full", "pruned", None, 1e-5),
    ]
    table = table_of(rows)
    assert best_config(table.sample(frac=1, random_state=1)).strategy == "linear_probe"
    with pytest.raises(ModelError, match="no complete trial: materialize hyperparameter_search again"):
        best_config(table[table["state"] == "pruned"])


def test_a_configuration_that_this_version_does_not_know_is_refused_with_the_cure() -> None:
    table = table_of([("telepathy", "complete", 0.5, 1e-3)])
    with pytest.raises(ModelError, match=r"made by another version.*materialize hyperparameter_search again"):
        best_config(table)
    table["config"] = msgspec.json.encode({"epochs": "many"}).decode()
    with pytest.raises(ModelError, match="another version"):
        best_config(table)


@pytest.mark.parametrize(
    ("winner", "said"),
    [
        (1e-4, None),
        (1e-3, "no learning rate higher than the winner's 0.001"),
        (1e-5, "no learning rate lower than"),
    ],
)
def test_a_winner_at_the_end_of_what_was_tried_is_pointed_out(winner: float, said: str | None) -> None:
    rows = [("full", "complete", abs(rate - winner), rate) for rate in (1e-5, 1e-4, 1e-3)]
    found = open_end(table_of([("lora", "complete", 9.0, 1e-9), *rows]))
    assert found is None if said is None else str(found).startswith(said)
