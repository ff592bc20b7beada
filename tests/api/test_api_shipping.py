"""From the log to the store by a real process: every row once, whatever is killed, away or damaged in between."""

import hashlib
import logging
import os
import random
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import anyio
import pytest

from api.predictions import recording
from api.predictions.prediction_log import PredictionLog
from api.predictions.recording import Recorder
from api.predictions.segment_folders import closed_segments
from api.settings import Settings
from recipe_assets.release.prediction_store import PredictionStore, open_predictions
from tests.api.conftest import ROOT, Running, Studio, until
from tests.api.recorded import SHA, answer, days, new_log, number_of, served, stored_rows
from tests.release import factory
from tests.s3 import CREDENTIALS, s3_client

PATIENCE = 90.0
"""Shipping runs at the lowest priority: on a busy machine it takes its time."""


class Site:
    """A machine with a log, and the store that it ships to."""

    def __init__(self, folder: Path, url: str) -> None:
        self.settings = Settings(releases=url, cache=folder / "cache", ship_seconds=0.1)
        self.recorder = Recorder(self.settings)
        self.release = served(folder)

    @property
    def log(self) -> PredictionLog:
        return self.recorder.log

    @property
    def root(self) -> Path:
        return self.log.segments.root

    @property
    def store(self) -> PredictionStore:
        return open_predictions(self.settings.releases)

    def take(self, rows: int) -> None:
        """Write rows into a segment and close it."""
        for _ in range(rows):
            self.log.answered(answer(self.release, 0.1, 0.7, 0.15, 0.05), SHA, "batch")
        self.log.flush()
        self.log.segments.close_segment()

    def ship(self, seconds: float = 200) -> None:
        self.recorder.ship(seconds)

    def numbers(self) -> list[int]:
        """The numbers of all rows in the store."""
        return [number_of(row) for row in stored_rows(self.store)]

    def waiting(self) -> list[Path]:
        return [segment.path for segment in closed_segments(self.root)]


@pytest.fixture(params=["folder", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "folder":
        return (tmp_path / "store").as_uri()
    endpoint, bucket = request.getfixturevalue("s3_endpoint"), f"test-{uuid4().hex}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv({"region_name": "AWS_DEFAULT_REGION"}.get(name, name.upper()), value)
    client = s3_client(endpoint)
    client.create_bucket(Bucket=bucket)
    client.close()
    return f"s3://{bucket}/studio"


@pytest.fixture
def site(tmp_path: Path, url: str) -> Site:
    return Site(tmp_path, url)


@pytest.fixture
def near(tmp_path: Path) -> Site:
    """A site whose store is a folder beside it."""
    return Site(tmp_path, (tmp_path / "store").as_uri())


def test_what_was_answered_is_in_the_store_to_the_last_column(site: Site) -> None:
    site.take(3)
    site.ship()
    rows = stored_rows(site.store)
    assert [number_of(row) for row in rows] == [1, 2, 3]
    assert rows[0] | {"row_id": None, "time": None} == {
        "row_id": None,
        "kind": "prediction",
        "time": None,
        "release_id": site.release.release_id,
        "photo_sha256": SHA,
        "client": "batch",
        "needs_review": True,
        "keyword": "green-bowl",
        "confidence": 70.0,
        "keyword_2": "blue-pot",
        "confidence_2": 15.0,
        "keyword_3": "red-pan",
        "confidence_3": 10.0,
        "candidate_release_id": None,
        "candidate_keyword": None,
        "candidate_confidence": None,
        "candidate_keyword_2": None,
        "candidate_confidence_2": None,
        "candidate_keyword_3": None,
        "candidate_confidence_3": None,
    }
    assert site.waiting() == []
    assert (site.recorder.shipped.files, site.recorder.shipped.rows) == (1, 3)


def test_the_name_in_the_store_is_day_process_and_number(near: Site) -> None:
    near.take(1)
    [segment] = near.waiting()
    day, _, number = segment.stem.partition("_")
    near.ship()
    [file] = near.store.files(*days())
    assert file.key == f"predictions/date={day}/{segment.parent.name}-{number}.parquet"


def test_a_kill_between_upload_and_delete_doubles_nothing(site: Site, tmp_path: Path) -> None:
    site.take(5)
    [segment] = site.waiting()
    shutil.copy2(segment, tmp_path / "copy")
    site.ship()
    files = [(file, site.store.read(file)) for file in site.store.files(*days())]
    shutil.copy2(tmp_path / "copy", segment)  # as if the process had been killed before it removed the segment
    site.ship()
    assert [(file, site.store.read(file)) for file in site.store.files(*days())] == files
    assert site.numbers() == [1, 2, 3, 4, 5]
    assert site.waiting() == []


def test_shipping_that_is_killed_again_and_again_ships_every_row_once(near: Site) -> None:
    for _ in range(40):
        near.take(3)
    command = [sys.executable, "-m", "api.predictions.shipping", near.root, near.settings.releases]
    killed = 0
    while near.waiting() and killed < 5:
        before = len(near.waiting())
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            goal = before - random.randint(1, 4)
            until(
                lambda goal=goal, process=process: len(near.waiting()) <= goal or process.poll() is not None,
                PATIENCE,
            )  # type: ignore[misc]
            process.kill()
        killed += 1
    near.ship()
    assert near.numbers() == list(range(1, 121))
    assert near.waiting() == []


def test_a_store_that_is_away_is_said_once_and_gets_everything_when_it_is_back(
    near: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "store").write_text("a file where the store should be")
    for _ in range(3):
        near.take(2)
        near.ship()
    assert len(near.waiting()) == 3
    assert [line.levelname for line in caplog.records] == ["WARNING"]
    assert "release store" in str(near.recorder.trouble.reason)
    assert near.recorder._pause == 0.1 * 8, "it is tried less and less often"
    (tmp_path / "store").unlink()
    near.ship()
    assert near.numbers() == list(range(1, 7))
    assert [line.levelname for line in caplog.records] == ["WARNING", "INFO"]
    assert near.recorder._pause == 0.1


def test_a_bucket_that_is_away_keeps_the_rows_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    site = Site(tmp_path, "s3://bucket/prefix")
    site.take(2)
    site.ship()
    assert "cannot be reached" in str(site.recorder.trouble.reason)
    assert len(site.waiting()) == 1


def test_a_store_that_never_answers_does_not_keep_a_process_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
            monkeypatch.setenv(name, "us-east-1")
        site = Site(tmp_path, "s3://bucket/prefix")
        site.take(2)
        site.ship(seconds=1)
    assert "timed out" in str(site.recorder.trouble.reason)
    assert len(site.waiting()) == 1


def test_a_torn_last_line_costs_that_line_alone(near: Site, caplog: pytest.LogCaptureFixture) -> None:
    near.take(5)
    [segment] = near.waiting()
    os.truncate(segment, segment.stat().st_size - 7)
    near.ship()
    assert near.numbers() == [1, 2, 3, 4]
    assert near.recorder.shipped.unreadable == 1
    assert "1 lines of the prediction log were damaged" in caplog.text


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\0" * 4096,
        b"{}\n[]\nnull\n1\n",
        b'{"row_id":1}\n',
        b"\xff\xfe\n" * 100,
        b"[" * 100_000 + b"\n",
        b'{"row_id": "x", "kind": "other"}\n',
        b'{"row_id":"x","kind":"prediction","time":"2026-11-23T00:00:00","release_id":"r","photo_sha256":"s",'
        b'"client":null,"needs_review":true,"keyword":"k","confidence":1}\n',
    ],
)
def test_damaged_segments_hold_up_nothing(near: Site, damage: bytes) -> None:
    near.take(1)
    near.waiting()[0].write_bytes(damage)
    near.take(2)
    near.ship()
    assert near.numbers() == [2, 3]
    assert near.waiting() == []
    assert near.recorder.trouble.reason is None


def test_strange_files_in_the_folder_are_left_alone(near: Site) -> None:
    near.take(1)
    strange = [near.waiting()[0].with_name(name) for name in ("notes.jsonl", "2026-99-99_000001.jsonl", "x.txt")]
    for path in strange:
        path.write_text("mine")
    near.ship()
    assert near.numbers() == [1]
    assert [path.read_text() for path in strange] == ["mine"] * 3


def test_what_another_process_writes_now_is_left_to_it_and_what_a_dead_one_left_is_shipped(
    near: Site, tmp_path: Path
) -> None:
    living, dead = (new_log(near.root.parent, token) for token in ("living", "dead"))
    for log in (living, dead):
        log.segments.root = near.root
        log.answered(answer(near.release, 1, 0, 0, 0), SHA, None)
        log.flush()
    dead.segments._let_go()  # as the kernel does when a process is killed: the lock is gone, the segment open
    near.take(1)
    near.ship()
    processes = {str(row["row_id"]).partition("-")[0] for row in stored_rows(near.store)}
    assert "dead" in processes
    assert "living" not in processes
    assert not (near.root / "dead").exists()
    living.segments.close_segment()
    near.ship()
    assert len(stored_rows(near.store)) == 3


def test_two_apis_that_ship_at_once_ship_every_row_once(near: Site) -> None:
    for _ in range(20):
        near.take(2)
    command = [sys.executable, "-m", "api.predictions.shipping", near.root, near.settings.releases]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[1] for process in processes] == [None] * 3
    assert [process.returncode for process in processes] == [0] * 3
    assert near.numbers() == list(range(1, 41))


def test_the_shipping_process_loads_no_pandas_and_no_model(near: Site) -> None:
    near.take(1)
    code = (
        "import sys; from api.predictions.shipping import main; status = main(sys.argv[1:]); "
        "found = {'pandas', 'torch', 'onnxruntime', 'litestar', 'dagster'} & set(sys.modules); "
        "sys.exit(str(found) if found else status)"
    )
    command = [sys.executable, "-c", code, near.root, near.settings.releases]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert near.numbers() == [1]


def test_the_recorder_writes_and_ships_by_itself_and_ships_the_rest_at_the_end(
    near: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "FLUSH_SECONDS", 0.02)
    monkeypatch.setattr(recording, "LAST_SECONDS", PATIENCE)

    async def live() -> None:
        async with near.recorder.running() as log:
            log.answered(answer(near.release, 1, 0, 0, 0), SHA, None)
            with anyio.fail_after(PATIENCE):
                while not near.store.files(*days()):
                    await anyio.sleep(0.02)
            monkeypatch.setattr(recording, "FLUSH_SECONDS", 60)
            log.answered(answer(near.release, 1, 0, 0, 0), SHA, None)

    anyio.run(live)
    assert near.numbers() == [1, 2]
    assert near.waiting() == []


def test_a_recorder_that_starts_ships_what_a_killed_one_left(near: Site, tmp_path: Path) -> None:
    killed = Recorder(near.settings)
    killed.log.answered(answer(near.release, 1, 0, 0, 0), SHA, None)
    killed.log.flush()
    killed.log.segments._let_go()

    async def live() -> None:
        async with near.recorder.running():
            with anyio.fail_after(PATIENCE):
                while not near.store.files(*days()):
                    await anyio.sleep(0.02)

    anyio.run(live)
    assert near.numbers() == [1]


def test_a_recorder_ends_at_once_where_nothing_was_answered(near: Site) -> None:
    async def live() -> None:
        async with near.recorder.running():
            pass

    anyio.run(live)
    assert not near.settings.cache.exists()


def test_photos_sent_to_the_api_end_up_in_the_store_with_release_keyword_and_key(
    studio: Studio, serve: Callable[..., Running]
) -> None:
    pointer = studio.publish(1)
    running = serve(prediction_log=True, keys="photoshop=secret-of-photoshop", ship_seconds=0.2)
    running.wait_for(pointer.release_id)
    for color in ("red", "lime", "blue"):
        answer = running.client.post(
            "/api/v1/predict", content=factory.photo(color), headers={"X-API-Key": "secret-of-photoshop"}
        )
        assert answer.status_code == 200
    until(lambda: len(stored_rows(open_predictions(studio.url))) == 3, PATIENCE)
    rows = stored_rows(open_predictions(studio.url))
    assert [row["keyword"] for row in rows] == ["red-pan", "green-bowl", "blue-pot"]
    assert {(row["release_id"], row["client"]) for row in rows} == {(pointer.release_id, "photoshop")}
    assert rows[2]["photo_sha256"] == hashlib.sha256(factory.photo("blue")).hexdigest()


def test_an_api_whose_log_cannot_be_written_answers_all_the_same(
    studio: Studio, serve: Callable[..., Running], caplog: pytest.LogCaptureFixture
) -> None:
    pointer = studio.publish(1)
    (studio.folder / "cache").mkdir()
    (studio.folder / "cache" / "predictions").write_text("a file where the log should be")
    running = serve(prediction_log=True, ship_seconds=0.2)
    running.wait_for(pointer.release_id)
    for _ in range(5):
        assert running.client.post("/api/v1/predict", content=factory.photo()).status_code == 200
    until(lambda: "predictions cannot be logged" in caplog.text, PATIENCE)
    assert running.client.post("/api/v1/predict", content=factory.photo()).status_code == 200


def test_an_api_without_the_log_keeps_nothing(studio: Studio, serve: Callable[..., Running]) -> None:
    pointer = studio.publish(1)
    running = serve(prediction_log=False, ship_seconds=0.1)
    running.wait_for(pointer.release_id)
    assert running.client.post("/api/v1/predict", content=factory.photo()).status_code == 200
    running.stop()
    assert not (studio.folder / "cache" / "predictions").exists()
    assert open_predictions(studio.url).files(*days()) == []
