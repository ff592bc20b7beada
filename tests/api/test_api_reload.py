"""Releases that come and go under load: nobody waits, nobody gets half of two, and nothing old stays."""

import gc
import logging
import os
import subprocess
import sys
import textwrap
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import anyio
import msgspec
import psutil
import pytest

from api.releases import loading, release_cache
from api.releases.aside import aside
from api.releases.loading import ReleaseLoader, Served
from api.serving.server import ModelServer
from api.settings import Settings
from recipe_assets.errors import ReleaseError
from recipe_assets.release import files
from recipe_assets.release.pointer import Pointer, encode_pointer
from tests.api.bad_publisher import Publisher
from tests.api.conftest import Running, Studio, until
from tests.api.reload_load import GOOD, LATE, PLAN, SERVED, run
from tests.release import factory

ROOT = Path(__file__).parents[2]
MEGABYTE = 1 << 20
Serve = Callable[..., Running]


def settings_of(studio: Studio, **changes: object) -> Settings:
    fields = {"releases": studio.url, "cache": studio.folder / "cache", "poll_seconds": 0.05, "threads": 1}
    return Settings(**(fields | {"forwards": 1, "decoders": 1} | changes))


@pytest.fixture
def loader(studio: Studio) -> ReleaseLoader:
    return ReleaseLoader(settings_of(studio))


@pytest.fixture
def without_collections() -> Iterator[None]:
    """What is freed now is freed because nobody holds it, not because somebody swept."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def publish(studio: Studio, number: int, golden: factory.GoldenSet = "true", megabytes: int = 0) -> Pointer:
    folder = studio.folder / f"built-{number}"
    manifest = factory.build(folder, number, number / 10, golden, megabytes)
    found = studio.store.read_pointer()
    return studio.store.publish(folder, manifest, found.token if found else None)


def cut_off(studio: Studio) -> None:
    """Let the store be away."""
    (studio.folder / "store").rename(studio.folder / "away")
    (studio.folder / "store").write_text("not a folder")


def test_twenty_releases_good_and_bad_under_load_cost_no_request_and_mix_no_answer(
    studio: Studio, serve: Serve
) -> None:
    publisher = Publisher(studio.folder)
    outcome = run(publisher, serve().url, requests=600)
    assert len(outcome.answers) >= 600
    assert outcome.failed == []
    assert outcome.mixed == []
    # Every good release has answered, and no other one.
    assert outcome.served == set(publisher.expected)
    assert len(outcome.served) == 1 + sum(kind in SERVED for kind in PLAN)
    # Every bad one, and every late one until it was whole, was refused for what is wrong with it.
    said = {
        GOOD: "",
        "flipped": "has other content (sha256 differs)",
        "short": "bytes instead of",
        LATE: "bytes instead",
    }
    said |= {"missing": "is missing", "no manifest": "has no manifest.json", "half manifest": "damaged"}
    said |= {"golden": "golden photos get another keyword", "garbage": "no graph", "misfit": "export it again"}
    assert set(outcome.refused) == {number for number, kind in enumerate(PLAN, 1) if kind != GOOD}
    for number, reason in outcome.refused.items():
        assert said[PLAN[number - 1]] in reason


def test_a_release_that_fails_its_golden_set_leaves_the_old_one_serving(api: Running, studio: Studio) -> None:
    first = api.health()["release_id"]
    second = publish(studio, 2, golden="wrong").release_id
    until(lambda: second in (api.health()["last_error"] or ""))
    assert "answers otherwise here than when it was packaged" in api.health()["last_error"]
    assert api.client.post("/api/v1/predict", content=factory.photo()).headers["X-Model-Release"] == first
    third = publish(studio, 3).release_id
    api.wait_for(third)
    assert api.health()["last_error"] is None


def test_an_older_release_without_a_golden_set_is_served_and_the_log_says_so(
    studio: Studio, loader: ReleaseLoader, caplog: pytest.LogCaptureFixture
) -> None:
    pointer = publish(studio, 1, golden="none")
    with caplog.at_level(logging.INFO):
        assert loader.load_latest(None, insist=False).release_id == pointer.release_id
    assert f"release {pointer.release_id} carries no golden set" in caplog.text


@pytest.mark.parametrize("golden", ["true", "none"])
def test_the_shapes_that_serve_have_run_before_a_release_is_served(
    golden: factory.GoldenSet, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    original = loading.Predictor.logits
    monkeypatch.setattr(
        loading.Predictor, "logits", lambda self, batch: (sizes.append(len(batch)), original(self, batch))[1]
    )
    publish(studio, 1, golden=golden)
    ReleaseLoader(settings_of(studio, batch_size=2)).load_latest(None, insist=False)
    assert set(sizes) == {1, 2}


def test_the_old_release_is_freed_when_the_last_request_that_holds_it_ends(
    studio: Studio, without_collections: None
) -> None:
    async def swap() -> None:
        server = ModelServer(settings_of(studio))
        async with anyio.create_task_group() as tasks:
            publish(studio, 1)
            tasks.start_soon(server.follow)
            await poll(lambda: server.current is not None)
            held = await server.classify(factory.photo("gray"))
            old = weakref.ref(held.served)
            model = weakref.ref(held.served.predictor)
            second = publish(studio, 2).release_id
            await poll(lambda: server.current is not None and server.current.release_id == second)
            assert (await server.classify(factory.photo("gray"))).served.release_id == second
            # The one who still holds the answer can go on with it: rank anew, look at neighbors.
            assert model() is not None
            assert held.ranked(1)[0].keyword == held.served.predictor.ranked(held.shares, 1)[0].keyword
            del held
            await poll(lambda: old() is None and model() is None)
            tasks.cancel_scope.cancel()

    anyio.run(swap)


def test_a_refused_release_is_freed_at_once(
    studio: Studio, loader: ReleaseLoader, without_collections: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is remembered until the next try; an error would remember all that its frames hold."""
    opened: list[weakref.ref[object]] = []
    original = loading.Predictor.load

    def load(folder: Path, threads: int | None = None) -> loading.Predictor:
        predictor = original(folder, threads)
        opened.append(weakref.ref(predictor))
        return predictor

    monkeypatch.setattr(loading.Predictor, "load", load)
    publish(studio, 1, golden="wrong")
    for _ in range(3):
        with pytest.raises(ReleaseError, match="answers otherwise"):
            loader.load_latest(None, insist=True)
    assert len(opened) == 3
    assert [found() for found in opened] == [None] * 3


def test_memory_after_many_swaps_is_what_it_was_after_a_few(studio: Studio, loader: ReleaseLoader) -> None:
    """The weights of every release are 32 MB; were they kept, fifteen swaps would take 400."""
    pointers = [publish(studio, number, megabytes=32) for number in (1, 2)]
    process, current = psutil.Process(), None
    sizes = []
    for swap in range(15):
        pointer = pointers[swap % 2]
        (studio.folder / "store" / "latest.json").write_bytes(encode_pointer(pointer))
        current = loader.load_latest(current, insist=False)
        assert current.release_id == pointer.release_id
        sizes.append(process.memory_info().rss)
    assert max(sizes) - sizes[3] < 3 * 32 * MEGABYTE


def test_a_release_that_cannot_be_loaded_is_tried_again_after_growing_pauses_that_people_see(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = ReleaseLoader(settings_of(studio, poll_seconds=2))
    clock = [100.0]
    monkeypatch.setattr(loading, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    pointer = publish(studio, 1, golden="wrong")
    pauses = []
    for tries in range(1, 9):
        with pytest.raises(ReleaseError, match="answers otherwise") as raised:
            loader.load_latest(None, insist=False)
        trouble = loader.trouble
        assert trouble is not None
        assert (trouble.release_id, trouble.reason, trouble.tries) == (
            pointer.release_id,
            str(raised.value),
            tries,
        )
        pauses.append(round((trouble.retry_at - datetime.now(UTC)) / timedelta(seconds=1)))
        clock[0] += pauses[-1] - 0.5
        with pytest.raises(ReleaseError, match="answers otherwise"):  # said again, not tried
            loader.load_latest(None, insist=False)
        assert loader.trouble is not None
        assert loader.trouble.tries == tries
        clock[0] += 1
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    publish(studio, 2)
    assert loader.load_latest(None, insist=False).predictor
    assert loader.trouble is None


def test_a_release_that_is_mended_in_its_place_is_served_at_the_next_try(
    studio: Studio, loader: ReleaseLoader
) -> None:
    pointer = publish(studio, 1)
    encoder = studio.folder / "store" / "releases" / pointer.release_id / "image_encoder.onnx"
    whole = encoder.read_bytes()
    encoder.write_bytes(whole[:100])
    with pytest.raises(ReleaseError, match="has 100 bytes"):
        loader.load_latest(None, insist=False)
    encoder.write_bytes(whole)
    with pytest.raises(ReleaseError, match="has 100 bytes"):  # said again without another look
        loader.load_latest(None, insist=False)
    assert loader.load_latest(None, insist=True).release_id == pointer.release_id


def test_a_bug_in_loading_is_not_repeated_at_every_look(
    studio: Studio, loader: ReleaseLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(studio, 1)
    tries = []

    def fail(pointer: Pointer) -> Served:
        tries.append(pointer)
        raise KeyError("surprise")

    monkeypatch.setattr(loader, "_load", fail)
    with pytest.raises(KeyError, match="surprise"):
        loader.load_latest(None, insist=False)
    with pytest.raises(ReleaseError, match=r"failed unexpectedly: KeyError\('surprise'\)"):
        loader.load_latest(None, insist=False)
    assert len(tries) == 1


def test_without_the_store_the_golden_set_of_the_cached_release_is_replayed(
    studio: Studio, loader: ReleaseLoader
) -> None:
    pointer = publish(studio, 1)
    loader.load_latest(None, insist=False)
    cut_off(studio)
    assert ReleaseLoader(settings_of(studio)).load_cached().release_id == pointer.release_id
    # The same release, all hashes true, on a machine that computes something else.
    folder = loader.cache.folder(pointer.release_id)
    factory.write_golden(folder, wrong=True)
    (folder / "manifest.json").unlink()
    manifest = factory.manifest_of(folder, 1)
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    with pytest.raises(ReleaseError, match="answers otherwise"):
        ReleaseLoader(settings_of(studio)).load_cached()


@pytest.mark.parametrize("damage", ["graph", "manifest", "missing"])
def test_a_damaged_copy_in_the_cache_is_never_served_and_brought_anew(
    damage: str, studio: Studio, loader: ReleaseLoader, caplog: pytest.LogCaptureFixture
) -> None:
    pointer = publish(studio, 1)
    loader.load_latest(None, insist=False)
    folder = loader.cache.folder(pointer.release_id)
    graph = (folder / "image_encoder.onnx").read_bytes()
    if damage == "graph":
        (folder / "image_encoder.onnx").write_bytes(graph[::-1])
    elif damage == "manifest":
        (folder / "manifest.json").write_bytes(b"{}")
    else:
        (folder / "confusion_matrix.png").unlink()
    if damage != "manifest":
        with pytest.raises(ReleaseError, match="is not what its manifest says"):
            ReleaseLoader(settings_of(studio)).load_cached()
    again = ReleaseLoader(settings_of(studio)).load_latest(None, insist=False)
    assert again.release_id == pointer.release_id
    assert (folder / "image_encoder.onnx").read_bytes() == graph
    assert ("was damaged and is brought anew" in caplog.text) == (damage != "manifest")


def test_a_start_reads_the_files_of_a_kept_release_once(
    studio: Studio, loader: ReleaseLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of megabytes take a second; the first pass verifies all that a second one could."""
    publish(studio, 1)
    loader.load_latest(None, insist=False)
    read = []
    original = files.describe_file
    monkeypatch.setattr(files, "describe_file", lambda path: (read.append(path.name), original(path))[1])
    ReleaseLoader(settings_of(studio)).load_latest(None, insist=False)
    assert sorted(read) == sorted(set(read))
    assert "image_encoder.onnx" in read


def test_a_start_without_store_or_cache_says_what_is_missing(studio: Studio, loader: ReleaseLoader) -> None:
    with pytest.raises(ReleaseError, match=r"no release is kept in .* \(No such file"):
        loader.load_cached()
    publish(studio, 1)
    loader.load_latest(None, insist=False)
    (note,) = (studio.folder / "cache").glob("*/last.json")
    note.write_bytes(note.read_bytes()[:20])
    with pytest.raises(ReleaseError, match=r"last\.json is damaged"):
        loader.load_cached()


def test_a_process_that_is_killed_while_it_downloads_leaves_nothing_that_harms_or_stays(
    studio: Studio, loader: ReleaseLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(studio, 1)
    loader.load_latest(None, insist=False)
    second = publish(studio, 2)
    script = """
        import sys, time
        from pathlib import Path
        from api.releases.loading import ReleaseLoader
        from api.settings import Settings
        from recipe_assets.release.folder_store import FolderObjects

        def hang(self, key, target):
            target.write_bytes(b"half of it")
            print("downloading", flush=True)
            time.sleep(600)

        FolderObjects.download = hang
        ReleaseLoader(Settings(releases=sys.argv[1], cache=Path(sys.argv[2]))).load_latest(None, insist=False)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), studio.url, str(studio.folder / "cache")]
    monkeypatch.setattr(release_cache, "_LOCK_SECONDS", 0.2)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "downloading\n"
        half = [path.name for path in (studio.folder / "cache").glob("*/releases/.*")]
        assert [name.startswith(f".{second.release_id}-") for name in half] == [True]
        # While it lives, its release is its own; another process says so, keeps serving, and cleans nothing away.
        with pytest.raises(ReleaseError, match=f"another process is bringing release {second.release_id}"):
            loader.load(second)
        loader.cache.note_served(first)
        assert list((studio.folder / "cache").glob("*/releases/.*"))
        process.kill()
    assert loader.load_latest(None, insist=True).release_id == second.release_id
    kept = sorted(path.name for path in (studio.folder / "cache").glob("*/releases/*"))
    assert kept == [first.release_id, second.release_id]
    assert not list((studio.folder / "cache").glob("*/releases/.*"))


def test_several_processes_may_share_one_cache(studio: Studio) -> None:
    """As threads here: each with a loader of its own, which is all that processes have, too."""
    loaders = [ReleaseLoader(settings_of(studio)) for _ in range(4)]
    currents: list[Served | None] = [None] * 4
    with ThreadPoolExecutor(4) as pool:
        for number in range(1, 6):
            pointer = publish(studio, number)
            currents = list(
                pool.map(lambda loader, current: loader.load_latest(current, insist=True), loaders, currents)
            )
            assert {served.release_id for served in currents if served} == {pointer.release_id}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one and a half megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this user cannot mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def leave_half_of(folder: Path, place: Path) -> Path:
    """Fill a disk up to half of what a release takes."""
    disk, path = os.statvfs(place), place / "filler"
    one = sum(file.stat().st_blocks * 512 for file in folder.rglob("*"))
    path.write_bytes(b"x" * (disk.f_bavail * disk.f_frsize - one // 2))
    return path


def test_a_full_disk_keeps_the_old_release_and_lets_the_new_one_in_when_there_is_room(
    studio: Studio, small_disk: Path
) -> None:
    loader = ReleaseLoader(settings_of(studio, cache=small_disk))
    publish(studio, 1)
    current = loader.load_latest(None, insist=False)
    filler = leave_half_of(loader.cache.folder(current.release_id), small_disk)
    second = publish(studio, 2)
    with pytest.raises(ReleaseError, match=r"the cache .* cannot be used \(it is full\): free space there"):
        loader.load_latest(current, insist=False)
    # What was served last is still there for a start without the store.
    assert ReleaseLoader(settings_of(studio, cache=small_disk)).load_cached().release_id == current.release_id
    filler.unlink()
    assert loader.load_latest(current, insist=True).release_id == second.release_id


def test_on_a_full_disk_releases_that_are_not_served_make_way(studio: Studio, small_disk: Path) -> None:
    loader = ReleaseLoader(settings_of(studio, cache=small_disk))
    current = None
    for number in (1, 2):
        publish(studio, number)
        current = loader.load_latest(current, insist=False)
    (folder,) = small_disk.glob("*/releases")
    assert len(list(folder.iterdir())) == 2
    leave_half_of(folder / current.release_id, small_disk)
    third = publish(studio, 3)
    assert loader.load_latest(current, insist=False).release_id == third.release_id
    assert {path.name for path in folder.iterdir()} == {current.release_id, third.release_id}


def test_a_release_that_cannot_be_noted_is_served_all_the_same_and_noted_later(
    studio: Studio, loader: ReleaseLoader, caplog: pytest.LogCaptureFixture
) -> None:
    pointer = publish(studio, 1)
    current = loader.load_latest(None, insist=False)
    (note,) = (studio.folder / "cache").glob("*/last.json")
    note.unlink()
    (note / "in the way").mkdir(parents=True)
    second = publish(studio, 2)
    current = loader.load_latest(current, insist=False)
    assert current.release_id == second.release_id
    assert f"release {second.release_id} is served but not noted: the cache" in caplog.text
    (note / "in the way").rmdir()
    note.rmdir()
    assert loader.load_latest(current, insist=False) is current
    assert loader.cache.last() == second
    assert loader.cache.folder(pointer.release_id).is_dir()


def test_a_pointer_that_names_the_same_release_anew_loads_nothing(studio: Studio, loader: ReleaseLoader) -> None:
    pointer = publish(studio, 1)
    current = loader.load_latest(None, insist=False)
    again = msgspec.structs.replace(pointer, previous="20261101T000000Z-00000000")
    (studio.folder / "store" / "latest.json").write_bytes(encode_pointer(again))
    renamed = loader.load_latest(current, insist=False)
    assert renamed.predictor is current.predictor
    assert renamed.pointer == again


def test_work_aside_ends_with_nobody_waiting_for_it(studio: Studio) -> None:
    """A store that answers nothing for minutes must not keep the API from stopping."""
    script = """
        import anyio, time
        from api.releases.aside import aside

        async def main():
            with anyio.move_on_after(0.1):
                await aside(lambda: time.sleep(600))
            print("stopped", flush=True)

        anyio.run(main)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "stopped\n"


def test_work_aside_gives_its_result_or_its_error_and_keeps_neither(without_collections: None) -> None:
    class Large:
        pass

    def fail() -> None:
        held = Large()
        seen.append(weakref.ref(held))
        raise ValueError("no luck")

    def succeed() -> Large:
        made = Large()
        seen.append(weakref.ref(made))
        return made

    async def main() -> None:
        assert isinstance(await aside(succeed), Large)
        try:
            await aside(fail, gently=True)
        except ValueError as error:
            assert str(error) == "no luck"  # noqa: PT017 (pytest.raises would hold the error)
        await poll(lambda: [found() for found in seen] == [None, None])

    seen: list[weakref.ref[Large]] = []
    anyio.run(main)


def test_gentle_work_gives_way_and_nothing_else_does() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    async def main() -> None:
        before = niceness()
        assert await aside(niceness, gently=True) == min(19, before + 10)
        assert await aside(niceness) == before == niceness()

    anyio.run(main)


async def poll(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait on the event loop until something holds."""
    with anyio.fail_after(seconds):
        while not condition():
            await anyio.sleep(0.02)
