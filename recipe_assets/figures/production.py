"""Charts of what APIs answered: keywords beside those of training, confidences, review and drift day by day.

Nothing is measured here; the tables are those of `production.drift` and `production.views`.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from recipe_assets.figures.canvas import (
    BLUE,
    GRAY,
    ORANGE,
    SKY,
    VERMILION,
    WIDTH,
    drawn,
    legend_below,
    name_rows,
    new_figure,
    say_nothing_to_show,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KEYWORDS = 40
"""Keywords with a row of their own, those with the largest differences."""
NOTHING = "no photo was answered yet"


@drawn
def mix_chart(mix: pd.DataFrame) -> "Figure":
    """The share of each keyword in training and in production, the largest difference on top; PNG.

    Args:
        mix: a row for each keyword: keyword, training, production, low, high (0-1; low and high may be NaN).
    """
    shown = mix.head(KEYWORDS).reset_index(drop=True)
    figure = new_figure(WIDTH, max(1.6, 1.1 + 0.22 * len(shown)))
    axes = figure.subplots()
    if shown.empty:
        say_nothing_to_show(axes, NOTHING)
        return figure
    rows = np.arange(len(shown))
    axes.hlines(rows, 100 * shown["training"], 100 * shown["production"], color=GRAY, linewidth=1)
    axes.hlines(rows, 100 * shown["low"], 100 * shown["high"], color=SKY, linewidth=4)
    axes.plot(100 * shown["training"], rows, "D", color=ORANGE, markersize=4, clip_on=False)
    axes.plot(100 * shown["production"], rows, "o", color=BLUE, markersize=4, clip_on=False)
    name_rows(axes, shown["keyword"].tolist())
    axes.set_xlim(left=0)
    rest = f"; {len(mix) - KEYWORDS} keywords that differ less are not shown" if len(mix) > KEYWORDS else ""
    axes.set_xlabel(f"share of photos (%){rest}")
    axes.grid(visible=True, axis="x")
    legend_below(figure, [("training", ORANGE), ("production", BLUE), ("its 95 % interval", SKY)], 3)
    return figure


@drawn
def confidence_histogram(answers: pd.DataFrame) -> "Figure":
    """How sure the model was, and which answers a person should look at; PNG.

    Args:
        answers: a row for each: confidence (percent), needs_review.
    """
    figure = new_figure(WIDTH, 2.8)
    axes = figure.subplots()
    if answers.empty:
        say_nothing_to_show(axes, NOTHING)
        return figure
    review = answers["needs_review"].to_numpy(dtype=bool)
    confidence = answers["confidence"].to_numpy(dtype=float)
    axes.hist(
        [confidence[~review], confidence[review]],
        bins=list(range(0, 101, 5)),
        stacked=True,
        color=[BLUE, ORANGE],
        edgecolor="white",
        linewidth=0.4,
    )
    axes.set_xlim(0, 100)
    axes.set_xlabel("confidence of the first keyword (%)")
    axes.set_ylabel("photos")
    axes.grid(visible=True, axis="y")
    legend_below(figure, [("goes on by itself", BLUE), ("a person should look", ORANGE)], 2)
    return figure


@drawn
def review_chart(days: pd.DataFrame, promised: float | None) -> "Figure":
    """The share of photos that a person should look at, day by day, with 95 % intervals; PNG.

    Args:
        days: a row for each day: day, review, review_low, review_high (0-1).
        promised: what the served release expects, 0-1; None where it says nothing.
    """
    figure = new_figure(WIDTH, 2.8)
    axes = figure.subplots()
    if days.empty:
        say_nothing_to_show(axes, NOTHING)
        return figure
    _draw_days(axes, days, "review", 100)
    if promised is not None:
        axes.axhline(100 * promised, color=ORANGE, linestyle="--", linewidth=1)
    axes.set_ylim(0, 102)
    axes.set_ylabel("to be looked at (%)")
    expected = f"; dashed: {100 * promised:.0f} % expected of test photos" if promised is not None else ""
    axes.set_xlabel(f"day (UTC), with 95 % interval{expected}")
    return figure


@drawn
def drift_chart(days: pd.DataFrame, limit: float) -> "Figure":
    """The distance of each day's keyword mix from the training photos', with 95 % intervals; PNG.

    Args:
        days: a row for each day: day, drift, drift_low, drift_high (0-1, NaN where there is too little).
        limit: the distance that is too far.
    """
    figure = new_figure(WIDTH, 2.8)
    axes = figure.subplots()
    if days.empty or days["drift"].isna().all():
        say_nothing_to_show(axes, "no day has photos enough to judge" if len(days) else NOTHING)
        return figure
    _draw_days(axes, days, "drift", 1)
    axes.axhline(limit, color=VERMILION, linestyle="--", linewidth=1)
    axes.set_ylim(0, max(2 * limit, 1.05 * float(np.nanmax(days[["drift", "drift_high"]].to_numpy(dtype=float)))))
    axes.set_ylabel("Jensen-Shannon distance")
    axes.set_xlabel(f"day (UTC), with 95 % interval; dashed: limit of {limit:g}")
    return figure


def _draw_days(axes: "Axes", days: pd.DataFrame, name: str, scale: float) -> None:
    from matplotlib import dates

    when = pd.to_datetime(days["day"]).to_numpy()
    low, high = (scale * days[f"{name}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
    axes.vlines(when, low, high, color=SKY, linewidth=4)
    axes.plot(when, scale * days[name].to_numpy(dtype=float), "o", color=BLUE, markersize=4, clip_on=False)
    day = np.timedelta64(1, "D")
    axes.set_xlim(when.min() - day, when.max() + day)
    ticks: Any = dates  # its classes have no types
    locator = ticks.AutoDateLocator(minticks=2, maxticks=10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ticks.ConciseDateFormatter(locator))
    axes.grid(visible=True)
