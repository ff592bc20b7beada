"""Micro-batches, who is let in, and how many processors there are: the machinery below a photo's path."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.errors import OverloadedError
from api.serving.admission import LONGEST_PAUSE, Admission
from api.serving.batching import Batcher
from api.serving.capacity import cpu_budget, sized
from api.settings import Settings
from tests.api.conftest import PATIENCE, until


class Recorder:
    """Runs batches by writing them down, as soon as it is let."""

    def __init__(self, **changes: object) -> None:
        self.batches: list[list[int]] = []
        self.running = 0
        self.gate = threading.Event()
        options = {"workers": 1, "size": lambda: 4, "wait_seconds": PATIENCE} | changes
        self.batcher: Batcher[int] = Batcher(self.run, **options)

    def run(self, batch: list[int]) -> None:
        self.running += 1
        assert self.gate.wait(PATIENCE)
        self.batches.append(batch)

    def send(self, *items: int) -> None:
        for _ in items:
            self.batcher.announce()
        for item in items:
            self.batcher.add(item)

    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]


@pytest.fixture
def recorder(request: pytest.FixtureRequest) -> Iterator[Recorder]:
    found = Recorder(**getattr(request, "param", {}))
    yield found
    found.gate.set()
    found.batcher.close()


def test_a_lone_item_does_not_wait_for_company(recorder: Recorder) -> None:
    recorder.gate.set()
    recorder.batcher.announce()
    recorder.batcher.add(1)
    until(lambda: recorder.batches == [[1]], PATIENCE / 2)


def test_an_item_waits_for_one_that_was_announced(recorder: Recorder) -> None:
    recorder.gate.set()
    recorder.batcher.announce()
    recorder.send(1)
    assert recorder.running == 0
    recorder.batcher.add(2)
    until(lambda: recorder.batches == [[1, 2]], PATIENCE / 2)


def test_nobody_waits_for_one_that_will_not_come(recorder: Recorder) -> None:
    recorder.gate.set()
    recorder.batcher.announce()
    recorder.send(1)
    recorder.batcher.withdraw()
    until(lambda: recorder.batches == [[1]], PATIENCE / 2)


@pytest.mark.parametrize("recorder", [{"wait_seconds": 0.01}], indirect=True)
def test_the_wait_for_company_ends(recorder: Recorder) -> None:
    recorder.gate.set()
    recorder.batcher.announce()
    recorder.send(1)
    until(lambda: recorder.batches == [[1]])


def test_what_piled_up_goes_together_and_no_batch_is_too_large(recorder: Recorder) -> None:
    recorder.send(0)
    until(lambda: recorder.running == 1)
    recorder.send(*range(1, 11))
    recorder.gate.set()
    until(lambda: sum(recorder.sizes()) == 11)
    assert recorder.batches == [[0], [1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]


@pytest.mark.parametrize("recorder", [{"workers": 3, "size": lambda: 1}], indirect=True)
def test_so_many_batches_run_at_once_as_there_are_workers(recorder: Recorder) -> None:
    recorder.send(*range(9))
    until(lambda: recorder.running == 3)
    recorder.gate.set()
    until(lambda: len(recorder.batches) == 9)


@pytest.mark.parametrize("recorder", [{"workers": 4, "size": lambda: 3, "wait_seconds": 0.001}], indirect=True)
def test_under_load_from_many_threads_every_item_runs_exactly_once(recorder: Recorder) -> None:
    recorder.gate.set()
    with ThreadPoolExecutor(8) as senders:
        list(senders.map(recorder.send, range(2000)))
    until(lambda: sum(recorder.sizes()) == 2000)
    assert sorted(item for batch in recorder.batches for item in batch) == list(range(2000))
    assert max(recorder.sizes()) <= 3


def test_after_the_end_items_are_dropped_without_noise(recorder: Recorder) -> None:
    recorder.batcher.close()
    recorder.send(1)
    assert recorder.batches == []


class Room:
    """An admission whose clock is moved by hand."""

    def __init__(self, room: int) -> None:
        self.now = 1000.0
        self.admission = Admission(room, lambda: self.now)
        self.inside: list[Callable[..., object]] = []

    def enter(self) -> None:
        guest = self.admission.admitted()
        guest.__enter__()
        self.inside.append(guest.__exit__)

    def leave(self, after: float) -> None:
        self.now += after
        self.inside.pop(0)(None, None, None)

    def refusal(self) -> int:
        with pytest.raises(OverloadedError) as refused:
            self.enter()
        return refused.value.retry_after


def test_so_many_photos_are_let_in_as_there_is_room_for() -> None:
    room = Room(3)
    for _ in range(3):
        room.enter()
    assert room.admission.inside == 3
    assert room.refusal() >= 1
    room.leave(after=0.1)
    room.enter()
    assert room.admission.inside == 3


def test_whoever_is_turned_away_comes_back_when_there_is_room_and_not_all_at_once() -> None:
    """Two photos a second leave; 40 are inside and 100 more ask."""
    room = Room(40)
    for _ in range(40):
        room.enter()
    for _ in range(60):
        room.leave(after=0.5)
        room.enter()
    told = [room.refusal() for _ in range(100)]
    assert 19 <= told[0] <= 27, "those inside take 20 s"
    for place, seconds in enumerate(told):
        due = min(20 + place / 2, LONGEST_PAUSE)
        assert due - 1 <= seconds <= 1.25 * due + 2
    assert len(set(told)) > 30


def test_a_quiet_hour_does_not_count_as_slowness() -> None:
    room = Room(1)
    for _ in range(50):
        room.enter()
        room.leave(after=0.2)
        room.now += 3600
    room.enter()
    assert room.refusal() <= 2


def test_a_closed_room_lets_nobody_in() -> None:
    room = Room(3)
    emptied = room.admission.emptied()
    with pytest.raises(StopIteration):
        emptied.send(None)
    assert room.refusal() >= 1


def settings(**changes: object) -> Settings:
    return Settings(releases="file:///x", cache=Path("/x"), **changes)


@pytest.mark.parametrize(
    ("files", "own", "expected"),
    [
        ({}, "0::/\n", 8),
        ({"cpu.max": "max 100000\n"}, "0::/\n", 8),
        ({"cpu.max": "200000 100000\n"}, "0::/\n", 2),
        ({"cpu.max": "150000 100000\n"}, "0::/\n", 2),
        ({"cpu.max": "20000 100000\n"}, "0::/\n", 1),
        ({"cpu.max": "6400000 100000\n"}, "0::/\n", 8),
        ({"cpu.max": "200000 100000\n"}, "0::/docker/not-mounted-here\n", 2),
        ({"system.slice/api.service/cpu.max": "300000 100000\n"}, "0::/system.slice/api.service\n", 3),
        (
            {"system.slice/cpu.max": "100000 100000\n", "system.slice/api.service/cpu.max": "300000 100000\n"},
            "0::/system.slice/api.service\n",
            1,
        ),
        (
            {"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"},
            "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n",
            4,
        ),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, "5:cpu:/\n", 8),
        ({"cpu.max": "nonsense\n"}, "0::/\n", 8),
        ({}, "nonsense\n", 8),
    ],
)
def test_the_quota_of_a_container_or_service_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], own: str, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    for name, content in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (tmp_path / "own").write_text(own)
    assert cpu_budget(tmp_path / "groups", tmp_path / "own") == expected


def test_the_processors_that_this_process_may_run_on_count() -> None:
    allowed = os.sched_getaffinity(0)
    one = min(allowed)
    os.sched_setaffinity(0, {one})
    try:
        assert cpu_budget() == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(
    ("processors", "given", "expected"),
    [
        (2, {}, (2, 2, 1)),
        (8, {}, (8, 8, 1)),
        (8, {"forwards": 2}, (8, 2, 4)),
        (8, {"forwards": 16}, (8, 16, 1)),
        (8, {"forwards": 3, "threads": 5, "decoders": 1}, (1, 3, 5)),
    ],
)
def test_pools_fit_the_processors_unless_told(
    monkeypatch: pytest.MonkeyPatch, processors: int, given: dict[str, int], expected: tuple[int, int, int]
) -> None:
    monkeypatch.setattr("api.serving.capacity.cpu_budget", lambda: processors)
    found = sized(settings(**given))
    assert (found.decoders, found.forwards, found.threads) == expected
