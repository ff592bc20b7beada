"""Pictures that people read instead of tables: PNG bytes out, for the UI and for releases.

Every figure is drawn without a display; colours stay legible in print and for colour-blind readers.
"""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BAR = "#2f6690"
SECOND = "#d9772b"


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=90, layout="constrained")


def _png(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def keyword_bars(counts: pd.DataFrame) -> bytes:
    """Photos per keyword as stacked bars, a colour per shoot, most frequent first.

    Args:
        counts: photos, keywords as rows and shoots as columns.
    """
    ordered = counts.loc[counts.sum(axis=1).sort_values().index]
    figure = _figure(8, max(3, 1.2 + 0.26 * len(ordered)))  # room for the legend
    axes = figure.subplots()
    shades = np.linspace(0.25, 1, len(ordered.columns))
    left = np.zeros(len(ordered))
    for shade, shoot in zip(shades, ordered.columns, strict=True):
        axes.barh(ordered.index, ordered[shoot], left=left, color=BAR, alpha=shade, label=str(shoot))
        left += ordered[shoot].to_numpy()
    for row, total in enumerate(left):
        axes.text(total, row, f" {int(total)}", va="center", fontsize=8)
    axes.set_yticks(range(len(ordered)), ordered.index)
    axes.set_ylim(-0.6, len(ordered) - 0.4)
    axes.set_xlabel("photos")
    if len(ordered.columns):
        axes.legend(fontsize=7, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    return _png(figure)


def split_bars(splits: pd.DataFrame) -> bytes:
    """Photos per keyword in train, val and test, side by side on a logarithmic axis."""
    counts = pd.crosstab(splits["keyword"], splits["split"]).reindex(
        columns=["train", "val", "test"], fill_value=0
    )
    figure = _figure(8, 1.2 + 0.34 * len(counts))
    axes = figure.subplots()
    rows = np.arange(len(counts))
    for offset, (side, colour) in enumerate(zip(counts.columns, (BAR, "#81c3d7", SECOND), strict=True)):
        axes.barh(rows + 0.27 * (1 - offset), counts[side], height=0.25, color=colour, label=side)
    axes.set_yticks(rows, counts.index, fontsize=8)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlabel("photos")
    axes.legend(fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return _png(figure)


def training_curves(history: pd.DataFrame, best_epoch: int) -> bytes:
    """Losses and validation accuracy by epoch, with the kept epoch marked.

    Args:
        history: one row per epoch: epoch, train_loss, val_loss, val_macro_accuracy.
        best_epoch: the epoch whose weights were kept.
    """
    figure = _figure(9, 3.4)
    losses, accuracy = figure.subplots(1, 2)
    losses.plot(history["epoch"], history["train_loss"], color=BAR, label="training")
    losses.plot(history["epoch"], history["val_loss"], color=SECOND, label="validation")
    losses.set_title("cross-entropy", fontsize=10)
    losses.legend(fontsize=8)
    accuracy.plot(history["epoch"], 100 * history["val_macro_accuracy"], color=SECOND)
    accuracy.set_title("validation macro accuracy (%)", fontsize=10)
    for axes in (losses, accuracy):
        axes.axvline(best_epoch, color="grey", linestyle=":", linewidth=1)
        axes.set_xlabel("epoch (dotted: kept)")
        axes.spines[["top", "right"]].set_visible(False)
    return _png(figure)


def confusion_heatmap(matrix: NDArray[np.int64], names: Sequence[str]) -> bytes:
    """The confusion matrix: colour is the share of the true keyword's photos, numbers are photos."""
    totals = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, totals, out=np.zeros(matrix.shape), where=totals > 0)
    side = 2.4 + 0.34 * len(names)
    figure = _figure(side, side)
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for true, predicted in zip(*np.nonzero(matrix), strict=True):
        colour = "white" if shares[true, predicted] > 0.5 else "black"
        count = int(matrix[true, predicted])
        axes.text(predicted, true, str(count), ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(
        range(len(names)), [f"{name} ({n})" for name, n in zip(names, totals[:, 0], strict=True)], fontsize=7
    )
    axes.set_xlabel("predicted")
    axes.set_ylabel("keyword in the photo (photos)")
    return _png(figure)


def contact_sheet(photos: Sequence[tuple[str, bytes]], columns: int = 6, width: int = 150) -> bytes:
    """A grid of small pictures with a caption under each; JPEG, so that the event log stays small.

    Args:
        photos: caption and encoded picture.
        columns: pictures in a row.
        width: pixels of a cell; its picture is at most two thirds as high.
    """
    height = width * 2 // 3
    rows = -(-len(photos) // columns)
    sheet = Image.new("RGB", (columns * width, max(1, rows) * (height + 16)), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (caption, encoded) in enumerate(photos):
        x, y = index % columns * width, index // columns * (height + 16)
        with Image.open(io.BytesIO(encoded)) as picture:
            picture.thumbnail((width - 4, height))
            sheet.paste(picture.convert("RGB"), (x, y))
        draw.text((x + 2, y + height + 2), caption[: width // 6], fill="black")
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
