"""A widened tower computes what the narrow one did, and its doubled values can grow apart."""

from pathlib import Path

import torch

from recipe_assets.model.checkpoints import load_base
from recipe_assets.model.widening import widen


def test_embeddings_stay_the_same_at_twice_the_width(untrained_checkpoint: Path) -> None:
    narrow = load_base(str(untrained_checkpoint)).encoder
    wide = widen(narrow, torch.Generator().manual_seed(0))
    assert wide.config.vision_config.hidden_size == 2 * narrow.config.vision_config.hidden_size
    pixels = torch.randn((3, 3, 32, 32), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        before, after = (model.get_image_features(pixels).pooler_output for model in (narrow, wide))
    torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-4)


def test_both_copies_of_a_value_get_different_gradients(untrained_checkpoint: Path) -> None:
    wide = widen(load_base(str(untrained_checkpoint)).encoder, torch.Generator().manual_seed(0))
    pixels = torch.randn((3, 3, 32, 32), generator=torch.Generator().manual_seed(1))
    wide.get_image_features(pixels).pooler_output.square().sum().backward()
    gradient = wide.vision_model.encoder.layers[0].mlp.fc1.bias.grad
    assert gradient is not None
    first, second = gradient.chunk(2)
    assert (first - second).abs().max() > 1e-3 * gradient.abs().max()
