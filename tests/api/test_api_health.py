"""Health: alive is not ready, and stopping is told before it happens."""

import threading
from collections.abc import Callable, Iterator

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from recipe_assets.release.predictor import Predictor, Scores
from tests.api.conftest import PATIENCE, Running, Studio, until
from tests.release import factory

HEALTH, LIVE, READY = (f"/api/v1/health{part}" for part in ("", "/live", "/ready"))
PREDICT = "/api/v1/predict"


def statuses(running: Running) -> list[int]:
    return [running.client.get(path).status_code for path in (LIVE, READY, HEALTH)]


def test_alive_at_once_ready_with_the_first_release(studio: Studio, serve: Callable[..., Running]) -> None:
    running = serve()
    until(lambda: running.health()["last_error"] is not None)
    assert statuses(running) == [200, 503, 503]
    waiting = running.client.get(READY)
    assert waiting.json()["status"] == "loading"
    assert waiting.json()["release_id"] is None
    assert waiting.headers["Retry-After"]
    release = studio.publish(1).release_id
    running.wait_for(release)
    assert statuses(running) == [200, 200, 200]
    assert running.client.get(LIVE).json() == {"status": "alive"}


def test_health_tells_which_release_how_old_and_what_went_wrong(
    studio: Studio, serve: Callable[..., Running]
) -> None:
    first = studio.publish(1).release_id
    api = serve(poll_seconds=3600)
    api.wait_for(first)
    report = api.health()
    assert report["status"] == "ready"
    assert report["store"] == studio.url
    assert report["last_error"] is None
    assert report["waiting"] == 0
    assert report["release_age_seconds"] > 0
    assert report["release_created_at"] < report["loaded_at"]
    assert report == api.client.get(READY).json() | {"release_age_seconds": report["release_age_seconds"]}
    studio.break_release(studio.publish(2))
    assert api.client.post("/api/v1/model/reload").status_code == 502
    assert "image_encoder.onnx" in api.health()["last_error"]
    assert statuses(api) == [200, 200, 200]  # the old release serves on


def test_a_broken_store_makes_the_api_neither_dead_nor_ready(
    studio: Studio, serve: Callable[..., Running]
) -> None:
    studio.break_release(studio.publish(1))
    running = serve()
    until(lambda: running.health()["last_error"] is not None)
    assert statuses(running) == [200, 503, 503]


class Gate:
    """Holds every forward pass until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        score = Predictor.score

        def held(predictor: Predictor, pixels: NDArray[np.float32]) -> Scores:
            self.reached.set()
            self.opened.wait(PATIENCE)
            return score(predictor, pixels)

        monkeypatch.setattr(Predictor, "score", held)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate(monkeypatch)
    yield made
    made.opened.set()


def test_photos_in_work_are_answered_while_the_api_stops(api: Running, gate: Gate) -> None:
    """Stopping: new photos are sent elsewhere, probes are told, the photo in work gets its answer."""
    release = api.health()["release_id"]
    answers: list[httpx.Response] = []
    with httpx.Client(base_url=api.url, trust_env=False, timeout=PATIENCE) as client:
        sender = threading.Thread(target=lambda: answers.append(client.post(PREDICT, content=factory.photo())))
        sender.start()
        assert gate.reached.wait(PATIENCE)
        assert api.health()["waiting"] == 1
        api.server.should_exit = True
        until(lambda: api.client.get(READY).status_code == 503)
        assert api.health()["status"] == "draining"
        assert api.client.get(LIVE).status_code == 200
        late = api.client.post(PREDICT, content=factory.photo())
        assert late.status_code == 503
        assert late.headers["Retry-After"]
        assert "stopping" in late.json()["detail"]
        assert not answers
        gate.opened.set()
        sender.join(PATIENCE)
    assert answers[0].status_code == 200
    assert answers[0].headers["X-Model-Release"] == release
    api.thread.join(PATIENCE)
    assert not api.thread.is_alive()
    with pytest.raises(httpx.ConnectError):
        httpx.get(api.url + LIVE, trust_env=False)


def test_a_photo_that_never_ends_does_not_hold_up_the_stop(
    studio: Studio, serve: Callable[..., Running], gate: Gate
) -> None:
    running = serve(drain_seconds=0.3, deadline_seconds=60)
    running.wait_for(studio.publish(1).release_id)
    outcome: list[object] = []

    def send() -> None:
        try:
            outcome.append(httpx.post(running.url + PREDICT, content=factory.photo(), trust_env=False, timeout=60))
        except httpx.HTTPError as error:
            outcome.append(error)

    sender = threading.Thread(target=send)
    sender.start()
    assert gate.reached.wait(PATIENCE)
    running.server.should_exit = True
    running.thread.join(PATIENCE)
    stopped = not running.thread.is_alive()
    gate.opened.set()
    sender.join(PATIENCE)
    assert stopped
    assert len(outcome) == 1
