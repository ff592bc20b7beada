"""Checkpoints as people have them: of another kind, half there, damaged, dangerous. Each says what is wrong."""

import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from recipe_assets.model.checkpoints import load_base
from tests.model.breaking import CURE, WEIGHTS, edit, error_of

TEXTS = ["a photo of a frying pan.", "a red square"]


@pytest.fixture
def checkpoint(any_checkpoint: Path, tmp_path: Path) -> Path:
    """A copy to break, of each family."""
    return Path(shutil.copytree(any_checkpoint, tmp_path / "my-model"))


@pytest.fixture
def clip(untrained_checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of CLIP to break."""
    return Path(shutil.copytree(untrained_checkpoint, tmp_path / "my-clip"))


@pytest.fixture
def siglip(untrained_siglip: Path, tmp_path: Path) -> Path:
    """A copy of SigLIP to break."""
    return Path(shutil.copytree(untrained_siglip, tmp_path / "my-siglip"))


def test_another_builtin_does_not_exist_and_the_one_that_does_is_named() -> None:
    assert "builtin is only builtin:tiny" in error_of("builtin:huge")


@pytest.mark.parametrize("name", ["", "clip", "./models/clip"])
def test_what_is_neither_folder_nor_hub_id_says_what_may_be_set(name: str) -> None:
    assert f"is neither a folder nor a hub id: {CURE}" in error_of(name)


def test_a_missing_folder_names_it_and_the_setting(tmp_path: Path) -> None:
    assert CURE in error_of(tmp_path / "nowhere")


@pytest.mark.parametrize("kind", ["bert", "clip_vision_model", "siglip2", None])
def test_another_kind_of_model_is_told_by_its_type(clip: Path, kind: str | None) -> None:
    edit(clip / "config.json", lambda config: config.update(model_type=kind))
    (clip / WEIGHTS).unlink()
    message = error_of(clip)
    assert f"is a '{kind}' model, not CLIP or SigLIP" in message
    assert ("not NaFlex" in message) == (kind == "siglip2")
    assert CURE in message


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        (WEIGHTS, "weights (model.safetensors)"),
        ("config.json", "configuration (config.json)"),
        ("*processor_config.json", "image processor (preprocessor_config.json)"),
    ],
)
def test_a_missing_part_is_named_with_its_file(checkpoint: Path, pattern: str, part: str) -> None:
    for path in checkpoint.glob(pattern):
        path.unlink()
    assert f"has no {part}: save it with save_pretrained, or {CURE}" in error_of(checkpoint)


def test_a_missing_tokenizer_is_named(checkpoint: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "spiece.model"):
        (checkpoint / name).unlink(missing_ok=True)
    assert "has no tokenizer (tokenizer.json)" in error_of(checkpoint)


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, b"\x10\x00\x00\x00\x00\x00\x00\x00{}"])
@pytest.mark.parametrize("file", [WEIGHTS, "config.json", "preprocessor_config.json"])
def test_a_damaged_file_names_checkpoint_part_and_cure(checkpoint: Path, file: str, content: bytes) -> None:
    (checkpoint / file).write_bytes(content)
    message = error_of(checkpoint)
    part = {WEIGHTS: "weights", "config.json": "config.json"}.get(file, "image processor")
    assert f"its {part} cannot be loaded (" in message
    assert CURE in message


@pytest.mark.parametrize(
    "content", [b"", b'{"model": 7', b'{"model": {"type": "BPE", "vocab": {}, "merges": []}}']
)
def test_a_damaged_tokenizer_names_checkpoint_part_and_cure(checkpoint: Path, content: bytes) -> None:
    file = next(path for name in ("tokenizer.json", "spiece.model") if (path := checkpoint / name).is_file())
    file.write_bytes(content)
    assert "its tokenizer cannot be loaded (" in error_of(checkpoint)


def test_truncated_weights_are_an_error(checkpoint: Path) -> None:
    weights = checkpoint / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1000])
    assert "its weights cannot be loaded (" in error_of(checkpoint)


@pytest.mark.parametrize("tower", ["vision_model.", "text_model."])
def test_weights_that_lack_a_tower_are_an_error_and_not_a_tower_of_noise(checkpoint: Path, tower: str) -> None:
    """Missing weights are filled with random numbers by default: half a checkpoint would train, badly."""
    weights = load_file(checkpoint / WEIGHTS)
    kept = {name: value for name, value in weights.items() if not name.startswith(tower)}
    assert 0 < len(kept) < len(weights)
    save_file(kept, checkpoint / WEIGHTS, metadata={"format": "pt"})
    assert f"of its weights are missing, {tower}" in error_of(checkpoint)


def test_a_text_tower_without_its_projection_is_named(clip: Path) -> None:
    weights = load_file(clip / WEIGHTS)
    del weights["text_projection.weight"]
    save_file(weights, clip / WEIGHTS, metadata={"format": "pt"})
    assert "1 of its weights are missing, text_projection.weight among them" in error_of(clip)


def test_a_config_that_contradicts_the_weights_is_an_error(checkpoint: Path) -> None:
    edit(checkpoint / "config.json", lambda config: config["vision_config"].update(hidden_size=64))
    assert "its weights cannot be loaded (" in error_of(checkpoint)


@pytest.mark.parametrize(
    ("tower", "settings", "says"),
    [
        ("vision_config", {"vision_use_head": False}, "no image dimensions, 32 text dimensions"),
        ("text_config", {"projection_size": 48}, "32 image dimensions, 48 text dimensions"),
    ],
)
def test_siglip_towers_that_share_no_space_are_refused(
    siglip: Path, tower: str, settings: dict[str, Any], says: str
) -> None:
    edit(siglip / "config.json", lambda config: config[tower].update(settings))
    weights = load_file(siglip / WEIGHTS)
    weights["text_model.head.weight"] = weights["text_model.head.weight"].repeat(2, 1)[
        : settings.get("projection_size", 32)
    ]
    weights["text_model.head.bias"] = weights["text_model.head.bias"].repeat(2)[
        : settings.get("projection_size", 32)
    ]
    save_file(
        {name: value.contiguous() for name, value in weights.items()}, siglip / WEIGHTS, metadata={"format": "pt"}
    )
    assert f"has no space that both towers share: {says}" in error_of(siglip)


def test_a_tokenizer_of_another_model_is_refused(clip: Path, untrained_siglip: Path) -> None:
    edit(clip / "config.json", lambda config: config["text_config"].update(vocab_size=100))
    weights = load_file(clip / WEIGHTS)
    table = "text_model.embeddings.token_embedding.weight"
    save_file(weights | {table: weights[table][:100].clone()}, clip / WEIGHTS, metadata={"format": "pt"})
    assert "but its text tower has 100: it belongs to another model" in error_of(clip)


def test_a_tokenizer_that_knows_no_words_is_refused(clip: Path) -> None:
    """As transformers makes one where only tokenizer_config.json was copied: every word is unknown to it."""
    ends = {"<|startoftext|>": 0, "<|endoftext|>": 1}
    edit(clip / "tokenizer.json", lambda content: content["model"].update(vocab=ends, merges=[]))
    assert "its tokenizer knows no words" in error_of(clip)


def test_weights_in_a_pickle_alone_are_read_as_tensors(checkpoint: Path, any_checkpoint: Path) -> None:
    torch.save(load_file(checkpoint / WEIGHTS), checkpoint / "pytorch_model.bin")
    (checkpoint / WEIGHTS).unlink()
    found, expected = load_base(str(checkpoint)), load_base(str(any_checkpoint))
    with torch.inference_mode():
        assert torch.equal(found.text_embeddings(TEXTS), expected.text_embeddings(TEXTS))


class _Intruder:
    """What an attacker puts into a pickle."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(clip: Path, tmp_path: Path, writer: str) -> None:
    trace = tmp_path / "was-here"
    content = load_file(clip / WEIGHTS) | {"logit_scale": _Intruder(trace)}
    file = clip / "pytorch_model.bin"
    if writer == "torch":
        torch.save(content, file)
    else:
        file.write_bytes(pickle.dumps(content, protocol=2))
    (clip / WEIGHTS).unlink()
    assert "its weights cannot be loaded (" in error_of(clip)
    assert not trace.exists()
