"""The prediction log on a real disk: what is kept, what bounds it, and that no trouble reaches an answer."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from api.predictions import prediction_log
from api.predictions.recording import Recorder
from api.predictions.segment_folders import adopt, closed_segments
from api.predictions.segments import Line, Segments
from api.releases.loading import Served
from api.settings import Settings
from tests.api.conftest import ROOT, until
from tests.api.recorded import SHA, answer, logged, new_log, on_disk, records_in, served
from tests.powers import without_powers


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log")


@pytest.fixture(scope="module")
def release(built: Path) -> Served:
    return served(built)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "predictions"


def size_on_disk(base: Path) -> int:
    return sum(path.stat().st_size for path in on_disk(base))


def test_an_answer_becomes_a_record_with_all_that_the_graph_wants_to_know(release: Served, base: Path) -> None:
    log = new_log(base)
    before = datetime.now(UTC)
    log.answered(answer(release, 0.05, 0.6, 0.3, 0.05), SHA, "photoshop")
    log.flush()
    [record] = logged(base)
    assert (record.kind, record.release_id, record.photo_sha256) == ("prediction", release.release_id, SHA)
    assert (record.client, record.needs_review) == ("photoshop", True)
    assert (record.keyword, record.confidence) == ("green-bowl", 60.0)
    assert (record.keyword_2, record.confidence_2) == ("blue-pot", 30.0)
    assert (record.keyword_3, record.confidence_3) == ("red-pan", 5.0)
    assert record.candidate_release_id is None
    assert before <= record.time <= datetime.now(UTC)
    assert log.counts == (1, 1, 0, 0)


def test_a_candidate_s_answer_stands_beside_the_one_that_the_client_got(
    release: Served, base: Path, tmp_path: Path
) -> None:
    log, candidate = new_log(base), served(tmp_path, 2)
    log.shadowed(answer(release, 0.05, 0.6, 0.3, 0.05), answer(candidate, 0.8, 0.1, 0.06, 0.04), SHA, None)
    log.flush()
    [record] = logged(base)
    assert (record.kind, record.keyword, record.client) == ("shadow", "green-bowl", None)
    assert record.candidate_release_id == candidate.release_id
    assert (record.candidate_keyword, record.candidate_confidence) == ("red-pan", 80.0)
    assert (record.candidate_keyword_2, record.candidate_keyword_3) == ("green-bowl", "blue-pot")


def test_every_record_has_a_number_of_its_own(release: Served, base: Path) -> None:
    log = new_log(base)
    for _ in range(3):
        log.answered(answer(release, 1, 0, 0, 0), SHA, None)
        log.flush()
    assert [record.row_id for record in logged(base)] == ["api-1-1", "api-1-2", "api-1-3"]


def test_taking_a_record_touches_no_file(release: Served, base: Path) -> None:
    """The event loop waits for no disk: only `flush`, in its thread, does."""
    log = new_log(base)
    log.answered(answer(release, 1, 0, 0, 0), SHA, None)
    assert not base.exists()
    assert log.counts.taken == 1


def test_building_the_recorder_touches_no_file_and_loads_no_arrow(tmp_path: Path) -> None:
    recorder = Recorder(Settings(releases=str(tmp_path / "store"), cache=tmp_path / "cache"))
    assert recorder.log.counts.taken == 0
    assert list(tmp_path.iterdir()) == []
    code = (
        "import sys, api.predictions.recording; "
        "sys.exit(int(any(name in sys.modules for name in ('pyarrow', 'pandas'))))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_folder_that_may_not_be_written_is_said_once_and_caught_up_on_later(
    release: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.chdir(tmp_path)
    log = new_log(Path("predictions"))
    with without_powers():
        for _ in range(3):
            log.answered(answer(release, 1, 0, 0, 0), SHA, None)
            log.flush()
    assert log.counts == (3, 0, 0, 0)
    assert "Permission denied" in str(log.trouble.reason)
    assert [line.levelname for line in caplog.records] == ["WARNING"]
    log.flush()
    assert [record.row_id for record in logged(Path("predictions"))] == ["api-1-1", "api-1-2", "api-1-3"]
    assert [line.levelname for line in caplog.records] == ["WARNING", "INFO"]
    assert log.trouble.reason is None


FILLS_UP = """
import resource, sys
from pathlib import Path
from tests.api.recorded import SHA, answer, new_log, served
base = Path(sys.argv[1])
release = served(Path(sys.argv[2]))
log = new_log(base)
def take(rows):
    for _ in range(rows):
        log.answered(answer(release, 1, 0, 0, 0), SHA, None)
    log.flush()
take(10)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, -1))
take(20)
take(5)
assert (log.counts.written, log.counts.lost) == (10, 0), log.counts
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
take(1)
assert (log.counts.written, log.counts.lost) == (36, 0), log.counts
"""


@pytest.mark.usefixtures("release")
def test_a_disk_that_fills_up_in_the_middle_of_a_line_tears_none_and_loses_none(base: Path, built: Path) -> None:
    """The kernel cuts the write short at the limit on file sizes, as it does on a full disk."""
    subprocess.run([sys.executable, "-c", FILLS_UP, base, built], cwd=ROOT, check=True)
    assert [record.row_id for record in logged(base)] == [f"api-1-{number}" for number in range(1, 37)]


def test_memory_is_bounded_while_the_disk_refuses(
    release: Served, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_log, "PENDING_BYTES", 5000)
    base.write_text("a file where the folder should be")
    log = new_log(base)
    for _ in range(100):
        log.answered(answer(release, 1, 0, 0, 0), SHA, None)
        log.flush()
    assert log.counts.written == 0
    base.unlink()
    log.flush()
    kept = [int(record.row_id.rpartition("-")[2]) for record in logged(base)]
    assert kept == list(range(101 - len(kept), 101)), "the newest are kept"
    assert 5 < len(kept) < 20
    assert log.counts == (100, len(kept), 100 - len(kept), 0)


@pytest.mark.parametrize("remove", ["the folder of all logs", "the process's folder", "the segment", "its end"])
def test_rows_that_somebody_removes_are_counted_and_the_log_goes_on(
    release: Served, base: Path, remove: str
) -> None:
    log = new_log(base)
    for _ in range(2):
        log.answered(answer(release, 1, 0, 0, 0), SHA, None)
    log.flush()
    [segment] = on_disk(base)
    if remove == "the segment":
        segment.unlink()
    elif remove == "its end":
        os.truncate(segment, 10)
    else:
        shutil.rmtree(base if remove == "the folder of all logs" else segment.parent)
    log.answered(answer(release, 1, 0, 0, 0), SHA, None)
    log.flush()
    assert log.counts == (3, 3, 0, 2)
    newest = max(on_disk(base), key=lambda path: path.stat().st_mtime_ns)
    assert [record.row_id for record in records_in(newest)] == ["api-1-3"]


def test_the_disk_is_bounded_over_all_logs_here_and_the_oldest_rows_go_first(release: Served, base: Path) -> None:
    limit = 20_000
    logs = [new_log(base, token, limit) for token in ("api-1", "api-2")]
    for number in range(200):
        log = logs[number % 2]
        log.answered(answer(release, 1, 0, 0, 0), SHA, None)
        log.flush()
        assert size_on_disk(base) <= limit
    assert all(log.counts.written == 100 and log.counts.lost == 0 for log in logs)
    for token in ("api-1", "api-2"):
        numbers = sorted(
            int(record.row_id.rpartition("-")[2]) for record in logged(base) if record.row_id.startswith(token)
        )
        assert numbers == list(range(101 - len(numbers), 101))
        assert len(numbers) > 10
    assert sum(log.counts.dropped for log in logs) == 200 - len(logged(base))


def test_a_limit_without_room_for_one_row_is_said_once(
    release: Served, base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = new_log(base, limit=100)
    for _ in range(3):
        log.answered(answer(release, 1, 0, 0, 0), SHA, None)
        log.flush()
    assert log.counts == (3, 0, 3, 0)
    assert len(caplog.records) == 1
    assert "RECIPE_API_PREDICTION_LOG_BYTES" in caplog.text


def test_a_segment_holds_one_day_and_is_closed_when_it_is_large(base: Path) -> None:
    segments = Segments(base, "store", "api-1", limit=4000)
    days = [date(2026, 11, 23), date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 23)]
    segments.append([Line(day, b"x" * 99 + b"\n") for day in days])
    assert [path.name for path in on_disk(base)] == [
        "2026-11-23_000001.jsonl",
        "2026-11-23_000003.open",
        "2026-11-24_000002.jsonl",
    ]
    segments.append([Line(days[0], b"y" * 99 + b"\n")] * 10)
    assert [path.stat().st_size for path in on_disk(base)] == [200, 100, 1000, 100]


def test_two_processes_do_not_mix_and_only_what_a_dead_one_left_is_adopted(release: Served, base: Path) -> None:
    living, dead = new_log(base, "living"), new_log(base, "dead")
    for log in (living, dead):
        log.answered(answer(release, 1, 0, 0, 0), SHA, None)
        log.flush()
    dead.segments.release()
    adopt(base / "store")
    assert [segment.path.parent.name for segment in closed_segments(base / "store")] == ["dead"]
    closed_segments(base / "store")[0].path.unlink()
    adopt(base / "store")
    assert sorted(path.name for path in (base / "store").iterdir() if path.is_dir()) == ["living"]
    living.answered(answer(release, 1, 0, 0, 0), SHA, None)
    living.flush()
    assert [record.row_id for record in logged(base)] == ["living-1", "living-2"]


WRITES_FOR_EVER = """
import sys
from pathlib import Path
from tests.api.recorded import SHA, answer, new_log, served
base = Path(sys.argv[1])
release = served(Path(sys.argv[2]))
log = new_log(base, "killed", 1 << 26)
while True:
    for _ in range(50):
        log.answered(answer(release, 1, 0, 0, 0), SHA, None)
    log.flush()
    print(log.counts.written, flush=True)
"""


@pytest.mark.usefixtures("release")
def test_a_process_that_is_killed_leaves_all_it_had_written_and_at_most_one_torn_line(
    base: Path, built: Path
) -> None:
    command = [sys.executable, "-c", WRITES_FOR_EVER, base, built]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = 0
        while said < 1000:
            said = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        rest = [int(line) for line in process.stdout.read().split()]
    said = max([said, *rest])
    adopt(base / "store")
    lines = b"".join(path.read_bytes() for path in on_disk(base)).split(b"\n")
    whole = [line for line in lines if line.endswith(b"}")]
    assert len(whole) >= said, "what was said to be written is there"
    assert len(lines) - len(whole) <= 1
    assert [path.suffix for path in on_disk(base)] == [".jsonl"] * len(on_disk(base))


def test_records_taken_while_others_are_written_are_neither_lost_nor_doubled(release: Served, base: Path) -> None:
    log, over = new_log(base, limit=1 << 26), threading.Event()

    def write() -> None:
        while not over.is_set():
            log.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(2000):
            log.answered(answer(release, 1, 0, 0, 0), SHA, None)
        until(lambda: log.counts.written == 2000)
    finally:
        over.set()
        writer.join()
    assert [record.row_id for record in logged(base)] == [f"api-1-{number}" for number in range(1, 2001)]
