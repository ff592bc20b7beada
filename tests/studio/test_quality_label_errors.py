"""Doubtful keywords: the paper's definitions by hand, planted errors found, clean and rare keywords left alone."""

import numpy as np
import pandas as pd
import pytest

from recipe_assets.studio.quality import (
    Pair,
    confident_joint,
    label_errors,
    out_of_fold_probabilities,
    photo_groups,
)
from recipe_assets.studio.quality.label_errors import (
    class_thresholds,
    confident_keywords,
    estimated_joint,
    normalized_margin,
    prune,
)
from recipe_assets.studio.quality.out_of_fold import FOLDS, deal_folds
from tests.studio.quality_tables import labelled_photos, separable, with_embeddings

LABELS = np.array([0, 0, 0, 1, 1, 2])
PROBABILITIES = np.array([
    [0.9, 0.1, 0.0],  # keyword 0, confidently 0
    [0.7, 0.2, 0.1],  # keyword 0, confidently 0
    [0.2, 0.8, 0.0],  # keyword 0, confidently 1
    [0.3, 0.7, 0.0],  # keyword 1, confidently 1
    [0.5, 0.3, 0.2],  # keyword 1, confident of nothing
    [0.6, 0.0, 0.4],  # keyword 2, of both 0 and 2: 0 is likelier
])  # fmt: skip
JOINT = [[2, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_thresholds_are_the_mean_self_confidence_of_each_keyword() -> None:
    np.testing.assert_allclose(class_thresholds(LABELS, PROBABILITIES), [0.6, 0.5, 0.4])
    assert class_thresholds(np.array([0]), np.array([[0.5, 0.5]]))[1] == np.inf


def test_the_confident_joint_is_that_of_the_paper() -> None:
    assert confident_keywords(LABELS, PROBABILITIES).tolist() == [0, 0, 1, 1, -1, 0]
    assert confident_joint(LABELS, PROBABILITIES).tolist() == JOINT


def test_the_estimated_joint_adds_up_to_the_given_keywords() -> None:
    shares = estimated_joint(np.array(JOINT), LABELS)
    np.testing.assert_allclose(shares, np.array([[2, 1, 0], [0, 2, 0], [1, 0, 0]]) / 6)
    np.testing.assert_allclose(shares.sum(axis=1), [3 / 6, 2 / 6, 1 / 6])


def test_a_keyword_of_which_no_photo_is_confident_is_taken_to_be_right() -> None:
    np.testing.assert_allclose(
        estimated_joint(np.array([[0, 0], [0, 3]]), np.array([0, 1, 1])), np.diag([1, 2]) / 3
    )


def test_the_margin_is_self_confidence_less_the_likeliest_other() -> None:
    np.testing.assert_allclose(normalized_margin(LABELS, PROBABILITIES), [0.8, 0.5, -0.6, 0.4, -0.2, -0.2])


def test_pruning_spares_the_only_photo_of_a_keyword() -> None:
    """The photo of keyword 2 stands off the diagonal as well, but would be all that keyword has."""
    assert prune(LABELS, PROBABILITIES).tolist() == [2]


def planted(seed: int, share: float, noise: float = 0.6) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Separable photos of 10 keywords in 8 recipes; of some the keyword is changed, the true ones are returned."""
    labelled, embeddings = separable(10, 8, 5, noise, seed=seed)
    generator = np.random.default_rng(seed)
    true = labelled["keyword"].copy()
    for row in generator.choice(len(labelled), round(share * len(labelled)), replace=False):
        labelled.loc[row, "keyword"] = generator.choice([name for name in true.unique() if name != true[row]])
    return labelled, embeddings, true


@pytest.mark.parametrize(("share", "recall"), [(0.02, 0.95), (0.1, 0.85)])
def test_changed_keywords_are_found_with_the_right_suggestion(share: float, recall: float) -> None:
    labelled, embeddings, true = planted(1, share)
    findings = label_errors(labelled, embeddings, photo_groups(labelled, []))
    wrong = set(labelled["file"][labelled["keyword"] != true])
    hits = set(findings["file"]) & wrong
    assert len(hits) >= 0.95 * len(findings)
    assert len(hits) >= recall * len(wrong)
    suggested = findings.set_index("file")["suggestion"][sorted(hits)]
    assert (suggested == true.set_axis(labelled["file"])[sorted(hits)]).mean() >= 0.95


def test_keywords_that_overlap_still_put_the_changed_ones_first() -> None:
    labelled, embeddings, true = planted(2, 0.05, noise=1.6)
    findings = label_errors(labelled, embeddings, photo_groups(labelled, []))
    wrong = set(labelled["file"][labelled["keyword"] != true])
    assert len(wrong & set(findings["file"][: len(wrong)])) >= 0.6 * len(wrong)
    assert findings["score"].is_monotonic_decreasing
    assert findings["score"].between(0.5, 1).all()


@pytest.mark.parametrize("seed", range(3))
def test_clean_keywords_are_hardly_doubted(seed: int) -> None:
    labelled, embeddings, _ = planted(seed, 0)
    assert len(label_errors(labelled, embeddings, photo_groups(labelled, []))) <= 0.005 * len(labelled)


def test_a_model_that_guesses_doubts_nearly_nothing() -> None:
    labelled, _, _ = planted(3, 0)
    noise = with_embeddings(labelled, np.random.default_rng(0).normal(size=(len(labelled), 32)))
    assert len(label_errors(labelled, noise, photo_groups(labelled, []))) <= 0.02 * len(labelled)


def test_a_rare_keyword_that_looks_like_another_is_never_doubted_altogether() -> None:
    labelled, embeddings = separable(4, 10, 4, noise=0.3)
    rare = labelled.index[labelled["keyword"] == "k00"][:6]
    labelled.loc[rare, "keyword"] = "rare"
    labelled.loc[rare, "recipe_id"] = ["x", "x", "x", "y", "y", "y"]
    found = label_errors(labelled, embeddings, photo_groups(labelled, []))
    assert len(set(found["file"]) & set(labelled["file"][rare])) <= 3


def test_a_keyword_of_a_single_recipe_cannot_be_judged() -> None:
    labelled, embeddings = separable(4, 10, 4)
    lone = labelled["recipe_id"] == "r0"
    labelled.loc[lone, "keyword"] = "lone"
    vectors = np.stack(list(embeddings["embedding"]))
    probabilities = out_of_fold_probabilities(
        vectors, labelled["keyword"].tolist(), labelled["recipe_id"].tolist()
    )
    assert np.isnan(probabilities[lone]).all()
    np.testing.assert_allclose(probabilities[~lone].sum(axis=1), 1, rtol=1e-5)
    assert not set(label_errors(labelled, embeddings, photo_groups(labelled, []))["file"]) & set(
        labelled["file"][lone]
    )


def test_probabilities_do_not_know_the_photo_s_own_group() -> None:
    """Every recipe is its own island: with its own photos in training, all would be told right."""
    generator = np.random.default_rng(0)
    islands = np.repeat(generator.normal(size=(40, 64)), 5, axis=0) + 0.01 * generator.normal(size=(200, 64))
    vectors = (islands / np.linalg.norm(islands, axis=1, keepdims=True)).astype(np.float32)
    keywords = np.repeat(generator.permutation(np.arange(40) % 4), 5)
    recipes = [f"r{number // 5}" for number in range(200)]
    names = [f"k{keyword}" for keyword in keywords]
    held_out = out_of_fold_probabilities(vectors, names, recipes).argmax(axis=1) == keywords
    leaking = out_of_fold_probabilities(vectors, names, [str(number) for number in range(200)]).argmax(axis=1)
    assert held_out.mean() < 0.5
    assert (leaking == keywords).mean() > 0.95


def test_the_same_photos_get_the_same_probabilities() -> None:
    labelled, embeddings = separable(3, 6, 3)
    arguments = (
        np.stack(list(embeddings["embedding"])),
        labelled["keyword"].tolist(),
        labelled["recipe_id"].tolist(),
    )
    np.testing.assert_array_equal(out_of_fold_probabilities(*arguments), out_of_fold_probabilities(*arguments))


@pytest.mark.parametrize("seed", range(5))
def test_folds_keep_groups_whole_and_spread_every_keyword(seed: int) -> None:
    generator = np.random.default_rng(seed)
    groups = [f"g{number}" for number in generator.integers(0, 60, 300)]
    targets = np.array([generator.choice(8, p=np.arange(1, 9) / 36) for _ in groups])
    targets[[groups.index("g1"), groups.index("g2")]] = 8  # a keyword in two groups only
    folds = deal_folds(targets, groups, seed)
    table = pd.DataFrame({"group": groups, "fold": folds, "target": targets})
    assert (table.groupby("group")["fold"].nunique() == 1).all()
    assert (table.groupby("target")["fold"].nunique() >= 2).all()
    sizes = table["fold"].value_counts()
    assert len(sizes) == FOLDS
    assert sizes.max() <= 1.5 * sizes.min()


@pytest.mark.parametrize("keywords", [[], [None, None], ["pan"], ["pan", "pan", "pan"], ["pan", "pot"]])
def test_too_little_to_compare_gives_no_findings(keywords: list[str | None]) -> None:
    labelled, _ = separable(1, max(1, len(keywords)), 1)
    labelled = labelled.iloc[: len(keywords)].assign(keyword=pd.array(keywords, dtype="string"))
    vectors = np.random.default_rng(0).normal(size=(len(keywords), 8))
    assert label_errors(labelled, with_embeddings(labelled, vectors), photo_groups(labelled, [])).empty


def test_groups_join_recipes_exact_copies_and_near_duplicates() -> None:
    labelled = labelled_photos(["pan"] * 6, ["r", "r", None, None, "s", None])
    labelled.loc[4, "sha256"] = labelled.loc[1, "sha256"]
    assert photo_groups(labelled, [Pair(2, 3, 0)]).tolist() == ["0", "0", "2", "2", "0", "5"]
    known = pd.Series(["x", None, "x", None, None, None])
    assert photo_groups(labelled, [Pair(2, 3, 0)], known).tolist() == ["0", "0", "0", "0", "0", "5"]
