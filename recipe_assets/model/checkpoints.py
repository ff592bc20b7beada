"""A base checkpoint as a `BaseModel`: both towers, tokenizer, preprocessing and origin travel together.

Embeds and saves; reading a checkpoint's files is `loading`'s subject, the keyword head on top `keyword_model`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from recipe_assets.errors import ModelError
from recipe_assets.model.checkpoint_files import licence_of
from recipe_assets.model.families import Encoder, Tokenizer, family_of
from recipe_assets.model.hub import HubId, fetch
from recipe_assets.model.identity import BUILTIN
from recipe_assets.model.loading import CURE, load_encoder, load_tokenizer, require_parts
from recipe_assets.model.processors import make_processor, read_preprocessing
from recipe_assets.release.manifest import BaseCheckpoint, checkpoint_name
from recipe_assets.studio.photos import Preprocessing


@dataclass(frozen=True)
class BaseModel:
    """A dual encoder (CLIP or SigLIP) as loaded: both towers, tokenizer, preprocessing, where it comes from."""

    encoder: Encoder
    tokenizer: Tokenizer
    preprocessing: Preprocessing
    source: BaseCheckpoint

    @property
    def logit_scale(self) -> Tensor:
        """What cosines are multiplied by to become logits: 0-dim, already exponentiated.

        SigLIP adds a bias to every logit; it is the same for every keyword, so no order, share or loss over
        keywords depends on it, and it is left out.
        """
        scale: Tensor = self.encoder.logit_scale.exp().reshape(())
        return scale

    def image_embeddings(self, pixel_values: Tensor) -> Tensor:
        """Unit image embeddings, (N, D), of pixel values (N, 3, S, S)."""
        return nn.functional.normalize(self.encoder.get_image_features(pixel_values).pooler_output, dim=-1)

    def text_embeddings(self, texts: Sequence[str]) -> Tensor:
        """Unit text embeddings, (len(texts), D); texts that are too long for the tower are cut."""
        longest = self.encoder.config.text_config.max_position_embeddings
        tokens = family_of(self.encoder).tokenize(self.tokenizer, texts, longest)
        placed = {name: part.to(self.encoder.device) for name, part in tokens.items()}
        return nn.functional.normalize(self.encoder.get_text_features(**placed).pooler_output, dim=-1)

    def image_parameters(self) -> list[nn.Parameter]:
        """The image tower's parameters, its projection among them."""
        return self._parameters(family_of(self.encoder).image_parts)

    def text_parameters(self) -> list[nn.Parameter]:
        """The text tower's parameters, its projection among them."""
        return self._parameters(family_of(self.encoder).text_parts)

    def _parameters(self, parts: Sequence[str]) -> list[nn.Parameter]:
        return [parameter for part in parts for parameter in getattr(self.encoder, part).parameters()]


def load_base(name: str) -> BaseModel:
    """Load a CLIP or SigLIP checkpoint in float32.

    Args:
        name: `builtin:tiny`, a local folder in Hugging Face layout, or a hub id, `owner/name` or
            `owner/name@revision`.

    Raises:
        ModelError: if it cannot be found, is of another kind, or lacks a part; the message names the cure.
    """
    hub_id = HubId.parse(name)
    folder = fetch(hub_id) if hub_id else _local(name)
    require_parts(name, folder)
    encoder = load_encoder(name, folder)
    tokenizer = load_tokenizer(name, folder, encoder)
    spec = read_preprocessing(name, folder, encoder)
    source = BaseCheckpoint(checkpoint_name(name), licence_of(folder), folder.name if hub_id else None)
    return BaseModel(encoder.eval(), tokenizer, spec, source)


def _local(name: str) -> Path:
    if name.startswith("builtin:") and name not in BUILTIN:
        raise ModelError(f"there is no base checkpoint '{name}': builtin is only {', '.join(BUILTIN)}")
    folder = BUILTIN.get(name, Path(name))
    if not name or not folder.is_dir():
        raise ModelError(f"base checkpoint '{name}' is neither a folder nor a hub id: {CURE}")
    return folder


def save_base(base: BaseModel, folder: Path) -> None:
    """Write a checkpoint in Hugging Face layout, weights as safetensors: plain transformers loads it."""
    folder.mkdir(parents=True, exist_ok=True)
    base.encoder.save_pretrained(folder)
    base.tokenizer.save_pretrained(folder)
    make_processor(base.preprocessing, base.encoder).save_pretrained(folder)


def device() -> torch.device:
    """The GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_bfloat16(place: torch.device) -> bool:
    """Whether matrix products in bfloat16 are fast there: most GPUs, and CPUs with matrix instructions (AMX)."""
    if place.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))
