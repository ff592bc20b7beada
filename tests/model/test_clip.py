"""Checkpoints as people have them: good, wrong, broken."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPModel

from recipe_assets.errors import ModelError
from recipe_assets.model.clip import BUILTIN, HEAD_FILE, KeywordModel, load_base, text_embeddings
from recipe_assets.model.training import predict_logits
from tests.model import colors

WEIGHTS = "model.safetensors"


@pytest.fixture
def checkpoint(untrained_checkpoint: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(untrained_checkpoint, tmp_path / "my-clip"))


def error_of(name: Path | str) -> str:
    with pytest.raises(ModelError) as raised:
        load_base(str(name))
    message = str(raised.value)
    assert "\n" not in message
    assert str(name) in message
    return message


def test_a_local_folder_loads_and_is_named_without_its_path(untrained_checkpoint: Path) -> None:
    base = load_base(str(untrained_checkpoint))
    assert (base.source.name, base.source.licence) == ("untrained-clip", "mit")
    assert base.preprocessing.size == 32
    assert base.preprocessing.mean == pytest.approx((0.48145466, 0.4578275, 0.40821073))
    assert not base.clip.training


@pytest.mark.skipif(not (BUILTIN["builtin:tiny"] / WEIGHTS).is_file(), reason="builtin:tiny is not here yet")
def test_the_builtin_checkpoint_loads_and_is_small_enough_to_commit() -> None:
    base = load_base("builtin:tiny")
    assert base.source.name == "builtin:tiny"
    assert base.clip.dtype == torch.float32
    assert sum(path.stat().st_size for path in BUILTIN["builtin:tiny"].iterdir()) < 12 * 2**20


def test_another_builtin_does_not_exist_and_the_one_that_does_is_named() -> None:
    assert "builtin is only builtin:tiny" in error_of("builtin:huge")


def test_a_missing_folder_names_it_and_the_setting(tmp_path: Path) -> None:
    assert "set RECIPE_BASE_CHECKPOINT to" in error_of(tmp_path / "nowhere")


def test_a_model_that_is_not_clip_is_told_apart_by_its_type(checkpoint: Path) -> None:
    (checkpoint / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_size": 32}))
    message = error_of(checkpoint)
    assert "is a 'bert' model, not CLIP" in message
    assert "set RECIPE_BASE_CHECKPOINT" in message


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, b"\x10\x00\x00\x00\x00\x00\x00\x00{}"])
def test_corrupt_weights_name_the_checkpoint_and_the_cure(checkpoint: Path, content: bytes) -> None:
    (checkpoint / WEIGHTS).write_bytes(content)
    assert "cannot be loaded" in error_of(checkpoint)


def test_truncated_weights_are_an_error(checkpoint: Path) -> None:
    weights = checkpoint / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1000])
    assert "RECIPE_BASE_CHECKPOINT" in error_of(checkpoint)


@pytest.mark.parametrize("missing", [WEIGHTS, "config.json", "tokenizer.json", "preprocessor_config.json"])
def test_a_checkpoint_that_lacks_a_file_is_an_error(checkpoint: Path, missing: str) -> None:
    gone = checkpoint / missing
    if missing == "preprocessor_config.json" and not gone.is_file():
        gone = checkpoint / "processor_config.json"
    gone.unlink()
    assert "cannot be loaded" in error_of(checkpoint)


@pytest.mark.parametrize("tower", ["vision_model.", "text_model."])
def test_weights_that_lack_a_tower_are_an_error_and_not_a_tower_of_noise(checkpoint: Path, tower: str) -> None:
    """Missing weights are filled with random numbers by default: half a checkpoint would train, badly."""
    weights = load_file(checkpoint / WEIGHTS)
    kept = {name: value for name, value in weights.items() if not name.startswith(tower)}
    assert 0 < len(kept) < len(weights)
    save_file(kept, checkpoint / WEIGHTS, metadata={"format": "pt"})
    error_of(checkpoint)


def test_a_config_that_contradicts_the_weights_is_an_error(checkpoint: Path) -> None:
    config = json.loads((checkpoint / "config.json").read_text())
    config["vision_config"]["hidden_size"] = 64
    (checkpoint / "config.json").write_text(json.dumps(config))
    error_of(checkpoint)


def test_a_config_that_is_no_json_is_an_error(checkpoint: Path) -> None:
    (checkpoint / "config.json").write_text("{")
    error_of(checkpoint)


def test_the_untuned_head_is_the_text_of_the_prompts_in_keyword_order(untrained_checkpoint: Path) -> None:
    model = colors.fresh(untrained_checkpoint)
    prompts = [f"a photo of a {color} square." for color in ("red", "green", "blue")]
    torch.testing.assert_close(model.head.detach(), text_embeddings(model.base, prompts))
    turned = KeywordModel.from_base(model.base, colors.KEYWORDS[::-1])
    torch.testing.assert_close(turned.head.detach(), model.head.detach().flip(0))
    torch.testing.assert_close(model.head.detach().norm(dim=1), torch.ones(3))


def test_untuned_logits_are_those_of_clip_itself(untrained_checkpoint: Path) -> None:
    model = colors.fresh(untrained_checkpoint)
    clip = CLIPModel.from_pretrained(untrained_checkpoint).eval()
    texts = [f"a photo of a {word.prompt}." for word in colors.KEYWORDS]
    tokens = model.base.tokenizer(texts, padding=True, return_tensors="pt")
    pixels = torch.randn(4, 3, 32, 32)
    with torch.inference_mode():
        expected = clip(pixel_values=pixels, **tokens).logits_per_image
        torch.testing.assert_close(model(pixels), expected, atol=1e-4, rtol=1e-4)


def test_a_very_long_prompt_is_cut_and_not_refused(untrained_checkpoint: Path) -> None:
    base = load_base(str(untrained_checkpoint))
    assert text_embeddings(base, ["pan " * 500, "pan"]).shape == (2, 32)


def test_a_saved_model_gives_the_same_logits_and_keywords(untrained_checkpoint: Path, tmp_path: Path) -> None:
    model = colors.fresh(untrained_checkpoint)
    with torch.no_grad():
        model.head += 0.1 * torch.randn(model.head.shape)
        model.clip.visual_projection.weight += 0.05
    model.save(tmp_path / "tuned")
    loaded = KeywordModel.load(tmp_path / "tuned")
    photos = colors.squares(6, 0).squares
    assert torch.equal(predict_logits(loaded, photos), predict_logits(model, photos))
    assert loaded.keywords == colors.KEYWORDS
    assert loaded.base.preprocessing == model.base.preprocessing


def test_a_folder_without_a_head_is_no_keyword_model(untrained_checkpoint: Path) -> None:
    assert not (untrained_checkpoint / HEAD_FILE).exists()
    with pytest.raises(ModelError, match=r"untrained-clip holds no keyword model: materialize fine_tuned_model"):
        KeywordModel.load(untrained_checkpoint)
