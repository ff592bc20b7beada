"""What is taken over from a checkpoint's image processor, and what is refused."""

import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
from transformers import CLIPConfig, CLIPModel

from recipe_assets.model.checkpoints import BaseModel, load_base, save_base
from recipe_assets.studio.photos import Preprocessing
from tests.model.breaking import edit, error_of


@pytest.fixture
def clip(untrained_checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of CLIP to break."""
    return Path(shutil.copytree(untrained_checkpoint, tmp_path / "my-clip"))


def processor_of(folder: Path) -> Path:
    return next(path for path in folder.glob("*processor_config.json"))


def test_an_image_processor_that_does_not_normalize_is_taken_at_its_word(clip: Path) -> None:
    edit(processor_of(clip), lambda stated: stated.update(do_normalize=False))
    spec = load_base(str(clip)).preprocessing
    assert (spec.mean, spec.std) == ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@pytest.mark.parametrize("settings", [{"do_rescale": False}, {"rescale_factor": 1 / 127.5}])
def test_pixels_that_are_not_scaled_to_one_are_refused(clip: Path, settings: dict[str, Any]) -> None:
    edit(processor_of(clip), lambda stated: stated.update(settings))
    assert "its image processor cannot be loaded (it does not scale pixels to 0-1)" in error_of(clip)


@pytest.mark.parametrize(("side", "warned"), [(256, False), (384, True)])
def test_a_model_that_reads_more_pixels_than_thumbnails_have_is_loaded_with_a_warning(
    tmp_path: Path, untrained_checkpoint: Path, caplog: pytest.LogCaptureFixture, side: int, warned: bool
) -> None:
    base = load_base(str(untrained_checkpoint))
    config = CLIPConfig(**base.encoder.config.to_dict())
    config.vision_config.image_size = side
    save_base(
        BaseModel(CLIPModel(config), base.tokenizer, Preprocessing(size=side), base.source), tmp_path / "big"
    )
    with caplog.at_level(logging.WARNING, "recipe_assets"):
        assert load_base(str(tmp_path / "big")).preprocessing.size == side
    assert ("reads 384 x 384 pixels, but stored thumbnails have a short side of 256" in caplog.text) == warned
    assert ("enlarged 1.5 times" in caplog.text) == warned
