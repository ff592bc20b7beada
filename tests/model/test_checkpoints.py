"""Checkpoints of both families as they should be: what is loaded, and what is written."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModel

from recipe_assets.model.checkpoints import load_base, save_base
from recipe_assets.model.families import family_of
from recipe_assets.model.identity import BUILTIN
from recipe_assets.release.manifest import BaseCheckpoint
from recipe_assets.studio.photos import Preprocessing, pixel_values

TEXTS = ["a photo of a frying pan.", "a red square"]


def test_a_local_folder_loads_and_is_named_without_its_path(untrained_checkpoint: Path) -> None:
    base = load_base(str(untrained_checkpoint))
    assert base.source == BaseCheckpoint("untrained-clip", "mit", None)
    assert base.preprocessing.size == 32
    assert base.preprocessing.mean == pytest.approx((0.48145466, 0.4578275, 0.40821073))
    assert not base.encoder.training


def test_siglip_brings_its_own_normalization_and_licence(untrained_siglip: Path) -> None:
    base = load_base(str(untrained_siglip))
    assert base.source == BaseCheckpoint("untrained-siglip", "apache-2.0", None)
    assert base.preprocessing == Preprocessing(32, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@pytest.mark.skipif(
    not (BUILTIN["builtin:tiny"] / "model.safetensors").is_file(), reason="builtin:tiny is not here yet"
)
def test_the_builtin_checkpoint_loads_and_is_small_enough_to_commit() -> None:
    base = load_base("builtin:tiny")
    assert (base.source.name, base.source.licence) == ("builtin:tiny", "MIT")
    assert base.encoder.dtype == torch.float32
    assert sum(path.stat().st_size for path in BUILTIN["builtin:tiny"].iterdir()) < 12 * 2**20


def test_embeddings_and_scale_are_those_of_transformers_itself(any_checkpoint: Path) -> None:
    base, bare = load_base(str(any_checkpoint)), AutoModel.from_pretrained(any_checkpoint).eval()
    pixels = torch.randn(4, 3, 32, 32)
    tokens = family_of(base.encoder).tokenize(base.tokenizer, TEXTS, 24)
    with torch.inference_mode():
        expected = bare(pixel_values=pixels, **tokens).logits_per_image
        logits = base.logit_scale * base.image_embeddings(pixels) @ base.text_embeddings(TEXTS).T
    bias = getattr(bare, "logit_bias", torch.zeros(1))
    torch.testing.assert_close(logits, expected - bias, atol=1e-3, rtol=1e-4)
    assert base.logit_scale.shape == ()


def test_embeddings_are_unit_vectors_and_pass_gradients_to_their_own_tower(any_checkpoint: Path) -> None:
    base = load_base(str(any_checkpoint))
    cases = [
        (base.image_embeddings(torch.randn(2, 3, 32, 32)), base.image_parameters(), base.text_parameters()),
        (base.text_embeddings(TEXTS), base.text_parameters(), base.image_parameters()),
    ]
    for found, own, other in cases:
        torch.testing.assert_close(found.norm(dim=1), torch.ones(2))
        base.encoder.zero_grad()
        found[0, 0].backward()
        assert all(parameter.grad is not None for parameter in own)
        assert all(parameter.grad is None for parameter in other)


def test_the_towers_hold_every_parameter_but_scale_and_bias(any_checkpoint: Path) -> None:
    base = load_base(str(any_checkpoint))
    found = [*base.image_parameters(), *base.text_parameters()]
    rest = {name for name, part in base.encoder.named_parameters() if all(part is not one for one in found)}
    assert len({id(one) for one in found}) == len(found)
    assert rest <= {"logit_scale", "logit_bias"}


def test_the_text_of_one_prompt_does_not_depend_on_its_neighbors(any_checkpoint: Path) -> None:
    base = load_base(str(any_checkpoint))
    alone, beside = base.text_embeddings(TEXTS[:1]), base.text_embeddings([*TEXTS, "pan " * 20])
    torch.testing.assert_close(alone[0], beside[0], atol=1e-5, rtol=1e-4)


def test_a_very_long_prompt_is_cut_and_not_refused(any_checkpoint: Path) -> None:
    assert load_base(str(any_checkpoint)).text_embeddings(["pan " * 500, "pan"]).shape == (2, 32)


@pytest.mark.parametrize(("name", "padding"), [("untrained_siglip", 1), ("untrained_siglip2", 0)])
def test_siglip_reads_lower_case_at_full_length_without_a_mask(
    name: str, padding: int, request: pytest.FixtureRequest
) -> None:
    """As in training; Gemma's tokenizer by itself would pad left and keep the capitals."""
    base = load_base(str(request.getfixturevalue(name)))
    tokens = family_of(base.encoder).tokenize(base.tokenizer, ["A Red SQUARE", "a red square"], 24)
    assert set(tokens) == {"input_ids"}
    first, second = tokens["input_ids"].tolist()
    assert first == second
    assert len(first) == 24
    end = first.index(1)
    assert end > 0
    assert set(first[end + 1 :]) == {padding}


def test_a_vit_b_32_of_real_shape_embeds_photos_and_texts(untrained_vit_b_32: Path) -> None:
    base = load_base(str(untrained_vit_b_32))
    assert base.encoder.dtype == torch.float32
    assert base.preprocessing == Preprocessing()
    shades = [Image.new("RGB", (300, 256), color) for color in ("red", "blue")]
    photos = torch.from_numpy(np.stack([pixel_values(shade, base.preprocessing) for shade in shades]))
    with torch.inference_mode():
        images, texts = base.image_embeddings(photos), base.text_embeddings(TEXTS)
    assert images.shape == texts.shape == (2, 512)
    assert torch.isfinite(images @ texts.T).all()
    for pair in (images, texts):
        assert not torch.allclose(pair[0], pair[1], atol=1e-4)
    assert sum(one.numel() for one in base.image_parameters()) == 87_849_216


def test_what_is_saved_is_loaded_by_plain_transformers(any_checkpoint: Path, tmp_path: Path) -> None:
    base = load_base(str(any_checkpoint))
    save_base(base, tmp_path / "saved")
    again = AutoModel.from_pretrained(tmp_path / "saved")
    assert type(again) is type(base.encoder)
    for name, value in base.encoder.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name
    assert not list((tmp_path / "saved").glob("*.bin"))


def test_its_image_processor_gives_plain_transformers_the_very_pixels(
    any_checkpoint: Path, tmp_path: Path
) -> None:
    """Also for SigLIP, whose own processor squashes: what was tuned on center crops must be fed center crops."""
    base = load_base(str(any_checkpoint))
    save_base(base, tmp_path / "saved")
    noise = np.random.default_rng(1).integers(0, 255, (20, 30, 3), np.uint8)
    photo = Image.fromarray(noise).resize((90, 60), Image.Resampling.BICUBIC)
    found = AutoImageProcessor.from_pretrained(tmp_path / "saved")(photo, return_tensors="np")["pixel_values"][0]
    np.testing.assert_allclose(found, pixel_values(photo, base.preprocessing), atol=1e-5)


def test_what_is_saved_loads_again_as_the_same(any_checkpoint: Path, tmp_path: Path) -> None:
    base = load_base(str(any_checkpoint))
    save_base(base, tmp_path / "saved")
    again = load_base(str(tmp_path / "saved"))
    assert again.preprocessing == base.preprocessing
    with torch.inference_mode():
        assert torch.equal(again.text_embeddings(TEXTS), base.text_embeddings(TEXTS))
