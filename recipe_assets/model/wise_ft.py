"""WiSE-FT: between an untuned and a tuned model, the mix of their weights that is best on validation.

Wortsman et al. 2022, arXiv:2109.01903. It costs nothing at inference.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

MIXES = tuple(round(step / 10, 1) for step in range(11))
"""Shares of the tuned weights that are tried: 0 is the untuned model."""

Weights = Mapping[str, Tensor]


def mix_weights(untuned: Weights, tuned: Weights, mix: float) -> dict[str, Tensor]:
    """(1 - mix) of the untuned and mix of the tuned weights, name by name."""
    return {name: torch.lerp(untuned[name], tuned[name], mix) for name in tuned}


def best_mix(
    untuned: Weights, tuned: Weights, load: Callable[[Weights], None], loss: Callable[[], float]
) -> tuple[float, dict[float, float]]:
    """Load the mix with the lowest loss; of equal ones the one with more tuning.

    Args:
        untuned: weights before training.
        tuned: weights after, of the same names.
        load: takes weights into the model.
        loss: of the model as it is loaded, on validation photos.

    Returns:
        The mix, and the loss of every mix that was tried.
    """
    losses = {}
    for mix in MIXES:
        load(mix_weights(untuned, tuned, mix))
        losses[mix] = loss()
    best = min(reversed(MIXES), key=lambda mix: losses[mix])
    load(mix_weights(untuned, tuned, best))
    return best, losses
