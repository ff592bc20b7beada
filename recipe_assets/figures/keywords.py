"""Charts of how often keywords occur after grouping, by shoot and by year.

How they are spelled in the files stands in `spellings`, why photos have none in `labels`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recipe_assets.figures.canvas import (
    DARK,
    GRAY,
    SERIES,
    WIDTH,
    drawn,
    integer_axis,
    label,
    legend_below,
    merge_smallest,
    name_rows,
    new_figure,
    say_nothing_to_show,
    write_counts,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Numbers = NDArray[np.float64]

ROWS = 150
"""Keywords in one chart; what is beyond them becomes one row."""
COLUMNS = 60
"""Columns of a heatmap; the smallest beyond them become one."""
NUMBERED = 24
"""Columns up to which a heatmap's cells are wide enough for numbers."""


@drawn
def keyword_bars(counts: pd.DataFrame) -> "Figure":
    """Photos per keyword after grouping, as stacked bars, a color for each large shoot, most frequent first; PNG.

    Args:
        counts: photos, keywords as rows and shoots as columns. Shoots beyond the seven largest are one color.
    """
    ordered = _largest_rows(merge_smallest(counts, len(SERIES)))
    figure = new_figure(WIDTH, max(2.2, 1.3 + 0.24 * len(ordered)))
    axes = figure.subplots()
    left = np.zeros(len(ordered))
    colors = [*SERIES[: min(len(SERIES), counts.shape[1])], GRAY]
    for position in range(ordered.shape[1]):
        photos = ordered.iloc[:, position].to_numpy(dtype=float)
        axes.barh(range(len(ordered)), photos, 0.78, left=left, color=colors[position], ec="white", lw=0.4)
        left += photos
    name_rows(axes, list(ordered.index))
    integer_axis(axes, "photos")
    write_counts(axes, left.astype(int).tolist())
    legend_below(
        figure, [(label(shoot, 24), color) for shoot, color in zip(ordered.columns, colors, strict=False)], 4
    )
    return figure


def _largest_rows(counts: pd.DataFrame) -> pd.DataFrame:
    """Most frequent first; a tail beyond ROWS is summed up."""
    merged = merge_smallest(counts.T, ROWS).T
    others = merged.index[ROWS:] if len(counts) > ROWS else merged.index[:0]
    named = merged.drop(index=others)
    order = np.argsort(-named.sum(axis=1).to_numpy(), kind="stable")
    return pd.concat([named.iloc[order], merged.loc[others]])


@drawn
def keyword_heatmap(counts: pd.DataFrame, across: str = "shoot") -> "Figure":
    """Photos per keyword (rows) and shoot or year (columns) as shades, on a logarithmic scale; PNG.

    Args:
        counts: photos, keywords as rows; columns stay in their order.
        across: what the columns are, for the axis.
    """
    shown = _largest_rows(merge_smallest(counts, COLUMNS))
    rows, columns = shown.shape
    values = shown.to_numpy(dtype=float)
    if not values.size or values.max() <= 0:
        figure = new_figure(WIDTH, 1.6)
        say_nothing_to_show(figure.subplots(), "no photo has a keyword yet")
        return figure
    cell = 0.36 if columns <= NUMBERED else 0.17
    figure = new_figure(max(4.5, 3.2 + cell * columns), max(2.2, 1.6 + 0.22 * rows))
    axes = figure.subplots()
    shades = _shade(axes, values)
    if columns <= NUMBERED:
        _number_cells(axes, values, shades)
    name_rows(axes, list(shown.index))
    axes.set_xticks(range(columns), [label(name, 24) for name in shown.columns], rotation=90, fontsize=8)
    axes.set_xlabel(f"{across}\nblank: none; strongest: {_top(values):,.0f}")
    axes.tick_params(length=0)
    return figure


def _shade(axes: "Axes", values: Numbers) -> Numbers:
    # One photo is clearly not white, and ten are told from a hundred.
    shades = np.where(values > 0, 0.15 + 0.85 * np.log1p(values) / np.log1p(_top(values)), 0).clip(0, 1)
    axes.imshow(shades, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.set_xticks(np.arange(-0.5, values.shape[1]), minor=True)
    axes.set_yticks(np.arange(-0.5, values.shape[0]), minor=True)
    axes.grid(visible=True, which="minor", color="white", linewidth=0.6)
    axes.spines[:].set_visible(True)
    return shades


def _top(values: Numbers) -> float:
    """The count with the strongest shade; the sum of many small columns would leave nothing for the others."""
    return max(1.0, float(values[:, :COLUMNS].max()))


def _number_cells(axes: "Axes", values: Numbers, shades: Numbers) -> None:
    for row, column in zip(*np.nonzero(values), strict=True):
        color = "white" if shades[row, column] > DARK else "black"
        number = f"{values[row, column]:.0f}"
        axes.text(column, row, number, ha="center", va="center", fontsize=7, color=color)
