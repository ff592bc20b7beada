"""The API as `recipe keyword` sees it: busy, limited, guarded, somebody else, or away."""

import http.server
import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from api.settings import Settings
from recipe_assets.commands.keywording.errors import ServiceError, ServiceRefusedError
from recipe_assets.commands.keywording.service import Service
from recipe_assets.errors import SettingsError
from tests.api.conftest import Running, Studio, until
from tests.commands.conftest import Desk
from tests.release import factory

ANSWER = {
    "release_id": "r1", "predictions": [{"keyword": "pan", "confidence": 97.5}], "keyword": "pan",
    "pipeline": "stove", "needs_review": False, "nearest": None,
}  # fmt: skip
Reply = tuple[int, dict[str, str], object]


class Host:
    """A server on a real socket that answers what it is told, the last answer for ever."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.keys: list[str | None] = []
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                host.keys.append(self.headers.get("X-API-Key"))
                status, headers, body = host.replies.pop(0) if len(host.replies) > 1 else host.replies[0]
                if not status:
                    self.close_connection = True
                    return
                data = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Silent."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    yield made
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


@pytest.fixture
def service() -> Iterator[Callable[..., Service]]:
    made: list[Service] = []

    def make(*urls: str, key: str = "", patience: float = 600) -> Service:
        made.append(Service(urls, key, patience))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_a_busy_service_is_asked_again(host: Host, service: Callable[..., Service], status: int) -> None:
    busy: Reply = (status, {"Retry-After": "0"}, {"detail": "too many photos are waiting"})
    host.replies = [busy, busy, (200, {}, ANSWER)]
    answer = service(host.url).classify(b"picture")
    assert (answer.keyword, answer.confidence, len(host.keys)) == ("pan", 97.5, 3)


def test_a_broken_connection_is_tried_again(host: Host, service: Callable[..., Service]) -> None:
    host.replies = [(0, {}, None), (200, {}, ANSWER)]
    assert service(host.url).classify(b"picture").release_id == "r1"


def test_where_one_address_does_not_answer_the_next_is_asked(host: Host, service: Callable[..., Service]) -> None:
    host.replies = [(200, {}, ANSWER)]
    assert service("http://127.0.0.1:9", host.url).classify(b"picture").keyword == "pan"


@pytest.mark.parametrize("status", [401, 403, 404, 405, 307])
def test_what_would_refuse_every_photo_ends_the_run(
    host: Host, service: Callable[..., Service], status: int
) -> None:
    host.replies = [(status, {"Location": "https://elsewhere.example"}, {"detail": "no"})]
    with pytest.raises(ServiceRefusedError, match=f"answers {status}: no; "):
        service(host.url).classify(b"picture")
    assert len(host.keys) == 1


@pytest.mark.parametrize("status", [400, 413, 415, 422, 500])
def test_what_refuses_one_photo_is_said_of_that_photo(
    host: Host, service: Callable[..., Service], status: int
) -> None:
    host.replies = [(status, {}, {"detail": "File must\nbe an image"})]
    with pytest.raises(ServiceError, match=f"answers {status}: File must be an image") as caught:
        service(host.url).classify(b"picture")
    assert not isinstance(caught.value, ServiceRefusedError)
    assert len(host.keys) == 1


@pytest.mark.parametrize("body", [[], {}, {"release_id": 3}, "hello"])
def test_another_service_is_recognized(host: Host, service: Callable[..., Service], body: object) -> None:
    host.replies = [(200, {}, body)]
    with pytest.raises(ServiceRefusedError, match="is no Recipe Classifier API"):
        service(host.url).classify(b"picture")


def test_a_service_that_stays_away_is_given_up_and_then_costs_no_photo_a_wait(
    service: Callable[..., Service],
) -> None:
    away = service("http://127.0.0.1:9", patience=0.3)
    for _ in range(3):
        with pytest.raises(ServiceError, match=r"gave no answer in 0\.3 s: http://127\.0\.0\.1:9 does not"):
            away.classify(b"picture")


def test_nobody_waits_once_the_run_is_stopped(host: Host, service: Callable[..., Service]) -> None:
    host.replies = [(503, {"Retry-After": "300"}, {"detail": "no release"})]
    asking = service(host.url)
    waiting = threading.Thread(target=asking.stopping.set)
    waiting.start()
    with pytest.raises(ServiceError, match="was interrupted"):
        asking.classify(b"picture")
    waiting.join()


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://host", "http://", "http://host:99999", "http://[::1"]
)
def test_what_is_no_address_is_said_before_anything_is_sent(service: Callable[..., Service], url: str) -> None:
    with pytest.raises(SettingsError, match="is no address of an API"):
        service(url)


def test_a_base_path_in_the_address_does_no_harm(host: Host, service: Callable[..., Service]) -> None:
    host.replies = [(200, {}, ANSWER)]
    assert service(f"{host.url}/api/v1/").classify(b"picture").keyword == "pan"


def test_an_api_with_keys_and_a_limit_is_worked_with(tmp_path: Path, desk: Desk) -> None:
    studio = Studio(tmp_path / "studio")
    studio.folder.mkdir()
    pointer = studio.publish(1)
    # One photo a second flows in, sixty may come at once: the limit holds the second half up for a moment.
    settings = Settings(
        releases=studio.url,
        cache=studio.folder / "cache",
        prediction_log=False,
        keys="batch=secret",
        rate_per_minute=60,
    )
    running = Running(msgspec.structs.replace(settings, port=0))
    running.start()
    running.wait_for(pointer.release_id)
    try:
        for number in range(62):
            desk.put(f"{number}.jpg", factory.photo("red", (20, 20 + number)))
        refused = desk.recipe(str(desk.folder), "--api", running.url)
        assert (refused.exit_code, len(refused.stderr.splitlines())) == (1, 1)
        assert refused.stderr.startswith(f"error: {running.url} answers 401: ")
        assert "RECIPE_API_KEY" in refused.stderr
        kinds = desk.kinds("--api", running.url, "--key", "secret", "--patience", "0.1")
        assert list(kinds.values()) == ["keyworded"] * 62
    finally:
        running.stop()


def test_a_key_that_is_taken_away_ends_the_run_and_names_every_photo(desk: Desk, host: Host) -> None:
    model = {"release_id": "r1", "keywords": [{"name": "pan", "prompt": "pan", "pipeline": "stove"}]}
    host.replies = [(200, {}, model), (200, {}, ANSWER), (401, {}, {"detail": "the key is unknown"})]
    for number in range(6):
        desk.put(f"{number}.jpg")
    outcomes = desk.keyword("--api", host.url, "--workers", "1")
    assert [one.outcome for one in outcomes.values()] == ["keyworded"] + ["failed"] * 5
    assert "the key is unknown" in (outcomes["1.jpg"].detail or "")
    assert outcomes["5.jpg"].detail == "not reached: run this again"
    assert len(host.keys) == 3


def test_ctrl_c_ends_the_run_at_once_and_names_what_was_not_reached(
    desk: Desk, host: Host, request: pytest.FixtureRequest
) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in background
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    model = {"release_id": "r1", "keywords": [{"name": "pan", "prompt": "pan", "pipeline": "stove"}]}
    host.replies = [(200, {}, model), (200, {}, ANSWER), (503, {"Retry-After": "300"}, {"detail": "no release"})]
    for number in range(5):
        desk.put(f"{number}.jpg")

    def press() -> None:
        until(lambda: len(host.keys) >= 3)  # the first photo is done, the second waits
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    outcome = desk.recipe(str(desk.folder), "--api", host.url, "--workers", "1")
    pressing.join()
    assert outcome.exit_code == 130
    assert "1  keyworded" in outcome.stdout
    assert "failed: 1.jpg: was interrupted" in outcome.stderr.replace(f"{desk.folder}/", "")
    assert outcome.stderr.count("not reached: run this again") == 3
