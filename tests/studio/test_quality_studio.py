"""The whole studio: imbalance of keywords, shoots unlike all others, and all findings in one table."""

import numpy as np
import pandas as pd
import pytest

from recipe_assets.studio.quality import (
    FINDING_COLUMNS,
    KINDS,
    all_findings,
    exact_duplicates,
    imbalance,
    odd_shoots,
)
from recipe_assets.studio.quality.robust import leave_one_out_z
from tests.studio.quality_tables import labelled_photos, separable, usual_shoot, with_embeddings


def test_imbalance_by_hand() -> None:
    labelled = labelled_photos(["pan"] * 40 + ["pot"] * 20 + [None] * 5, [f"r{i % 7}" for i in range(65)])
    found = imbalance(labelled, ["pan", "pot", "grill"])
    assert (found.photos, found.keywords, found.ratio) == (60, 2, 2.0)
    entropy = -(2 / 3 * np.log(2 / 3) + 1 / 3 * np.log(1 / 3))
    assert found.effective_keywords == pytest.approx(np.exp(entropy))
    assert found.evenness == pytest.approx(entropy / np.log(2))
    assert (found.rare, found.missing) == ((), ("grill",))
    assert "'grill'" in found.advice


def test_even_keywords_are_perfectly_even() -> None:
    found = imbalance(labelled_photos(["pan", "pot", "tray"] * 30, [f"r{i % 5}" for i in range(90)]))
    assert (found.ratio, found.evenness, found.effective_keywords) == (1, pytest.approx(1), pytest.approx(3))
    assert "enough" in found.advice


def test_rare_keywords_have_few_photos_or_few_recipes() -> None:
    keywords = ["pan"] * 50 + ["pot"] * 30 + ["tray"] * 19
    recipes = [f"r{i}" for i in range(50)] + [f"s{i % 2}" for i in range(30)] + [f"t{i}" for i in range(19)]
    found = imbalance(labelled_photos(keywords, recipes))
    assert found.rare == ("tray", "pot")
    assert all(f"'{keyword}'" in found.advice for keyword in found.rare)


@pytest.mark.parametrize("keywords", [[], [None, None]])
def test_a_studio_without_keywords_has_no_imbalance(keywords: list[None]) -> None:
    labelled = labelled_photos(["pan"], ["r"]).iloc[:0] if not keywords else labelled_photos(keywords, ["r", "s"])
    found = imbalance(labelled)
    assert (found.photos, found.keywords, found.ratio, found.effective_keywords) == (0, 0, 1.0, 0.0)


def shoots(count: int, photos: int = 40, **odd: object) -> pd.DataFrame:
    """Usual shoots; `odd` facts hold for the last one."""
    tables = [usual_shoot(f"s{number}", photos, seed=number) for number in range(count)]
    tables[-1] = usual_shoot(f"s{count - 1}", photos, seed=count - 1, **odd)
    return pd.concat(tables, ignore_index=True)


def looks(raw: pd.DataFrame, shift: float, seed: int = 0) -> pd.DataFrame:
    """Embeddings: every recipe its own look; the last shoot's are moved by `shift`."""
    generator = np.random.default_rng(seed)
    recipes = raw["shoot"] + raw["recipe"]
    base = pd.Series(list(generator.normal(size=(recipes.nunique(), 64))), index=recipes.unique())
    vectors = np.stack(list(base[recipes])) + 0.3 * generator.normal(size=(len(raw), 64))
    vectors[(raw["shoot"] == raw["shoot"].iloc[-1]).to_numpy()] += shift * generator.normal(size=64)
    return with_embeddings(raw, vectors)


@pytest.mark.parametrize("seed", range(5))
def test_usual_shoots_are_not_odd(seed: int) -> None:
    raw = shoots(6 + seed)
    assert odd_shoots(raw, looks(raw, 0, seed)).empty


@pytest.mark.parametrize(
    ("facts", "word"),
    [({"brightness": 55.0}, "darker"), ({"brightness": 165.0}, "brighter"), ({"contrast": 15.0}, "flatter"),
     ({"sharpness": 60.0}, "softer"), ({"width": 300, "height": 200}, "smaller")],
)  # fmt: skip
def test_a_shoot_that_looks_different_is_found_and_explained(facts: dict, word: str) -> None:
    raw = shoots(6, **facts)
    for embeddings in (None, looks(raw, 0)):
        findings = odd_shoots(raw, embeddings)
        assert findings["shoot"].tolist() == ["s5"]
        assert findings["file"].isna().all()
        assert word in findings["detail"][0]


def test_a_shoot_of_other_things_is_found_by_its_embeddings() -> None:
    raw = shoots(7)
    findings = odd_shoots(raw, looks(raw, 1.5))
    assert findings["shoot"].tolist() == ["s6"]
    assert "other things" in findings["detail"][0]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_with_few_shoots_nothing_is_said(count: int) -> None:
    raw = shoots(count, brightness=10.0)
    assert odd_shoots(raw, looks(raw, 5)).empty


def test_a_shoot_of_a_single_recipe_is_not_odd_for_showing_it() -> None:
    raw = shoots(7)
    raw.loc[raw["shoot"] == "s6", "recipe"] = "one"
    assert odd_shoots(raw, looks(raw, 0)).empty


@pytest.mark.parametrize("seed", range(3))
def test_a_small_shoot_is_not_odd_for_its_noisy_mean(seed: int) -> None:
    raw = pd.concat([shoots(6, 300), usual_shoot("small", 10, seed=9)], ignore_index=True)
    assert odd_shoots(raw, looks(raw, 0, seed)).empty


def test_a_shoot_of_few_photos_is_neither_judged_nor_counted() -> None:
    tiny = usual_shoot("tiny", 5, brightness=5.0)
    assert odd_shoots(pd.concat([shoots(6), tiny], ignore_index=True)).empty
    assert odd_shoots(pd.concat([shoots(4), tiny], ignore_index=True)).empty


def test_leaving_one_out_does_not_let_an_outlier_hide_itself() -> None:
    scores = leave_one_out_z(np.array([10.0, 11, 9, 10, 50]), floor=1.0)
    assert scores[4] == 40  # the others' median is 10, their spread below the floor
    assert np.abs(scores[:4]).max() < 2


def everything() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """A studio of 160 photos with one fault of nearly every kind."""
    labelled, embeddings = separable(4, 10, 4)
    raw = usual_shoot("a", len(labelled))
    raw[["file", "sha256"]] = labelled[["file", "sha256"]]
    raw.loc[5, "highlight"] = 60.0
    raw.loc[6, "edges"] = 4.0
    labelled.loc[20, "keyword"] = "k03"
    labelled.loc[40, "phash"] = labelled.loc[8, "phash"]
    return raw, labelled, embeddings


def test_all_findings_are_one_table_in_the_order_of_the_kinds() -> None:
    raw, labelled, embeddings = everything()
    steps: list[str] = []
    findings = all_findings(raw, labelled, embeddings, on_progress=steps.append)
    assert list(findings.columns) == FINDING_COLUMNS
    kinds = ["dark", "blurry", "near_duplicate", "conflicting_labels", "conflicting_labels", "label_error"]
    assert findings["finding"].tolist() == kinds
    assert findings["file"].tolist() == ["0005.jpg", "0006.jpg", "0040.jpg", "0008.jpg", "0040.jpg", "0020.jpg"]
    assert findings["score"].between(0, 1).all()
    assert findings["detail"].str.len().min() > 10
    assert steps == ["odd photos", "near-duplicates", "doubtful keywords", "odd shoots"]


def test_known_groups_are_held_out_together() -> None:
    """With all recipes of a keyword in one group, its photos cannot be judged; groups may lack photos."""
    raw, labelled, embeddings = everything()
    groups = labelled[["shoot", "file"]].assign(group="one")
    assert "label_error" in set(all_findings(raw, labelled, embeddings, groups.iloc[:1])["finding"])
    half = groups[(labelled["keyword"] == "k00").to_numpy()].iloc[::2]
    assert "label_error" not in set(all_findings(raw, labelled, embeddings, half)["finding"])


def test_without_embeddings_the_rest_is_still_found() -> None:
    raw, labelled, _ = everything()
    assert set(all_findings(raw, labelled)["finding"]) == {
        "dark",
        "blurry",
        "near_duplicate",
        "conflicting_labels",
    }


def test_an_empty_studio_has_no_findings_and_the_same_columns() -> None:
    raw, labelled, embeddings = (table.iloc[:0] for table in everything())
    findings = all_findings(raw, labelled, embeddings)
    assert findings.empty
    assert list(findings.columns) == FINDING_COLUMNS
    assert findings.dtypes.equals(exact_duplicates(raw).dtypes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_told_in_sentences(kind: str) -> None:
    about = KINDS[kind]
    assert about.meaning.endswith(".")
    assert about.action.endswith(".")
    assert not about.title.endswith(".")
    assert about.severity in ("warn", "error")
