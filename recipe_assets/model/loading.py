"""From a checkpoint's folder to encoder and tokenizer; whatever is wrong with it becomes one line with a cure.

Which files there should be is `checkpoint_files`' subject, what the image processor says is `processors`'.
"""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import AutoTokenizer, PreTrainedConfig
from transformers.utils import logging as transformers_logging

from recipe_assets.errors import ModelError
from recipe_assets.model.checkpoint_files import CONFIG, missing_part
from recipe_assets.model.families import FAMILIES, Encoder, Tokenizer

CURE = (
    "set RECIPE_BASE_CHECKPOINT to builtin:tiny, a folder with a CLIP or SigLIP checkpoint in Hugging Face "
    "layout, or a hub id such as openai/clip-vit-base-patch32"
)
_PROBE = "a photo of a frying pan on a wooden kitchen table"
_FAILURES = (
    OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, EOFError,
    pickle.UnpicklingError, SafetensorError, StrictDataclassError,
)  # fmt: skip
"""What transformers and the readers below it raise on files that are damaged or of something else."""


@contextmanager
def explained(name: str, part: str, failures: tuple[type[Exception], ...] = _FAILURES) -> Iterator[None]:
    """Turn what libraries raise on a bad file into one line that names the checkpoint, the part and the cure."""
    try:
        yield
    except failures as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        cause = lines[0].rstrip(".:")[:200] if lines else type(error).__name__
        raise ModelError(f"base checkpoint '{name}': its {part} cannot be loaded ({cause}): {CURE}") from error


def require_parts(name: str, folder: Path) -> None:
    """Check that every part is there before gigabytes are read.

    Raises:
        ModelError: if it is another kind of model; else naming the first part that is not there.
    """
    missing = missing_part(folder)
    if (folder / CONFIG).is_file():
        _kind(name, folder)
    if missing:
        raise ModelError(f"base checkpoint '{name}' has no {missing}: save it with save_pretrained, or {CURE}")


def _kind(name: str, folder: Path) -> str:
    with explained(name, CONFIG):
        kind = str(PreTrainedConfig.get_config_dict(folder)[0].get("model_type"))
    if kind not in FAMILIES:
        other = "; of SigLIP 2 take a fixed resolution, not NaFlex" if kind == "siglip2" else ""
        raise ModelError(f"base checkpoint '{name}' is a '{kind}' model, not CLIP or SigLIP{other}: {CURE}")
    return kind


def load_encoder(name: str, folder: Path) -> Encoder:
    """Both towers in float32.

    Weights come from safetensors; a checkpoint that has only `pytorch_model.bin`, as many older ones of the hub,
    is unpickled by torch with `weights_only`, which builds tensors and refuses everything else.

    Raises:
        ModelError: if it is another kind of model, damaged or incomplete.
    """
    transformers_logging.disable_progress_bar()
    model = FAMILIES[_kind(name, folder)].model
    with explained(name, "weights"):
        encoder, report = model.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="sdpa", output_loading_info=True
        )
    # transformers fills what is missing with random numbers and goes on.
    missing = sorted(report["missing_keys"])
    if missing:
        some = f"{len(missing)} of its weights are missing, {missing[0]} among them"
        raise ModelError(f"base checkpoint '{name}' is not whole: {some}: save it again, or {CURE}")
    _require_shared_space(name, encoder)
    return encoder


def _require_shared_space(name: str, encoder: Encoder) -> None:
    """SigLIP's configuration allows towers without a pooled output, or of different widths: no cosine then."""
    if encoder.config.model_type != "siglip":
        return
    vision, text = encoder.config.vision_config, encoder.config.text_config
    if not vision.vision_use_head or vision.hidden_size != text.projection_size:
        image = vision.hidden_size if vision.vision_use_head else "no"
        raise ModelError(
            f"base checkpoint '{name}' has no space that both towers share: {image} image dimensions, "
            f"{text.projection_size} text dimensions: {CURE}"
        )


def load_tokenizer(name: str, folder: Path, encoder: Encoder) -> Tokenizer:
    """The tokenizer, proven on a sentence.

    Raises:
        ModelError: if it is damaged, knows no words, or belongs to another text tower.
    """
    with explained(name, "tokenizer", (Exception,)):  # tokenizers raises nothing narrower
        tokenizer: Tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        found = set(tokenizer(_PROBE)["input_ids"])
    # Without its files, transformers makes a tokenizer that knows nothing and goes on.
    if len(found - set(tokenizer.all_special_ids)) < len(_PROBE.split()) // 2:
        raise ModelError(f"base checkpoint '{name}': its tokenizer knows no words: save it again, or {CURE}")
    known = encoder.config.text_config.vocab_size
    if max(found) >= known:
        raise ModelError(
            f"base checkpoint '{name}': its tokenizer gives token {max(found)}, but its text tower has {known}: "
            f"it belongs to another model; {CURE}"
        )
    return tokenizer
