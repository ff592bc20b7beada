"""What CLIP and SigLIP do differently: their classes, their towers' parts, and how text is cut into tokens.

Everything that they share is `checkpoints`' subject.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from torch import Tensor
from transformers import BaseImageProcessor, CLIPModel, PreTrainedTokenizerBase, SiglipModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

Encoder: TypeAlias = CLIPModel | SiglipModel
Tokenizer: TypeAlias = PreTrainedTokenizerBase
ImageProcessor: TypeAlias = BaseImageProcessor
Tokens: TypeAlias = Mapping[str, Tensor]


@dataclass(frozen=True)
class Family:
    """One kind of dual encoder.

    Attributes:
        model: the class with both towers.
        processor: the class of its image processor, on Pillow.
        image_parts: the attributes that see the image, up to the shared space.
        text_parts: likewise for the text.
        tokenize: tokenizer, texts, longest length -> what the text tower reads.
    """

    model: type[Encoder]
    processor: type[ImageProcessor]
    image_parts: tuple[str, ...]
    text_parts: tuple[str, ...]
    tokenize: Callable[[Tokenizer, Sequence[str], int], Tokens]


def _clip_tokens(tokenizer: Tokenizer, texts: Sequence[str], longest: int) -> Tokens:
    """Padded to the longest text of the batch: CLIP's text tower is causal and reads at the end of the text."""
    return _as_tokens(tokenizer(list(texts), padding=True, **_cut(longest)))


def _siglip_tokens(tokenizer: Tokenizer, texts: Sequence[str], longest: int) -> Tokens:
    """Lower case, padded to full length, no mask: SigLIP reads at the last place and attends to padding.

    A tokenizer may pad left or keep capitals where its checkpoint says nothing; training did neither.
    Sources: Zhai et al. 2023 (arXiv:2303.15343), Tschannen et al. 2025 (arXiv:2502.14786), big_vision's code.
    """
    lower = [text.lower() for text in texts]
    tokens = _as_tokens(tokenizer(lower, padding="max_length", **_cut(longest)))
    return {"input_ids": tokens["input_ids"]}


def _cut(longest: int) -> dict[str, Any]:
    return {"truncation": True, "max_length": longest, "padding_side": "right", "return_tensors": "pt"}


def _as_tokens(found: Mapping[str, Tensor]) -> Tokens:
    return {name: found[name] for name in ("input_ids", "attention_mask") if name in found}


FAMILIES = {
    "clip": Family(
        CLIPModel,
        CLIPImageProcessorPil,
        ("vision_model", "visual_projection"),
        ("text_model", "text_projection"),
        _clip_tokens,
    ),
    "siglip": Family(SiglipModel, SiglipImageProcessorPil, ("vision_model",), ("text_model",), _siglip_tokens),
}
"""By the `model_type` of config.json. SigLIP 2 of fixed resolution says "siglip", too."""


def family_of(encoder: Encoder) -> Family:
    """The family of a loaded encoder."""
    return FAMILIES[encoder.config.model_type]
