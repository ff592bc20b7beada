"""Charts of feedback: drawn whatever the numbers and names, with nothing cut off."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from recipe_assets.figures.canvas import DPI, WIDTH, _style
from recipe_assets.figures.feedback import ALL, KEYWORDS, live_accuracy_chart, row_names, verdict_chart
from recipe_assets.review import accuracy
from tests.charts import figure_of

HOSTILE = ["$\\frac{1$", "_hidden", "köttbullar 焼き肉", "a\nb\x00", "x" * 5000]


@pytest.fixture(autouse=True)
def house_style() -> Iterator[None]:
    with matplotlib.rc_context(_style()):
        yield


def shares(names: list[str], **columns: float) -> pd.DataFrame:
    usual = {"part": ALL, "photos": 40, "confirmed": 10, "corrected": 5, "dropped": 1, "kept": 4,
             "accuracy": 2 / 3, "low": 0.4, "high": 0.9, "promised": 0.8}  # fmt: skip
    return pd.DataFrame({"keyword": names, **(usual | columns)}, index=range(len(names)))


TABLES = [
    shares([ALL, "pan", "oven-tray"]),
    shares(HOSTILE),
    shares([f"keyword {number}" for number in range(300)]),
    shares([]),
    shares(["pan"], photos=0),
    shares(["pan"], accuracy=np.nan, promised=np.nan, low=0.0, high=1.0, confirmed=0, corrected=0),
    shares(["pan"], low=1.0, high=1.0, accuracy=1.0, promised=1.0),
    pd.concat([shares([ALL]), shares([ALL], part=accuracy.SURE), shares([ALL], part=accuracy.DOUBTFUL)]),
]


@pytest.mark.parametrize("chart", [live_accuracy_chart, verdict_chart])
@pytest.mark.parametrize("table", TABLES)
def test_a_chart_is_drawn_whatever_the_numbers_and_nothing_is_cut_off(
    chart: Callable[..., bytes], table: pd.DataFrame
) -> None:
    with Image.open(io.BytesIO(chart(table))) as image:
        assert image.width == WIDTH * DPI
        assert np.asarray(image.convert("L")).std() > 1
    figure: Any = figure_of(chart, table)
    room = figure.bbox.padded(1)
    for axes in figure.axes:
        for text in [axes.xaxis.label, *axes.get_yticklabels(), *axes.texts]:
            if axes.axison and text.get_visible() and text.get_text().strip():
                box = text.get_window_extent()
                assert room.x0 <= box.x0 <= box.x1 <= room.x1, text.get_text()


def test_rows_say_what_they_are_about() -> None:
    table = pd.concat([shares([ALL]), shares([ALL], part=accuracy.SURE), shares(["pan"])])
    assert row_names(table) == ["all keywords", f"all keywords: {accuracy.SURE}", "pan"]
    assert accuracy.ALL == ALL


def test_what_is_not_shown_is_said() -> None:
    figure = figure_of(verdict_chart, shares([f"keyword {number}" for number in range(KEYWORDS + 3)]))
    assert "3 keywords with fewer photos are not shown" in figure.axes[0].get_xlabel()


def test_shares_of_a_row_fill_it() -> None:
    axes = figure_of(verdict_chart, shares(["pan"])).axes[0]
    assert sum(bar.get_width() for bar in axes.patches) == pytest.approx(100)
