"""The model that is served: before, during and after a swap."""

import shutil
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from api.monitoring.observing import Observer
from api.releases import loading
from api.settings import Settings
from recipe_assets.errors import ReleaseError
from tests.api.conftest import Running, Studio, until
from tests.release import factory

PREDICT = "/api/v1/predict"
Serve = Callable[..., Running]


def test_the_api_is_alive_but_not_ready_until_a_release_is_published(studio: Studio, serve: Serve) -> None:
    running = serve()
    until(lambda: running.health()["last_error"] is not None)
    answer = running.client.get("/api/v1/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "loading"
    assert "has no release yet" in answer.json()["last_error"]
    assert "X-Model-Release" not in answer.headers
    for refused in (running.client.post(PREDICT, content=factory.photo()), running.client.get("/api/v1/model")):
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["Retry-After"]
    pointer = studio.publish(1)
    running.wait_for(pointer.release_id)
    answer = running.client.get("/api/v1/health")
    assert answer.status_code == 200
    expected = {"status": "ready", "release_id": pointer.release_id, "store": studio.url, "last_error": None}
    assert expected.items() <= answer.json().items()
    assert answer.headers["X-Model-Release"] == pointer.release_id


def test_the_model_is_described(api: Running, studio: Studio) -> None:
    content = api.client.get("/api/v1/model").json()
    pointer = studio.store.read_pointer().pointer
    assert content["release_id"] == pointer.release_id
    assert content["manifest_sha256"] == pointer.manifest_sha256
    assert content["keywords"][0] == {"name": "red-pan", "prompt": "red pan", "pipeline": "stove"}
    assert content["metrics"]["macro_accuracy"] == 0.9
    assert content["base_checkpoint"]["licence"] == "MIT"


def test_a_new_release_is_served_within_seconds_without_a_failed_request(api: Running, studio: Studio) -> None:
    first = api.health()["release_id"]
    answers: list[tuple[int, str, float]] = []
    stop = threading.Event()

    def hammer() -> None:
        while not stop.is_set():
            answer = api.client.post(PREDICT, content=factory.photo("gray"))
            confidence = {entry["keyword"]: entry["confidence"] for entry in answer.json()}.get("gray-tray", 0)
            answers.append((answer.status_code, answer.headers["X-Model-Release"], confidence))

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    second = studio.publish(2).release_id
    published = time.monotonic()
    until(lambda: any(release == second for _, release, _ in list(answers)))
    took = time.monotonic() - published
    stop.set()
    for thread in threads:
        thread.join()
    assert took < 10
    assert {status for status, _, _ in answers} == {200}
    # Every answer is wholly of one release: the header's release is the one that computed the confidence.
    assert len({(release, confidence) for _, release, confidence in answers}) == 2
    assert {release for _, release, _ in answers} == {first, second}


def test_a_broken_release_leaves_the_old_one_serving(api: Running, studio: Studio) -> None:
    first = studio.store.read_pointer().pointer
    second = studio.publish(2)
    api.wait_for(second.release_id)
    studio.break_release(first)
    # A pointer moved by hand, past the checks of roll back.
    latest = studio.folder / "store" / "latest.json"
    shutil.rmtree(studio.folder / "cache")
    latest.write_bytes(latest.read_bytes().replace(second.release_id.encode(), first.release_id.encode(), 1))
    until(lambda: api.health()["last_error"] is not None)
    assert api.client.post(PREDICT, content=factory.photo()).headers["X-Model-Release"] == second.release_id
    assert api.client.get("/api/v1/health").status_code == 200
    assert first.release_id in api.client.get("/api/v1/model").json()["last_error"]
    third = studio.publish(3)
    api.wait_for(third.release_id)
    assert api.health()["last_error"] is None


def test_who_looks_on_hears_of_releases_that_come_and_of_those_that_cannot(api: Running, studio: Studio) -> None:
    class News(Observer):
        def __init__(self) -> None:
            self.heard: list[tuple[str, str]] = []

        def reloaded(self, release_id: str) -> None:
            self.heard.append(("reloaded", release_id))

        def reload_failed(self, reason: str) -> None:
            self.heard.append(("failed", reason))

    news = News()
    api.app.state.server.observers.append(news)
    second = studio.publish(2).release_id
    until(lambda: news.heard == [("reloaded", second)])
    studio.break_release(studio.publish(3))
    until(lambda: len(news.heard) > 1)
    third = studio.store.read_pointer().pointer.release_id
    assert {kind for kind, _ in news.heard[1:]} == {"failed"}
    assert third in news.heard[1][1]
    assert api.health()["release_id"] == second


def test_a_release_whose_graph_does_not_fit_leaves_the_old_one_serving(api: Running, studio: Studio) -> None:
    folder = studio.folder / "misfit"
    factory.write_files(folder)
    (folder / "image_encoder.onnx").write_bytes(factory.graph(keywords=3).SerializeToString())
    first = api.health()["release_id"]
    studio.store.publish(folder, factory.manifest_of(folder, 9), studio.store.read_pointer().token)
    until(lambda: "export it again" in (api.health()["last_error"] or ""))
    assert api.client.post(PREDICT, content=factory.photo()).headers["X-Model-Release"] == first


def test_a_broken_release_is_tried_again_after_growing_pauses(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(loading, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    settings = Settings(releases=studio.url, cache=studio.folder / "cache", poll_seconds=2)
    loader = loading.ReleaseLoader(settings)
    studio.break_release(studio.publish(1))
    tries = []
    monkeypatch.setattr(loader, "_load", lambda pointer: _refuse(tries, clock[0]))
    for _ in range(40):
        with pytest.raises(ReleaseError, match="refused by the test"):
            loader.load_latest(None, insist=False)
        clock[0] += 2
    assert tries == [100, 102, 106, 114, 130, 162]
    with pytest.raises(ReleaseError, match="refused by the test"):
        loader.load_latest(None, insist=True)
    assert tries[-1] == 180


def _refuse(tries: list[float], now: float) -> None:
    tries.append(now)
    raise ReleaseError("refused by the test")


def test_a_start_without_the_store_serves_the_release_from_the_cache(
    api: Running, studio: Studio, serve: Serve
) -> None:
    release_id = api.health()["release_id"]
    (studio.folder / "store").rename(studio.folder / "away")
    (studio.folder / "store").write_text("not a folder")
    running = serve()
    running.wait_for(release_id)
    assert "cannot be used" in running.health()["last_error"]
    assert running.client.post(PREDICT, content=factory.photo()).status_code == 200
    (studio.folder / "store").unlink()
    (studio.folder / "away").rename(studio.folder / "store")
    second = studio.publish(2)
    running.wait_for(second.release_id)


def test_a_tampered_cache_is_never_served(api: Running, studio: Studio, serve: Serve) -> None:
    release_id = api.health()["release_id"]
    encoder = next((studio.folder / "cache").glob("*/releases/*/image_encoder.onnx"))
    encoder.write_bytes(encoder.read_bytes()[::-1])
    (studio.folder / "store").rename(studio.folder / "away")
    (studio.folder / "store").write_text("not a folder")
    running = serve()
    until(lambda: running.health()["last_error"] is not None)
    assert running.health()["release_id"] is None
    (studio.folder / "store").unlink()
    (studio.folder / "away").rename(studio.folder / "store")
    running.wait_for(release_id)


def test_the_cache_keeps_the_current_release_and_the_one_before(api: Running, studio: Studio) -> None:
    for number in (2, 3, 4):
        api.wait_for(studio.publish(number).release_id)
    kept = sorted(path.name for path in (studio.folder / "cache").glob("*/releases/*"))
    pointer = studio.store.read_pointer().pointer
    assert kept == [pointer.previous, pointer.release_id]
