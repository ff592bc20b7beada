"""Charts of the photo files themselves: how large they are, in which shape and format, how light and how sharp.

Works on the facts in the raw table; opens no photo.
"""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recipe_assets.figures.canvas import (
    BLUE,
    SKY,
    WIDTH,
    drawn,
    label,
    name_rows,
    new_figure,
    say_nothing_to_show,
    write_counts,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHAPES = {"9:16": 9 / 16, "2:3": 2 / 3, "3:4": 3 / 4, "1:1": 1.0, "4:3": 4 / 3, "3:2": 3 / 2, "16:9": 16 / 9}
SAME_SHAPE = 0.02
"""Relative difference up to which a photo counts as one of `SHAPES`: cameras round to whole blocks of pixels."""
MEGAPIXELS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, float("inf"))
"""Borders of the size classes; each is twice as large as the one before."""
SHOOTS = 40
"""Shoots with a box of their own."""
METRICS = {
    "brightness": "brightness (0 black to 255 white)",
    "contrast": "contrast (standard deviation)",
    "sharpness": "sharpness (logarithmic)",
    "information": "information (bits)",
}


@drawn
def size_chart(raw: pd.DataFrame) -> "Figure":
    """Photos per size in megapixels, per shape and per file format, side by side; PNG.

    Args:
        raw: one row per file: width, height, format; rows without size are left out.
    """
    photos = raw.dropna(subset=["width", "height"])
    width, height = photos["width"].to_numpy(dtype=float), photos["height"].to_numpy(dtype=float)
    panels = {
        "megapixels": _size_classes(width * height / 1e6),
        "shape (width:height)": _shapes(width / height),
        "format": photos["format"].fillna("unknown").value_counts(),
    }
    rows = max(2, *(len(counts) for counts in panels.values()))
    figure = new_figure(WIDTH, 0.6 + 0.24 * rows)
    if photos.empty:
        say_nothing_to_show(figure.subplots(), "no photo could be read")
        return figure
    for axes, (title, counts) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        axes.barh(range(len(counts)), counts.to_numpy(), 0.72, color=BLUE)
        axes.set_title(title)
        name_rows(axes, list(counts.index))
        axes.set_ylim(rows - 0.4, -0.6)  # bars of all panels are equally thick
        write_counts(axes, counts.tolist(), room=1.4)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
    return figure


def _size_classes(megapixels: NDArray[np.float64]) -> pd.Series:
    """Photos per class, from the smallest class that occurs to the largest."""
    names = [f"{low:g} to {high:g}" for low, high in pairwise(MEGAPIXELS)]
    names[0], names[-1] = f"under {MEGAPIXELS[1]:g}", f"over {MEGAPIXELS[-2]:g}"
    counts = np.histogram(megapixels, MEGAPIXELS)[0]
    found = np.flatnonzero(counts)
    span = slice(found[0], found[-1] + 1) if found.size else slice(0)
    return pd.Series(counts[span], index=names[span])


def _shapes(aspect: NDArray[np.float64]) -> pd.Series:
    """Photos per shape that occurs, from tall to wide."""
    names = ["other, tall", *SHAPES, "other, wide"]
    known = np.array(list(SHAPES.values()))
    off = np.abs(aspect[:, None] / known - 1)
    other = np.where(aspect < 1, 0, len(known) + 1)
    found = np.where(off.min(axis=1) <= SAME_SHAPE, off.argmin(axis=1) + 1, other)
    counts = np.bincount(found, minlength=len(names))
    return pd.Series(counts, index=names)[counts > 0]


@drawn
def tone_boxes(raw: pd.DataFrame, metrics: tuple[str, ...] = ("brightness", "sharpness")) -> "Figure":
    """Brightness and sharpness of each shoot's photos as boxes: middle half, median, whiskers at 1.5 IQR; PNG.

    Args:
        raw: one row per file: shoot and the metrics; rows without them are left out. Shoots beyond the 40 largest
            share one box.
        metrics: columns to draw, of `METRICS`.
    """
    found = [name for name in metrics if name in raw.columns and raw[name].notna().any()]
    shoots = _shoot_names(raw.dropna(subset=found)["shoot"]) if found else pd.Series(dtype="string")
    known = set(raw["shoot"])
    names = sorted(shoots.unique(), key=lambda name: (name not in known, name))
    figure = new_figure(max(WIDTH, 2 + 2.75 * len(found)), max(2.2, 1 + 0.24 * len(names)))
    if not names:
        say_nothing_to_show(figure.subplots(), "light and sharpness were not measured")
        return figure
    panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    for axes, metric in zip(panels, found, strict=True):
        values = raw.loc[shoots.index, metric].astype(float)
        _draw_boxes(axes, [values[shoots == name].to_numpy() for name in names], metric)
    name_rows(panels[0], names, 24)
    return figure


def _shoot_names(shoots: pd.Series) -> pd.Series:
    """Each row's shoot, or "n others" for the smallest."""
    sizes = shoots.value_counts()
    kept = sizes.index[:SHOOTS]
    return shoots.where(shoots.isin(kept), f"{max(0, len(sizes) - SHOOTS)} others")


def _draw_boxes(axes: "Axes", samples: list[NDArray[np.float64]], metric: str) -> None:
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    axes.boxplot(
        samples,
        positions=range(len(samples)),
        orientation="horizontal",
        widths=0.62,
        patch_artist=True,
        boxprops={"facecolor": SKY, "linewidth": 0.7},
        medianprops={"color": "black", "linewidth": 1.6},
        flierprops={"marker": ".", "markersize": 3, "markeredgecolor": BLUE},
        manage_ticks=False,
    )
    if metric == "sharpness":
        axes.set_xscale("symlog", linthresh=1)
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    if metric == "brightness":
        axes.set_xlim(-5, 260)
    axes.set_xlabel(label(METRICS.get(metric, metric)))
    axes.grid(visible=True, axis="x")
