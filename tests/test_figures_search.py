"""Charts of a search: what is chosen, what is left out, and names and numbers that could break them."""

import io
from collections.abc import Callable, Iterator

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from PIL import Image

from recipe_assets.figures.canvas import DPI, WIDTH, _style
from recipe_assets.figures.search import search_summary, setting_importance
from tests.charts import figure_of

HOSTILE = ["$\\frac{1$", "_hidden", "köttbullar 焼き肉", "a\nb\x00", "", "x" * 5000]


@pytest.fixture(autouse=True)
def house_style() -> Iterator[None]:
    with matplotlib.rc_context(_style()):
        yield


def search(strategies: list[str], each: int = 9, low: float = 0.2, high: float = 1.5) -> pd.DataFrame:
    """Trials of each strategy; every third is pruned or failed."""
    generator = np.random.default_rng(0)
    states = [["complete", "complete", "pruned", "complete", "complete", "failed"][n % 6] for n in range(each)]
    table = pd.DataFrame(
        [(strategy, state) for strategy in strategies for state in states], columns=["strategy", "state"]
    )
    complete = table["state"] == "complete"
    table["number"] = range(1, len(table) + 1)
    table["val_macro_loss"] = pd.Series(np.geomspace(high, low, len(table))).where(complete)
    table["val_macro_accuracy"] = pd.Series(generator.uniform(0.3, 1, len(table))).where(complete)
    return table


@pytest.mark.parametrize("names", [["full"], ["linear_probe", "lp_ft", "lora", "contrastive", "full"], HOSTILE])
@pytest.mark.parametrize("each", [1, 60])
def test_a_search_is_drawn_whatever_its_size_and_names_and_nothing_is_cut_off(names: list[str], each: int) -> None:
    trials = search(names, each)
    content = search_summary(trials)
    with Image.open(io.BytesIO(content)) as image:
        assert image.width == WIDTH * DPI
        assert np.asarray(image.convert("L")).std() > 5
    figure = figure_of(search_summary, trials)
    room = figure.bbox.padded(1)
    for axes in figure.axes:
        for text in [axes.xaxis.label, axes.yaxis.label, axes.title, *axes.get_yticklabels()]:
            if text.get_visible() and text.get_text().strip():
                box = text.get_window_extent()
                assert room.x0 <= box.x0 <= box.x1 <= room.x1, text.get_text()


@pytest.mark.parametrize(("low", "high"), [(0.9, 1.0), (1e-9, 5.0), (0.4, 0.4), (0.0, 1.0)])
def test_losses_of_any_spread_are_shown(low: float, high: float) -> None:
    """A loss of 0 cannot stand on a logarithmic axis, and a model without a mistake may come close to it."""
    trials = search(["full"], low=max(low, 1e-300), high=high)
    trials.loc[trials["val_macro_loss"] == 1e-300, "val_macro_loss"] = 0.0
    figure = figure_of(search_summary, trials)
    shown = np.concatenate([dots.get_offsets()[:, 1] for dots in figure.axes[0].collections])
    bottom, top = figure.axes[0].get_ylim()
    assert len(shown) == len(trials)
    assert ((shown >= bottom) & (shown <= top)).all()
    assert len(figure.axes[0].get_yticks()) < 40


def test_the_best_so_far_never_rises_and_the_chosen_trial_has_a_ring() -> None:
    trials = search(["lora", "full"])
    trials["val_macro_loss"] = trials["val_macro_loss"].sample(frac=1, random_state=1).to_numpy()
    trials.loc[trials["val_macro_loss"].isna() & (trials["state"] == "complete"), "state"] = "pruned"
    trials.loc[trials["val_macro_loss"].notna(), "state"] = "complete"
    figure = figure_of(search_summary, trials)
    best = np.asarray(figure.axes[0].lines[0].get_ydata(), dtype=float)
    assert (np.diff(best) <= 0).all()
    assert best[-1] == trials["val_macro_loss"].min()
    dots = [marks for marks in figure.axes[1].collections if isinstance(marks, PathCollection)]
    rings = [marks for marks in dots if len(marks.get_facecolors()) == 0]
    assert [ring.get_offsets()[0, 0] for ring in rings] == [trials["val_macro_loss"].min()]


def test_trials_without_a_loss_are_counted_and_not_drawn_as_one() -> None:
    figure = figure_of(search_summary, search(["lora", "full"], 6))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "best so far", "pruned (2), no loss", "failed (2), no loss",
    ]  # fmt: skip
    assert [text.get_text() for text in figure.axes[1].get_yticklabels()] == ["lora, 4 of 6", "full, 4 of 6"]


@pytest.mark.parametrize(
    ("chart", "nothing"),
    [(search_summary, search(["full"]).query("state != 'complete'")), (setting_importance, {})],
)
def test_a_search_without_results_makes_a_small_picture_that_says_so(
    chart: Callable[..., bytes], nothing: object
) -> None:
    with Image.open(io.BytesIO(chart(nothing))) as image:
        assert image.height < 3 * DPI
        assert np.asarray(image.convert("L")).std() > 0


def test_importance_bars_are_as_long_as_the_shares() -> None:
    shares = {
        "lora": {"learning_rate": 0.7, "lora_rank": 0.3},
        "full": {"learning_rate": 0.6, "weight_decay": 0.4},
    }
    figure = figure_of(setting_importance, shares)
    widths = [patch.get_width() for patch in figure.axes[0].patches]
    assert widths == pytest.approx([70, 60, 30, 0, 0, 40])
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["lora", "full"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "learning_rate",
        "lora_rank",
        "weight_decay",
    ]
