"""Make an image tower twice as wide without changing what it computes: Net2WiderNet for a Vision Transformer.

Chen, Goodfellow and Shlens 2016, arXiv:1511.05641. Training then goes on from what the narrow tower knew.
"""

import torch
from torch import Tensor
from transformers import CLIPConfig, CLIPModel


def widen(narrow: CLIPModel, generator: torch.Generator) -> CLIPModel:
    """A CLIP whose image tower has twice the width and heads; embeddings stay the same, the text tower too.

    Every hidden value stands twice. A weight that reads a doubled value is split between both copies at random,
    which changes no sum but lets the copies grow apart in training.
    """
    config = CLIPConfig.from_dict(narrow.config.to_dict())
    config.vision_config.hidden_size *= 2
    config.vision_config.intermediate_size *= 2
    config.vision_config.num_attention_heads *= 2
    wide = CLIPModel(config)
    values = narrow.state_dict()
    for name, target in wide.state_dict().items():
        # Position embeddings are added to hidden values, not multiplied with them.
        reads_hidden = target.dim() == 2 and "position_embedding" not in name
        target.copy_(_widened(values[name], target.shape, generator, reads_hidden))
    return wide.eval()


def _widened(value: Tensor, shape: torch.Size, generator: torch.Generator, reads_hidden: bool) -> Tensor:
    """A parameter doubled along each dimension that is to be twice as long: inputs are split, outputs repeated."""
    if reads_hidden and shape[1] == 2 * value.shape[1]:
        repeated = value.repeat(shape[0] // value.shape[0], 1)
        share = 0.5 + 0.3 * (torch.rand(repeated.shape, generator=generator) * 2 - 1)
        return torch.cat([repeated * share, repeated * (1 - share)], dim=1)
    return value.repeat([new // old for new, old in zip(shape, value.shape, strict=True)])
