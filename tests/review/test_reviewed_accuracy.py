"""How often a release is right, from people's words: bounds that hold whatever people did not look at."""

from datetime import UTC, datetime

import msgspec
import numpy as np
import pandas as pd
import pytest

from recipe_assets.release.manifest import KeywordMetrics, Manifest
from recipe_assets.release.results import ReviewRule
from recipe_assets.review.accuracy import (
    ALL,
    DOUBTFUL,
    SURE,
    below_promise,
    bounds,
    keyworded_photos,
    live_accuracy,
    promised,
    weighed,
)
from recipe_assets.review.history import Entry
from recipe_assets.review.reviewed import keyworded_rows
from tests.outbox.shop import BY_A_PERSON, RED
from tests.release import factory
from tests.review.desk import Desk


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    built = factory.build(tmp_path_factory.mktemp("release") / "built", golden="none")
    rule = ReviewRule(0.9, dict.fromkeys(factory.KEYWORDS, 0.8), coverage=0.8, accuracy=0.95)
    metrics = msgspec.structs.replace(
        built.metrics, per_keyword={name: KeywordMetrics(30, 0.9, 0.92) for name in factory.KEYWORDS}
    )
    return msgspec.structs.replace(built, review=rule, metrics=metrics)


def photos(
    part: str = SURE, keyword: str = "red-pan", recipes: int | None = None, **verdicts: int
) -> pd.DataFrame:
    """So many photos of each verdict ("none": nobody said anything), each of another recipe or of a few."""
    said = [None if name == "none" else name for name, count in verdicts.items() for _ in range(count)]
    groups = [f"{part}-{keyword}-{number % (recipes or len(said))}" for number in range(len(said))]
    return pd.DataFrame({"keyword": keyword, "part": part, "group": groups, "verdict": said})


@pytest.mark.parametrize(
    ("some", "accuracy"),
    [
        (photos(none=100), np.nan),
        (photos(confirmed=80, corrected=20), 0.8),
        (photos(confirmed=8, corrected=2, none=90), 0.8),
        (photos(corrected=10, none=90), 0.0),
        (photos(kept=50, none=50), np.nan),
        (photos(confirmed=9, corrected=1, kept=20, dropped=3, none=70), 0.9),
    ],
)
def test_the_accuracy_is_that_of_what_was_judged_and_lies_between_the_bounds(
    some: pd.DataFrame, accuracy: float
) -> None:
    found = bounds(some)
    assert found.accuracy == pytest.approx(accuracy, nan_ok=True)
    assert 0 <= found.low <= found.high <= 1
    if not np.isnan(found.accuracy):
        assert found.low <= found.accuracy <= found.high


def test_silence_proves_nothing_and_lowers_no_bound() -> None:
    """Three wrong ones corrected in three hundred, and nobody marked a right one: that is no accuracy of 0."""
    found = bounds(photos(corrected=3, none=297))
    assert (found.low, round(found.high, 2)) == (0.0, 1.0)
    assert bounds(photos(confirmed=90, corrected=10)).low == pytest.approx(0.826, abs=1e-3), "Wilson 1927"
    assert bounds(photos(confirmed=90, corrected=10)).high == pytest.approx(0.945, abs=1e-3)


def test_once_all_photos_are_judged_the_bounds_are_one_interval_that_holds_the_truth() -> None:
    """Photos of one recipe succeed or fail together; with interval ends of 97.5 %, 95 % of cases are held."""
    generator = np.random.default_rng(7)
    held = 0
    for _ in range(100):
        shares = generator.beta(8, 2, 40)
        right = generator.random((40, 5)) < shares[:, None]
        some = pd.DataFrame(
            {
                "group": np.repeat(np.arange(40), 5),
                "verdict": np.where(right.ravel(), "confirmed", "corrected"),
                "keyword": "k",
                "part": SURE,
            }
        )
        found = bounds(some)
        held += found.low <= 0.8 <= found.high
    assert held >= 90


def test_bounds_hold_the_truth_whatever_people_choose_to_look_at() -> None:
    """Nine in ten wrong keywords are corrected, one in ten right ones is confirmed: still within."""
    generator = np.random.default_rng(3)
    held = 0
    for _ in range(100):
        right = generator.random(300) < 0.8
        seen = generator.random(300) < np.where(right, 0.1, 0.9)
        verdict = np.where(seen, np.where(right, "confirmed", "corrected"), None)
        found = bounds(pd.DataFrame({"group": np.arange(300), "verdict": verdict, "keyword": "k", "part": SURE}))
        held += found.low <= 0.8 <= found.high
    assert held == 100


def test_photos_of_one_recipe_are_worth_less_than_as_many_of_many() -> None:
    many, few = photos(confirmed=40, corrected=10), photos(confirmed=40, corrected=10, recipes=5)
    few["verdict"] = ["confirmed"] * 40 + ["corrected"] * 10
    few["group"] = [f"recipe {number // 10}" for number in range(50)]
    assert bounds(few).low < bounds(many).low
    assert bounds(few).high > bounds(many).high


def test_parts_are_weighed_by_their_photos_and_not_by_how_many_were_judged() -> None:
    """The review page asks about the doubtful fifth; the others are 80 % of all photos."""
    doubtful = photos(DOUBTFUL, confirmed=10, corrected=10)
    sure = photos(SURE, confirmed=19, corrected=1, none=60)
    found = weighed(pd.concat([doubtful, sure]))
    assert found.accuracy == pytest.approx(0.2 * 0.5 + 0.8 * 0.95)
    assert found.high == pytest.approx(0.2 * bounds(doubtful).high + 0.8 * bounds(sure).high)
    unjudged = weighed(pd.concat([doubtful, photos(SURE, none=80)]))
    assert np.isnan(unjudged.accuracy)
    assert unjudged.low == pytest.approx(0.2 * bounds(doubtful).low)


def test_promises_are_those_of_the_test_photos(manifest: Manifest) -> None:
    some = photos(none=10)
    assert promised(some, ALL, manifest) == pytest.approx(0.92), "the precision of the keyword that was said"
    assert promised(some, SURE, manifest) == 0.95
    assert promised(some, DOUBTFUL, manifest) == pytest.approx((0.9 - 0.8 * 0.95) / 0.2)
    assert np.isnan(promised(some.head(0), ALL, manifest))
    odd = msgspec.structs.replace(manifest, review=ReviewRule(0.9, {}, coverage=0.95, accuracy=1.0))
    assert np.isnan(promised(some, DOUBTFUL, odd)), "less than nothing would be left"
    older = msgspec.structs.replace(manifest, review=None)
    assert np.isnan(promised(some, SURE, older))
    unknown = some.assign(keyword="of another vocabulary")
    assert promised(unknown, ALL, manifest) == manifest.metrics.macro_accuracy


@pytest.mark.parametrize(
    ("some", "below"),
    [
        (photos(none=300), []),
        (photos(confirmed=95, corrected=5), []),
        (photos(corrected=3, none=297), []),
        (photos(corrected=100, none=200), [(ALL, ALL), (ALL, SURE), ("red-pan", ALL)]),
        (photos(corrected=19), []),
        (photos(corrected=40, recipes=1), []),
    ],
)
def test_only_what_even_the_high_bound_contradicts_is_below_the_promise(
    manifest: Manifest, some: pd.DataFrame, below: list[tuple[str, str]]
) -> None:
    found = below_promise(live_accuracy(some, manifest))
    assert list(zip(found["keyword"], found["part"], strict=True)) == below


def test_the_table_has_all_photos_both_parts_and_each_keyword(manifest: Manifest) -> None:
    some = pd.concat([photos(none=5), photos(DOUBTFUL, "blue-pot", confirmed=2, corrected=1, kept=4, dropped=1)])
    table = live_accuracy(some, manifest)
    assert list(zip(table["keyword"], table["part"], strict=True)) == [
        (ALL, ALL),
        (ALL, SURE),
        (ALL, DOUBTFUL),
        ("blue-pot", ALL),
        ("red-pan", ALL),
    ]
    assert table["photos"].tolist() == [13, 5, 8, 8, 5]
    assert table.loc[0, ["confirmed", "corrected", "kept", "dropped"]].tolist() == [2, 1, 4, 1]
    assert live_accuracy(some.head(0), manifest)["photos"].tolist() == [0, 0, 0]


def test_photos_are_those_of_the_release_with_what_people_said(desk: Desk) -> None:
    manifest = desk.shop.store.current_manifest()
    assert manifest is not None
    desk.type(RED, "gray-tray")
    desk.type(BY_A_PERSON, "red-pan")
    desk.answer("doubtful.jpg", str(desk.shop.rows()["doubtful.jpg"]["keyword"]))
    desk.edit("lime.png", "-XMP-dc:Title=x")
    history = desk.look().history
    rows, _ = keyworded_rows(desk.shop.tables)
    found = keyworded_photos(rows.values(), history, manifest).sort_values("keyword", ignore_index=True)
    assert len(found) == 5, "what a person had labelled was not keyworded by the release"
    said = {(row.keyword, row.part): row.verdict for row in found.itertuples() if row.verdict}
    assert said[("red-pan", SURE)] == "corrected"
    assert set(said.values()) == {"corrected", "confirmed", "kept"}
    assert set(found["part"]) == {SURE, DOUBTFUL}


def test_a_corrected_photo_still_counts_after_its_row_became_a_person_s(desk: Desk) -> None:
    manifest = desk.shop.store.current_manifest()
    assert manifest is not None
    desk.answer(RED, "gray-tray")
    history = desk.look().history
    rows = [
        msgspec.structs.replace(row, origin="person", release_id=None)
        for row in keyworded_rows(desk.shop.tables)[0].values()
    ]
    found = keyworded_photos(rows, history, manifest)
    assert found[["keyword", "part", "verdict"]].to_numpy().tolist() == [["red-pan", SURE, "corrected"]]


def test_words_about_another_release_do_not_count(desk: Desk) -> None:
    desk.answer(RED, "gray-tray", release_id="another")
    manifest = desk.shop.store.current_manifest()
    assert manifest is not None
    found = keyworded_photos([], desk.look().history, manifest)
    assert found.empty


def word(
    release_id: str | None, verdict: str, keyword: str | None, hour: int, origin: str = "review_page"
) -> Entry:
    """What somebody said of one photo that a release called a red pan."""
    return Entry(
        shoot="s",
        file="a.jpg",
        sha256="ab" * 32,
        keyword=keyword,
        origin=origin,  # type: ignore[arg-type]
        verdict=verdict,  # type: ignore[arg-type]
        release_id=release_id,
        shown_keyword="red-pan",
        shown_confidence=99.0,
        at=datetime(2026, 11, 22, hour, tzinfo=UTC),
        answer_id=f"a{hour}",
    )


@pytest.mark.parametrize("newer", ["20990101T000000Z-00000000", None])
@pytest.mark.parametrize(
    ("verdict", "keyword", "counts"),
    [
        ("withdrawn", None, None),
        ("corrected", "blue-pot", "corrected"),
        ("corrected", "red-pan", "confirmed"),
        ("confirmed", "blue-pot", "corrected"),
        ("dropped", None, "dropped"),
    ],
)
def test_the_last_word_judges_a_release_also_where_it_was_said_of_a_newer_one(
    manifest: Manifest, newer: str | None, verdict: str, keyword: str | None, counts: str | None
) -> None:
    history = [word(manifest.release_id, "confirmed", "red-pan", 1), word(newer, verdict, keyword, 2)]
    assert keyworded_photos([], history, manifest)["verdict"].tolist() == [counts]


def test_a_word_taken_back_under_a_newer_release_lets_the_file_s_word_count_again(manifest: Manifest) -> None:
    history = [
        word(manifest.release_id, "corrected", "blue-pot", 1, "outbox"),
        word(manifest.release_id, "confirmed", "red-pan", 2),
        word("20990101T000000Z-00000000", "withdrawn", None, 3),
    ]
    assert keyworded_photos([], history, manifest)["verdict"].tolist() == ["corrected"]


def test_a_photo_that_was_only_saved_is_not_judged_by_a_word_about_another_release(manifest: Manifest) -> None:
    history = [word("another", "corrected", "wok", 1), word(manifest.release_id, "kept", None, 2, "outbox")]
    assert keyworded_photos([], history, manifest)["verdict"].tolist() == ["kept"]


def test_photos_of_one_recipe_are_known_by_their_names(manifest: Manifest) -> None:
    names = ["HF_Y24_R01_W01_SE_K1_01__original.jpg", "HF_Y24_R01_W01_SE_K1_02__original.jpg", "other.jpg"]
    history = [
        Entry(
            shoot="s",
            file=name,
            sha256="ab" * 32,
            origin="outbox",
            verdict="kept",
            release_id=manifest.release_id,
            shown_keyword="red-pan",
            shown_confidence=99.0,
            at=datetime.now(UTC),
            answer_id=name,
        )
        for name in names
    ]
    assert keyworded_photos([], history, manifest)["group"].tolist() == ["HF-2024-K1", "HF-2024-K1", "s/other.jpg"]
