"""Charts of a model: how it learned, and what it takes for what.

Charts of the data that it learned from stand in `keywords`, `labels` and `photos`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recipe_assets.figures.canvas import BLUE, DARK, LABEL, ORANGE, drawn, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@drawn
def training_curves(history: pd.DataFrame, best_epoch: int) -> "Figure":
    """Losses and validation accuracy by epoch, with the kept epoch marked; PNG.

    Args:
        history: one row per epoch: epoch, train_loss, val_loss, val_macro_accuracy (0-1).
        best_epoch: the epoch whose weights were kept.
    """
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(9, 3.4)
    losses, accuracy = figure.subplots(1, 2)
    losses.plot(history["epoch"], history["train_loss"], color=BLUE, marker=".", label="training")
    losses.plot(
        history["epoch"], history["val_loss"], color=ORANGE, marker=".", linestyle="--", label="validation"
    )
    losses.set_title("cross-entropy")
    losses.legend()
    accuracy.plot(history["epoch"], 100 * history["val_macro_accuracy"], color=ORANGE, marker=".", linestyle="--")
    accuracy.set_title("validation macro accuracy (%)")
    for axes in (losses, accuracy):
        axes.axvline(best_epoch, color="gray", linestyle=":", linewidth=1)
        axes.set_xlabel("epoch (dotted line: kept)")
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.grid(visible=True, axis="y")
    return figure


@drawn
def confusion_heatmap(matrix: NDArray[np.int64], names: Sequence[str], *, shares_only: bool = False) -> "Figure":
    """The confusion matrix: color is the share of the true keyword's photos, numbers are photos; PNG.

    Args:
        matrix: photos, shape (k, k): true keyword as row, predicted one as column.
        names: the k keywords.
        shares_only: write the share of the true keyword's photos in percent in place of their number.
    """
    totals = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, totals, out=np.zeros(matrix.shape), where=totals > 0)
    side = 2.6 + 0.34 * len(names)
    figure = new_figure(side, side)
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for true, predicted in zip(*np.nonzero(matrix), strict=True):
        color = "white" if shares[true, predicted] > DARK else "black"
        number = round(100 * shares[true, predicted]) if shares_only else matrix[true, predicted]
        axes.text(predicted, true, f"{number}", ha="center", va="center", fontsize=7, color=color)
    short = [label(name, LABEL - 8) for name in names]
    axes.set_xticks(range(len(names)), short, rotation=90, fontsize=8)
    true_names = [f"{name} ({total})" for name, total in zip(short, totals[:, 0], strict=True)]
    axes.set_yticks(range(len(names)), true_names, fontsize=8)
    axes.set_xlabel("predicted" + (" (% of the keyword's photos)" if shares_only else " (photos)"))
    axes.set_ylabel("keyword in the photo (photos)")
    axes.spines[:].set_visible(True)
    return figure
