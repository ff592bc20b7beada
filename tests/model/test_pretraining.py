"""What pre-training is told of drawn scenes: which captions say the same, and what the vessel measures."""

import math

import numpy as np
import pytest
import torch

from recipe_assets.model.checkpoints import load_base
from recipe_assets.model.pretraining_loop import PretrainingConfig, Stage, pretrain
from recipe_assets.model.pretraining_losses import MeasureHead, part_targets, word_targets
from recipe_assets.model.pretraining_scenes import HANDLES, SIZE, Scenes, caption_groups
from recipe_assets.studio.photos import crop_square
from recipe_assets.studio.sample import draw_measured_step

NOTHING = [math.nan] * 6


def measures(keyword: str, seed: int) -> list[float]:
    vessel = draw_measured_step(keyword, np.random.default_rng(seed), size=(90, 60))[1]
    assert vessel is not None
    return [*vessel.center, vessel.diameter, vessel.height, HANDLES.index(vessel.handles), vessel.angle]


def test_captions_of_one_keyword_share_a_group_and_others_do_not() -> None:
    pan, tray = ["a photo of a frying pan", "a skillet"], ["a photo of an oven tray"]
    groups = caption_groups([*pan, *tray, "a red spoon beside a jar", "a red spoon beside a jar"]).tolist()
    assert groups[0] == groups[1]
    assert len(set(groups)) == 4


@pytest.mark.parametrize(
    ("keyword", "handles"), [("pan", "long"), ("pot-two-handles-small", "loops"), ("medium", "none")]
)
def test_patches_show_the_vessel_and_its_handles_where_they_are(keyword: str, handles: str) -> None:
    parts = part_targets(torch.tensor([measures(keyword, seed) for seed in range(8)]), 7)
    assert parts.shape == (8, 49, 3)
    shown = parts.amax(dim=1).mean(dim=0)
    assert shown[0] == 1
    assert [bool(share > 0.5) for share in shown[1:]] == [handles == "long", handles == "loops"]


def test_a_mirrored_photo_has_its_handle_on_the_other_side() -> None:
    """A pan with its handle to the right, mirrored: the head is told the same as of one with it to the left."""
    right = torch.tensor([[2.0, 0.0, 26.0, 5.0, 1.0, 0.0]])
    left = torch.tensor([[-2.0, 0.0, 26.0, 5.0, 1.0, math.pi]])
    torch.manual_seed(0)
    head = MeasureHead(8)
    tokens, pooled = torch.randn((1, 49, 8)), torch.randn((1, 8))
    with torch.inference_mode():
        mirrored = float(head.loss(tokens, pooled, right, torch.tensor([True])))
        others = [float(head.loss(tokens, pooled, pan, torch.tensor([False]))) for pan in (left, right)]
    assert mirrored == pytest.approx(others[0], rel=1e-5)
    assert mirrored != pytest.approx(others[1], rel=1e-2)


def test_photos_without_a_vessel_teach_no_measures() -> None:
    head = MeasureHead(8)
    loss = head.loss(
        torch.randn((2, 49, 8)), torch.randn((2, 8)), torch.tensor([NOTHING, NOTHING]), torch.ones(2).bool()
    )
    assert float(loss) == 0


def test_rare_words_weigh_more_and_special_ones_nothing() -> None:
    tokens = torch.tensor([[0, 2, 3, 1], [0, 2, 4, 1], [0, 2, 5, 1]])
    targets = word_targets(tokens, 8, {0, 1})
    assert targets[0, 3] > targets[0, 2]
    assert targets[:, [0, 1]].sum() == 0
    assert targets.sum(dim=1).tolist() == pytest.approx([1, 1, 1])


def test_a_guided_stage_lowers_every_part_of_its_loss() -> None:
    """Sixteen scenes, learned by heart from the built-in checkpoint."""
    names = ["pan", "pot-two-handles-medium", "medium", "saucepan"] * 4
    said = {"pan": "a skillet", "medium": "a medium mixing bowl", "saucepan": "a saucepan"}
    drawn = [
        draw_measured_step(name, np.random.default_rng(seed), size=(168, 112)) for seed, name in enumerate(names)
    ]
    squares = np.stack([crop_square(image, SIZE) for image, _ in drawn]).transpose(0, 3, 1, 2)
    truth = torch.tensor([measures(name, seed) for seed, name in enumerate(names)])
    captions = [said.get(name, "a medium pot with two handles") for name in names]
    scenes = Scenes(torch.from_numpy(squares.copy()), captions, truth)
    stage = Stage(world=0, studio=16, epochs=8, learning_rate=3e-4, guided=True)
    history = pretrain(load_base("builtin:tiny"), stage, PretrainingConfig(batch_size=16), scenes, lambda: None)
    assert all(last < first for first, last in zip(history[0], history[-1], strict=True))
