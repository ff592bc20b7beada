"""Charts say what the tables say, whatever names and numbers are put into them."""

import io
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from recipe_assets import figures
from recipe_assets.figures.canvas import DPI, GRAY, LABEL, SERIES, VERMILION, WIDTH, _style, label
from recipe_assets.figures.spellings import SPELLED
from tests.charts import figure_of

HOSTILE = [
    "$\\frac{1$", "_hidden", "köttbullar 焼き肉", "مقلاة כף", "🍳 pan", "a\nb\tc\x00", "\udcf6", "\u202egpj", "",
    "x" * 5000,
]  # fmt: skip
"""Names that start a formula, are left out of legends, have no glyph, or are no text at all."""
NAMES = {
    "ordinary": ["pan", "oven-tray", "köttbullar"],
    "one": ["pan"],
    "sixty": [f"keyword-with-a-long-name-that-goes-on-{n}" for n in range(60)],
    "hostile": HOSTILE,
}


def counts_table(names: list[str], shoots: int, photos: int = 7) -> pd.DataFrame:
    columns = [f"HF_Y24_W{n:03d}" for n in range(shoots)]
    values = np.arange(len(names) * shoots).reshape(len(names), shoots) % (photos + 1)
    return pd.DataFrame(values, index=names, columns=columns, dtype="int64")


def spellings_table(names: list[str]) -> pd.DataFrame:
    rows = [(name, name, "name", 9) for name in names]
    rows += [(f"{name} {n}", name, "variant" if n % 2 else "alias", n) for name in names for n in range(1, 4)]
    rows += [(f"odd {name}", None, "unknown", 2) for name in names]
    return pd.DataFrame(rows, columns=["word", "keyword", "how", "photos"])


def splits_table(names: list[str]) -> pd.DataFrame:
    sides = ["train"] * 8 + ["val", "test", "rare", "bridge", "copy"]
    return pd.DataFrame([{"keyword": name, "split": side} for name in names for side in sides])


def raw_table(shoots: list[str]) -> pd.DataFrame:
    rows = len(shoots) * 6
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "shoot": np.repeat(shoots, 6),
            "width": generator.choice([6000, 4000, 300], rows),
            "height": 4000,
            "format": "JPEG",
            "brightness": pd.Series(generator.normal(140, 30, rows), dtype="Float64"),
            "sharpness": pd.Series(generator.lognormal(5, 1, rows), dtype="Float64"),
        }
    )


Make = Callable[[list[str]], tuple[Callable[..., bytes], tuple[Any, ...]]]
CHARTS: dict[str, Make] = {
    "keyword_bars": lambda names: (figures.keyword_bars, (counts_table(names, 12).rename(columns=str),)),
    "shoots": lambda names: (figures.keyword_bars, (counts_table(["pan"], len(names)).set_axis(names, axis=1),)),
    "heatmap": lambda names: (figures.keyword_heatmap, (counts_table(names, 3),)),
    "one year": lambda names: (figures.keyword_heatmap, (counts_table(names, 1), "year")),
    "wide heatmap": lambda names: (figures.keyword_heatmap, (counts_table(names, 100),)),
    "spellings": lambda names: (figures.spelling_bars, (spellings_table(names),)),
    "splits": lambda names: (figures.split_bars, (splits_table(names),)),
    "reasons": lambda names: (figures.reason_bars, (pd.Series([f"unknown: {name}" for name in names]),)),
    "kinds": lambda names: (figures.reason_bars, (pd.Series(names),)),
    "findings": lambda names: (figures.finding_bars, (pd.DataFrame({"finding": names}),)),
    "sizes": lambda names: (figures.size_chart, (raw_table(names).assign(format=names[0]),)),
    "tone": lambda names: (figures.tone_boxes, (raw_table(names),)),
    "confusion": lambda names: (figures.confusion_heatmap, (np.eye(len(names), dtype=np.int64) * 9, names)),
}


@pytest.fixture(autouse=True)
def house_style() -> Iterator[None]:
    """The style that `drawn` sets, for tests that look at the figure before it is a picture."""
    with matplotlib.rc_context(_style()):
        yield


def decoded(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
    assert image.format == "PNG"
    return image


def row_labels(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_yticklabels()]


def said(figure: Figure) -> list[str]:
    return [text.get_text().strip() for axes in figure.axes for text in axes.texts]


def legend_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("names", [HOSTILE, NAMES["one"]], ids=["hostile", "one"])
@pytest.mark.parametrize("make", CHARTS.values(), ids=list(CHARTS))
def test_a_chart_is_drawn_with_any_name(make: Make, names: list[str]) -> None:
    """Every warning is an error here: also those about letters that no font has."""
    chart, arguments = make(names)
    image = decoded(chart(*arguments))
    assert np.asarray(image.convert("L")).std() > 5
    assert image.width >= 2.5 * DPI


@pytest.mark.parametrize("make", CHARTS.values(), ids=list(CHARTS))
def test_the_same_table_makes_the_same_bytes(make: Make) -> None:
    chart, arguments = make(NAMES["ordinary"])
    assert chart(*arguments) == chart(*arguments)


@pytest.mark.parametrize("names", NAMES.values(), ids=list(NAMES))
@pytest.mark.parametrize("make", CHARTS.values(), ids=list(CHARTS))
def test_no_text_of_a_chart_is_cut_off_or_written_over_its_neighbor(make: Make, names: list[str]) -> None:
    chart, arguments = make(names)
    figure = figure_of(chart, *arguments)
    room = figure.bbox.padded(1)
    for axes in figure.axes:
        for text in shown_texts(axes):
            box = text.get_window_extent()
            assert room.x0 <= box.x0, text.get_text()
            assert box.x1 <= room.x1, text.get_text()
            assert room.y0 <= box.y0, text.get_text()
            assert box.y1 <= room.y1, text.get_text()
        rows = [text.get_window_extent() for text in axes.get_yticklabels() if text.get_text().isascii()]
        boxes = sorted((box for box in rows if box.height > 0), key=lambda box: box.y0)
        assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))


def shown_texts(axes: Axes) -> list[Text]:
    """What is written in and around a chart; ticks outside of what is shown are made, but not drawn."""
    low, high = axes.get_xlim()
    if not axes.axison:
        return list(axes.texts)
    ticks = [tick.label1 for tick in axes.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    texts = [axes.xaxis.label, axes.title, *ticks, *axes.get_yticklabels(), *axes.texts]
    return [text for text in texts if text.get_visible() and text.get_text().strip()]


@pytest.mark.parametrize(
    ("chart", "nothing"),
    [
        (figures.keyword_bars, counts_table([], 0)),
        (figures.keyword_bars, counts_table(["pan"], 0)),
        (figures.keyword_heatmap, counts_table([], 0)),
        (figures.keyword_heatmap, counts_table(["pan"], 3, photos=0)),
        (figures.spelling_bars, spellings_table([])),
        (figures.split_bars, pd.DataFrame({"keyword": [], "split": []}, dtype="string")),
        (figures.reason_bars, pd.Series([], dtype="string")),
        (figures.reason_bars, pd.Series([pd.NA], dtype="string")),
        (figures.finding_bars, pd.DataFrame({"finding": []}, dtype="string")),
        (figures.size_chart, raw_table([])),
        (figures.tone_boxes, raw_table([])),
        (figures.tone_boxes, raw_table(["W1"]).drop(columns=["brightness", "sharpness"])),
    ],
)
def test_no_photo_makes_a_small_picture_that_says_so(chart: Callable[..., bytes], nothing: pd.DataFrame) -> None:
    image = decoded(chart(nothing))
    assert np.asarray(image.convert("L")).std() > 0
    assert image.height < 3 * DPI


def test_bars_are_as_long_as_the_counts_and_the_most_frequent_keyword_is_on_top() -> None:
    counts = pd.DataFrame({"W1": [1, 5, 0], "W2": [2, 4, 0]}, index=["pan", "pot", "wok"])
    figure = figure_of(figures.keyword_bars, counts)
    widths = [patch.get_width() for patch in figure.axes[0].patches]
    assert row_labels(figure) == ["pot", "pan", "wok"]
    assert widths == [5, 1, 0, 4, 2, 0]
    assert said(figure) == ["9", "3", "0"]
    assert legend_of(figure) == ["W1", "W2"]


def test_of_a_hundred_shoots_the_seven_largest_are_named_and_no_photo_is_lost() -> None:
    counts = counts_table(NAMES["sixty"], 100)
    counts["HF_Y24_W050"] = 1000
    figure = figure_of(figures.keyword_bars, counts)
    named = legend_of(figure)
    assert len(named) == len(SERIES) + 1
    assert "HF_Y24_W050" in named
    assert named[-1] == "93 others"
    assert sum(patch.get_width() for patch in figure.axes[0].patches) == counts.to_numpy().sum()
    assert to_hex(figure.axes[0].patches[-1].get_facecolor()) == GRAY


def test_shoots_that_start_with_an_underscore_are_in_the_legend() -> None:
    counts = pd.DataFrame({"_old": [1], "new": [2]}, index=["pan"])
    assert legend_of(figure_of(figures.keyword_bars, counts)) == ["_old", "new"]


def test_two_long_names_that_differ_at_their_ends_stay_two() -> None:
    names = [f"keyword-with-a-very-long-name-indeed-number-{n}" for n in range(3)]
    figure = figure_of(figures.keyword_bars, counts_table(names, 1, photos=9))
    assert len(set(row_labels(figure))) == 3
    assert len(figure.axes[0].patches) == 3


@pytest.mark.parametrize(
    ("name", "shown"),
    [("oven-tray", "oven-tray"), (" a\nb\x00 ", "a b"), ("\udcf6", ""), ("\u202eabc", "abc"), (2024, "2024")],
)
def test_a_label_has_no_control_characters(name: object, shown: str) -> None:
    assert label(name) == shown


def test_a_long_label_keeps_both_ends() -> None:
    short = label("first" + "x" * 500 + "last")
    assert len(short) == LABEL
    assert short.startswith("first")
    assert short.endswith("last")


def test_spellings_of_one_keyword_stand_together_and_unknown_words_come_last() -> None:
    table = pd.DataFrame(
        [
            ("Pot", "pot", "variant", 3), ("pot", "pot", "name", 5), ("casserole", "pot", "alias", 1),
            ("pan", "pan", "name", 7), ("PAN", "pan", "variant", 9), ("wok", "wok", "name", 0),
            ("studio", None, "unknown", 40), ("big  pan ", None, "unknown", 1),
        ],
        columns=["word", "keyword", "how", "photos"],
    )  # fmt: skip
    figure = figure_of(figures.spelling_bars, table)
    bars = figure.axes[0].containers[0].patches
    assert row_labels(figure) == ["pan", "PAN", "pot", "Pot", "casserole", "wok", "studio", "big␣␣pan␣"]
    assert [bar.get_width() for bar in bars] == [7, 9, 5, 3, 1, 0, 40, 1]
    hows = ["name", "variant", "name", "variant", "alias", "name", "unknown", "unknown"]
    assert [to_hex(bar.get_facecolor()) for bar in bars] == [SPELLED[how][1] for how in hows]
    assert legend_of(figure) == [text for text, _ in SPELLED.values()]


def test_a_thousand_unknown_words_are_summed_up_and_none_is_lost() -> None:
    words = [(f"word {n}", None, "unknown", 1 + n % 3) for n in range(1000)]
    words += [(f"Pan{'_' * n}", "pan", "variant", 1) for n in range(20)]
    table = pd.DataFrame(words, columns=["word", "keyword", "how", "photos"])
    figure = figure_of(figures.spelling_bars, table)
    bars = figure.axes[0].containers[0].patches
    assert sum(bar.get_width() for bar in bars) == table["photos"].sum()
    assert row_labels(figure)[-1] == "975 other unknown words"
    assert "14 more" in row_labels(figure)
    assert len(bars) < 40


def test_a_heatmap_is_blank_where_no_photo_is_and_stronger_where_more_are() -> None:
    counts = pd.DataFrame({"W1": [0, 1], "W2": [10, 100]}, index=["pan", "pot"])
    figure = figure_of(figures.keyword_heatmap, counts)
    shades = np.asarray(figure.axes[0].images[0].get_array())
    assert row_labels(figure) == ["pot", "pan"]
    assert shades[1, 0] == 0 < 0.1 < shades[0, 0] < shades[1, 1] < shades[0, 1] == 1
    assert sorted(said(figure)) == ["1", "10", "100"]


def test_a_heatmap_of_a_hundred_shoots_sums_up_the_smallest() -> None:
    counts = counts_table(["pan", "pot"], 100)
    counts.iloc[:, 40:] += 100
    figure = figure_of(figures.keyword_heatmap, counts)
    columns = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert len(columns) == 61
    assert columns[0] == "HF_Y24_W040"
    assert columns[-1] == "40 others"
    assert said(figure) == []


def test_splits_show_a_missing_side_in_red_and_name_what_is_kept_out() -> None:
    rows = [("pan", "train")] * 8 + [
        ("pan", "val"),
        ("pan", "test"),
        ("wok", "train"),
        ("wok", "rare"),
        ("pan", "new"),
    ]
    figure = figure_of(figures.split_bars, pd.DataFrame(rows, columns=["keyword", "split"]))
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "train (9)",
        "val (1)",
        "test (1)",
        "rare (1)",
        "new (1)",
    ]
    assert [[text.get_text().strip() for text in axes.texts] for axes in figure.axes] == [
        ["8", "1"], ["1", "0"], ["1", "0"], ["1"], ["1"],
    ]  # fmt: skip
    assert [axes.texts[1].get_color() for axes in figure.axes[:3]] == ["black", VERMILION, VERMILION]


def test_reasons_are_counted_by_kind_and_the_tail_is_summed_up() -> None:
    reasons = [f"unknown: word {n}" for n in range(50)] + ["missing: the photo has no keyword"] * 9 + [None] * 5
    figure = figure_of(figures.reason_bars, pd.Series(reasons, dtype="string"))
    assert row_labels(figure)[0].startswith("missing")
    assert row_labels(figure)[-1] == "21 other reasons"
    assert sum(int(number) for number in said(figure)) == 59
    assert legend_of(figure) == ["unknown (50)", "missing (9)"]


def test_findings_are_called_by_their_titles() -> None:
    findings = pd.DataFrame({"finding": ["near_copy", "dark", "dark"]})
    assert row_labels(figure_of(figures.finding_bars, findings, {"dark": "Too dark"})) == ["Too dark", "near copy"]


@pytest.mark.parametrize(
    ("size", "megapixels", "shape"),
    [
        ((6000, 4000), "16 to 32", "3:2"),
        ((4000, 6000), "16 to 32", "2:3"),
        ((4032, 3024), "8 to 16", "4:3"),
        ((1000, 1000), "1 to 2", "1:1"),
        ((300, 4000), "1 to 2", "other, tall"),
        ((16000, 5000), "over 64", "other, wide"),
        ((348, 464), "under 0.25", "3:4"),
    ],
)
def test_a_photo_is_counted_under_its_size_and_shape(size: tuple[int, int], megapixels: str, shape: str) -> None:
    raw = pd.DataFrame({"width": [size[0]], "height": [size[1]], "format": ["TIFF"]})
    panels = figure_of(figures.size_chart, raw).axes
    assert [[text.get_text() for text in axes.get_yticklabels()] for axes in panels] == [
        [megapixels],
        [shape],
        ["TIFF"],
    ]


def test_each_shoot_has_a_box_and_the_smallest_of_many_share_one() -> None:
    raw = pd.concat([raw_table([f"W{n:02d}" for n in range(60)]), raw_table([f"W{n:02d}" for n in range(40)])])
    figure = figure_of(figures.tone_boxes, raw.reset_index(drop=True))
    assert row_labels(figure) == [*(f"W{n:02d}" for n in range(40)), "20 others"]
    assert [axes.get_xlabel().split(" ")[0] for axes in figure.axes] == ["brightness", "sharpness"]


def test_a_box_stands_where_the_shoot_is() -> None:
    raw = pd.DataFrame({"shoot": ["dark"] * 9 + ["light"] * 9, "brightness": [20.0] * 9 + [200.0] * 9})
    figure = figure_of(figures.tone_boxes, raw)
    medians = [
        line.get_xdata()[0] for line in figure.axes[0].lines if line.get_color() == "black" and line.get_lw() > 1.5
    ]
    assert row_labels(figure) == ["dark", "light"]
    assert medians == [20, 200]


def test_curves_mark_the_epoch_that_was_kept() -> None:
    history = pd.DataFrame(
        {"epoch": [1, 2, 3], "train_loss": [3, 2, 1], "val_loss": [3, 2, 2], "val_macro_accuracy": [0.2, 0.5, 0.4]}
    )
    figure = figure_of(figures.training_curves, history, 2)
    assert [list(axes.lines[-1].get_xdata()) for axes in figure.axes] == [[2, 2], [2, 2]]
    assert list(figure.axes[1].lines[0].get_ydata()) == [20, 50, 40]
    assert np.asarray(decoded(figures.training_curves(history.head(1), 1)).convert("L")).std() > 5


def test_a_confusion_matrix_numbers_photos_and_shades_shares() -> None:
    figure = figure_of(figures.confusion_heatmap, np.array([[8, 2], [0, 0]]), ["pan", "pot"])
    assert sorted(said(figure)) == ["2", "8"]
    assert np.asarray(figure.axes[0].images[0].get_array()).tolist() == [[0.8, 0.2], [0, 0]]
    assert row_labels(figure) == ["pan (10)", "pot (0)"]


def test_a_chart_of_ordinary_width_fits_a_page() -> None:
    image = decoded(figures.keyword_bars(counts_table(["pan"], 2)))
    assert image.width == WIDTH * DPI == 825


DICHROMACY = {
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
"""What the eye makes of linear RGB: Machado, Oliveira and Fernandes 2009, severity 1, rounded."""


@pytest.mark.parametrize("dichromacy", list(DICHROMACY))
def test_series_are_told_apart_by_readers_who_lack_a_cone(dichromacy: str) -> None:
    encoded = np.array([[int(color[n : n + 2], 16) for n in (1, 3, 5)] for color in SERIES]) / 255
    linear = np.where(encoded > 0.04045, ((encoded + 0.055) / 1.055) ** 2.4, encoded / 12.92)
    seen = (linear @ np.array(DICHROMACY[dichromacy]).T).clip(0, 1)
    shown = np.where(seen > 0.0031308, 1.055 * seen ** (1 / 2.4) - 0.055, 12.92 * seen)
    neighbors = 255 * np.abs(np.diff(shown, axis=0)).max(axis=1)
    assert neighbors.min() > 30
