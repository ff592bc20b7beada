"""What photos measure: known pictures give known numbers, faults move the numbers that should tell them."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from recipe_assets.studio.quality import METRICS, photo_metrics
from tests.studio.pictures import encode, picture

DETAILED = (384, 256)


def detailed(seed: int) -> Image.Image:
    """A picture with sharp edges along both axes."""
    tiles = np.random.default_rng(seed).integers(0, 256, (32, 48, 3), dtype=np.uint8)
    return Image.blend(
        Image.fromarray(tiles).resize(DETAILED, Image.Resampling.NEAREST), picture(seed, DETAILED), 0.5
    )


@pytest.mark.parametrize("level", [0, 17, 128, 255])
def test_a_photo_of_one_tone_has_that_brightness_and_nothing_else(level: int) -> None:
    metrics = photo_metrics(Image.new("RGB", DETAILED, (level, level, level)))
    assert metrics.brightness == metrics.shadow == metrics.highlight == level
    assert metrics.contrast == metrics.information == metrics.sharpness == metrics.edges == 0
    assert (metrics.black, metrics.white) == (level == 0, level == 255)


def test_half_black_half_white_is_one_bit_of_full_contrast() -> None:
    pixels = np.zeros((256, 256), np.uint8)
    pixels[:, 128:] = 255
    metrics = photo_metrics(Image.fromarray(pixels).convert("RGB"))
    assert metrics.brightness == metrics.contrast == 127.5
    assert metrics.information == 1
    assert metrics.black == metrics.white == 0.5
    assert (metrics.shadow, metrics.highlight) == (0, 255)


def test_brightness_is_rec_601_luma() -> None:
    assert photo_metrics(Image.new("RGB", DETAILED, (255, 0, 0))).brightness == round(0.299 * 255)
    assert photo_metrics(Image.new("RGB", DETAILED, (0, 255, 0))).brightness == round(0.587 * 255)


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    photo = detailed(0).convert("L")
    gray = np.asarray(photo, dtype=float)
    kernel = {(0, 1): 1, (2, 1): 1, (1, 0): 1, (1, 2): 1, (1, 1): -4}
    height, width = gray.shape
    laplacian = sum(
        weight * gray[row : row + height - 2, column : column + width - 2]
        for (row, column), weight in kernel.items()
    )
    assert photo_metrics(photo).sharpness == pytest.approx(np.var(laplacian), rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_blur_lowers_sharpness_and_edges_but_not_light(seed: int) -> None:
    photo = detailed(seed)
    sharp = photo_metrics(photo)
    blurred = photo_metrics(photo.filter(ImageFilter.GaussianBlur(2)))
    assert blurred.sharpness < sharp.sharpness / 5
    assert blurred.edges < sharp.edges / 3
    assert blurred.brightness == pytest.approx(sharp.brightness, abs=1)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_shake_along_one_axis_lowers_edges(axis: int) -> None:
    photo = detailed(5)
    pixels = np.asarray(photo, dtype=float)
    shaken = np.mean([np.roll(pixels, shift, axis) for shift in range(9)], axis=0).astype(np.uint8)
    assert photo_metrics(Image.fromarray(shaken)).edges < photo_metrics(photo).edges / 3


def test_a_small_sharp_dish_on_a_white_sweep_keeps_its_edges() -> None:
    sweep = Image.new("RGB", DETAILED, "white")
    sweep.paste(detailed(1).resize((96, 64)), (144, 96))
    metrics, whole = photo_metrics(sweep), photo_metrics(detailed(1))
    assert metrics.sharpness < whole.sharpness
    assert metrics.edges > whole.edges / 2
    assert metrics.white > 0.9


def test_a_darker_photo_measures_darker_in_every_tone() -> None:
    photo = detailed(2)
    dark = photo_metrics(ImageEnhance.Brightness(photo).enhance(0.3))
    usual = photo_metrics(photo)
    assert dark.brightness < usual.brightness / 2
    assert dark.highlight < usual.highlight / 2


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (3, 300), (40, 30), (256, 256), (1280, 26)])
def test_any_size_can_be_measured(size: tuple[int, int]) -> None:
    metrics = photo_metrics(picture(1, size))
    assert all(np.isfinite(getattr(metrics, name)) for name in METRICS)


def test_saving_as_jpeg_hardly_changes_the_numbers() -> None:
    photo = detailed(3)
    again = photo_metrics(Image.open(io.BytesIO(encode(photo, quality=90))))
    usual = photo_metrics(photo)
    assert again.brightness == pytest.approx(usual.brightness, abs=1)
    assert again.edges == pytest.approx(usual.edges, rel=0.2)
