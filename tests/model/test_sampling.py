"""Batches of an epoch: balanced for long tails, or the plain shuffle."""

import numpy as np
import pytest

from recipe_assets.model.sampling import balanced_batches, shuffled_batches


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


def test_shuffled_batches_show_every_photo_once() -> None:
    batches = list(shuffled_batches(10, 4, np.random.default_rng(0)))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert sorted(np.concatenate(batches)) == list(range(10))
    assert list(np.concatenate(batches)) != list(range(10))
