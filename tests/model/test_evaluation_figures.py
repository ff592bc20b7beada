"""Charts of evaluations say what the tables say, whatever names and numbers are put into them."""

from collections.abc import Iterator

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from recipe_assets import figures
from recipe_assets.figures.canvas import DPI, GRAY, GREEN, VERMILION, WIDTH, _style
from recipe_assets.model.calibration import reliability
from tests.test_figures import HOSTILE, decoded, figure_of, row_labels, said

CONFIDENCE = np.array([0.95, 0.95, 0.95, 0.55, 0.55])
RIGHT = np.array([True, True, False, True, False])


@pytest.fixture(autouse=True)
def house_style() -> Iterator[None]:
    with matplotlib.rc_context(_style()):
        yield


def differences(names: list[str]) -> pd.DataFrame:
    """One other model worse, one better, one about as good, and so on."""
    rows = [(0.1, 0.04, 0.16), (-0.1, -0.16, -0.04), (0.02, -0.04, 0.08)]
    table = pd.DataFrame(
        [rows[n % 3] for n in range(len(names))], columns=["difference", "low", "high"], index=range(len(names))
    )
    return table.assign(model=names, photos=1234, new=0.9, old=0.9 - table["difference"])


def shares(count: int) -> pd.DataFrame:
    return pd.DataFrame({"photos": 7, "accuracy": 0.5, "low": 0.2, "high": 0.9}, index=range(count))


def test_a_point_stands_where_its_bin_is_and_a_bar_counts_its_photos() -> None:
    figure = figure_of(figures.reliability_diagram, [("after", reliability(CONFIDENCE, RIGHT, 10))])
    points, counts = figure.axes
    assert points.get_title(loc="left") == "after"
    np.testing.assert_allclose(points.lines[1].get_xydata(), [[55, 50], [95, 200 / 3]])
    assert [bar.get_height() for bar in counts.patches] == [2, 3]
    np.testing.assert_allclose([bar.get_x() for bar in counts.patches], [50, 90])


def test_panels_of_a_reliability_diagram_share_their_scales() -> None:
    one, many = reliability(CONFIDENCE[:1], RIGHT[:1]), reliability(CONFIDENCE, RIGHT)
    figure = figure_of(figures.reliability_diagram, [("before", one), ("after", many)])
    assert figure.axes[2].get_ylim() == figure.axes[3].get_ylim()
    assert decoded(figures.reliability_diagram([("nothing", many.head(0))])).width == WIDTH * DPI


def test_the_rule_stands_on_the_risk_coverage_chart_where_it_is() -> None:
    coverage, risk = np.array([0.5, 1.0]), np.array([0.0, 0.3])
    figure = figure_of(figures.risk_coverage_chart, coverage, risk, (0.8, 0.9), 0.95)
    mark = figure.axes[0].lines[2]
    np.testing.assert_allclose(mark.get_xydata(), [[80, 10]])
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["surest photos first", "promise: 5 % wrong", "thresholds: 80 % unseen, 10.0 % of them wrong"]
    nothing = figure_of(figures.risk_coverage_chart, coverage, risk, (0.0, None), 0.95)
    assert len(nothing.axes[0].lines) == 2


def test_intervals_have_a_row_for_each_name_and_none_where_nothing_was_measured() -> None:
    table = shares(3)
    table.loc[1, ["accuracy", "low", "high"]] = np.nan
    figure = figure_of(figures.interval_chart, ["pan", "pot", "tray"], table, 0.5)
    axes = figure.axes[0]
    assert row_labels(figure) == ["pan", "pot", "tray"]
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[50, 0], [50, 2]])
    np.testing.assert_allclose(axes.collections[0].get_segments(), [[[20, 0], [90, 0]], [[20, 2], [90, 2]]])
    assert said(figure) == ["7", "7", "7", "photos"]


def test_a_difference_has_the_color_of_what_it_proves() -> None:
    figure = figure_of(figures.comparison_chart, differences(["zero-shot", "linear probe", "release r1"]))
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "s"]
    assert [to_hex(mark.get_color()) for mark in marks] == [GREEN, VERMILION, GRAY]
    assert said(figure)[0] == "+10.0 (+4.0 to +16.0)"
    assert row_labels(figure)[1] == "linear probe\n90.0 against 100.0 % of 1,234 photos"


@pytest.mark.parametrize("names", [HOSTILE, ["one"], []], ids=["hostile", "one", "none"])
def test_any_names_can_be_drawn(names: list[str]) -> None:
    assert np.asarray(decoded(figures.interval_chart(names, shares(len(names)))).convert("L")).std() > 3
    assert np.asarray(decoded(figures.comparison_chart(differences(names))).convert("L")).std() > 3


@pytest.mark.parametrize("count", [1, 60])
def test_no_label_of_intervals_leaves_the_picture(count: int) -> None:
    names = [f"keyword-with-a-long-name-that-goes-on-{n}" for n in range(count)]
    figure: Figure = figure_of(figures.interval_chart, names, shares(count))
    for text in [*figure.axes[0].get_yticklabels(), *figure.axes[0].texts]:
        box = text.get_window_extent()
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1


def test_a_confusion_matrix_can_say_shares_in_percent() -> None:
    matrix, names = np.array([[8, 2], [0, 3]]), ["pan", "pot"]
    figure: Figure = figures.confusion_heatmap.__wrapped__(matrix, names, shares_only=True)  # type: ignore[attr-defined]
    assert sorted(said(figure)) == ["100", "20", "80"]
    assert row_labels(figure) == ["pan (10)", "pot (3)"]
    assert "%" in figure.axes[0].get_xlabel()
