"""Reload and roll back: what they do, and who may."""

from collections.abc import Callable

import pytest

from tests.api.conftest import Running, Studio

CALLS = ("/api/v1/model/reload", "/api/v1/model/rollback")


@pytest.fixture
def guarded(studio: Studio, serve: Callable[..., Running]) -> Running:
    """An API with an admin key and two releases."""
    studio.publish(1)
    pointer = studio.publish(2)
    running = serve(admin_key="correct horse")
    running.wait_for(pointer.release_id)
    return running


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": ""}, {"X-API-Key": "wrong"}, {"X-API-Key": "corr\xe9ct"}])
def test_without_the_key_nothing_moves(guarded: Running, headers: dict[str, str]) -> None:
    release_id = guarded.health()["release_id"]
    for call in CALLS:
        raw = [(name, value.encode("latin-1")) for name, value in headers.items()]
        answer = guarded.client.post(call, headers=raw)
        assert answer.status_code == 401
        assert "X-API-Key" in answer.json()["detail"]
    assert guarded.health()["release_id"] == release_id


def test_with_the_key_both_calls_work(guarded: Running) -> None:
    before = guarded.health()["release_id"]
    for call in CALLS:
        assert guarded.client.post(call, headers={"X-API-Key": "correct horse"}).status_code == 200
    assert guarded.health()["release_id"] < before


def test_without_a_configured_key_this_machine_may(steady: Running) -> None:
    assert steady.client.post(CALLS[0]).status_code == 200
    assert steady.client.post(CALLS[0], headers={"Origin": steady.url}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "rebound.example"},
    ],
)
def test_without_a_configured_key_nobody_else_may(steady: Running, headers: dict[str, str]) -> None:
    """A proxy on this machine, a page in this machine's browser, a name that was rebound to this machine."""
    for call in CALLS:
        answer = steady.client.post(call, headers=headers)
        assert answer.status_code == 403
        assert "RECIPE_API_ADMIN_KEY" in answer.json()["detail"]


def test_a_reload_serves_the_new_release_at_once(studio: Studio, serve: Callable[..., Running]) -> None:
    first = studio.publish(1)
    running = serve(poll_seconds=3600)
    running.wait_for(first.release_id)
    second = studio.publish(2)
    assert running.health()["release_id"] == first.release_id
    answer = running.client.post("/api/v1/model/reload")
    assert answer.status_code == 200
    assert answer.json()["release_id"] == second.release_id
    assert answer.headers["X-Model-Release"] == second.release_id


def test_a_reload_that_fails_says_why(studio: Studio, serve: Callable[..., Running]) -> None:
    studio.break_release(studio.publish(1))
    running = serve(poll_seconds=3600)
    answer = running.client.post("/api/v1/model/reload")
    assert answer.status_code == 502
    assert "image_encoder.onnx has 6 bytes" in answer.json()["detail"]


def test_roll_back_moves_the_store_and_what_is_served(api: Running, studio: Studio) -> None:
    first = api.health()["release_id"]
    second = studio.publish(2).release_id
    api.wait_for(second)
    answer = api.client.post("/api/v1/model/rollback")
    assert answer.json()["release_id"] == first
    assert studio.store.read_pointer().pointer.release_id == first
    named = api.client.post("/api/v1/model/rollback", params={"to": second})
    assert named.json()["release_id"] == second
    for nowhere in ("../../etc", "20200101T000000Z-00000000"):
        unknown = api.client.post("/api/v1/model/rollback", params={"to": nowhere})
        assert unknown.status_code == 404
        assert nowhere in unknown.json()["detail"]
    assert api.health()["release_id"] == second
