"""From a decoded photo to the model's numbers: the pixels of CLIP's processor, thumbnails that lose nothing."""

import io

import numpy as np
import pytest
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from recipe_assets.studio.photos import (
    THUMBNAIL_SIDE,
    Preprocessing,
    encode_thumbnail,
    pixel_values,
    thumbnail,
)
from tests.studio.pictures import encode, picture


@pytest.mark.parametrize("side", [224, 112])
@pytest.mark.parametrize(
    "size", [(301, 199), (199, 301), (640, 427), (257, 256), (224, 224), (150, 400), (91, 77)]
)
def test_pixel_values_are_those_of_the_hugging_face_processor(size: tuple[int, int], side: int) -> None:
    photo = picture(3, size)
    processor = CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
    expected = processor(photo, return_tensors="np")["pixel_values"][0]
    found = pixel_values(photo, Preprocessing(size=side))
    assert found.dtype == expected.dtype == np.float32
    assert found.shape == expected.shape == (3, side, side)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    # Half a gray level is far more than 1e-6, so no pixel differs by even one of its 255 steps.


def test_mean_and_deviation_of_the_checkpoint_are_used() -> None:
    gray = Image.new("RGB", (40, 40), (51, 102, 204))
    values = pixel_values(gray, Preprocessing(size=8, mean=(0.2, 0.4, 0.6), std=(0.5, 0.5, 0.25)))
    np.testing.assert_allclose(values[:, 3, 3], [0, 0, 0.8], atol=1e-6)


@pytest.mark.parametrize(("size", "expected"), [((1200, 800), (384, 256)), ((800, 1200), (256, 384))])
def test_a_thumbnail_keeps_the_frame_at_a_short_side_of_256(size: tuple[int, int], expected: object) -> None:
    assert thumbnail(picture(0, size)).size == expected


def test_a_small_photo_is_not_blown_up() -> None:
    small = picture(0, (300, THUMBNAIL_SIDE))
    assert thumbnail(small) is small


@pytest.mark.parametrize("size", [(384, 256), (256, 341), (1, 1), (1, 9), (9, 1), (2, 2)])
@pytest.mark.parametrize("kind", ["picture", "noise", "white"])
def test_an_encoded_thumbnail_is_a_png_of_the_very_same_pixels(size: tuple[int, int], kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    photo = {"noise": Image.fromarray(noise), "white": Image.new("RGB", size, "white")}.get(kind) or picture(
        2, size
    )
    png = encode_thumbnail(photo)
    with Image.open(io.BytesIO(png)) as again:
        again.verify()  # checksums
    with Image.open(io.BytesIO(png)) as again:
        assert (again.format, again.mode, again.size) == ("PNG", "RGB", size)
        assert again.tobytes() == photo.tobytes()


def test_an_encoded_thumbnail_is_about_as_small_as_pillows() -> None:
    photo = picture(2, (384, 256))
    assert len(encode_thumbnail(photo)) < 1.15 * len(encode(photo, "PNG", compress_level=1))
    assert len(encode_thumbnail(Image.new("RGB", (384, 256), "white"))) < 5000


def test_only_rgb_is_encoded() -> None:
    with pytest.raises(ValueError, match="in mode L, not RGB"):
        encode_thumbnail(picture(0, mode="L"))
