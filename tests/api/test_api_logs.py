"""The log: one line per request, readable by machines, and nothing in it that is nobody's business."""

import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from api.monitoring import logs
from tests.api.conftest import PATIENCE, ROOT, Running, Studio
from tests.release import factory

PREDICT = "/api/v1/predict"


class Process:
    """`python -m api` with its log."""

    def __init__(self, studio: Studio, **environ: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=PATIENCE)
        self.running = subprocess.Popen(
            [sys.executable, "-m", "api"],
            cwd=ROOT,
            env=os.environ
            | {"RECIPE_API_PORT": str(port), "RECIPE_RELEASES": studio.url, "DAGSTER_HOME": str(studio.folder)}
            | environ,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                if self.client.get("/api/v1/health/ready").status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError("the API is not ready")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> str:
        self.client.close()
        self.running.send_signal(how)
        return self.running.communicate(timeout=PATIENCE)[1]


@pytest.fixture
def process(studio: Studio) -> Iterator[Process]:
    studio.publish(1)
    started = Process(studio, RECIPE_API_KEYS="photoshop=s3cret")
    started.wait()
    yield started
    with suppress(ProcessLookupError):
        started.running.kill()
    started.running.communicate()


def test_every_line_is_json_and_each_request_has_one(process: Process) -> None:
    key = {"X-API-Key": "s3cret"}
    photo = factory.photo()
    named = process.client.post(f"{PREDICT}?top=1", content=photo, headers=key | {"X-Request-ID": "batch-7/IMG_1"})
    refused = process.client.post(PREDICT, content=b"no photo", headers=key)
    process.client.get(PREDICT)
    process.client.get("/api/v1/classify?url=ftp://host/photo.jpg%3Fsignature=hush", headers=key)
    process.client.get("/no%0Awhere?token=hush", headers=key)
    lines = [json.loads(line) for line in process.stop().splitlines()]
    requests = [line for line in lines if line["event"] == "request" and "health" not in line["path"]]
    assert [(line["method"], line["path"], line["status"]) for line in requests] == [
        ("POST", PREDICT, 200),
        ("POST", PREDICT, 400),
        ("GET", PREDICT, 405),
        ("GET", "/api/v1/classify", 400),
        ("GET", "/no%0Awhere", 404),
    ]
    first, second, third = requests[:3]
    assert first["request_id"] == named.headers["X-Request-ID"] == "batch-7/IMG_1"
    assert second["request_id"] == refused.headers["X-Request-ID"]
    assert first["client"] == second["client"] == "photoshop"
    assert "client" not in third
    assert first["release"] == named.headers["X-Model-Release"]
    assert (first["bytes_in"], first["bytes_out"]) == (len(photo), len(named.content))
    assert first["remote"] == "127.0.0.1"
    assert 0 < first["ms"] < PATIENCE * 1000
    assert "error" not in first
    assert second["error"] == "UnreadablePhotoError"
    assert {line["level"] for line in requests} == {"info"}
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert {"uvicorn.error", "api.access"} <= {line["logger"] for line in lines}
    assert not [line for line in lines if "hush" in str(line) or "s3cret" in str(line) or "ftp" in str(line)]


def test_ctrl_c_ends_without_a_traceback(process: Process) -> None:
    log = process.stop(signal.SIGINT)
    assert process.running.returncode == 0
    assert "Traceback" not in log
    assert "Finished server process" in log


@pytest.mark.parametrize("given", ["a", "7f3c-11", "IMG_0001.jpg", "x" * 128, "a:b/c+d=e"])
def test_a_sane_request_id_is_kept(steady: Running, given: str) -> None:
    answer = steady.client.get("/api/v1/health", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, '{"a":1}', "a\tb", "schl\xfcssel", "<script>"])
def test_any_other_request_id_is_replaced(steady: Running, given: str) -> None:
    headers = [("X-Request-ID", given.encode("latin-1"))]
    made = {steady.client.get("/api/v1/health", headers=headers).headers["X-Request-ID"] for _ in range(2)}
    assert len(made) == 2
    assert all(len(each) == 32 and set(each) <= set("0123456789abcdef") for each in made)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("DELETE", PREDICT, 405),
        ("POST", PREDICT, 400),
        ("POST", "/api/v1/model/reload", 403),
    ],
)
def test_errors_carry_the_request_id_too(steady: Running, method: str, path: str, status: int) -> None:
    headers = {"X-Request-ID": "mine", "Host": "elsewhere.example"}
    answer = steady.client.request(method, path, content=b"x", headers=headers)
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (status, "mine")


class Terminal(io.StringIO):
    """A stream that a person watches."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    logger = logging.getLogger()
    before = (logger.handlers[:], logger.level, {name: logging.getLogger(name).level for name in logs.TALKATIVE})
    yield logger
    logger.handlers[:], level, levels = before
    logger.setLevel(level)
    for name, each in levels.items():
        logging.getLogger(name).setLevel(each)


def fail(photo: bytes) -> None:
    raise ValueError("broken")


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_tracebacks_tell_where_but_not_what(root: logging.Logger, stream: Callable[[], io.StringIO]) -> None:
    written = stream()
    logs.configure(written)
    photo = b"\xff\xd8" + b"photo" * 3
    try:
        fail(photo)
    except ValueError as error:
        root.error("unexpected error", exc_info=error)
    assert "ValueError: broken" in written.getvalue()
    assert "in fail" in written.getvalue()
    assert "photophoto" not in written.getvalue()


def test_a_terminal_gets_plain_lines_and_a_pipe_gets_json(root: logging.Logger) -> None:
    def line(stream: io.StringIO) -> str:
        logs.configure(stream)
        logging.getLogger("api").info("serving release %s", "r1", extra={"color_message": "loud", "nothing": None})
        return stream.getvalue()

    written: dict[str, Any] = json.loads(line(io.StringIO()))
    assert written.pop("timestamp")
    assert written == {"event": "serving release r1", "level": "info", "logger": "api"}
    plain = line(Terminal())
    assert "serving release r1" in plain
    assert plain.count("\n") == 1
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(plain)


def test_libraries_do_not_write_the_urls_of_photos(root: logging.Logger) -> None:
    written = io.StringIO()
    logs.configure(written)
    logging.getLogger("httpx").info("HTTP Request: GET https://host/photo.jpg?signature=hush")
    logging.getLogger("uvicorn.access").info("GET /api/v1/classify?https://host/?signature=hush")
    logging.getLogger("botocore.endpoint").debug("hush")
    assert written.getvalue() == ""
