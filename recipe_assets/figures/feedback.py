"""Charts of what people said about a release's keywords: how many are confirmed, and what that proves.

Nothing is measured here; the table is that of `review.accuracy`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from recipe_assets.figures.canvas import (
    BLUE,
    GRAY,
    GREEN,
    ORANGE,
    SKY,
    VERMILION,
    WIDTH,
    YELLOW,
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

ALL = "(all)"
"""What the table says in the place of one keyword, or of one part."""
KEYWORDS = 40
"""Rows, those with the most photos."""
NOTHING = "the release has keyworded no photo yet"
VERDICTS = {"confirmed": GREEN, "corrected": VERMILION, "dropped": YELLOW, "kept": SKY, "nobody said": GRAY}
SAID = {"kept": "saved with the keyword left", "nobody said": "nobody said anything", "dropped": "taken out"}
"""Verdicts that need more words than one."""


@drawn
def live_accuracy_chart(table: pd.DataFrame) -> "Figure":
    """Between which shares the truth lies, what people judged, and what was promised, in rows; PNG.

    Args:
        table: a row for each: keyword, part, photos, accuracy, low, high, promised (0-1; accuracy and promised may
            be NaN).
    """
    shown = table[table["photos"] > 0].head(KEYWORDS).reset_index(drop=True)
    figure = new_figure(WIDTH, max(1.6, 1.1 + 0.22 * len(shown)))
    axes = figure.subplots()
    if shown.empty:
        say_nothing_to_show(axes, NOTHING)
        return figure
    rows = np.arange(len(shown))
    shares = {name: 100 * shown[name].to_numpy(dtype=float) for name in ("low", "high", "accuracy", "promised")}
    axes.hlines(rows, shares["low"], shares["high"], color=SKY, linewidth=4)
    axes.plot(shares["promised"], rows, "D", color=ORANGE, markersize=4, clip_on=False)
    axes.plot(shares["accuracy"], rows, "o", color=BLUE, markersize=4, clip_on=False)
    _write_photos(axes, shown["photos"].tolist(), 101.5)
    name_rows(axes, row_names(shown))
    axes.set_xlim(0, 100)
    axes.set_xlabel(f"right (%){_rest(table)}")
    axes.grid(visible=True, axis="x")
    entries = [("between these shares", SKY), ("of what people judged", BLUE), ("promised", ORANGE)]
    legend_below(figure, entries, 3)
    return figure


@drawn
def verdict_chart(table: pd.DataFrame) -> "Figure":
    """What people said of the photos of each keyword, as shares of them; PNG.

    Args:
        table: a row for each: keyword, part, photos, confirmed, corrected, dropped, kept.
    """
    shown = table[table["photos"] > 0].head(KEYWORDS).reset_index(drop=True)
    figure = new_figure(WIDTH, max(1.6, 1.1 + 0.22 * len(shown)))
    axes = figure.subplots()
    if shown.empty:
        say_nothing_to_show(axes, NOTHING)
        return figure
    counts = shown.assign(**{"nobody said": shown["photos"] - shown[list(VERDICTS)[:4]].sum(axis=1)})
    left = np.zeros(len(shown))
    for verdict, color in VERDICTS.items():
        share = (100 * counts[verdict] / counts["photos"]).to_numpy(dtype=float)
        axes.barh(range(len(shown)), share, 0.72, left=left, color=color)
        left = left + share
    _write_photos(axes, shown["photos"].tolist(), 101.5)
    name_rows(axes, row_names(shown))
    axes.set_xlim(0, 100)
    axes.set_xlabel(f"photos (%){_rest(table)}")
    entries = [(SAID.get(verdict, verdict), color) for verdict, color in VERDICTS.items() if counts[verdict].any()]
    legend_below(figure, entries, 3)
    return figure


def row_names(table: pd.DataFrame) -> list[str]:
    """What each row is about: one keyword, or all of them in one part."""
    names = []
    for row in table.to_dict("records"):
        keyword = "all keywords" if row["keyword"] == ALL else label(row["keyword"])
        names.append(keyword if row["part"] == ALL else f"{keyword}: {row['part']}")
    return names


def _write_photos(axes: "Axes", photos: list[int], at: float) -> None:
    for row, count in enumerate(photos):
        axes.text(at, row, f"{int(count):,}", va="center", fontsize=8)
    axes.text(at, -0.75, "photos", va="bottom", fontsize=8)


def _rest(table: pd.DataFrame) -> str:
    rest = int((table["photos"] > 0).sum()) - KEYWORDS
    return f"; {rest} keywords with fewer photos are not shown" if rest > 0 else ""
