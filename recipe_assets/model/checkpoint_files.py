"""Which files make a checkpoint in Hugging Face layout, and its model card: by name and text, nothing is loaded.

No torch. How files become a model is `checkpoints`' subject, where they come from is `hub`'s.
"""

from pathlib import Path

import yaml
from huggingface_hub import metadata_load

from recipe_assets.release.manifest import BaseCheckpoint

CARD = "README.md"
CONFIG = "config.json"
SAFETENSORS = ("model.safetensors", "model-*-of-*.safetensors")
PICKLES = ("pytorch_model.bin", "pytorch_model-*-of-*.bin")
PARTS = {
    "configuration": (CONFIG,),
    "weights": (*SAFETENSORS, *PICKLES),
    "tokenizer": ("tokenizer.json", "vocab.json", "spiece.model", "tokenizer.model"),
    "image processor": ("preprocessor_config.json", "processor_config.json"),
}
"""The parts of a dual encoder that keywords need, each in any of the files that may hold it."""


def missing_part(folder: Path) -> str | None:
    """The first part that the folder lacks, with the file it would be in; None if all are there."""
    for part, files in PARTS.items():
        if not any(path.is_file() for pattern in files for path in folder.glob(pattern)):
            return f"{part} ({files[0]})"
    return None


def has_safetensors(folder: Path) -> bool:
    """Whether the weights are, or are also, in the format that cannot run code."""
    return any(any(folder.glob(pattern)) for pattern in SAFETENSORS)


def licence_of(folder: Path) -> str | None:
    """What the model card states as `license` in its front matter; None where it states nothing.

    `license: other` is said by its `license_name`, several licences joined by " and ".
    Source: Hugging Face, "Model cards", metadata.
    """
    try:
        found = metadata_load(folder / CARD) or {}
    except (OSError, ValueError, yaml.YAMLError):
        return None
    stated = found.get("license")
    if stated == "other":
        stated = found.get("license_name") or stated
    if isinstance(stated, list):
        stated = " and ".join(str(one) for one in stated)
    return str(stated).strip() if stated else None


def write_card(folder: Path, source: BaseCheckpoint) -> None:
    """Say beside a tuned checkpoint what it was tuned from, so that its licence goes on with it."""
    known = {"license": source.licence, "base_model": source.name, "base_model_revision": source.revision}
    front = yaml.safe_dump({key: value for key, value in known.items() if value}, sort_keys=False)
    origin = f"{source.name}, revision {source.revision}" if source.revision else source.name
    licence = source.licence or "not stated by its model card"
    text = f"# Keyword model\n\nTuned from {origin}.\nLicence of what it was tuned from: {licence}.\n"
    (folder / CARD).write_text(f"---\n{front}---\n\n{text}", encoding="utf-8")
