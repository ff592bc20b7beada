"""The strategies' losses by hand and against torch's own."""

import math

import pytest
import torch
from torch import nn

from recipe_assets.model.losses import contrastive_loss, logit_adjusted_cross_entropy


def unit(rows: int, seed: int) -> torch.Tensor:
    return nn.functional.normalize(torch.randn((rows, 5), generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_with_every_group_once_it_is_clips_loss() -> None:
    """CLIP's loss: cross-entropy over the batch with the diagonal as truth, in both directions."""
    images, texts, scale = unit(6, 1), unit(6, 2), torch.tensor(7.0)
    logits, diagonal = scale * images @ texts.T, torch.arange(6)
    expected = (
        nn.functional.cross_entropy(logits, diagonal) + nn.functional.cross_entropy(logits.T, diagonal)
    ) / 2
    assert contrastive_loss(images, texts, scale, torch.tensor([4, 0, 2, 9, 7, 5])) == pytest.approx(
        float(expected)
    )


def test_two_photos_of_a_keyword_share_the_target_by_hand() -> None:
    """Embeddings along two axes, scale ln 3: equal pairs have odds 3, others 1.

    Photos 0 and 1 are of one keyword: of 3 + 3 + 1 = 7 parts each of the two texts gets 3, and half of the target,
    so their loss is ln(7/3). Photo 2 has 3 of 1 + 1 + 3 = 5 parts: ln(5/3).
    """
    axes = torch.eye(2)[[0, 0, 1]]
    loss = contrastive_loss(axes, axes, torch.tensor(math.log(3)), torch.tensor([0, 0, 1]))
    assert float(loss) == pytest.approx((2 * math.log(7 / 3) + math.log(5 / 3)) / 3)


def test_equal_prompts_of_one_keyword_are_not_pushed_apart() -> None:
    """With one keyword only and all alike there is nothing to learn: no gradient, where CLIP's loss has one."""
    images = nn.functional.normalize(torch.ones((4, 3)), dim=-1).requires_grad_()
    contrastive_loss(images, images.detach(), torch.tensor(10.0), torch.zeros(4, dtype=torch.int64)).backward()
    assert images.grad is not None
    assert images.grad.abs().max() < 1e-6


def test_logit_adjustment_by_hand() -> None:
    """Equal logits, shares 3/4 and 1/4: the adjusted probabilities are the shares."""
    logits, shares = torch.zeros((1, 2)), torch.tensor([0.75, 0.25])
    assert float(logit_adjusted_cross_entropy(logits, torch.tensor([1]), shares)) == pytest.approx(math.log(4))
    assert float(logit_adjusted_cross_entropy(logits, torch.tensor([0]), shares)) == pytest.approx(math.log(4 / 3))


def test_even_shares_change_nothing() -> None:
    logits, labels = unit(8, 3), torch.arange(8) % 5
    adjusted = logit_adjusted_cross_entropy(logits, labels, torch.full((5,), 0.2), smoothing=0.1)
    assert float(adjusted) == pytest.approx(
        float(nn.functional.cross_entropy(logits, labels, label_smoothing=0.1))
    )
