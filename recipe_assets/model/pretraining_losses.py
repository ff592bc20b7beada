"""What `builtin:tiny` learns beside contrast: the caption's words, and the measures of the vessel in the picture.

Both heads are thrown away after pre-training. The contrastive loss is in `losses`.
"""

import math

import torch
from torch import Tensor, nn

from recipe_assets.model.pretraining_scenes import HANDLES

SIZES = ((0.0, 25.0), (0.0, 25.0), (20.0, 6.0), (9.0, 3.0))
"""Mean and spread in cm by which centre x and y, diameter and height are brought to about one."""
PARTS = ("vessel", "long handle", "loops")
VIEW = 46.0
"""Centimetres that a square shows at the height of a rim, which is nearer to the camera than the counter's 50."""
LONG, LOOP = 17.0, 4.0
"""Centimetres by which handles stand out."""


def word_targets(tokens: Tensor, vocabulary_size: int, special: set[int]) -> Tensor:
    """Which words each caption holds, rare ones weighing more: float32 (N, vocabulary), rows sum to 1.

    Predicting them from the picture alone is the objective of SuperClass (Huang et al. 2024, arXiv:2411.03313),
    inverse document frequency as there. Beside the contrastive loss it tells each picture what to look for,
    which small batches of contrast teach slowly.
    """
    present = torch.zeros((len(tokens), vocabulary_size))
    present.scatter_(1, tokens, 1.0)
    present[:, sorted(special)] = 0
    weights = torch.log(len(tokens) / (1 + present.sum(dim=0)))
    weighted = present * weights.clamp(min=0)
    return weighted / weighted.sum(dim=1, keepdim=True).clamp(min=1e-6)


def word_loss(guesses: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of word guesses (N, vocabulary) with `word_targets`."""
    return -(targets * guesses.log_softmax(dim=-1)).sum(dim=-1).mean()


class MeasureHead(nn.Module):
    """Guesses a round vessel's place, sizes, kind of handles and their angle, and which patches show what of it.

    The renderer knows them exactly. They tell a small pot from a medium one and a pan from a shallow pot, and a
    caption says so little of them that contrast alone learns it slowly.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.guess = nn.Linear(width, len(SIZES) + len(HANDLES) + 4)
        self.locate = nn.Linear(width, len(PARTS))

    def loss(self, tokens: Tensor, pooled: Tensor, measures: Tensor, mirror: Tensor) -> Tensor:
        """Mean loss over the photos that show a round vessel.

        Args:
            tokens: the patches, (N, P, width), row by row.
            pooled: (N, width).
            measures: (N, 6), NaN where there is no vessel.
            mirror: bool (N,), whether the photo was mirrored.
        """
        shown = ~measures[:, 0].isnan()
        if not shown.any():
            return pooled.sum() * 0
        truth = _mirrored(measures[shown], mirror[shown])
        rare = torch.tensor([1.0, 4.0, 4.0])  # most patches show no handle
        parts = nn.functional.binary_cross_entropy_with_logits(
            self.locate(tokens[shown]), part_targets(truth, round(tokens.shape[1] ** 0.5)), pos_weight=rare
        )
        return self._whole(self.guess(pooled[shown]), truth) + 2 * parts

    def _whole(self, guesses: Tensor, truth: Tensor) -> Tensor:
        kinds, angle = truth[:, 4].long(), truth[:, 5]
        sizes, handles, turns = torch.split(guesses, [len(SIZES), len(HANDLES), 4], dim=1)
        mean, spread = torch.tensor(SIZES).T
        error = nn.functional.smooth_l1_loss(sizes, (truth[:, :4] - mean) / spread)
        error = error + nn.functional.cross_entropy(handles, kinds)
        # A long handle has a direction; two loops look the same turned round and have an axis only.
        angles = torch.stack([angle.cos(), angle.sin(), (2 * angle).cos(), (2 * angle).sin()], dim=1)
        for kind, part in ((HANDLES.index("long"), slice(0, 2)), (HANDLES.index("loops"), slice(2, 4))):
            if (kinds == kind).any():
                error = error + nn.functional.mse_loss(turns[kinds == kind, part], angles[kinds == kind, part])
        return error


def part_targets(measures: Tensor, side: int) -> Tensor:
    """Which patches show the vessel, its long handle, its loops: float32 (N, side * side, 3).

    Args:
        measures: (N, 6), as drawn.
        side: patches along each side of the square.
    """
    middles = ((torch.arange(side) + 0.5) / side - 0.5) * VIEW
    spots = torch.stack(torch.meshgrid(middles, middles, indexing="xy"), dim=-1).reshape(1, -1, 2)
    x, y, diameter, _, kind, angle = measures[:, None, :].unbind(dim=-1)
    across, down = spots[..., 0] - x, spots[..., 1] - y
    along, aside = across * angle.cos() + down * angle.sin(), (down * angle.cos() - across * angle.sin()).abs()
    rim, half = diameter / 2, VIEW / side / 2
    vessel = across.hypot(down) < rim
    long = (kind == HANDLES.index("long")) & (along > rim - 1) & (along < rim + LONG) & (aside < half)
    near_loop = (along.abs() - rim - LOOP / 2).abs() < half
    loops = (kind == HANDLES.index("loops")) & near_loop & (aside < half)
    return torch.stack([vessel, long, loops], dim=-1).float()


def _mirrored(measures: Tensor, mirror: Tensor) -> Tensor:
    turned = measures.clone()
    turned[:, 0], turned[:, 5] = -measures[:, 0], math.pi - measures[:, 5]
    return torch.where(mirror[:, None], turned, measures)
