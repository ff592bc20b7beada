"""Charts of what becomes of photos: why some have no keyword, which split they train or test, what was found.

How often keywords occur stands in `keywords`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from recipe_assets.figures.canvas import (
    BLUE,
    GRAY,
    GREEN,
    ORANGE,
    PURPLE,
    SERIES,
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
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SPLITS = {"train": BLUE, "val": SKY, "test": ORANGE, "rare": PURPLE, "copy": GREEN, "bridge": GRAY}
"""Sides in the order of their panels."""
MEASURED = ("train", "val", "test")
"""Sides that every keyword should have photos in."""
REASONS = 30
"""Reasons that get a row of their own."""
KINDS = {
    "missing": ORANGE, "unknown": VERMILION, "ambiguous": PURPLE,
    "conflicting": SKY, "dropped": BLUE, "mask": GRAY,
}  # fmt: skip
"""Colors of the kinds of reasons that labels give; other kinds take the next free color."""


@drawn
def split_bars(splits: pd.DataFrame) -> "Figure":
    """Photos per keyword in each split, one panel a split, each with its own scale; PNG.

    A keyword without photos in train, val or test has a red 0 there. What keeps photos out of all three ("rare",
    "copy", "bridge") gets a panel where it occurs.

    Args:
        splits: one row per photo: keyword, split.
    """
    found = pd.crosstab(splits["keyword"], splits["split"])
    sides = [side for side in SPLITS if side in MEASURED or side in found.columns]
    sides += [str(side) for side in found.columns if side not in SPLITS]
    counts = found.reindex(columns=sides, fill_value=0)
    counts = counts.iloc[np.argsort(-counts.sum(axis=1).to_numpy(), kind="stable")]
    figure = new_figure(WIDTH, max(1.6, 0.8 + 0.21 * len(counts)))
    if counts.empty:
        say_nothing_to_show(figure.subplots(), "no photo has a split yet")
        return figure
    panels = figure.subplots(1, len(sides), sharey=True, width_ratios=[2] + [1] * (len(sides) - 1))
    for axes, side in zip(panels, sides, strict=True):
        _draw_side(axes, side, counts[side].tolist())
    name_rows(panels[0], list(counts.index), 28)
    return figure


def _draw_side(axes: "Axes", side: str, photos: list[int]) -> None:
    axes.barh(range(len(photos)), photos, 0.74, color=SPLITS.get(side, GRAY))
    axes.set_title(f"{side} ({sum(photos):,})")
    axes.set_xlim(0, 1.45 * max([1, *photos]))
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    for row, count in enumerate(photos):
        if count or side in MEASURED:
            color = "black" if count else VERMILION
            axes.text(count, row, f" {count:,}", va="center", fontsize=8, color=color)


@drawn
def reason_bars(reasons: pd.Series) -> "Figure":
    """Photos per reason, a color for each kind of reason (what stands before the colon), largest first; PNG.

    Args:
        reasons: one text per photo, such as "unknown: sauce" or "empty file"; missing ones are left out.
    """
    counts = (
        reasons.dropna().astype("string").value_counts().sort_index().sort_values(ascending=False, kind="stable")
    )
    names, numbers = _with_rest(counts, REASONS, "other reasons")
    figure = new_figure(WIDTH, max(1.8, 1.3 + 0.22 * len(names)))
    axes = figure.subplots()
    if not names:
        say_nothing_to_show(axes, "nothing to explain: no photo was left out")
        return figure
    kinds = [name.split(":")[0] for name in names]
    totals = counts.groupby(counts.index.str.split(":").str[0]).sum().sort_values(ascending=False)
    colors = _kind_colors(totals.index)
    axes.barh(range(len(names)), numbers, 0.74, color=[colors.get(kind, GRAY) for kind in kinds])
    name_rows(axes, names, 44)
    integer_axis(axes, "photos")
    write_counts(axes, numbers)
    shown = totals.head(8)
    entries = [(f"{label(kind, 24)} ({total:,})", colors[str(kind)]) for kind, total in shown.items()]
    legend_below(figure, entries, 3)
    return figure


def _kind_colors(kinds: pd.Index) -> dict[str, str]:
    free = iter([color for color in SERIES if color not in KINDS.values()])
    return {str(kind): KINDS.get(str(kind)) or next(free, GRAY) for kind in kinds}


def _with_rest(counts: pd.Series, most: int, rest: str) -> tuple[list[str], list[int]]:
    names = [str(name) for name in counts.index[:most]]
    numbers = [int(number) for number in counts.iloc[:most]]
    if len(counts) > most:
        names.append(f"{len(counts) - most} {rest}")
        numbers.append(int(counts.iloc[most:].sum()))
    return names, numbers


@drawn
def finding_bars(findings: pd.DataFrame, titles: Mapping[str, str] | None = None) -> "Figure":
    """Photos per kind of finding, largest first; PNG.

    Args:
        findings: one row per finding, with its kind in `finding`.
        titles: what to call a kind; without one, the kind itself, underscores as spaces.
    """
    counts = findings["finding"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    names, numbers = _with_rest(counts, REASONS, "other kinds")
    figure = new_figure(WIDTH, max(1.6, 0.9 + 0.26 * len(names)))
    axes = figure.subplots()
    if not names:
        say_nothing_to_show(axes, "nothing was found")
        return figure
    axes.barh(range(len(names)), numbers, 0.74, color=GREEN)
    name_rows(axes, _titled(names, titles or {}))
    integer_axis(axes, "findings")
    write_counts(axes, numbers)
    return figure


def _titled(kinds: Sequence[str], titles: Mapping[str, str]) -> list[str]:
    return [titles.get(kind, kind.replace("_", " ")) for kind in kinds]
