"""Losses of the strategies as plain functions of tensors; what is trained by them is `strategies`' subject."""

import torch
from torch import Tensor, nn


def contrastive_loss(images: Tensor, texts: Tensor, scale: Tensor, groups: Tensor) -> Tensor:
    """CLIP's symmetric contrastive loss, with every text of an image's group as one of its positives.

    FLYP (Goyal et al. 2023, arXiv:2212.00638) tunes with CLIP's own loss and one class prompt per image. With few
    keywords a batch holds each of them many times, and CLIP's loss would push an image away from its neighbors'
    equal prompts. So the target is shared evenly among all pairs of a group (UniCL, Yang et al. 2022,
    arXiv:2204.03610); where each group occurs once, this is CLIP's loss.

    Args:
        images: unit embeddings, (N, D).
        texts: unit embeddings of each image's text, (N, D).
        scale: what cosines are multiplied by, 0-dimensional.
        groups: int64 (N,), equal for pairs that say the same.
    """
    same = (groups[:, None] == groups[None, :]).to(images.dtype)
    targets = same / same.sum(dim=1, keepdim=True)
    logits = scale * images @ texts.T
    both = nn.functional.cross_entropy(logits, targets) + nn.functional.cross_entropy(logits.T, targets)
    return both / 2


def logit_adjusted_cross_entropy(logits: Tensor, labels: Tensor, shares: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy on logits to which each keyword's log share is added (Menon et al. 2021, arXiv:2007.07314).

    It trains the plain logits to be right for evenly shared keywords, as balanced sampling does; not both at once.

    Args:
        logits: (N, K).
        labels: int64 (N,).
        shares: each keyword's share of the training photos, (K,), all above 0.
        smoothing: label smoothing, 0-1.
    """
    return nn.functional.cross_entropy(logits + torch.log(shares), labels, label_smoothing=smoothing)
