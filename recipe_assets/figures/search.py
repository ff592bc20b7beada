"""Charts of a hyperparameter search: how the best result came about, which strategies and settings are good.

How one training went is drawn in `model`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from recipe_assets.figures.canvas import (
    GRAY,
    SERIES,
    VERMILION,
    WIDTH,
    drawn,
    label,
    legend_below,
    name_rows,
    new_figure,
    say_nothing_to_show,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOSS = "validation macro loss"
FLOOR = 1e-3
"""Losses below are drawn here: such models make no mistake, and how surely they make none says nothing."""
SPREAD = 0.18
"""Half the height over which a strategy's trials are spread, so that equal ones are all seen."""


@drawn
def search_summary(trials: pd.DataFrame) -> "Figure":
    """The loss of each trial with the best so far, and all trials by strategy; PNG.

    Args:
        trials: one row per trial: number, strategy, state (complete, pruned, failed), val_macro_loss and
            val_macro_accuracy (0-1), missing where the trial is not complete.
    """
    strategies = list(dict.fromkeys(trials["strategy"]))
    complete = trials[trials["state"] == "complete"].sort_values("number")
    complete = complete.assign(val_macro_loss=complete["val_macro_loss"].clip(lower=FLOOR))
    if complete.empty:
        figure = new_figure(WIDTH, 1.6)
        say_nothing_to_show(figure.subplots(), "no trial is complete yet")
        return figure
    figure = new_figure(WIDTH, 5.2 + 0.3 * len(strategies))
    curve, (losses, accuracies) = _panels(figure, len(strategies))
    _draw_curve(curve, trials, complete, strategies)
    _draw_strips(losses, complete, strategies, complete["val_macro_loss"], logarithmic=True)
    _draw_strips(accuracies, complete, strategies, 100 * complete["val_macro_accuracy"])
    name_rows(losses, [_counted(trials, strategy) for strategy in strategies], longest=44)
    losses.set_xlabel(f"{LOSS}\n(bar: median; ring: chosen)")
    accuracies.set_xlabel("validation macro accuracy (%)\n(complete trials, of all)")
    accuracies.tick_params(axis="y", labelleft=False, length=0)
    handles, texts = curve.get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=len(texts))
    return figure


def _panels(figure: "Figure", rows: int) -> "tuple[Axes, tuple[Axes, Axes]]":
    grid = figure.add_gridspec(2, 2, height_ratios=[3.2, 1.2 + 0.3 * rows])
    curve = figure.add_subplot(grid[0, :])
    losses = figure.add_subplot(grid[1, 0])
    return curve, (losses, figure.add_subplot(grid[1, 1], sharey=losses))


def _draw_curve(axes: "Axes", trials: pd.DataFrame, complete: pd.DataFrame, strategies: list[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    for strategy, color in zip(strategies, _colors(strategies), strict=True):
        own = complete[complete["strategy"] == strategy]
        axes.scatter(own["number"], own["val_macro_loss"], s=22, color=color, edgecolors="white", linewidths=0.5)
    best = complete["val_macro_loss"].cummin()
    axes.step(complete["number"], best, where="post", color="black", linewidth=1, label="best so far")
    top = complete["val_macro_loss"].max()
    for state, marker, color in (("pruned", "|", GRAY), ("failed", "x", VERMILION)):
        numbers = trials.loc[trials["state"] == state, "number"]
        if len(numbers):
            said = f"{state} ({len(numbers)}), no loss"
            heights = [1.06 * top] * len(numbers)
            axes.scatter(numbers, heights, marker=marker, color=color, s=26, linewidths=1.2, label=said)
    _logarithmic(axes, "y")
    axes.set_xlim(0, trials["number"].max() + 1)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    axes.set_xlabel("trial")
    axes.set_ylabel(LOSS)
    axes.set_title("search, in the order of trials; lower is better")


def _draw_strips(
    axes: "Axes", complete: pd.DataFrame, strategies: list[str], values: pd.Series, logarithmic: bool = False
) -> None:
    """A row per strategy: a dot per trial, a bar at the median, a ring around the winner."""
    winner = complete.index[int(complete["val_macro_loss"].argmin())]
    for row, (strategy, color) in enumerate(zip(strategies, _colors(strategies), strict=True)):
        own = values[complete["strategy"] == strategy]
        if own.empty:
            continue
        heights = row + np.linspace(-SPREAD, SPREAD, len(own)) if len(own) > 1 else [row]
        axes.scatter(own, heights, s=20, color=color, edgecolors="white", linewidths=0.5)
        axes.vlines(own.median(), row - 0.32, row + 0.32, color="black", linewidth=1)
        if winner in own.index:
            place = list(own.index).index(winner)
            axes.scatter(
                [own.iloc[place]], [heights[place]], s=90, facecolors="none", edgecolors="black", linewidths=1.2
            )
    if logarithmic:
        _logarithmic(axes, "x")
    axes.grid(visible=True, axis="x")


def _logarithmic(axes: "Axes", which: str) -> None:
    """A logarithmic axis with a few plain numbers: good trials lie close together, bad ones far off."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    low, high = axes.dataLim.intervalx if which == "x" else axes.dataLim.intervaly
    axis.set_major_locator(LogLocator(10, (1, 2, 5) if high > 10 * low else (1, 1.5, 2, 3, 4, 5, 6, 8)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())
    axes.grid(visible=True, axis="x" if which == "x" else "y")


def _colors(strategies: list[str]) -> list[str]:
    return [SERIES[place % len(SERIES)] for place in range(len(strategies))]


def _counted(trials: pd.DataFrame, strategy: str) -> str:
    own = trials[trials["strategy"] == strategy]
    return f"{label(strategy)}, {(own['state'] == 'complete').sum()} of {len(own)}"


@drawn
def setting_importance(shares: dict[str, dict[str, float]]) -> "Figure":
    """How much each setting has to do with which trials are the best, per strategy; PNG.

    Args:
        shares: by strategy and setting, 0-1, together 1 for each strategy.
    """
    settings = list(dict.fromkeys(name for own in shares.values() for name in own))
    if not settings:
        figure = new_figure(WIDTH, 1.6)
        say_nothing_to_show(figure.subplots(), "too few trials to say which setting matters")
        return figure
    figure = new_figure(WIDTH, 1.6 + 0.3 * len(shares))
    axes = figure.subplots()
    left = np.zeros(len(shares))
    for name, color in zip(settings, _colors(settings), strict=True):
        parts = np.array([100 * own.get(name, 0) for own in shares.values()])
        axes.barh(range(len(shares)), parts, 0.7, left=left, color=color, ec="white", lw=0.4)
        left += parts
    name_rows(axes, list(shares))
    axes.set_xlim(0, 100)
    axes.set_xlabel("share in what sets the best trials apart (%)")
    legend_below(figure, list(zip(settings, _colors(settings), strict=True)), 4)
    return figure
