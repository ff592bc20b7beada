"""A keyword model: zero-shot from its prompts, the same after saving, and a base for the next one."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from recipe_assets.errors import ModelError
from recipe_assets.model.checkpoints import load_base
from recipe_assets.model.keyword_model import HEAD_FILE, KeywordModel
from recipe_assets.model.prompts import PROMPTS, prompt_embeddings
from recipe_assets.release.manifest import BaseCheckpoint
from tests.model import colors

PIXELS = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(5))


def logits(model: KeywordModel) -> torch.Tensor:
    with torch.inference_mode():
        return model.eval()(PIXELS)


def test_every_template_takes_one_prompt_and_the_first_is_clips_own() -> None:
    assert PROMPTS[0] == "a photo of a {}."
    assert len(set(PROMPTS)) == len(PROMPTS) >= 5
    assert all(template.format("pan").count("pan") == 1 for template in PROMPTS)


def test_the_head_of_one_keyword_is_the_direction_of_the_mean_of_its_prompts(any_checkpoint: Path) -> None:
    base = load_base(str(any_checkpoint))
    with torch.inference_mode():
        found = prompt_embeddings(base, colors.KEYWORDS)
        for row, word in zip(found, colors.KEYWORDS, strict=True):
            each = torch.cat([base.text_embeddings([template.format(word.prompt)]) for template in PROMPTS])
            mean = each.sum(dim=0)
            torch.testing.assert_close(row, mean / mean.norm(), atol=1e-5, rtol=1e-4)


def test_the_untuned_head_is_the_prompt_ensemble_in_the_order_of_the_keywords(any_checkpoint: Path) -> None:
    model = colors.fresh(any_checkpoint)
    with torch.inference_mode():
        expected = prompt_embeddings(model.base, colors.KEYWORDS)
    torch.testing.assert_close(model.head.detach(), expected)
    turned = KeywordModel.from_base(model.base, colors.KEYWORDS[::-1])
    torch.testing.assert_close(turned.head.detach(), expected.flip(0), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(model.head.detach().norm(dim=1), torch.ones(3))


def test_logits_are_those_of_transformers_itself_but_for_siglips_bias(any_checkpoint: Path) -> None:
    """The bias is one number for every keyword, so that it changes neither the order nor the shares."""
    model, bare = colors.fresh(any_checkpoint), AutoModel.from_pretrained(any_checkpoint).eval()
    with torch.inference_mode():
        images = torch.nn.functional.normalize(bare.get_image_features(PIXELS).pooler_output, dim=1)
        cosines = images @ model.head.T
        expected = cosines * bare.logit_scale.exp() + getattr(bare, "logit_bias", 0)
    difference = expected - logits(model)
    torch.testing.assert_close(difference, difference[0, 0].expand(4, 3), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(logits(model).softmax(dim=1), expected.softmax(dim=1), atol=1e-4, rtol=1e-3)


def test_the_length_of_a_head_row_does_not_count(any_checkpoint: Path) -> None:
    model = colors.fresh(any_checkpoint)
    before = logits(model)
    with torch.no_grad():
        model.head *= torch.tensor([[0.1], [1.0], [7.0]])
    torch.testing.assert_close(logits(model), before, atol=1e-4, rtol=1e-4)


@pytest.fixture
def tuned(any_checkpoint: Path) -> KeywordModel:
    """A model that is no longer its base."""
    model = colors.fresh(any_checkpoint)
    with torch.no_grad():
        for parameter in [*model.base.image_parameters(), model.head]:
            parameter += 0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    return model


def test_a_saved_model_gives_the_same_logits_and_keywords(tuned: KeywordModel, tmp_path: Path) -> None:
    tuned.save(tmp_path / "tuned")
    loaded = KeywordModel.load(tmp_path / "tuned")
    assert torch.equal(logits(loaded), logits(tuned))
    assert loaded.keywords == colors.KEYWORDS
    assert loaded.base.preprocessing == tuned.base.preprocessing


def test_what_is_saved_is_a_checkpoint_for_plain_transformers(tuned: KeywordModel, tmp_path: Path) -> None:
    tuned.save(tmp_path / "tuned")
    bare = AutoModel.from_pretrained(tmp_path / "tuned").eval()
    with torch.inference_mode():
        images = torch.nn.functional.normalize(bare.get_image_features(PIXELS).pooler_output, dim=1)
        assert torch.equal(images, tuned.base.image_embeddings(PIXELS))
    words = AutoTokenizer.from_pretrained(tmp_path / "tuned")
    assert words("a red square")["input_ids"] == tuned.base.tokenizer("a red square")["input_ids"]


def test_what_is_saved_can_be_tuned_further_and_keeps_its_licence(tuned: KeywordModel, tmp_path: Path) -> None:
    tuned.save(tmp_path / "first")
    base = load_base(str(tmp_path / "first"))
    assert base.source == BaseCheckpoint("first", tuned.base.source.licence, None)
    assert base.source.licence in ("mit", "apache-2.0")
    again = KeywordModel.from_base(base, colors.KEYWORDS)
    data = colors.squares(12, 3)
    optimizer = torch.optim.AdamW([*base.image_parameters(), again.head], lr=1e-3)
    pixels = data.squares.float() / 127.5 - 1
    losses = []
    for _ in range(12):
        loss = torch.nn.functional.cross_entropy(again(pixels), data.labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.7 * losses[0]
    again.save(tmp_path / "second")
    assert load_base(str(tmp_path / "second")).source.licence == tuned.base.source.licence


def test_the_card_names_what_it_was_tuned_from(untrained_checkpoint: Path, tmp_path: Path) -> None:
    base = load_base(str(untrained_checkpoint))
    source = BaseCheckpoint("openai/clip-vit-base-patch32", None, "3d74acf9a28c")
    KeywordModel.from_base(
        type(base)(base.encoder, base.tokenizer, base.preprocessing, source), colors.KEYWORDS
    ).save(tmp_path / "tuned")
    card = (tmp_path / "tuned" / "README.md").read_text()
    assert "base_model: openai/clip-vit-base-patch32\nbase_model_revision: 3d74acf9a28c\n" in card
    assert "license:" not in card
    assert "not stated by its model card" in card


def test_a_folder_without_a_head_is_no_keyword_model(untrained_checkpoint: Path) -> None:
    assert not (untrained_checkpoint / HEAD_FILE).exists()
    with pytest.raises(ModelError, match=r"untrained-clip holds no keyword model: materialize fine_tuned_model"):
        KeywordModel.load(untrained_checkpoint)
