"""From a shoot's raw keywords to one keyword a photo, or the reason."""

import pandas as pd
import pytest

from recipe_assets.studio.labels import keyword_counts, reason_kind, recipe_ids, standardize_shoot
from recipe_assets.studio.reading import COLUMNS
from recipe_assets.studio.vocabulary import Keyword, Vocabulary

WORDS = Vocabulary((Keyword("pan", "frying pan", ("skillet",)), Keyword("oven-tray", "oven tray")))


def raw_table(*rows: dict[str, object]) -> pd.DataFrame:
    """A raw table; what a row does not say is as for a good photo of the convention."""
    good = {
        "shoot": "W43", "sha256": "ab", "brand": "HF", "year": 2024, "recipe": "K1", "step": "01",
        "tag": "original", "iptc_keywords": [], "xmp_keywords": [], "phash": 2**64 - 1,
    }  # fmt: skip
    table = [{"file": f"{number}.jpg"} | good | row for number, row in enumerate(rows)]
    columns = {name: pd.Series([row.get(name) for row in table], dtype=kind) for name, kind in COLUMNS.items()}
    return pd.DataFrame(columns)


def standardize(*rows: dict[str, object]) -> pd.DataFrame:
    return standardize_shoot(raw_table(*rows), WORDS)


@pytest.mark.parametrize(
    ("row", "keyword", "reason"),
    [
        ({"iptc_keywords": ["Oven Tray", "2024"]}, "oven-tray", None),
        ({"xmp_keywords": ["Skillet"]}, "pan", None),
        ({"iptc_keywords": ["pan"], "xmp_keywords": ["oven-tray"]}, "pan", None),
        ({"iptc_keywords": ["retouch"], "xmp_keywords": ["pan"]}, None, "unknown: retouch"),
        ({}, None, "missing: the photo has no keyword"),
        ({"iptc_keywords": ["pan", "oven-tray"]}, None, "ambiguous: oven-tray, pan"),
        ({"iptc_keywords": ["pan"], "tag": "mask"}, None, "mask: not trained on"),
        ({"iptc_keywords": ["pan"], "tag": None}, "pan", None),
    ],
)
def test_a_photo_gets_one_keyword_or_the_reason(row: dict[str, object], keyword: object, reason: object) -> None:
    (found,) = standardize(row).to_dict("records")
    assert (found["keyword"] if keyword else None) == keyword
    assert (found["reason"] if reason else None) == reason
    assert pd.isna(found["keyword"]) == (keyword is None)
    assert pd.isna(found["reason"]) == (reason is None)


def test_unreadable_files_are_left_out_and_facts_are_kept() -> None:
    labelled = standardize({"problem": "empty file"}, {"iptc_keywords": ["pan"]}, {"problem": "damaged"})
    assert labelled["file"].tolist() == ["1.jpg"]
    assert labelled["phash"].tolist() == [2**64 - 1]
    assert labelled.index.tolist() == [0]


@pytest.mark.parametrize("rows", [[], [{"problem": "empty file"}]])
def test_a_shoot_without_a_usable_photo_gives_an_empty_table_of_the_same_columns(rows: list[dict]) -> None:
    full, empty = standardize({"iptc_keywords": ["pan"]}), standardize(*rows)
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)
    assert keyword_counts(empty, WORDS).sum().sum() == 0


def test_a_recipe_is_known_by_brand_year_and_code_together() -> None:
    ids = recipe_ids(raw_table({}, {"brand": "GC"}, {"year": 2025}, {"brand": None}, {"recipe": None}))
    assert ids.fillna("-").tolist() == ["HF-2024-K1", "GC-2024-K1", "HF-2025-K1", "-", "-"]


def test_reasons_are_counted_by_their_kind() -> None:
    labelled = standardize({}, {"iptc_keywords": ["a: b"]}, {"tag": "mask"}, {"iptc_keywords": ["pan"]})
    assert reason_kind(labelled["reason"]).dropna().tolist() == ["missing", "unknown", "mask"]


def test_counts_stand_in_vocabulary_order_with_zeros() -> None:
    labelled = standardize({"iptc_keywords": ["oven-tray"]}, {"iptc_keywords": ["oven-tray"], "shoot": "W44"})
    counts = keyword_counts(labelled, WORDS)
    assert counts.index.tolist() == ["pan", "oven-tray"]
    assert counts.loc["pan"].tolist() == [0, 0]
    assert counts.loc["oven-tray"].to_dict() == {"W43": 1, "W44": 1}
