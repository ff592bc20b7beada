"""A candidate beside the served release: asked unseen, in spare capacity, verified as any other, gone in time."""

import gc
import random
import shutil
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import msgspec
import numpy as np
import pytest
from PIL import Image

from api.monitoring.observing import CLIENT
from api.releases import shadowing
from api.releases.loading import ReleaseLoader
from api.releases.shadowing import Shadow, ShadowCounts
from api.serving.classified import Classified
from api.serving.server import ModelServer
from api.settings import Settings
from recipe_assets.release.decisions import Verdict
from recipe_assets.release.pointer import Pointer
from tests.api.conftest import Studio
from tests.api.recorded import logged, new_log
from tests.release import factory

GRAY = factory.photo("gray")


@dataclass
class Scene:
    """An API without its HTTP, a shadow, and what the shadow's sink was given."""

    studio: Studio
    server: ModelServer
    shadow: Shadow
    rows: list[tuple[Classified, Classified, str, str | None]] = field(default_factory=list)
    idle: bool = True

    async def candidate(self, release_id: str | None) -> None:
        """Wait until this candidate is asked, or none."""
        await poll(lambda: (self.shadow.candidate.release_id if self.shadow.candidate else None) == release_id)

    async def settled(self, chosen: int) -> None:
        """Wait until so many chosen photos are compared, dropped or failed."""
        await poll(lambda: sum(self.shadow.counts) - self.shadow.counts.differed >= chosen)


def play(studio: Studio, act: Callable[[Scene], Awaitable[None]], share: float = 1) -> Scene:
    """Let an act play on an API that serves release 1."""
    publish(studio, 1)
    settings = Settings(
        releases=studio.url, cache=studio.folder / "cache", poll_seconds=0.05, shadow_share=share, forwards=1,
        decoders=1, threads=1,
    )  # fmt: skip
    server = ModelServer(settings)
    scene = Scene(studio, server, Shadow(settings, lambda *row: scene.rows.append(row), lambda: scene.idle))
    server.observers.append(scene.shadow)

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.follow)
            tasks.start_soon(scene.shadow.follow)
            await poll(lambda: server.current is not None)
            await act(scene)
            tasks.cancel_scope.cancel()

    anyio.run(main)
    return scene


async def poll(condition: Callable[[], bool], seconds: float = 20) -> None:
    with anyio.fail_after(seconds):
        while not condition():
            await anyio.sleep(0.02)


def publish(studio: Studio, number: int) -> Pointer:
    manifest = factory.build(studio.folder / f"built-{number}", number)
    found = studio.store.read_pointer()
    return studio.store.publish(studio.folder / f"built-{number}", manifest, found.token if found else None)


def propose(studio: Studio, number: int, bias: float = 3.0, golden: factory.GoldenSet = "true") -> str:
    """Let a release wait that calls gray photos "gray-tray"; the served one calls them "red-pan"."""
    folder = studio.folder / f"built-{number}"
    manifest = factory.build(folder, number, bias, golden)
    return propose_built(studio, folder, manifest)


def propose_built(studio: Studio, folder: Path, manifest: factory.Manifest) -> str:
    current = studio.store.read_pointer()
    return studio.store.propose(folder, manifest, current.pointer.release_id if current else None).release_id


@pytest.fixture
def without_collections() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_candidate_answers_real_photos_and_its_disagreements_are_told(studio: Studio) -> None:
    async def act(scene: Scene) -> None:
        candidate = propose(studio, 2)
        await scene.candidate(candidate)
        CLIENT.set("photoshop")
        gray = await scene.server.classify(GRAY)
        await scene.settled(1)
        red = await scene.server.classify(factory.photo("red"))
        await scene.settled(2)
        assert [found.served.release_id for found in (gray, red)] == [scene.server.served().release_id] * 2
        (first, second) = scene.rows
        assert (first[0], second[0]) == (gray, red)
        assert [row[1].served.release_id for row in scene.rows] == [candidate] * 2
        assert [row[1].ranked(1)[0].keyword for row in scene.rows] == ["gray-tray", "red-pan"]
        assert first[0].ranked(1)[0].keyword == "red-pan"
        assert [len(row[2]) for row in scene.rows] == [64, 64]
        assert [row[3] for row in scene.rows] == ["photoshop"] * 2
        assert scene.shadow.counts == ShadowCounts(compared=2, differed=1)

    play(studio, act)


def test_the_candidate_says_of_a_photo_what_it_would_say_if_it_were_served(studio: Studio) -> None:
    async def act(scene: Scene) -> None:
        candidate = propose(studio, 2)
        await scene.candidate(candidate)
        for color in ("gray", "orange", "navy"):
            await scene.server.classify(factory.photo(color, (3000, 2000)))
            await scene.settled(len(scene.rows) + 1)
        studio.store.promote(candidate, Verdict("a person"))
        await poll(lambda: scene.server.served().release_id == candidate)
        for color, row in zip(("gray", "orange", "navy"), scene.rows, strict=True):
            served = await scene.server.classify(factory.photo(color, (3000, 2000)))
            np.testing.assert_array_equal(served.shares, row[1].shares)

    play(studio, act)


def test_a_candidate_with_another_preprocessing_and_other_keywords_answers_too(studio: Studio) -> None:
    async def act(scene: Scene) -> None:
        folder = studio.folder / "larger"
        factory.write_files(folder)
        (folder / "image_encoder.onnx").write_bytes(factory.graph(size=24, keywords=3).SerializeToString())
        manifest = factory.manifest_of(folder, 3)
        spec = msgspec.structs.replace(manifest.preprocessing, size=24)
        metrics = msgspec.structs.replace(manifest.metrics, per_keyword={})
        changes = {"preprocessing": spec, "keywords": manifest.keywords[:3], "metrics": metrics}
        await scene.candidate(propose_built(studio, folder, msgspec.structs.replace(manifest, **changes)))
        await scene.server.classify(factory.photo("blue"))
        await scene.settled(1)
        assert scene.rows[0][1].ranked(1)[0].keyword == "blue-pot"
        assert scene.rows[0][1].shares.shape == (3,)

    play(studio, act)


def test_a_candidate_that_fails_its_golden_set_is_never_asked_and_harms_nobody(studio: Studio) -> None:
    async def act(scene: Scene) -> None:
        candidate = propose(studio, 2, golden="wrong")
        await poll(lambda: candidate in (scene.shadow.last_error or ""))
        assert "answers otherwise" in str(scene.shadow.last_error)
        assert (await scene.server.classify(GRAY)).ranked(1)[0].keyword == "red-pan"
        assert scene.server.last_error is None
        better = propose(studio, 3)
        await scene.candidate(better)
        assert scene.shadow.last_error is None

    assert play(studio, act).rows == []


def test_without_spare_capacity_photos_are_dropped_and_counted(studio: Studio) -> None:
    async def act(scene: Scene) -> None:
        await scene.candidate(propose(studio, 2))
        scene.idle = False
        for _ in range(5):
            await scene.server.classify(GRAY)
        assert scene.shadow.counts == ShadowCounts(dropped=5)
        scene.idle = True
        await scene.server.classify(GRAY)
        await scene.settled(6)
        assert scene.shadow.counts == ShadowCounts(compared=1, differed=1, dropped=5)

    play(studio, act)


def test_photos_never_queue_behind_a_slow_candidate(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(scene: Scene) -> None:
        await scene.candidate(propose(studio, 2))
        for _ in range(30):
            await scene.server.classify(GRAY)
        # One is being answered, two wait; clients had all their answers meanwhile.
        assert scene.shadow.counts == ShadowCounts(dropped=27)
        slow.set()
        await scene.settled(30)
        assert scene.shadow.counts == ShadowCounts(compared=3, differed=3, dropped=27)

    slow, original = threading.Event(), shadowing._classify

    def wait(*given: object) -> Classified:
        slow.wait(20)
        return original(*given)

    monkeypatch.setattr(shadowing, "_classify", wait)
    play(studio, act)


def test_under_load_every_photo_is_compared_or_dropped_and_every_client_answered(studio: Studio) -> None:
    async def act(scene: Scene) -> None:
        await scene.candidate(propose(studio, 2))
        answers: list[Classified] = []

        async def client() -> None:
            for _ in range(10):
                answers.append(await scene.server.classify(GRAY))

        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(client)
        await scene.settled(80)
        assert len(answers) == 80
        assert scene.shadow.counts.compared + scene.shadow.counts.dropped == 80
        assert len(scene.rows) == scene.shadow.counts.compared > 0

    play(studio, act)


def test_the_share_of_the_settings_is_asked(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(scene: Scene) -> None:
        await scene.candidate(propose(studio, 2))
        scene.idle = False  # chosen ones are counted as dropped at once
        classified = await scene.server.classify(GRAY)
        before = scene.shadow.counts.dropped
        for _ in range(2000):
            scene.shadow.answered(classified, "ab" * 32, None)
        assert 520 < scene.shadow.counts.dropped - before < 680  # 600 with five standard deviations of 20

    random.seed(7)
    play(studio, act, share=0.3)


@pytest.mark.parametrize("ending", ["reject", "promote"])
def test_a_candidate_that_was_decided_about_is_dropped_and_freed(
    ending: str, studio: Studio, without_collections: None
) -> None:
    async def act(scene: Scene) -> None:
        candidate = propose(studio, 2)
        await scene.candidate(candidate)
        await scene.server.classify(GRAY)
        await scene.settled(1)
        assert scene.shadow.candidate is not None
        model = weakref.ref(scene.shadow.candidate.predictor)
        cached = scene.shadow._loader.cache.folder(candidate) / "image_encoder.onnx"
        file = cached.stat().st_ino
        scene.rows.clear()
        getattr(studio.store, ending)(candidate, Verdict("a person"))
        await scene.candidate(None)
        await poll(lambda: model() is None)
        if ending == "promote":
            await poll(lambda: scene.server.served().release_id == candidate)
            assert cached.stat().st_ino == file  # nothing was downloaded again
        else:
            await poll(lambda: not scene.shadow._loader.cache._noted("shadow.json"))
            release_id = publish(studio, 3).release_id
            await poll(lambda: scene.server.served().release_id == release_id)
            await poll(lambda: not cached.exists())
        await scene.server.classify(GRAY)
        assert scene.rows == []

    play(studio, act)


def test_a_newer_candidate_takes_the_place_of_an_older_one(studio: Studio, without_collections: None) -> None:
    async def act(scene: Scene) -> None:
        await scene.candidate(propose(studio, 2))
        await scene.server.classify(GRAY)
        await scene.settled(1)
        scene.rows.clear()
        assert scene.shadow.candidate is not None
        model = weakref.ref(scene.shadow.candidate.predictor)
        second = propose(studio, 3)
        await scene.candidate(second)
        await poll(lambda: model() is None)
        assert scene.shadow.counts == ShadowCounts()
        await scene.server.classify(GRAY)
        await scene.settled(1)
        assert [row[1].served.release_id for row in scene.rows] == [second]

    play(studio, act)


def test_a_release_that_is_served_already_is_not_compared_with_itself(studio: Studio) -> None:
    """Between the pointer's move and the end of an approval, one release is both."""

    async def act(scene: Scene) -> None:
        await scene.candidate(propose(studio, 2))
        assert scene.shadow.candidate is not None
        small = Image.new("RGB", (256, 256))
        itself = Classified(scene.shadow.candidate, np.array([1.0, 0, 0, 0]), None, small)
        scene.shadow.answered(itself, "ab" * 32, None)
        assert scene.shadow.counts == ShadowCounts()

    assert play(studio, act).rows == []


def test_while_the_store_is_away_the_candidate_goes_on(studio: Studio) -> None:
    async def act(scene: Scene) -> None:
        candidate = propose(studio, 2)
        await scene.candidate(candidate)
        (studio.folder / "store").rename(studio.folder / "away")
        (studio.folder / "store").write_text("not a folder")
        await poll(lambda: "cannot be used" in (scene.shadow.last_error or ""))
        await scene.server.classify(GRAY)
        await scene.settled(1)
        assert [row[1].served.release_id for row in scene.rows] == [candidate]

    play(studio, act)


@pytest.mark.parametrize("who", ["candidate", "sink"])
def test_a_candidate_or_a_sink_that_fails_is_counted_and_asked_again(
    who: str, studio: Studio, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> Classified:
        raise RuntimeError("no luck")

    async def act(scene: Scene) -> None:
        await scene.candidate(propose(studio, 2))
        with monkeypatch.context() as patched:
            if who == "candidate":
                patched.setattr(shadowing, "_classify", fail)
            else:
                patched.setattr(scene.shadow, "_sink", fail)
            assert (await scene.server.classify(GRAY)).ranked(1)[0].keyword == "red-pan"
            await scene.settled(1)
        assert scene.shadow.counts == ShadowCounts(failed=1)
        assert "no luck" in caplog.text
        await scene.server.classify(GRAY)
        await scene.settled(2)
        assert scene.shadow.counts == ShadowCounts(compared=1, differed=1, failed=1)

    play(studio, act)


def test_the_log_of_predictions_takes_what_both_said(studio: Studio, tmp_path: Path) -> None:
    log = new_log(tmp_path / "log")

    async def act(scene: Scene) -> None:
        candidate = propose(studio, 2)
        await scene.candidate(candidate)
        scene.shadow._sink = log.shadowed
        answer = await scene.server.classify(GRAY)
        await scene.settled(1)
        log.flush()
        (row,) = logged(tmp_path / "log")
        assert (row.kind, row.release_id, row.keyword) == ("shadow", answer.served.release_id, "red-pan")
        assert (row.candidate_release_id, row.candidate_keyword) == (candidate, "gray-tray")

    play(studio, act)


def test_a_candidate_is_kept_in_the_cache_while_releases_come_and_go(studio: Studio) -> None:
    async def act(scene: Scene) -> None:
        candidate = propose(studio, 2)
        await scene.candidate(candidate)
        folder = scene.shadow._loader.cache.folder(candidate)
        for number in (3, 4, 5):
            release_id = publish(studio, number).release_id
            await poll(lambda wanted=release_id: scene.server.served().release_id == wanted)
            assert folder.is_dir()
        # A loader of another process, or of the next start, knows it, too.
        shutil.rmtree(folder)
        pointer = studio.store.read_candidate()
        assert pointer is not None
        other = ReleaseLoader(Settings(releases=studio.url, cache=studio.folder / "cache"))
        assert other.load(pointer).release_id == candidate

    play(studio, act)
