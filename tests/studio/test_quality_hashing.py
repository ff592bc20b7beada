"""Perceptual hashes and the groups they make."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from recipe_assets.studio.quality import (
    NEAR_DUPLICATE_BITS,
    connected_groups,
    near_duplicate_pairs,
    perceptual_hash,
)
from tests.studio.pictures import encode, picture


def distance(left: Image.Image, right: Image.Image) -> int:
    return (perceptual_hash(left) ^ perceptual_hash(right)).bit_count()


@pytest.mark.parametrize("seed", range(8))
def test_a_copy_that_was_saved_again_brightened_or_shrunk_is_a_near_duplicate(seed: int) -> None:
    photo = picture(seed, (360, 240))
    again = Image.open(io.BytesIO(encode(photo, quality=70)))
    brighter = ImageEnhance.Brightness(photo).enhance(1.05)
    for copy in (again, brighter, photo.resize((270, 180)), photo.convert("L")):
        assert distance(photo, copy) <= NEAR_DUPLICATE_BITS


def test_different_pictures_are_no_near_duplicates() -> None:
    photos = [picture(seed) for seed in range(20)]
    assert all(distance(a, b) > NEAR_DUPLICATE_BITS for i, a in enumerate(photos) for b in photos[i + 1 :])


def test_a_hash_is_64_bits_of_one_picture_always() -> None:
    photo = picture(3)
    assert perceptual_hash(photo) == perceptual_hash(photo.copy())
    assert all(0 <= perceptual_hash(picture(seed)) < 2**64 for seed in range(20))
    assert any(perceptual_hash(picture(seed)) >= 2**63 for seed in range(20))


@pytest.mark.parametrize("bits", [0, 1, 4, 7, 8, 30, 64])
def test_pairs_are_those_of_a_comparison_of_all_with_all(bits: int) -> None:
    generator = np.random.default_rng(bits)
    hashes = generator.integers(0, 2**64, 60, dtype=np.uint64)
    flips = np.uint64(1) << generator.integers(0, 64, (20, 4)).astype(np.uint64)
    hashes = np.concatenate([hashes, hashes[:20] ^ np.bitwise_xor.reduce(flips, axis=1), hashes[:5]])
    values = [int(value) for value in hashes]
    expected = [(i, j) for i in range(85) for j in range(i + 1, 85) if (values[i] ^ values[j]).bit_count() <= bits]
    assert near_duplicate_pairs(hashes, bits) == expected
    assert len(expected) >= 5


@pytest.mark.parametrize("seed", range(20))
def test_bands_find_what_a_comparison_of_all_with_all_finds(seed: int) -> None:
    generator = np.random.default_rng(seed)
    centers = generator.integers(0, 2**64, 40, dtype=np.uint64)
    hashes = centers[generator.integers(0, 40, 400)]
    for _ in range(4):  # up to four flips, so that neighbors are up to eight bits apart, around the limit
        flipped = generator.random(400) < 0.6
        hashes[flipped] ^= (np.uint64(1) << generator.integers(0, 64, 400).astype(np.uint64))[flipped]
    bits = int(generator.integers(0, 8))
    left, right = np.triu_indices(400, 1)
    close = np.bitwise_count(hashes[left] ^ hashes[right]) <= bits
    expected = list(zip(left[close].tolist(), right[close].tolist(), strict=True))
    assert near_duplicate_pairs(hashes, bits) == expected
    assert expected


def test_many_equal_photos_are_all_pairs_once() -> None:
    pairs = near_duplicate_pairs(np.full(300, 12345, np.uint64))
    assert pairs == [(i, j) for i in range(300) for j in range(i + 1, 300)]


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_photos_make_no_pair(count: int) -> None:
    assert near_duplicate_pairs(np.zeros(count, np.uint64)) == []


def test_groups_are_the_connected_parts_whatever_the_order_of_the_pairs() -> None:
    pairs = [(5, 6), (1, 2), (2, 3), (6, 4), (3, 1)]
    expected = [0, 1, 1, 1, 4, 4, 4, 7]
    generator = np.random.default_rng(0)
    for _ in range(10):
        assert connected_groups(8, [pairs[i] for i in generator.permutation(len(pairs))]) == expected


def test_a_long_chain_is_one_group() -> None:
    assert set(connected_groups(5000, [(i, i + 1) for i in reversed(range(4999))])) == {0}
    assert connected_groups(3, []) == [0, 1, 2]
