"""From a base checkpoint to a `KeywordModel`: image tower, keyword head and preprocessing travel together.

Loads and saves; training, evaluation and export are their own modules.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.utils import logging as transformers_logging

from recipe_assets.errors import ModelError
from recipe_assets.model.identity import BUILTIN
from recipe_assets.release.manifest import BaseCheckpoint, ReleasedKeyword, checkpoint_name
from recipe_assets.studio.photos import Preprocessing

PROMPT = "a photo of a {}."
HEAD_FILE = "keyword_head.safetensors"
KEYWORDS_FILE = "keywords.json"
BYTES = 256
"""A CLIP tokenizer knows every byte at least; without its files, transformers makes one that knows nothing."""


@dataclass(frozen=True)
class BaseModel:
    """A CLIP checkpoint as loaded: both towers, tokenizer, preprocessing, and where it comes from."""

    clip: CLIPModel
    tokenizer: CLIPTokenizer
    preprocessing: Preprocessing
    source: BaseCheckpoint


def load_base(name: str) -> BaseModel:
    """Load a CLIP checkpoint: `builtin:tiny`, a local Hugging Face folder, or a hub id.

    Raises:
        ModelError: if it cannot be found or is not a CLIP checkpoint.
    """
    location = str(BUILTIN.get(name, name))
    transformers_logging.disable_progress_bar()
    if name.startswith("builtin:") and name not in BUILTIN:
        raise ModelError(f"there is no base checkpoint '{name}': builtin is only {', '.join(BUILTIN)}")
    try:
        _require_clip(name, location)
        clip = _load_clip(location)
        tokenizer = CLIPTokenizer.from_pretrained(location)
        if len(tokenizer) < BYTES:
            raise OSError(f"no tokenizer in {location}")
        processor = CLIPImageProcessorPil.from_pretrained(location)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        cause = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"base checkpoint '{name}' cannot be loaded ({cause}): set RECIPE_BASE_CHECKPOINT to builtin:tiny, "
            "a folder with a Hugging Face CLIP checkpoint, or a hub id"
        ) from error
    source = BaseCheckpoint(name=checkpoint_name(name), licence=_licence(location), revision=_revision(clip))
    return BaseModel(clip.eval(), tokenizer, _preprocessing(processor, clip), source)


def _load_clip(location: str) -> CLIPModel:
    clip, report = CLIPModel.from_pretrained(
        location, dtype=torch.float32, attn_implementation="sdpa", output_loading_info=True
    )
    # transformers fills what is missing with random numbers and goes on.
    if report["missing_keys"]:
        missing = sorted(report["missing_keys"])
        raise OSError(f"{len(missing)} of its weights are missing, {missing[0]} among them")
    return clip


def _require_clip(name: str, location: str) -> None:
    config, _ = CLIPConfig.get_config_dict(location)
    if not config:
        raise OSError(f"no config.json in {location}")
    if config.get("model_type") != "clip":
        raise ModelError(
            f"base checkpoint '{name}' is a '{config.get('model_type')}' model, not CLIP: "
            "set RECIPE_BASE_CHECKPOINT to a CLIP checkpoint"
        )


def _licence(location: str) -> str | None:
    """The `license:` line of a local model card, if there is one."""
    card = Path(location) / "README.md"
    if not card.is_file():
        return None
    lines = (line.partition(":") for line in card.read_text(encoding="utf-8").splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == "license"), None)


def _revision(clip: CLIPModel) -> str | None:
    return getattr(clip.config, "_commit_hash", None)


def _preprocessing(processor: CLIPImageProcessorPil, clip: CLIPModel) -> Preprocessing:
    return Preprocessing(
        size=int(clip.config.vision_config.image_size),
        mean=tuple(processor.image_mean),
        std=tuple(processor.image_std),
    )


class KeywordModel(nn.Module):
    """CLIP's image tower with one unit vector per keyword as its head.

    `forward` takes pixel values, float32 (N, 3, S, S), and gives logits, float32 (N, K): scaled cosines.
    """

    def __init__(self, base: BaseModel, keywords: Sequence[ReleasedKeyword], head: Tensor) -> None:
        super().__init__()
        self.base = base
        self.keywords = tuple(keywords)
        self.clip = base.clip
        self.head = nn.Parameter(head.clone())

    @classmethod
    def from_base(cls, base: BaseModel, keywords: Sequence[ReleasedKeyword]) -> Self:
        """A model whose head is the text embeddings of the prompts: CLIP's zero-shot classifier."""
        return cls(base, keywords, text_embeddings(base, [PROMPT.format(word.prompt) for word in keywords]))

    def features(self, pixel_values: Tensor) -> Tensor:
        """Unit image embeddings, (N, D)."""
        return image_embeddings(self.clip, pixel_values)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Logits (N, K) of pixel values (N, 3, S, S)."""
        head = nn.functional.normalize(self.head, dim=-1)
        logits: Tensor = self.clip.logit_scale.exp() * self.features(pixel_values) @ head.T
        return logits

    def save(self, folder: Path) -> None:
        """Write the checkpoint in Hugging Face layout (safetensors) with the keyword head beside it."""
        save_base(self.base, folder)
        save_file({"weight": self.head.detach().cpu().contiguous()}, folder / HEAD_FILE)
        entries = [{"name": word.name, "prompt": word.prompt, "pipeline": word.pipeline} for word in self.keywords]
        (folder / KEYWORDS_FILE).write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            ModelError: if the folder holds no keyword model.
        """
        if not (folder / HEAD_FILE).is_file():
            raise ModelError(f"{folder} holds no keyword model: materialize fine_tuned_model first")
        base = load_base(str(folder))
        entries = json.loads((folder / KEYWORDS_FILE).read_text(encoding="utf-8"))
        head = load_file(folder / HEAD_FILE)["weight"]
        return cls(base, [ReleasedKeyword(**entry) for entry in entries], head)


def save_base(base: BaseModel, folder: Path) -> None:
    """Write a CLIP checkpoint in Hugging Face layout: both towers, tokenizer, image processor."""
    folder.mkdir(parents=True, exist_ok=True)
    base.clip.save_pretrained(folder)
    base.tokenizer.save_pretrained(folder)
    _processor(base.preprocessing).save_pretrained(folder)


def _processor(spec: Preprocessing) -> CLIPImageProcessorPil:
    sides: dict[str, Any] = {
        "size": {"shortest_edge": spec.size},
        "crop_size": {"height": spec.size, "width": spec.size},
    }
    return CLIPImageProcessorPil(**sides, image_mean=list(spec.mean), image_std=list(spec.std))


def image_embeddings(clip: CLIPModel, pixel_values: Tensor) -> Tensor:
    """Unit image embeddings, (N, D), of pixel values (N, 3, S, S)."""
    pooled = clip.vision_model(pixel_values=pixel_values).pooler_output
    return nn.functional.normalize(clip.visual_projection(pooled), dim=-1)


@torch.inference_mode()
def text_embeddings(base: BaseModel, texts: Sequence[str]) -> Tensor:
    """Unit text embeddings, (len(texts), D)."""
    length = base.clip.config.text_config.max_position_embeddings
    tokens = base.tokenizer(list(texts), padding=True, truncation=True, max_length=length, return_tensors="pt")
    pooled = base.clip.text_model(**tokens).pooler_output
    return nn.functional.normalize(base.clip.text_projection(pooled), dim=-1)


def device() -> torch.device:
    """The GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
