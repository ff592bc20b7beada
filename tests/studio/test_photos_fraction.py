"""What decoding at a fraction of the size costs: in gray levels of the thumbnail, and in logits of `builtin:tiny`.

Measured on these photos (24 megapixels, decoded at 1/8, against a full decode): thumbnails differ by 0.6 levels of
255 on average and 7 at most, logits by 0.07 where a photo's own logits span 18 to 26; no first keyword changes.
"""

import io
from functools import cache

import numpy as np
import pytest
import torch
from PIL import Image

from recipe_assets.model.checkpoints import load_base
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.predicting import predict_logits
from recipe_assets.release.manifest import ReleasedKeyword
from recipe_assets.studio.photos import crop_square, decode_photo, thumbnail
from recipe_assets.studio.sample import draw_step
from recipe_assets.studio.vocabulary import load_vocabulary
from tests.studio.pictures import encode

SIZE = (6000, 4000)
SHOWN = ("CP", "chopping-board", "glass-bowl-small", "medium", "pan", "pot-one-handle")
MOST_LOGITS = 0.3
"""Four times what was measured."""


@cache
def detailed_photo(keyword: str) -> bytes:
    """A drawn step photo of 24 megapixels, with texture down to the last pixels as of crumbs and cloth."""
    rng = np.random.default_rng([9, SHOWN.index(keyword)])
    drawn = draw_step(keyword, rng, size=SIZE)
    texture = Image.fromarray(rng.integers(-30, 31, (SIZE[1] // 3, SIZE[0] // 3)).astype(np.float32))
    fine = np.asarray(texture.resize(SIZE, Image.Resampling.BICUBIC))[..., None]
    return encode(Image.fromarray((np.asarray(drawn) + fine).clip(0, 255).astype(np.uint8)), quality=92)


@cache
def thumbnails(keyword: str) -> tuple[Image.Image, Image.Image]:
    """From a full decode, and as the product decodes."""
    photo = detailed_photo(keyword)
    with Image.open(io.BytesIO(photo)) as image:
        full = image.convert("RGB")
    fraction = decode_photo(photo).image
    assert (full.size, fraction.size) == (SIZE, (750, 500))
    return thumbnail(full), thumbnail(fraction)


@pytest.mark.parametrize("keyword", SHOWN)
def test_a_thumbnail_is_the_same_but_for_a_level_or_so(keyword: str) -> None:
    full, fraction = (np.asarray(image, np.int16) for image in thumbnails(keyword))
    assert np.abs(full - fraction).mean() < 1
    assert np.abs(full - fraction).max() < 16


def test_logits_stay_where_they_are_and_no_first_keyword_changes() -> None:
    words = [ReleasedKeyword(word.name, word.prompt, word.pipeline) for word in load_vocabulary().keywords]
    model = KeywordModel.from_base(load_base("builtin:tiny"), words)
    side = model.base.preprocessing.size
    squares = [crop_square(image, side).transpose(2, 0, 1) for word in SHOWN for image in thumbnails(word)]
    logits = predict_logits(model, torch.from_numpy(np.stack(squares))).numpy()
    full, fraction = logits[::2], logits[1::2]
    assert np.ptp(full, axis=1).min() > 10  # logits that hardly differ would hide a change
    assert np.abs(full - fraction).max() < MOST_LOGITS
    assert np.array_equal(full.argmax(axis=1), fraction.argmax(axis=1))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_every_format_shrinks_to_the_pixels_that_a_jpeg_of_it_gives(kind: str) -> None:
    photo = draw_step("pan", np.random.default_rng(2), size=(2100, 1400))
    jpeg = decode_photo(encode(photo, quality=98, subsampling=0))
    other = decode_photo(encode(photo, kind, **({"lossless": True, "method": 0} if kind == "WEBP" else {})))
    assert jpeg.image.size == other.image.size == (1050, 700)
    assert np.abs(np.asarray(jpeg.image, np.int16) - np.asarray(other.image)).mean() < 1


@pytest.mark.parametrize(("side", "decoded"), [(959, 959), (960, 480), (1919, 960), (1920, 480), (3840, 480)])
def test_the_short_side_keeps_480_pixels(side: int, decoded: int) -> None:
    assert min(decode_photo(encode(Image.new("L", (side + 10, side)))).image.size) == decoded
