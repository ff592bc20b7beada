"""Drift of production from training: what the distance is, what chance does to it, and what counts once."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon

from recipe_assets.production.collecting import no_predictions
from recipe_assets.production.drift import (
    LIMIT,
    answered_photos,
    divergence,
    drift,
    keyword_mix,
    recent,
)
from recipe_assets.production.views import by_day, disagreements, moves, shadowed, traffic

NAMES = [f"keyword-{number}" for number in range(12)]
LONG_TAIL = np.array([0.2, 0.16, 0.13, 0.11, 0.1, 0.08, 0.07, 0.05, 0.04, 0.03, 0.02, 0.01])
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def training(shares: np.ndarray = LONG_TAIL, photos: int = 600, seed: int = 1) -> pd.DataFrame:
    """Photos in recipe groups of five that share a keyword half of the time."""
    return pd.DataFrame(_clustered(shares, photos, 5, seed), columns=["group", "keyword"])


def predictions(
    shares: np.ndarray = LONG_TAIL, photos: int = 400, each: int = 20, seed: int = 2, days: int = 5
) -> pd.DataFrame:
    """Photos in bursts of `each`, an hour apart, over some days; photos of a burst are alike."""
    rows = _clustered(shares, photos, each, seed)
    bursts = sorted({burst for burst, _ in rows})
    start = {burst: NOON + timedelta(days=index % days, hours=index // days) for index, burst in enumerate(bursts)}
    return table(
        [
            {
                "time": start[burst] + timedelta(seconds=number % each),
                "keyword": keyword,
                "photo_sha256": str(number),
            }
            for number, (burst, keyword) in enumerate(rows)
        ]
    )


def _clustered(shares: np.ndarray, photos: int, each: int, seed: int) -> list[tuple[str, str]]:
    generator = np.random.default_rng(seed)
    own = generator.choice(len(shares), photos, p=shares)
    common = np.repeat(generator.choice(len(shares), -(-photos // each), p=shares), each)[:photos]
    codes = np.where(generator.random(photos) < 0.5, common, own)
    return [(f"{number // each:05d}", NAMES[code]) for number, code in enumerate(codes)]


def table(rows: list[dict[str, object]]) -> pd.DataFrame:
    """A table of predictions with sensible values for what the rows leave out."""
    usual = {
        "kind": "prediction", "time": NOON, "release_id": "r1", "photo_sha256": "0", "client": None,
        "needs_review": False, "keyword": NAMES[0], "confidence": 90.0, "source": "file",
    }  # fmt: skip
    typed = no_predictions()
    full = [{**usual, "row_id": str(number), **row} for number, row in enumerate(rows)]
    frame = pd.DataFrame(full, columns=typed.columns)
    frame["time"] = pd.to_datetime(frame["time"], utc=True)
    return frame.astype(typed.dtypes.to_dict())


def test_the_distance_is_that_of_scipy() -> None:
    generator = np.random.default_rng(0)
    one, other = generator.integers(0, 30, (50, 12)), generator.integers(0, 30, (50, 12))
    expected = jensenshannon(one, other, base=2, axis=1) ** 2
    assert divergence(one.astype(float), other.astype(float)) == pytest.approx(expected)


def test_the_same_mix_is_no_distance_and_no_keyword_in_common_is_all_of_it() -> None:
    same = np.array([3.0, 2.0, 0.0])
    assert divergence(same, 10 * same) == pytest.approx(0, abs=1e-12)
    assert divergence(same, np.array([0.0, 0.0, 4.0])) == pytest.approx(1)


@pytest.mark.parametrize(("photos", "each"), [(200, 20), (100, 4), (400, 40)])
def test_without_drift_hardly_anybody_is_warned_however_few_the_photos(photos: int, each: int) -> None:
    """The plain distance of 200 photos in bursts is beyond the limit; what chance does is taken off."""
    found = [
        drift(training(seed=seed), answered_photos(predictions(photos=photos, each=each, seed=100 + seed)))
        for seed in range(20)
    ]
    assert sum(one.too_far for one in found) <= 1
    assert np.mean([one.distance for one in found]) < LIMIT
    if (photos, each) == (200, 20):
        plain = [
            float(
                np.sqrt(
                    divergence(*_counts(training(seed=seed), predictions(photos=100, each=20, seed=100 + seed)))
                )
            )
            for seed in range(20)
        ]
        assert np.mean(plain) > LIMIT


def _counts(one: pd.DataFrame, other: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return tuple(
        frame["keyword"].value_counts().reindex(NAMES, fill_value=0).to_numpy(float) for frame in (one, other)
    )  # type: ignore[return-value]


@pytest.mark.parametrize("each", [5, 20])
def test_a_mix_turned_around_is_found(each: int) -> None:
    found = drift(training(), answered_photos(predictions(LONG_TAIL[::-1], 400, each)))
    truth = float(np.sqrt(divergence(LONG_TAIL, LONG_TAIL[::-1])))
    assert found.too_far
    assert found.low < truth < found.high
    assert found.low <= found.distance <= found.high


def test_a_keyword_that_training_never_had_counts() -> None:
    answers = predictions(photos=200, each=10)
    answers["keyword"] = answers["keyword"].where(answers.index % 2 == 0, "new").astype("string")
    found = drift(training(), answered_photos(answers))
    assert found.too_far
    mix = keyword_mix(training(), answered_photos(answers))
    assert mix["keyword"].iloc[0] == "new"
    assert mix["production"].iloc[0] == 0.5
    assert mix[["training", "production"]].sum().tolist() == pytest.approx([1, 1])
    assert ((mix["low"] <= mix["production"]) & (mix["production"] <= mix["high"])).all()


def test_one_burst_judges_nothing() -> None:
    found = drift(training(), answered_photos(predictions(LONG_TAIL[::-1], photos=500, each=500, days=1)))
    assert (found.photos, found.bursts, found.enough, found.too_far) == (500, 1, False, False)
    assert np.isnan(found.low)


def test_nothing_answered_or_nothing_trained_on_is_no_distance() -> None:
    nobody = answered_photos(no_predictions())
    assert drift(training(), nobody).photos == 0
    assert not drift(training(), nobody).enough
    assert keyword_mix(training(), nobody)["production"].eq(0).all()
    assert recent(nobody).empty
    assert by_day(training(), nobody).empty
    assert traffic(nobody).empty
    untrained = training().head(0)
    assert not drift(untrained, answered_photos(predictions())).enough
    assert keyword_mix(untrained, answered_photos(predictions()))["training"].eq(0).all()


def test_a_photo_that_is_sent_again_counts_once_with_its_last_answer() -> None:
    rows = [{"photo_sha256": "a", "keyword": NAMES[0], "time": NOON}] * 5
    rows += [{"photo_sha256": "a", "keyword": NAMES[1], "time": NOON + timedelta(hours=1)}, {"photo_sha256": "b"}]
    mix = keyword_mix(training(), answered_photos(table(rows))).set_index("keyword")["photos"]
    assert mix[mix > 0].to_dict() == {NAMES[0]: 1, NAMES[1]: 1}


def test_a_burst_ends_with_a_long_pause_and_is_one_client_s_own() -> None:
    minutes = [0, 10, 20, 80, 85, 0, 10]
    clients = ["a"] * 5 + [None] * 2
    rows: list[dict[str, object]] = [
        {"time": NOON + timedelta(minutes=minute), "client": client, "photo_sha256": str(number)}
        for number, (minute, client) in enumerate(zip(minutes, clients, strict=True))
    ]
    found = answered_photos(table(rows)).sort_values("photo_sha256")["burst"].tolist()
    assert found == ["a#1", "a#1", "a#1", "a#2", "a#2", "#1", "#1"]


def test_the_newest_days_with_photos_are_judged() -> None:
    rows: list[dict[str, object]] = [
        {"time": NOON - timedelta(days=day)} for day in (0, 1, 2, 9, 10, 11, 12, 13, 14)
    ]
    kept = recent(answered_photos(table(rows)))
    assert len(kept) == 7
    assert kept["time"].min() == NOON - timedelta(days=12)


def test_a_day_tells_its_share_for_review_with_an_interval_and_its_drift_where_photos_are_enough() -> None:
    few = table(
        [{"time": NOON - timedelta(days=9), "needs_review": True, "photo_sha256": f"few-{n}"} for n in range(3)]
    )
    many = predictions(photos=600, each=20, days=2)
    many["needs_review"] = (many.index % 4 == 0) & True
    days = by_day(training(), answered_photos(pd.concat([few, many], ignore_index=True)))
    assert days["photos"].tolist() == [3, *days["photos"].tolist()[1:]]
    assert np.isnan(days["drift"].iloc[0])
    assert days["review"].iloc[0] == 1
    assert days["review_low"].iloc[0] < 0.6, "three photos of one burst prove little"
    last = days.iloc[-1]
    assert last["review_low"] < 0.25 < last["review_high"]
    assert days["predictions"].sum() == 603


def test_traffic_is_counted_by_release_and_client() -> None:
    rows: list[dict[str, object]] = [
        {"release_id": "r1", "client": "photoshop"},
        {"release_id": "r2", "client": "photoshop", "needs_review": True},
        {"release_id": "r2", "client": "photoshop"},
        {"release_id": "r2", "client": None, "photo_sha256": "b"},
        {"release_id": "r2", "kind": "shadow"},
    ]
    found = traffic(answered_photos(table(rows)))
    columns = ["release_id", "client", "predictions", "photos", "review_share"]
    assert found[columns].to_numpy().tolist() == [
        ["r2", "photoshop", 2, 1, 0.5],
        ["r2", "(no key)", 1, 1, 0.0],
        ["r1", "photoshop", 1, 1, 0.0],
    ]


def test_disagreements_of_a_candidate_are_listed_and_counted_and_no_answers_of_clients() -> None:
    shadow = {"kind": "shadow", "candidate_release_id": "r2"}
    rows: list[dict[str, object]] = [
        {},
        {**shadow, "keyword": "a", "candidate_keyword": "a"},
        {**shadow, "keyword": "a", "candidate_keyword": "b", "time": NOON + timedelta(minutes=1)},
        {**shadow, "keyword": "a", "candidate_keyword": "b", "time": NOON + timedelta(minutes=2)},
        {**shadow, "keyword": "c", "candidate_keyword": "a", "time": NOON + timedelta(minutes=3)},
    ]
    predicted = table(rows)
    assert len(answered_photos(predicted)) == 1
    assert shadowed(predicted).to_numpy().tolist() == [["r1", "r2", 4, 3, 0.75]]
    found = disagreements(predicted)
    assert found["keyword"].tolist() == ["c", "a", "a"]
    assert moves(found).to_numpy().tolist() == [["a", "b", 2], ["c", "a", 1]]
    assert shadowed(table([{}])).empty
    assert moves(disagreements(table([{}]))).empty
