"""Rate limits: a bucket for each caller, told in headers, and bounded in memory."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from api.errors import RateLimitedError
from api.guarding.limits import RateLimit, caller_of
from api.monitoring.observing import CLIENT
from tests.api.conftest import Running, Studio
from tests.release import factory

PREDICT = "/api/v1/predict"


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_full_bucket_may_be_emptied_at_once_and_fills_evenly(clock: Clock) -> None:
    limit = RateLimit(6, clock=clock)
    left = [limit.take("a").remaining for _ in range(6)]
    assert left == [5, 4, 3, 2, 1, 0]
    with pytest.raises(RateLimitedError) as raised:
        limit.take("a")
    assert raised.value.headers["Retry-After"] == "10"
    clock.now += 9.9
    with pytest.raises(RateLimitedError):
        limit.take("a")
    clock.now += 0.1
    assert limit.take("a").remaining == 0
    clock.now += 3600
    assert limit.take("a").remaining == 5


def test_a_refused_call_costs_nothing(clock: Clock) -> None:
    limit = RateLimit(1, clock=clock)
    limit.take("a")
    for _ in range(100):
        with pytest.raises(RateLimitedError):
            limit.take("a")
    clock.now += 60
    limit.take("a")


@pytest.mark.parametrize("per_minute", [1, 7, 60, 10_000])
def test_a_caller_who_waits_as_told_is_never_refused_again(clock: Clock, per_minute: int) -> None:
    limit = RateLimit(per_minute, clock=clock)
    for _ in range(per_minute):
        limit.take("a")
    for _ in range(20):
        with pytest.raises(RateLimitedError) as raised:
            limit.take("a")
        clock.now += int(raised.value.headers["Retry-After"])
        limit.take("a")
        while True:  # whole seconds may be worth several photos
            try:
                limit.take("a")
            except RateLimitedError:
                break


def test_callers_do_not_share_a_bucket(clock: Clock) -> None:
    limit = RateLimit(1, clock=clock)
    limit.take("a")
    limit.take("b")


def test_a_batch_goes_through_and_its_debt_is_paid_later(clock: Clock) -> None:
    limit = RateLimit(60, clock=clock)
    limit.take("a")
    allowance = limit.charge("a", 99)
    assert (allowance.remaining, allowance.reset) == (0, pytest.approx(100))
    with pytest.raises(RateLimitedError) as raised:
        limit.take("a")
    assert raised.value.headers["Retry-After"] == "41"
    clock.now += 41
    limit.take("a")


def test_the_callers_seen_longest_ago_are_forgotten(clock: Clock) -> None:
    limit = RateLimit(1, callers=100, clock=clock)
    limit.take("regular")
    for stranger in range(5000):
        clock.now += 0.001
        limit.take(f"stranger {stranger}")
        limit.charge("regular", 0)
        with pytest.raises(RateLimitedError):
            limit.take("regular")
    assert len(limit._full_at) <= 100


@pytest.mark.parametrize(
    ("host", "caller"),
    [
        ("192.0.2.7", "address 192.0.2.7"),
        ("::ffff:192.0.2.7", "address 192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "subnet 2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "subnet 2001:db8:1:2::/64"),
        ("testclient", "address testclient"),
    ],
)
def test_callers_without_a_key_are_told_apart_by_address(host: str, caller: str) -> None:
    assert caller_of(SimpleNamespace(client=SimpleNamespace(host=host))) == caller


def test_a_key_counts_wherever_it_is_used_from() -> None:
    token = CLIENT.set("photoshop")
    assert caller_of(SimpleNamespace(client=SimpleNamespace(host="192.0.2.7"))) == "key photoshop"
    CLIENT.reset(token)


def test_over_http_the_limit_is_told_and_kept(studio: Studio, serve: Callable[..., Running]) -> None:
    running = serve(rate_per_minute=3)
    running.wait_for(studio.publish(1).release_id)
    answers = [running.client.post(PREDICT, content=factory.photo()) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert {answer.headers["RateLimit-Limit"] for answer in answers} == {"3"}
    refused = answers[-1]
    assert 1 <= int(refused.headers["Retry-After"]) <= 20
    assert 1 <= int(refused.headers["RateLimit-Reset"]) <= 60
    assert refused.headers["content-type"] == "application/problem+json"
    assert "at most 3 a minute" in refused.json()["detail"]
    assert running.client.get("/api/v1/classify?http://127.0.0.1/").status_code == 429
    for unlimited in ("/api/v1/health", "/api/v1/model", "/metrics"):
        answer = running.client.get(unlimited)
        assert answer.status_code == 200
        assert "RateLimit-Limit" not in answer.headers


def test_each_key_has_a_bucket_of_its_own(studio: Studio, serve: Callable[..., Running]) -> None:
    running = serve(rate_per_minute=1, keys="one=1111,two=2222")
    running.wait_for(studio.publish(1).release_id)

    def status(key: str) -> int:
        return running.client.post(PREDICT, content=factory.photo(), headers={"X-API-Key": key}).status_code

    assert [status(key) for key in ("1111", "2222", "1111", "2222")] == [200, 200, 429, 429]
    assert status("3333") == 401


def test_a_batch_pays_for_each_of_its_photos(studio: Studio, serve: Callable[..., Running]) -> None:
    running = serve(rate_per_minute=4)
    running.wait_for(studio.publish(1).release_id)
    files = [("file", (f"{number}.jpg", factory.photo())) for number in range(6)]
    answer = running.client.post("/api/v1/predict/batch", files=files)
    assert answer.status_code == 200
    assert len(answer.json()) == 6
    refused = running.client.post(PREDICT, content=factory.photo())
    assert refused.status_code == 429
    assert 16 <= int(refused.headers["Retry-After"]) <= 45  # three photos too many, 15 s each


def test_without_a_limit_nothing_is_counted(api: Running) -> None:
    answers = [api.client.post(PREDICT, content=factory.photo()) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert "RateLimit-Limit" not in answers[0].headers
