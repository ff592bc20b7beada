"""From a shoot's raw keywords to one keyword a photo, or the reason."""

import pandas as pd
import pytest

from recipe_assets.studio.labels import (
    REASONS,
    keyword_counts,
    reason_kind,
    recipe_ids,
    standardize_shoot,
    unmapped_shares,
)
from recipe_assets.studio.reading import COLUMNS
from recipe_assets.studio.vocabulary import Keyword, Vocabulary

WORDS = Vocabulary((Keyword("pan", "frying pan", ("skillet",)), Keyword("oven-tray", "oven tray")))


def raw_table(*rows: dict[str, object]) -> pd.DataFrame:
    """A raw table; what a row does not say is as for a good photo of the convention."""
    good = {
        "shoot": "W43", "sha256": "ab", "brand": "HF", "year": 2024, "recipe": "K1", "step": "01",
        "tag": "original", "iptc_keywords": [], "xmp_keywords": [], "sidecar_keywords": [], "phash": 2**64 - 1,
    }  # fmt: skip
    table = [{"file": f"{number}.jpg"} | good | row for number, row in enumerate(rows)]
    columns = {name: pd.Series([row.get(name) for row in table], dtype=kind) for name, kind in COLUMNS.items()}
    return pd.DataFrame(columns)


def standardize(*rows: dict[str, object]) -> pd.DataFrame:
    return standardize_shoot(raw_table(*rows), WORDS)


@pytest.mark.parametrize(
    ("row", "keyword", "source"),
    [
        ({"iptc_keywords": ["Oven Tray", "2024"]}, "oven-tray", "IPTC"),
        ({"xmp_keywords": ["Skillet"]}, "pan", "XMP"),
        ({"sidecar_keywords": ["pan"]}, "pan", "sidecar"),
        ({"iptc_keywords": ["pan"], "xmp_keywords": ["skillet"]}, "pan", "IPTC"),
        ({"iptc_keywords": ["retouch"], "xmp_keywords": ["pan"]}, "pan", "XMP"),
        ({"iptc_keywords": ["pan"], "tag": None}, "pan", "IPTC"),
        ({"iptc_keywords": ["pan"], "extra": "low"}, "pan", "IPTC"),
        ({"iptc_keywords": ["pan"], "extra": "skillet"}, "pan", "IPTC"),
        ({"iptc_keywords": ["pan"], "recipe": None, "file": "oven/pan (3).jpg"}, "pan", "IPTC"),
    ],
)
def test_a_photo_gets_the_keyword_of_the_first_source_that_names_one(
    row: dict[str, object], keyword: str, source: str
) -> None:
    (found,) = standardize(row).to_dict("records")
    assert (found["keyword"], found["source"]) == (keyword, source)
    assert pd.isna(found["reason"])
    assert pd.isna(found["suggestion"])


@pytest.mark.parametrize(
    ("row", "reason", "suggestion"),
    [
        ({}, "missing: the photo has no keyword", None),
        ({"iptc_keywords": ["", " "]}, "missing: the photo has no keyword", None),
        ({"extra": "pan"}, "missing: the photo has no keyword", "pan"),
        ({"recipe": None, "file": "Oven Tray 03.jpg"}, "missing: the photo has no keyword", "oven-tray"),
        ({"iptc_keywords": ["wok", "colander", "wok"]}, "unknown: colander, wok", None),
        ({"iptc_keywords": ["ovn-tray"]}, "unknown: ovn-tray", "oven-tray"),
        ({"iptc_keywords": ["retouch"], "xmp_keywords": ["pann"]}, "unknown: pann, retouch", "pan"),
        ({"iptc_keywords": ["pan", "oven-tray"]}, "ambiguous: oven-tray, pan (IPTC)", None),
        (
            {"iptc_keywords": ["pan"], "xmp_keywords": ["oven-tray", "pan"]},
            "ambiguous: oven-tray, pan (XMP)",
            None,
        ),
        (
            {"iptc_keywords": ["pan"], "xmp_keywords": ["oven-tray"]},
            "conflicting: IPTC says pan, XMP says oven-tray",
            None,
        ),
        (
            {"iptc_keywords": ["pan"], "sidecar_keywords": ["oven-tray"]},
            "conflicting: IPTC says pan, sidecar says oven-tray",
            None,
        ),
        (
            {"xmp_keywords": ["pan"], "extra": "oven-tray"},
            "conflicting: XMP says pan, file name says oven-tray",
            None,
        ),
        (
            {"iptc_keywords": ["pan"], "recipe": None, "file": "day 1/Oven_Tray-2.jpg"},
            "conflicting: IPTC says pan, file name says oven-tray",
            None,
        ),
        ({"iptc_keywords": ["pan"], "tag": "mask"}, "mask: not trained on", None),
    ],
)
def test_a_photo_without_a_keyword_has_the_reason_and_the_nearest_keyword(
    row: dict[str, object], reason: str, suggestion: str | None
) -> None:
    (found,) = standardize(row).to_dict("records")
    assert pd.isna(found["keyword"])
    assert found["reason"] == reason
    assert reason.split(":")[0] in REASONS
    assert (None if pd.isna(found["suggestion"]) else found["suggestion"]) == suggestion


def test_metadata_that_holds_a_novel_gives_a_reason_that_people_can_read() -> None:
    (found,) = standardize({"xmp_keywords": [f"{n} " + "x" * 100_000 for n in range(500)]}).to_dict("records")
    assert len(found["reason"]) < 1200
    assert found["reason"].endswith(" and 490 more")


def test_what_a_person_decided_outranks_what_stands_in_the_photo() -> None:
    rows = raw_table(*({"iptc_keywords": ["pan"]} for _ in range(3)), {"iptc_keywords": ["pan"], "tag": "mask"})
    decided = {
        ("W43", "0.jpg", "ab"): "oven-tray",
        ("W43", "1.jpg", "ab"): "drop",
        ("W43", "2.jpg", "other bytes"): "oven-tray",
        ("W43", "3.jpg", "ab"): "oven-tray",
    }
    found = standardize_shoot(rows, WORDS, decided)
    assert found["keyword"].fillna("-").tolist() == ["oven-tray", "-", "pan", "-"]
    assert found["reason"].fillna("-").tolist() == ["-", "dropped: by review", "-", "mask: not trained on"]
    assert found["source"].fillna("-").tolist() == ["review", "review", "IPTC", "-"]


def test_the_share_of_words_that_say_no_keyword_leaves_out_masks_and_what_a_person_took_out() -> None:
    said: dict[str, object] = {"iptc_keywords": ["pan"]}
    unknown: dict[str, object] = {"iptc_keywords": ["a word of nobody"]}
    labelled = pd.concat(
        [
            standardize(said, unknown, {"tag": "mask"}, {"tag": "mask"}),
            standardize(said | {"shoot": "W44"}),
            standardize({"tag": "mask", "shoot": "W45"}),
            standardize({"shoot": "W46"}, {"shoot": "W46"}, said | {"shoot": "W46"}, unknown | {"shoot": "W46"}),
        ]
    )
    assert unmapped_shares(labelled).to_dict() == {"W43": 0.5, "W44": 0.0, "W45": 0.0, "W46": 0.25}
    dropped = standardize_shoot(raw_table(said, unknown), WORDS, {("W43", "1.jpg", "ab"): "drop"})
    assert unmapped_shares(dropped).to_dict() == {"W43": 0.0}


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
