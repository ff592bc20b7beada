"""Photos as tensors: the pixels that serving sees, and light that varies while nothing moves."""

import numpy as np
import torch

from recipe_assets.model.photo_data import augment, load_squares, normalize
from recipe_assets.studio.photos import Preprocessing, pixel_values
from tests.model import colors
from tests.studio.pictures import encode, picture


def test_augmentation_keeps_form_and_range_and_repeats_with_its_generator() -> None:
    photos = colors.squares(9, 5).squares
    first, second, other = (augment(photos, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert (first.shape, first.dtype) == (photos.shape, torch.float32)
    assert first.min() >= 0
    assert first.max() <= 255
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[3])


def test_augmentation_leaves_a_photo_recognizable() -> None:
    """Mild by design: bowls differ by size alone, so a photo must stay nearer to itself than to gray."""
    photo = torch.from_numpy(np.asarray(picture(2, (64, 64))).transpose(2, 0, 1).copy())[None].repeat(40, 1, 1, 1)
    moved = augment(photo, torch.Generator().manual_seed(0))
    assert (moved.mean(dim=(1, 2, 3)) - photo.float().mean()).abs().max() < 0.4 * photo.float().mean()
    assert (moved - photo.float()).abs().mean() > 5


def test_stored_thumbnails_become_the_input_that_serving_computes() -> None:
    spec = Preprocessing(size=48)
    photos = [picture(seed, (90, 70)) for seed in range(3)]
    tensor = load_squares([encode(photo, "PNG") for photo in photos], spec)
    assert (tensor.shape, tensor.dtype) == ((3, 3, 48, 48), torch.uint8)
    expected = np.stack([pixel_values(photo, spec) for photo in photos])
    np.testing.assert_allclose(normalize(tensor, spec).numpy(), expected, atol=1e-6)
    assert load_squares([], spec).shape == (0, 3, 48, 48)


def test_augmentation_moves_nothing_but_the_side_that_is_left() -> None:
    """A bright square in the middle of a dark photo stays where it is and as large as it is."""
    photo = torch.full((1, 3, 32, 32), 20, dtype=torch.uint8)
    photo[..., 10:22, 10:22] = 200
    bright = augment(photo.repeat(20, 1, 1, 1), torch.Generator().manual_seed(3)).mean(dim=1) > 100
    assert (bright == (photo[0, 0] > 100)).all()
