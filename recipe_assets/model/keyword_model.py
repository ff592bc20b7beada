"""A base model with one unit vector per keyword as its head: what is tuned, saved, exported and served.

Where bases come from is `checkpoints`' subject, what the prompts say is `prompts`'.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from recipe_assets.errors import ModelError
from recipe_assets.model.checkpoint_files import write_card
from recipe_assets.model.checkpoints import BaseModel, load_base, save_base
from recipe_assets.model.prompts import prompt_embeddings
from recipe_assets.release.manifest import ReleasedKeyword

HEAD_FILE = "keyword_head.safetensors"
KEYWORDS_FILE = "keywords.json"


class KeywordModel(nn.Module):
    """A dual encoder's image tower with one unit vector per keyword as its head.

    `forward` takes pixel values, float32 (N, 3, S, S), and gives logits, float32 (N, K): scaled cosines.
    """

    def __init__(self, base: BaseModel, keywords: Sequence[ReleasedKeyword], head: Tensor) -> None:
        super().__init__()
        self.base = base
        self.keywords = tuple(keywords)
        self.encoder = base.encoder
        self.head = nn.Parameter(head.clone())

    @classmethod
    def from_base(cls, base: BaseModel, keywords: Sequence[ReleasedKeyword]) -> Self:
        """A model whose head is the text embeddings of the prompt ensemble: the zero-shot classifier."""
        with torch.inference_mode():
            head = prompt_embeddings(base, keywords)
        return cls(base, keywords, head)

    def features(self, pixel_values: Tensor) -> Tensor:
        """Unit image embeddings, (N, D)."""
        return self.base.image_embeddings(pixel_values)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Logits (N, K) of pixel values (N, 3, S, S)."""
        head = nn.functional.normalize(self.head, dim=-1)
        return self.base.logit_scale * self.features(pixel_values) @ head.T

    def save(self, folder: Path) -> None:
        """Write a checkpoint in Hugging Face layout with the keyword head beside it.

        Plain transformers loads it, and `load_base` does, so that it can be fine-tuned further; its model card
        hands on the licence of what it was tuned from.
        """
        save_base(self.base, folder)
        write_card(folder, self.base.source)
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
