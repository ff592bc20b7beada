"""What a new model would change: which keyword photos would lose, which they would get, and for better or worse.

Works on the table of changes; photos of changes are shown in contact sheets, by `sheets`.
"""

from typing import TYPE_CHECKING

import pandas as pd

from recipe_assets.figures.canvas import (
    GRAY,
    GREEN,
    SKY,
    VERMILION,
    WIDTH,
    drawn,
    integer_axis,
    label,
    legend_below,
    name_rows,
    new_figure,
    say_nothing_to_show,
    write_counts,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OUTCOME_COLORS = {
    "becomes right": GREEN,
    "becomes wrong": VERMILION,
    "wrong either way": GRAY,
    "no keyword to compare": SKY,
}
MOST = 20
"""Moves with a bar of their own."""


@drawn
def change_bars(moves: pd.DataFrame) -> "Figure":
    """The most frequent moves from one keyword to another, each bar divided by what becomes of it; PNG.

    Args:
        moves: one row per move, the most frequent first: old, new, photos, and photos per outcome.
    """
    shown = moves.head(MOST)
    figure = new_figure(WIDTH, 1.0 + 0.24 * max(2, len(shown)))
    axes = figure.subplots()
    if shown.empty:
        say_nothing_to_show(axes, "no photo would get another keyword")
        return figure
    left = pd.Series(0, index=shown.index)
    for outcome, color in OUTCOME_COLORS.items():
        axes.barh(range(len(shown)), shown[outcome], 0.72, left=left, color=color)
        left = left + shown[outcome]
    name_rows(axes, [f"{label(row.old, 22)} → {label(row.new, 22)}" for row in shown.itertuples()], 50)
    write_counts(axes, shown["photos"].tolist())
    integer_axis(axes, _title(moves))
    legend_below(figure, [item for item in OUTCOME_COLORS.items() if shown[item[0]].any()], len(OUTCOME_COLORS))
    return figure


def _title(moves: pd.DataFrame) -> str:
    if len(moves) <= MOST:
        return "photos"
    rest = int(moves["photos"].iloc[MOST:].sum())
    return f"photos ({len(moves) - MOST} rarer moves of {rest:,} photos are not shown)"
