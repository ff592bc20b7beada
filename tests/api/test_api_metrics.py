"""Metrics: what Prometheus is told agrees with what happened, and can never grow without bound."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.guarding.access import Visit
from api.monitoring.health import Health
from api.monitoring.metrics import KEPT_RELEASES, MOST_KINDS, ApiMetrics
from tests.api.conftest import Running, Studio, until
from tests.release import factory

PREDICT = "/api/v1/predict"
RELOAD = "/api/v1/model/reload"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    """The sum over all series with these labels."""
    wanted = f"recipe_api_{name}"
    return sum(number for (each, its), number in samples.items() if each == wanted and its >= labels.items())


def scraped(running: Running) -> Samples:
    answer = running.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return parsed(answer.text)


def test_photos_requests_and_errors_are_counted(studio: Studio, serve: Callable[..., Running]) -> None:
    release = studio.publish(1).release_id
    running = serve(keys="photoshop=1234")
    running.wait_for(release)
    key = {"X-API-Key": "1234"}
    photo = factory.photo()
    for _ in range(3):
        assert running.client.post(PREDICT, content=photo, headers=key).status_code == 200
    assert running.client.post(PREDICT, content=b"no photo", headers=key).status_code == 400
    assert running.client.post(PREDICT, content=photo).status_code == 401
    assert running.client.get("/some/where", headers=key).status_code == 404
    until(lambda: value(scraped(running), "batch_photos_sum") == 3)  # told from another thread
    samples = scraped(running)
    assert value(samples, "photos_total", release=release, client="photoshop") == 3
    assert value(samples, "confidence_percent_count", release=release) == 3
    for stage in ("queue", "decode", "forward"):
        assert value(samples, "stage_seconds_count", release=release, stage=stage) == 3
    assert value(samples, "failed_total", release=release, kind="unreadable") == 1
    assert value(samples, "requests_total", route=PREDICT, method="POST", status="200") == 3
    assert value(samples, "requests_total", route=PREDICT, method="POST", status="400") == 1
    assert value(samples, "requests_total", route=PREDICT, method="POST", status="401") == 1
    assert value(samples, "requests_total", route="none", status="404") == 1
    assert value(samples, "request_seconds_count", route=PREDICT) == 5
    assert value(samples, "errors_total", kind="UnreadablePhotoError") == 1
    assert value(samples, "errors_total", kind="NotAuthorizedException") == 1
    assert value(samples, "received_bytes_total") >= 3 * len(photo)
    assert value(samples, "ready") == 1
    assert value(samples, "waiting_photos") == 0
    assert value(samples, "last_look_failed") == 0
    assert value(samples, "reloads_total", outcome="ok") == 1
    assert samples[("process_resident_memory_bytes", frozenset())] > 0


def test_releases_are_told_apart_and_a_failed_look_is_seen(studio: Studio, serve: Callable[..., Running]) -> None:
    first = studio.publish(1).release_id
    api = serve(poll_seconds=3600)
    api.wait_for(first)
    assert api.client.post(PREDICT, content=factory.photo()).status_code == 200
    second = studio.publish(2).release_id
    assert api.client.post(RELOAD).json()["release_id"] == second
    assert api.client.post(PREDICT, content=factory.photo()).status_code == 200
    studio.break_release(studio.publish(3))
    assert api.client.post(RELOAD).status_code == 502
    samples = scraped(api)
    assert value(samples, "last_look_failed") == 1
    assert value(samples, "photos_total", release=first) == value(samples, "photos_total", release=second) == 1
    assert value(samples, "reloads_total", outcome="ok") == 2
    assert value(samples, "reloads_total", outcome="failed") == 1
    assert value(samples, "ready") == 1
    created = datetime.fromisoformat(api.health()["release_created_at"])
    age = (datetime.now(UTC) - created).total_seconds()
    assert value(samples, "release_age_seconds", release=second) == pytest.approx(age, abs=60)
    assert value(samples, "release_age_seconds", release=first) == 0


def test_a_scraper_may_ask_for_openmetrics(steady: Running) -> None:
    answer = steady.client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def health(release_id: str | None = "r1") -> Health:
    return Health(
        status="ready",
        release_id=release_id,
        release_created_at=None,
        release_age_seconds=1.0,
        loaded_at=None,
        store="",
        last_error=None,
        next_try_at=None,
        waiting=0,
    )


def classified(release_id: str) -> SimpleNamespace:
    """As much of an answer as is counted."""
    return SimpleNamespace(
        served=SimpleNamespace(release_id=release_id),
        needs_review=False,
        ranked=lambda top: [SimpleNamespace(confidence=80.0)],
    )


def series(meters: ApiMetrics) -> int:
    return sum(len(family.samples) for family in meters.registry.collect())


def test_many_releases_and_strange_errors_do_not_grow_the_answer() -> None:
    releases = (f"r{number}" for number in count())
    current = ["r"]
    meters = ApiMetrics(lambda: health(current[0]))

    def live() -> None:
        current[0] = next(releases)
        meters.reloaded(current[0])
        meters.answered(classified(current[0]), "", "photoshop")
        meters.batch(3)
        for stage in ("queue", "decode", "forward"):
            meters.stage(stage, 0.01)
        meters.shed("queue")
        meters.failed(f"Error{current[0]}")
        visit = Visit(method="BREW", path=f"/{current[0]}", remote="", request_id="", error=f"Error{current[0]}")
        meters.visited(visit)

    for _ in range(MOST_KINDS + KEPT_RELEASES):
        live()
    before = series(meters)
    for _ in range(100):
        live()
    assert series(meters) == before
    names = {
        sample.labels["release"]
        for family in meters.registry.collect()
        for sample in family.samples
        if "release" in sample.labels
    }
    assert len(names) == KEPT_RELEASES
    assert current[0] in names


def test_two_applications_in_one_process_count_apart() -> None:
    one, other = ApiMetrics(health), ApiMetrics(health)
    one.batch(1)
    assert other.registry.get_sample_value("recipe_api_batch_photos_count", {"release": "r1"}) is None
    assert one.registry.get_sample_value("recipe_api_batch_photos_count", {"release": "r1"}) == 1
