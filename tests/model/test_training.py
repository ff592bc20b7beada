"""Fine-tuning on squares of three colors: learns, repeats, stops, and says when it cannot."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from recipe_assets.errors import ModelError
from recipe_assets.model.photo_data import PhotoData, augment, load_squares, normalize
from recipe_assets.model.sampling import balanced_batches
from recipe_assets.model.training import TrainingConfig, fine_tune, predict_logits, warmup_cosine
from recipe_assets.studio.photos import Preprocessing, pixel_values
from tests.model import colors
from tests.studio.pictures import encode, picture

CONFIG = TrainingConfig(epochs=6, batch_size=12, learning_rate=2e-3, head_factor=2.5)


def accuracy(model: object, data: PhotoData) -> float:
    return float((predict_logits(model, data.squares).argmax(dim=1) == data.labels).float().mean())


def test_three_colors_are_learned_in_a_few_epochs(untrained_checkpoint: Path) -> None:
    model, seen = colors.fresh(untrained_checkpoint), []
    result = fine_tune(model, colors.squares(48, 1), colors.squares(18, 2), CONFIG, seen.append)
    assert accuracy(model, colors.squares(60, 3)) > 0.9
    assert result.best.val_macro_accuracy > 0.9
    assert result.history == tuple(seen)
    assert [metrics.epoch for metrics in seen] == list(range(1, len(seen) + 1))
    assert not model.training
    assert seen[-1].train_loss < seen[0].train_loss


def test_the_same_seed_gives_the_same_history_and_another_seed_another(untrained_checkpoint: Path) -> None:
    config = msgspec.structs.replace(CONFIG, epochs=2)
    data = colors.squares(24, 1), colors.squares(9, 2)
    first, second, other = (
        fine_tune(colors.fresh(untrained_checkpoint), *data, msgspec.structs.replace(config, seed=seed)).history
        for seed in (17, 17, 18)
    )
    assert first == second
    assert first != other


def test_the_weights_of_the_best_epoch_are_kept_and_training_stops_early(untrained_checkpoint: Path) -> None:
    """Validation labels are turned after the start, so that learning makes it worse from some epoch on."""
    val = colors.squares(18, 2)
    wrong = replace(val, labels=(val.labels + 1) % 3)
    model, weights = colors.fresh(untrained_checkpoint), {}
    config = msgspec.structs.replace(CONFIG, epochs=30, patience=2)

    def keep(metrics: object) -> None:
        weights[metrics.epoch] = model.head.detach().clone()

    result = fine_tune(model, colors.squares(48, 1), wrong, config, keep)
    assert len(result.history) == result.best.epoch + 2 < 30
    assert torch.equal(model.head.detach(), weights[result.best.epoch])
    assert not torch.equal(model.head.detach(), weights[result.history[-1].epoch])
    key = [(metrics.val_macro_accuracy, -metrics.val_loss) for metrics in result.history]
    assert key[result.best.epoch - 1] == max(key)


@pytest.mark.parametrize(("train", "val"), [(0, 3), (3, 0)])
def test_an_empty_split_is_an_error_with_both_counts(untrained_checkpoint: Path, train: int, val: int) -> None:
    with pytest.raises(ModelError, match=f"{train} training and {val} validation photos"):
        fine_tune(colors.fresh(untrained_checkpoint), colors.squares(train, 1), colors.squares(val, 1), CONFIG)


@pytest.mark.parametrize("epochs", [1, 5])
def test_a_loss_that_is_no_number_stops_training_with_the_cure(untrained_checkpoint: Path, epochs: int) -> None:
    """With one step in the only epoch, the broken weights show in validation alone, and were kept as the best."""
    config = TrainingConfig(epochs=epochs, batch_size=24, learning_rate=1e30, head_factor=1)
    model = colors.fresh(untrained_checkpoint)
    with pytest.raises(ModelError, match="lower the learning rate") as raised:
        fine_tune(model, colors.squares(24, 1), colors.squares(9, 2), config)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("counts", "batch"), [((50, 5, 2), 12), ((7, 7), 4), ((100, 1), 64), ((3,), 2)])
def test_every_keyword_is_drawn_equally_often(counts: tuple[int, ...], batch: int) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    batches = list(balanced_batches(labels, batch, np.random.default_rng(0)))
    drawn = np.concatenate(batches)
    assert len(drawn) == len(labels)
    assert all(len(found) == batch for found in batches[:-1])
    for found in batches:
        shares = np.bincount(labels[found], minlength=len(counts))
        assert shares.max() - shares.min() <= 1
    for keyword, count in enumerate(counts):
        own = drawn[labels[drawn] == keyword]
        for start in range(0, len(own), count):
            turn = own[start : start + count]
            assert len(set(turn)) == len(turn)  # none comes again before all came


def test_batches_repeat_with_the_seed_and_differ_between_epochs() -> None:
    labels = np.repeat(np.arange(3), (20, 6, 4))
    one, two = np.random.default_rng(4), np.random.default_rng(4)
    first, second = (np.concatenate(list(balanced_batches(labels, 8, generator))) for generator in (one, two))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, np.concatenate(list(balanced_batches(labels, 8, one))))


def test_the_learning_rate_rises_in_a_line_and_falls_in_a_cosine() -> None:
    factors = [warmup_cosine(step, 10, 110) for step in range(110)]
    assert factors[:10] == pytest.approx([0.1 * n for n in range(1, 11)])
    assert factors[10] == 1
    assert factors[60] == pytest.approx(0.5)
    assert all(before > after for before, after in pairwise(factors[10:]))
    assert warmup_cosine(110, 10, 110) == pytest.approx(0)
    assert warmup_cosine(1, 1, 1) == 1


def test_augmentation_keeps_form_and_range_and_repeats_with_its_generator() -> None:
    photos = colors.squares(9, 5).squares
    first, second, other = (augment(photos, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert (first.shape, first.dtype) == (photos.shape, torch.float32)
    assert first.min() >= 0
    assert first.max() <= 255
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[3])


def test_augmentation_leaves_a_photo_recognizable() -> None:
    """Mild by design: bowls differ by size alone, so a photo must stay nearer to itself than to gray."""
    photo = torch.from_numpy(np.asarray(picture(2, (64, 64))).transpose(2, 0, 1).copy())[None].repeat(40, 1, 1, 1)
    moved = augment(photo, torch.Generator().manual_seed(0))
    assert (moved.mean(dim=(1, 2, 3)) - photo.float().mean()).abs().max() < 0.4 * photo.float().mean()
    assert (moved - photo.float()).abs().mean() > 5


def test_stored_thumbnails_become_the_input_that_serving_computes() -> None:
    spec = Preprocessing(size=48)
    photos = [picture(seed, (90, 70)) for seed in range(3)]
    tensor = load_squares([encode(photo, "PNG") for photo in photos], spec)
    assert (tensor.shape, tensor.dtype) == ((3, 3, 48, 48), torch.uint8)
    expected = np.stack([pixel_values(photo, spec) for photo in photos])
    np.testing.assert_allclose(normalize(tensor, spec).numpy(), expected, atol=1e-6)
    assert load_squares([], spec).shape == (0, 3, 48, 48)


def test_predictions_do_not_depend_on_the_batch_size(untrained_checkpoint: Path) -> None:
    model, photos = colors.fresh(untrained_checkpoint), colors.squares(7, 1).squares
    torch.testing.assert_close(predict_logits(model, photos, 2), predict_logits(model, photos), atol=1e-4, rtol=0)
    assert predict_logits(model, photos[:0]).shape == (0, 3)
