"""The sheet that every chart is drawn on: size, fonts, colors, labels, and the way to PNG bytes.

What a chart shows stands in the modules beside this one; pictures of photos stand in `sheets`.
"""

import io
import unicodedata
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, cast

import numpy as np
import pandas as pd
from PIL import Image

from recipe_assets.figures.fonts import families

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 110
"""Pixels an inch: Dagster shows pictures at their own size, and a matrix of 17 keywords must fit its dialog."""
WIDTH = 7.5
"""Inches of a chart of ordinary width: 825 pixels."""
DARK = 0.65
"""Shade of blue (0-1) from which black numbers on it are harder to read than white ones."""
LABEL = 34
"""Characters of a label; longer ones lose their middle, since names differ at their ends."""

# Okabe and Ito 2008, "Color Universal Design": told apart with any color vision.
BLUE, ORANGE, GREEN, VERMILION = "#0072b2", "#e69f00", "#009e73", "#d55e00"
PURPLE, SKY, YELLOW, GRAY = "#cc79a7", "#56b4e9", "#f0e442", "#8c8c8c"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW)
"""Colors of named series, in order; what is left over is drawn in GRAY."""

P = ParamSpec("P")


def drawn(draw: "Callable[P, Figure]") -> Callable[P, bytes]:
    """Make a function that returns a figure return its PNG bytes, with our fonts and without math text.

    Names come from files: "$" must not start a formula in them, which matplotlib would refuse to draw.
    """

    @wraps(draw)
    def encoded(*args: P.args, **kwargs: P.kwargs) -> bytes:
        import matplotlib

        with matplotlib.rc_context(cast("Any", _style())):  # its keys are typed as 300 literals
            return _png(draw(*args, **kwargs))

    return encoded


def _style() -> dict[str, Any]:
    return {
        "font.family": families(),
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": False,
        "grid.color": "#e2e2e2",
        "legend.frameon": False,
        "legend.fontsize": 8,
        "text.parse_math": False,
    }


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of so many inches, drawn without a display."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def _png(figure: "Figure") -> bytes:
    """PNG with a palette of 256 colors: a chart has few, and the file is a third of the size."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)  # its methods have no types
    canvas.draw()
    frame = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    buffer = io.BytesIO()
    frame.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def label(text: object, longest: int = LABEL) -> str:
    """A name as it can stand in a chart: no control characters, and its middle cut out if it is too long."""
    characters = (" " if unicodedata.category(one)[0] in "ZC" else one for one in str(text))
    words = "".join(characters).strip()
    if len(words) <= longest:
        return words
    head = longest * 2 // 3
    return f"{words[:head]}…{words[-(longest - head - 1) :]}"


def merge_smallest(counts: pd.DataFrame, most: int) -> pd.DataFrame:
    """Keep the `most` columns with the largest sums, in their order; sum the rest as a last one, "n others"."""
    if counts.shape[1] <= most:
        return counts
    largest = counts.sum().to_numpy().argsort(kind="stable")[::-1][:most]
    kept = np.isin(np.arange(counts.shape[1]), largest)
    others = counts.loc[:, ~kept].sum(axis=1).rename(f"{int((~kept).sum())} others")
    return pd.concat([counts.loc[:, kept], others], axis=1)


def name_rows(axes: "Axes", names: Sequence[object], longest: int = LABEL) -> None:
    """Label the rows of a horizontal chart, first one on top, each row as high as the next."""
    axes.set_yticks(range(len(names)), [label(name, longest) for name in names])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)


def integer_axis(axes: "Axes", title: str) -> None:
    """A horizontal axis that counts: whole numbers only, starting at 0, faint lines to read them by."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_xlim(left=0, right=max(1.0, axes.get_xlim()[1]))
    axes.set_xlabel(title)
    axes.grid(visible=True, axis="x")


def write_counts(axes: "Axes", counts: Sequence[int], room: float = 1.08) -> None:
    """Write each row's number after its bar; the axis is `room` times as long as the longest bar."""
    for row, count in enumerate(counts):
        axes.text(count, row, f" {count:,}", va="center", fontsize=8)
    axes.set_xlim(0, room * max([1, *counts]))


def say_nothing_to_show(axes: "Axes", what: str) -> None:
    """A sentence in place of an empty chart, so that nobody looks for a fault."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, what, transform=axes.transAxes, ha="center", va="center", color="#555555")


def legend_below(figure: "Figure", entries: Sequence[tuple[str, str]], columns: int) -> None:
    """A legend of (what it says, color) under the chart."""
    from matplotlib.patches import Patch

    if entries:
        # Said one by one: matplotlib leaves out what starts with "_", and shoots may.
        patches = [Patch(color=color, label="") for _, color in entries]
        legend = figure.legend(patches, [" "] * len(entries), loc="outside lower center", ncols=columns)
        for text, (said, _) in zip(legend.get_texts(), entries, strict=True):
            text.set_text(said)
