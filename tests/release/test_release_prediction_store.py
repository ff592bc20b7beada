"""Files of predictions in a folder and in S3: never overwritten, listed by day, whole."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from recipe_assets.errors import ReleaseError
from recipe_assets.release.places import open_objects
from recipe_assets.release.prediction_store import PredictionStore, open_predictions
from recipe_assets.release.store import open_store
from tests.release.conftest import Place, Studio
from tests.s3 import s3_client

DAY = date(2026, 11, 23)
KEY = "predictions/date=2026-11-23/api-1-000001.parquet"


@pytest.fixture
def store(place: Place) -> PredictionStore:
    return open_predictions(place.url, getattr(place, "client", None))


def test_a_file_comes_back_whole_under_a_name_that_tells_its_day(place: Place, store: PredictionStore) -> None:
    assert store.put(DAY, "api-1-000001", b"rows") == KEY
    assert place.read(KEY) == b"rows"
    [file] = store.files(DAY, DAY)
    assert (file.key, file.day, file.bytes) == (KEY, DAY, 4)
    assert store.read(file) == b"rows"
    assert store.url == f"{place.url}/predictions"


def test_storing_a_file_again_changes_nothing(store: PredictionStore) -> None:
    assert {store.put(DAY, "api-1-000001", b"rows") for _ in range(3)} == {KEY}
    assert len(store.files(DAY, DAY)) == 1


def test_a_file_never_overwrites_another_one(place: Place, store: PredictionStore) -> None:
    store.put(DAY, "api-1-000001", b"rows")
    second = store.put(DAY, "api-1-000001", b"the same rows, written by a newer version")
    assert second != KEY
    assert store.put(DAY, "api-1-000001", b"the same rows, written by a newer version") == second
    assert place.read(KEY) == b"rows"
    assert [file.bytes for file in store.files(DAY, DAY)] == [len(place.read(second)), 4]


def test_many_apis_that_store_the_same_file_at_once_store_it_once(place: Place, store: PredictionStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(lambda _: store.put(DAY, "api-1-000001", b"rows"), range(16)))
    assert set(keys) == {KEY}
    assert place.read(KEY) == b"rows"
    assert len(store.files(DAY, DAY)) == 1


def test_files_are_listed_by_day_and_strangers_are_left_out(place: Place, store: PredictionStore) -> None:
    for day in (22, 23, 24):
        store.put(date(2026, 11, day), "api-1-000001", b"rows")
    for name in (".api-1-000002.parquet.partial", "notes.txt", "deeper/api-1-000001.parquet", "a b.parquet"):
        place.write(f"predictions/date=2026-11-23/{name}", b"x")
    assert [file.day.day for file in store.files(date(2026, 11, 23), date(2026, 11, 30))] == [23, 24]
    assert store.files(date(2026, 12, 1), date(2026, 12, 2)) == []
    assert store.files(date(2026, 12, 2), date(2026, 12, 1)) == []


def test_a_store_without_predictions_has_none(store: PredictionStore) -> None:
    assert store.files(DAY, DAY) == []


@pytest.mark.parametrize("name", ["", "../latest", "a/b", "a.b", "-a", "ä"])
def test_a_name_cannot_lead_elsewhere(store: PredictionStore, name: str) -> None:
    with pytest.raises(ReleaseError, match="cannot name a file"):
        store.put(DAY, name, b"rows")


def test_a_file_that_was_removed_is_one_line(place: Place, store: PredictionStore) -> None:
    store.put(DAY, "api-1-000001", b"rows")
    [file] = store.files(DAY, DAY)
    place.delete(KEY)
    with pytest.raises(ReleaseError, match=r"000001\.parquet is gone"):
        store.read(file)


def test_predictions_and_releases_live_side_by_side(studio: Studio, store: PredictionStore) -> None:
    store.put(DAY, "api-1-000001", b"rows")
    pointer = studio.publish(1)
    store.put(DAY, "api-1-000002", b"rows")
    assert [manifest.release_id for manifest in studio.store.list_releases()] == [pointer.release_id]
    assert len(store.files(DAY, DAY)) == 2


def test_a_bucket_out_of_reach_is_one_line() -> None:
    store = open_predictions("s3://bucket/prefix", s3_client("http://127.0.0.1:9"))
    with pytest.raises(ReleaseError, match="cannot be reached"):
        store.put(DAY, "api-1-000001", b"rows")


@pytest.mark.parametrize("url", ["", "http://host/x", "s3://", "file://host/x"])
def test_a_url_is_one_of_a_release_store_or_none(url: str) -> None:
    messages = []
    for open_it in (open_predictions, open_objects, open_store):
        with pytest.raises(ReleaseError, match="RECIPE_RELEASES") as raised:
            open_it(url)
        messages.append(str(raised.value))
    assert len(set(messages)) == 1
