"""Every figure is a picture, whatever is put into it."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from recipe_assets.figures import confusion_heatmap, contact_sheet, keyword_bars, split_bars, training_curves
from tests.studio.pictures import encode, picture

NAMES = {
    "ordinary": ["pan", "oven-tray", "köttbullar"],
    "one": ["pan"],
    "sixty": [f"keyword-with-a-long-name-{n}" for n in range(60)],
}


def decoded(content: bytes, kind: str = "PNG") -> Image.Image:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
    assert image.format == kind
    assert min(image.size) > 10
    return image


def inked(content: bytes, kind: str = "PNG") -> bool:
    return np.asarray(decoded(content, kind).convert("L")).std() > 5


@pytest.mark.parametrize("names", NAMES.values(), ids=list(NAMES))
@pytest.mark.parametrize("shoots", [0, 1, 12])
@pytest.mark.parametrize("photos", [0, 7])
def test_keyword_bars_are_drawn(names: list[str], shoots: int, photos: int) -> None:
    columns = [f"W{n}" for n in range(shoots)]
    counts = pd.DataFrame(photos, index=names, columns=columns, dtype="int64")
    assert inked(keyword_bars(counts))


def test_more_keywords_make_a_higher_chart() -> None:
    charts = [keyword_bars(pd.DataFrame({"W1": range(len(NAMES[size]))}, index=NAMES[size])) for size in NAMES]
    one, sixty = decoded(charts[1]).height, decoded(charts[2]).height
    assert sixty > 3 * one


@pytest.mark.parametrize("names", NAMES.values(), ids=list(NAMES))
@pytest.mark.parametrize("sides", [["train", "val", "test"], ["train"], ["train", "bridge"]])
def test_split_bars_are_drawn(names: list[str], sides: list[str]) -> None:
    rows = [{"keyword": name, "split": side} for name in names for side in sides]
    assert inked(split_bars(pd.DataFrame(rows)))


def test_split_bars_of_no_photo_are_a_picture() -> None:
    decoded(split_bars(pd.DataFrame({"keyword": [], "split": []}, dtype="string")))


@pytest.mark.parametrize("epochs", [1, 40])
def test_training_curves_are_drawn(epochs: int) -> None:
    rows = [
        {"epoch": n, "train_loss": 3 / n, "val_loss": 3.3 / n, "val_macro_accuracy": 1 - 1 / n}
        for n in range(1, epochs + 1)
    ]
    assert inked(training_curves(pd.DataFrame(rows), epochs))


@pytest.mark.parametrize("names", NAMES.values(), ids=list(NAMES))
@pytest.mark.parametrize("photos", [0, 9])
def test_a_confusion_matrix_is_drawn(names: list[str], photos: int) -> None:
    matrix = np.random.default_rng(0).integers(0, photos + 1, (len(names), len(names)))
    assert inked(confusion_heatmap(matrix, names))


@pytest.mark.parametrize("count", [0, 1, 7, 60])
def test_a_contact_sheet_has_a_cell_for_each_photo(count: int) -> None:
    shapes = [(60, 40), (40, 60), (300, 20)]
    photos = [(f"köttbullar {n} 焼き肉", encode(picture(n, shapes[n % 3], "RGBA"), "PNG")) for n in range(count)]
    sheet = decoded(contact_sheet(photos), "JPEG")
    assert sheet.size == (900, max(1, -(-count // 6)) * 116)
    assert (np.asarray(sheet).std() > 5) == (count > 0)
