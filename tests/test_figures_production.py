"""Charts of production: drawn whatever the numbers and names, with nothing cut off."""

import io
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from recipe_assets.figures.canvas import DPI, WIDTH, _style
from recipe_assets.figures.production import KEYWORDS, confidence_histogram, drift_chart, mix_chart, review_chart
from tests.charts import figure_of

HOSTILE = ["$\\frac{1$", "_hidden", "köttbullar 焼き肉", "a\nb\x00", "", "x" * 5000]


@pytest.fixture(autouse=True)
def house_style() -> Iterator[None]:
    with matplotlib.rc_context(_style()):
        yield


def mix(names: list[str]) -> pd.DataFrame:
    shares = np.linspace(0, 1, len(names)) if names else []
    return pd.DataFrame(
        {"keyword": names, "training": shares, "production": shares[::-1], "low": np.nan, "high": np.nan}
    )


def days(count: int, **columns: float) -> pd.DataFrame:
    when = [date(2026, 10, 20) + timedelta(days=number) for number in range(count)]
    values = {
        "review": 0.2,
        "review_low": 0.1,
        "review_high": 0.4,
        "drift": 0.1,
        "drift_low": 0.0,
        "drift_high": 0.2,
    }
    return pd.DataFrame({"day": when, **(values | columns)}, index=range(count))


CHARTS: list[tuple[Callable[..., bytes], list[Any]]] = [
    (mix_chart, [mix(["pan", "oven-tray", "CP"])]),
    (mix_chart, [mix(HOSTILE)]),
    (mix_chart, [mix([f"keyword {number}" for number in range(300)])]),
    (mix_chart, [mix([])]),
    (
        confidence_histogram,
        [pd.DataFrame({"confidence": [0.0, 50, 100, 100], "needs_review": [True, True, False, False]})],
    ),
    (confidence_histogram, [pd.DataFrame({"confidence": [3.5], "needs_review": [True]})]),
    (confidence_histogram, [pd.DataFrame({"confidence": [], "needs_review": []})]),
    (review_chart, [days(30), 0.15]),
    (review_chart, [days(1), None]),
    (review_chart, [days(0), 0.5]),
    (drift_chart, [days(30), 0.2]),
    (drift_chart, [days(2, drift=1.0, drift_low=1.0, drift_high=1.0), 0.2]),
    (drift_chart, [days(3, drift_low=np.nan, drift_high=np.nan), 0.2]),
    (drift_chart, [days(3, drift=np.nan, drift_low=np.nan, drift_high=np.nan), 0.2]),
    (drift_chart, [days(0), 0.2]),
]


@pytest.mark.parametrize(("chart", "arguments"), CHARTS)
def test_a_chart_is_drawn_whatever_the_numbers_and_nothing_is_cut_off(
    chart: Callable[..., bytes], arguments: list[Any]
) -> None:
    with Image.open(io.BytesIO(chart(*arguments))) as image:
        assert image.width == WIDTH * DPI
        assert np.asarray(image.convert("L")).std() > 1
    figure = figure_of(chart, *arguments)
    room = figure.bbox.padded(1)
    for axes in figure.axes:
        for text in [axes.xaxis.label, axes.yaxis.label, *axes.get_yticklabels()]:
            if axes.axison and text.get_visible() and text.get_text().strip():
                box = text.get_window_extent()
                assert room.x0 <= box.x0 <= box.x1 <= room.x1, text.get_text()


def test_the_keywords_that_differ_most_are_shown_and_the_others_are_said() -> None:
    figure = figure_of(mix_chart, mix([f"keyword {number}" for number in range(KEYWORDS + 7)]))
    [axes] = figure.axes
    assert len(axes.get_yticks()) == KEYWORDS
    assert "7 keywords that differ less are not shown" in axes.get_xlabel()


@pytest.mark.parametrize("drift", [0.05, 0.9])
def test_limit_and_distances_are_both_in_the_picture(drift: float) -> None:
    figure = figure_of(drift_chart, days(3, drift=drift, drift_high=min(1.0, drift + 0.1)), 0.2)
    _, top = figure.axes[0].get_ylim()
    assert top > max(0.2, drift)


def test_review_says_what_the_release_expects_only_where_it_does() -> None:
    assert "15 % expected" in figure_of(review_chart, days(3), 0.15).axes[0].get_xlabel()
    assert "expected" not in figure_of(review_chart, days(3), None).axes[0].get_xlabel()
