"""Results by keyword, shoot and year, and which photos show a mistake."""

import numpy as np
import pandas as pd
import pytest

from recipe_assets.model.intervals import wilson
from recipe_assets.model.metrics import confused_pairs
from recipe_assets.model.predictions import answers, as_labels
from recipe_assets.model.slices import UNKNOWN, by_keyword, by_slice, examples_of_pairs, with_years
from tests.model.answered import KEYWORDS, answered, right_and_wrong


def test_every_keyword_is_told_with_photos_recipes_and_interval() -> None:
    keywords, predicted = right_and_wrong("pan", 8, 4, "pot")
    table = by_keyword(answers(answered([*keywords, "tray"], [*predicted, "tray"], per_recipe=2)))
    assert table["keyword"].tolist() == list(KEYWORDS)
    assert table["photos"].tolist() == [12, 0, 1, 0]
    assert table["recipes"].tolist() == [6, 0, 1, 0]
    pan = table.loc[0]
    assert 0 < pan["low"] < pan["accuracy"] == pytest.approx(8 / 12)
    assert pan["accuracy"] < pan["high"] <= 1
    assert table.loc[1, ["accuracy", "low", "high"]].isna().all()
    assert 0 < table.loc[2, "low"] < table.loc[2, "high"] == 1


def test_shoots_are_measured_on_their_own_photos() -> None:
    """Photos alternate between two shoots; every second one of the second is wrong."""
    predicted = ["pan", "pot", "pan", "pan"] * 10
    table = by_slice(answered(["pan"] * 40, predicted), "shoot").set_index("shoot")
    assert table["photos"].tolist() == [20, 20]
    assert table["accuracy"].tolist() == [1, 0.5]
    assert table.loc["shoot-0", "low"] == pytest.approx(wilson(20, 20)[0])
    assert table.loc["shoot-1", "low"] == pytest.approx(0.5 - 1.96 * np.sqrt(0.25 / 20), abs=0.06)


def test_photos_without_a_year_are_kept_and_stand_last() -> None:
    predictions = answered(["pan"] * 6, ["pan"] * 5 + ["pot"])
    years = pd.array([2024, 2023, None, 2024, 2023, None], dtype="Int64")
    raw = predictions[["shoot", "file"]].assign(year=years)
    dated = with_years(predictions, raw.iloc[::-1])
    assert dated["year"].tolist()[:2] == [2024, 2023]
    table = by_slice(dated, "year")
    assert table["year"].tolist() == ["2023", "2024", UNKNOWN]
    assert table["accuracy"].tolist() == [1, 1, 0.5]


def test_a_photo_that_is_no_longer_among_the_raw_ones_has_no_year() -> None:
    predictions = answered(["pan"] * 3, ["pan"] * 3)
    raw = predictions[["shoot", "file"]].assign(year=2024).head(2)
    assert with_years(predictions, raw)["year"].isna().tolist() == [False, False, True]


def test_examples_show_the_most_frequent_mistakes_and_of_each_the_surest() -> None:
    keywords = ["pan", "pan", "pan", "pot", "tray"]
    given = ["pot", "pot", "pot", "pan", "tray"]
    table = answered(keywords, given, [0.6, 0.9, 0.7, 0.8, 0.9])
    truth, predicted = (as_labels(table[column], KEYWORDS) for column in ("keyword", "predicted"))
    shown = examples_of_pairs(table, confused_pairs(truth, predicted, KEYWORDS), each=2)
    assert shown["keyword"].tolist() == ["pan", "pan", "pot"]
    assert shown["confidence"].tolist() == pytest.approx([0.9, 0.7, 0.8], abs=1e-6)
    assert examples_of_pairs(table, confused_pairs(truth, truth, KEYWORDS)).empty
