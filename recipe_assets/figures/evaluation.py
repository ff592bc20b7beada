"""Charts of how far a model can be trusted: confidences, what answering less would bring, intervals, other models.

The confusion matrix and the curves of training stand in `model`. Nothing is measured here.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recipe_assets.figures.canvas import (
    BLUE,
    GRAY,
    GREEN,
    ORANGE,
    SKY,
    VERMILION,
    WIDTH,
    drawn,
    label,
    name_rows,
    new_figure,
    say_nothing_to_show,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@drawn
def reliability_diagram(panels: Sequence[tuple[str, pd.DataFrame]]) -> "Figure":
    """How often answers are right at each confidence, and below it how many there are; PNG.

    Args:
        panels: a title and the bins of each panel: start, end, photos, confidence, accuracy, low, high (0-1 but
            photos). Points on the diagonal are honest, points below it claim too much.
    """
    figure = new_figure(WIDTH, 4.4)
    grid = figure.subplots(2, len(panels), sharex=True, height_ratios=[3, 1], squeeze=False)
    most = max([1, *(int(bins["photos"].max()) for _, bins in panels if len(bins))])
    for column, (title, bins) in enumerate(panels):
        _draw_bins(grid[0, column], bins)
        grid[0, column].set_title(title)
        _draw_counts(grid[1, column], bins, most)
        grid[1, column].set_xlabel("confidence (%)")
    grid[0, 0].set_ylabel("right (%)")
    grid[1, 0].set_ylabel("photos")
    return figure


def _draw_bins(axes: "Axes", bins: pd.DataFrame) -> None:
    axes.plot([0, 100], [0, 100], color=GRAY, linestyle="--", linewidth=1)
    whiskers = 100 * np.abs(bins[["low", "high"]].to_numpy().T - bins["accuracy"].to_numpy())
    axes.errorbar(
        100 * bins["confidence"],
        100 * bins["accuracy"],
        yerr=whiskers,
        fmt="o",
        color=BLUE,
        ecolor=SKY,
        markersize=4,
    )
    axes.set(xlim=(0, 101), ylim=(-2, 102))
    axes.grid(visible=True)


def _draw_counts(axes: "Axes", bins: pd.DataFrame, most: int) -> None:
    from matplotlib.ticker import MaxNLocator

    width = 100 * (bins["end"] - bins["start"])
    axes.bar(100 * bins["start"], bins["photos"], width=width, align="edge", color=SKY, edgecolor="white")
    axes.set_ylim(0, 1.1 * most)
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.grid(visible=True, axis="y")


@drawn
def risk_coverage_chart(
    coverage: NDArray[np.float64], risk: NDArray[np.float64], rule: tuple[float, float | None], target: float
) -> "Figure":
    """What share is wrong if only the surest photos go unseen, and where the rule for review stands; PNG.

    Args:
        coverage: (N,), 0-1, rising.
        risk: (N,), 0-1, the share of wrong answers at each coverage.
        rule: coverage (0-1) and accuracy (0-1, None if nothing passes) of the rule for review.
        target: the accuracy, 0-1, that the rule promises for what nobody looks at.
    """
    figure = new_figure(WIDTH, 3.2)
    axes = figure.subplots()
    axes.step(100 * coverage, 100 * risk, where="mid", color=BLUE, label="surest photos first")
    axes.axhline(100 * (1 - target), color=GRAY, linestyle=":", label=f"promise: {100 * (1 - target):g} % wrong")
    answered, accuracy = rule
    if accuracy is not None:
        said = f"thresholds: {100 * answered:.0f} % unseen, {100 * (1 - accuracy):.1f} % of them wrong"
        axes.plot(
            100 * answered, 100 * (1 - accuracy), "D", color=VERMILION, markersize=6, label=said, clip_on=False
        )
    axes.set(xlim=(0, 100), ylim=(0, max(10.0, 105 * float(risk.max(initial=0)))))
    axes.set_xlabel("photos that nobody looks at (%)")
    axes.set_ylabel("wrong among them (%)")
    axes.grid(visible=True)
    figure.legend(loc="outside upper left", ncols=3)
    return figure


@drawn
def interval_chart(names: Sequence[object], shares: pd.DataFrame, average: float | None = None) -> "Figure":
    """Accuracy with its 95 % interval in rows, first one on top, and the photos behind it; PNG.

    Args:
        names: of the rows.
        shares: a row for each: photos, accuracy, low, high (0-1); accuracy NaN where nothing was measured.
        average: a line to compare with, 0-1.
    """
    figure = new_figure(WIDTH, max(1.5, 0.9 + 0.21 * len(names)))
    axes = figure.subplots()
    if not len(names):
        say_nothing_to_show(axes, "nothing was measured yet")
        return figure
    rows = np.arange(len(names))
    measured = shares["accuracy"].notna().to_numpy()
    axes.hlines(
        rows[measured], 100 * shares["low"][measured], 100 * shares["high"][measured], color=SKY, linewidth=3
    )
    axes.plot(100 * shares["accuracy"][measured], rows[measured], "o", color=BLUE, markersize=4, clip_on=False)
    for row, photos in enumerate(shares["photos"]):
        axes.text(101.5, row, f"{int(photos):,}", va="center", fontsize=8)
    axes.text(101.5, -0.75, "photos", va="bottom", fontsize=8)
    if average is not None:
        axes.axvline(100 * average, color=ORANGE, linestyle="--", linewidth=1)
    name_rows(axes, names)
    axes.set_xlim(0, 100)
    dashed = "" if average is None else f"; dashed: mean {100 * average:.1f}"
    axes.set_xlabel(f"right (%), with 95 % interval{dashed}")
    axes.grid(visible=True, axis="x")
    return figure


@drawn
def comparison_chart(differences: pd.DataFrame) -> "Figure":
    """A forest plot: how much better the model is than others on the same photos, with 95 % intervals; PNG.

    Args:
        differences: a row per other model: model, photos, new, old, difference, low, high (0-1 but photos).
    """
    figure = new_figure(WIDTH, max(1.6, 0.9 + 0.45 * len(differences)))
    axes = figure.subplots()
    if differences.empty:
        say_nothing_to_show(axes, "no other model answered these photos")
        return figure
    _draw_differences(axes, 100 * differences[["difference", "low", "high"]].to_numpy())
    name_rows(axes, differences["model"].tolist())
    both = [f"{100 * row['new']:.1f} against {100 * row['old']:.1f} %" for row in differences.to_dict("records")]
    rows = zip(differences["model"], both, differences["photos"], strict=True)
    axes.set_yticklabels(f"{label(model)}\n{said} of {photos:,} photos" for model, said, photos in rows)
    axes.set_xlabel("points of macro accuracy more than the other model, with 95 % interval")
    axes.grid(visible=True, axis="x")
    return figure


def _draw_differences(axes: "Axes", points: NDArray[np.float64]) -> None:
    """Difference, low and high of each row (N, 3) as a mark, a whisker and words beside the chart."""
    for row, (difference, low, high) in enumerate(points):
        color = GREEN if low > 0 else VERMILION if high < 0 else GRAY
        axes.hlines(row, low, high, color=color, linewidth=3)
        axes.plot(difference, row, "s", color=color, markersize=7)
        said = f"{difference:+.1f} ({low:+.1f} to {high:+.1f})"
        axes.annotate(said, (1.02, row), xycoords=("axes fraction", "data"), va="center", fontsize=8)
    axes.axvline(0, color="black", linewidth=1)
    reach = 1.1 * float(np.abs(points).max()) or 1.0
    axes.set_xlim(-reach, reach)
