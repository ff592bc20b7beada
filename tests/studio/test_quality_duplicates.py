"""Copies are found, steps of one recipe are not taken for copies, and contradicting keywords are told."""

import hashlib
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance

from recipe_assets.studio.quality import (
    DROP,
    Pair,
    conflicting_labels,
    exact_duplicates,
    near_duplicate_photos,
    near_duplicates,
    perceptual_hash,
)
from recipe_assets.studio.quality.neighbors import embedding_rows, nearest_neighbors
from tests.studio.pictures import picture
from tests.studio.quality_tables import labelled_photos, typed, usual_shoot, with_embeddings

Studio = tuple[pd.DataFrame, pd.DataFrame]


def studio(photos: list[Image.Image], recipes: list[str | None]) -> Studio:
    """Photos with their hashes; the embedding is the picture itself at 12 x 8, to which crops stay near."""
    hashes = [perceptual_hash(photo) for photo in photos]
    labelled = labelled_photos(["pan"] * len(photos), recipes, hashes)
    small = [np.asarray(photo.resize((12, 8), Image.Resampling.BOX), dtype=float).ravel() for photo in photos]
    return labelled, with_embeddings(labelled, np.stack(small) - 128)


def distinct(count: int) -> list[Image.Image]:
    return [picture(seed, (360, 240)) for seed in range(count)]


def crop(photo: Image.Image) -> Image.Image:
    """Seven percent less at each side: no more than 4 bits of hash survive that for most pictures."""
    width, height = photo.size
    return photo.crop((width * 5 // 100, height * 2 // 100, width * 99 // 100, height * 96 // 100))


def found(studio: Studio, embeddings: bool = True) -> set[tuple[int, int]]:
    return {
        (pair.left, pair.right) for pair in near_duplicate_photos(studio[0], studio[1] if embeddings else None)
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda photo: ImageEnhance.Brightness(photo).enhance(1.05),
        lambda photo: ImageEnhance.Color(photo).enhance(0.3),
        lambda photo: photo.resize((180, 120)),
        lambda photo: photo.convert("L").convert("RGB"),
    ],
)
def test_a_changed_copy_is_found_by_its_hash_alone(change: Callable[[Image.Image], Image.Image]) -> None:
    photos = [*distinct(20), change(picture(3, (360, 240)))]
    assert found(studio(photos, [f"r{i}" for i in range(21)]), embeddings=False) == {(3, 20)}


def test_crops_are_found_by_embeddings_across_recipes_and_nothing_else() -> None:
    photos = [*distinct(40), *(crop(picture(seed, (360, 240))) for seed in range(10))]
    cropped = studio(photos, [f"r{i}" for i in range(50)])
    expected = {(seed, 40 + seed) for seed in range(10)}
    by_hash = found(cropped, embeddings=False)
    assert by_hash < expected
    assert found(cropped) <= expected
    assert len(found(cropped)) >= 8


@pytest.mark.parametrize(("recipes", "is_copy"), [
    (("r", "r"), False), (("r", "s"), True), (("r", None), True), ((None, "r"), True), ((None, None), False),
])  # fmt: skip
def test_look_alikes_may_be_steps_of_one_recipe(recipes: tuple[str | None, str | None], is_copy: bool) -> None:
    """Where neither name tells the recipe, photos of one shoot may be steps as well."""
    cropped = studio([*distinct(40), crop(picture(0, (360, 240)))], [recipes[0], *["x"] * 39, recipes[1]])
    assert found(cropped, embeddings=False) == set()
    assert found(cropped) == ({(0, 40)} if is_copy else set())


def test_a_model_that_finds_all_photos_alike_makes_no_copies_of_them() -> None:
    labelled, _ = studio(distinct(60), [f"r{i}" for i in range(60)])
    labelled["phash"] = pd.array([((1 << (i % 9)) - 1) << 20 for i in range(60)], dtype="UInt64")
    generator = np.random.default_rng(0)
    collapsed = with_embeddings(labelled, 10 + 0.1 * generator.normal(size=(60, 32)))
    cosines = nearest_neighbors(embedding_rows(labelled, collapsed)[1], 59)[1]
    assert cosines.min() > 0.99
    assert all(pair.cosine is None for pair in near_duplicate_photos(labelled, collapsed))


@pytest.mark.parametrize(("bits", "is_copy"), [(18, True), (19, False)])
def test_embeddings_alone_make_no_copy_where_hashes_are_far_apart(bits: int, is_copy: bool) -> None:
    photos = [*distinct(20), picture(0, (360, 240))]
    labelled, embeddings = studio(photos, [f"r{i}" for i in range(21)])
    flipped = int(labelled.loc[0, "phash"]) ^ ((1 << bits) - 1)
    labelled["phash"] = pd.array([*labelled["phash"][:20], flipped], dtype="UInt64")
    assert found((labelled, embeddings)) == ({(0, 20)} if is_copy else set())


def test_masks_and_exact_copies_make_no_pairs() -> None:
    photos = [*distinct(15), *[picture(1, (360, 240))] * 3]
    labelled, embeddings = studio(photos, [f"r{i}" for i in range(18)])
    labelled.loc[16, "sha256"] = labelled.loc[1, "sha256"]
    labelled.loc[17, "tag"] = "mask"
    assert found((labelled, embeddings)) == {(1, 15)}


def test_near_duplicates_name_the_earlier_photo_once_each() -> None:
    labelled = labelled_photos(["pan"] * 4, ["a", "b", "c", "d"])
    findings = near_duplicates(labelled, [Pair(0, 2, 4), Pair(1, 2, 0), Pair(0, 3, 17, 0.93)])
    assert findings["file"].tolist() == ["0002.jpg", "0003.jpg"]
    assert findings["score"].tolist() == [1.0, pytest.approx(0.52)]
    assert "a/0001.jpg" in findings["detail"][0]
    assert "0.93" in findings["detail"][1]


def test_exact_copies_are_told_to_drop_and_the_photo_with_a_telling_name_stays() -> None:
    raw = usual_shoot(count=6)
    raw.loc[[0, 2, 4], "sha256"] = "same"
    raw.loc[0, "recipe"] = pd.NA
    findings = exact_duplicates(raw)
    assert findings["file"].tolist() == ["000.jpg", "004.jpg"]
    assert set(findings["suggestion"]) == {DROP}
    assert all("a/002.jpg" in detail for detail in findings["detail"])


def test_empty_files_are_no_copies_of_each_other() -> None:
    empty = hashlib.sha256(b"").hexdigest()
    assert exact_duplicates(usual_shoot(count=3, sha256=empty, problem="empty file")).empty


def test_the_minority_of_a_group_gets_the_majority_as_suggestion() -> None:
    labelled = labelled_photos(["pan", "pan", "medium", "pan", None], list("abcde"))
    findings = conflicting_labels(labelled, [Pair(0, 1, 0), Pair(1, 2, 2), Pair(1, 3, 4), Pair(2, 4, 0)])
    assert findings[["file", "suggestion", "score"]].to_numpy().tolist() == [["0002.jpg", "pan", 0.75]]
    assert "'pan', not 'medium'" in findings["detail"][0]


def test_without_majority_both_sides_are_found_without_suggestion() -> None:
    findings = conflicting_labels(labelled_photos(["pan", "medium"], ["a", "b"]), [Pair(0, 1, 0)])
    assert findings["suggestion"].tolist() == ["", ""]


@pytest.mark.parametrize("keywords", [["pan", "pan"], ["pan", None], [None, None]])
def test_equal_or_missing_keywords_do_not_conflict(keywords: list[str | None]) -> None:
    assert conflicting_labels(labelled_photos(keywords, ["a", "b"]), [Pair(0, 1, 0)]).empty


@pytest.mark.parametrize("block", [1, 100_000])
def test_neighbors_are_those_of_all_with_all_whatever_the_block(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recipe_assets.studio.quality.neighbors._BLOCK_BYTES", block)
    vectors = np.random.default_rng(1).normal(size=(90, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    indices, cosines = nearest_neighbors(vectors, 5)
    expected = vectors @ vectors.T - 3 * np.eye(90)
    np.testing.assert_array_equal(indices, np.argsort(-expected, axis=1)[:, :5])
    np.testing.assert_allclose(cosines, -np.sort(-expected, axis=1)[:, :5], rtol=1e-5)


def test_embeddings_are_found_by_name_and_may_be_missing() -> None:
    photos = labelled_photos(["pan"] * 3, ["a", "b", "c"])
    embeddings = with_embeddings(photos, np.eye(3)).iloc[[2, 0]]
    known, vectors = embedding_rows(photos, embeddings)
    assert known.tolist() == [0, 2]
    assert vectors.tolist() == [[1, 0, 0], [0, 0, 1]]
    assert len(embedding_rows(photos, embeddings.iloc[:0])[0]) == 0
    assert len(embedding_rows(typed(photos.assign(shoot="other").to_dict("records")), embeddings)[0]) == 0
