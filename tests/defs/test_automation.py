"""Sensors and the schedule, ticked as the daemon ticks them, on real files and an ephemeral instance."""

import datetime
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import dagster as dg
import msgspec
import pytest
from dagster_aws.s3 import S3Resource

from recipe_assets.defs import sensors
from recipe_assets.defs.backlog import register_backlog
from recipe_assets.defs.release import RELEASE_ID, model_release, served_model
from recipe_assets.defs.release_report import STATE, WAITS
from recipe_assets.defs.resources import (
    BaseCheckpointResource,
    ReleaseStoreResource,
    ReviewResource,
    StorageResource,
    StudioResource,
    VocabularyResource,
)
from recipe_assets.defs.schedules import weekly_retraining
from recipe_assets.defs.sensors import new_release, new_shoots
from recipe_assets.release.store import open_store
from recipe_assets.studio.arrivals import Wanted, embed_attributes, raw_attributes
from recipe_assets.studio.labels import standardize_shoot
from recipe_assets.studio.reading import read_shoot
from recipe_assets.studio.review import decisions, read_queue
from recipe_assets.studio.shoots import open_studio
from recipe_assets.studio.split_state import pending_fingerprint
from recipe_assets.studio.splits import split_photos
from recipe_assets.studio.vocabulary import load_vocabulary
from tests.defs.colors import VOCABULARY, write_shoot
from tests.release import factory

SETTLE = 0.3
BASE = "builtin:tiny"


class Studio:
    """A studio in a folder with its resources, and what the graph's steps would store for it."""

    def __init__(self, root: Path) -> None:
        self.folder, self.vocabulary, self.queue = root / "studio", root / "vocabulary.yaml", root / "review.csv"
        self.folder.mkdir()
        self.vocabulary.write_text(VOCABULARY)
        self.store = open_store((root / "releases").as_uri())
        self.storage = StorageResource(root=str(root / "data"))
        self.studio = StudioResource(location=str(self.folder), s3=S3Resource())
        self.words = VocabularyResource(path=str(self.vocabulary))
        self.base = BaseCheckpointResource(name=BASE)
        self.releases = ReleaseStoreResource(url=(root / "releases").as_uri(), s3=S3Resource())
        self.cursor: str | None = None

    def add(self, shoot: str, number: int) -> Path:
        return write_shoot(self.folder, shoot, number, recipes=2)

    def read(self, shoot: str) -> None:
        """Store what a run of new_shoot would store."""
        source, words, tables = (
            open_studio(str(self.folder)),
            load_vocabulary(self.vocabulary),
            self.storage.tables(),
        )
        files = source.shoot(shoot).fingerprint
        raw = read_shoot(source, shoot)
        tables.write(raw, "raw_images", shoot, raw_attributes(files))
        decided = decisions(read_queue(self.queue), words)
        labelled = standardize_shoot(raw, words, decided)
        attributes = Wanted(words, decided).label_attributes(shoot, files)
        tables.write(labelled, "standardized_keywords", shoot, attributes)
        made_from = embed_attributes(files, self.base.identity())
        tables.write(raw[["shoot", "file"]], "photo_embeddings", shoot, made_from)

    def tick(self, instance: dg.DagsterInstance) -> dg.SensorResult:
        """One tick, with the cursor that the last one left."""
        resources = {
            "studio": self.studio,
            "vocabulary": self.words,
            "review": ReviewResource(path=str(self.queue)),
            "base": self.base,
            "storage": self.storage,
        }
        with dg.build_sensor_context(instance=instance, cursor=self.cursor, resources=resources) as context:
            outcome = new_shoots(context)
        if isinstance(outcome, dg.SkipReason):
            return dg.SensorResult(skip_reason=outcome, cursor=self.cursor)
        assert isinstance(outcome, dg.SensorResult)
        self.cursor = outcome.cursor
        return outcome

    def settled_tick(self, instance: dg.DagsterInstance) -> dg.SensorResult:
        """Two ticks with the settle time between them: the second sees what has been still."""
        self.tick(instance)
        time.sleep(SETTLE + 0.1)
        return self.tick(instance)

    def tick_schedule(self) -> str | None:
        """Why the schedule skips, or None where it requests a run."""
        resources = {"releases": self.releases, "storage": self.storage, "vocabulary": self.words}
        with (
            dg.instance_for_test() as instance,
            dg.build_schedule_context(instance=instance, resources=resources) as context,
        ):
            outcome = weekly_retraining.evaluate_tick(context)
        assert bool(outcome.run_requests) != bool(outcome.skip_message)
        return outcome.skip_message


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    monkeypatch.setattr(sensors, "SETTLE_SECONDS", SETTLE)
    return Studio(tmp_path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def requested(outcome: dg.SensorResult) -> list[tuple[str | None, str | None]]:
    return [(request.job_name, request.partition_key) for request in outcome.run_requests or []]


def skipped(outcome: dg.SensorResult) -> str:
    assert not outcome.run_requests
    assert outcome.skip_reason is not None
    return str(outcome.skip_reason.skip_message)


def test_a_new_shoot_gets_its_partition_and_a_run_once_it_is_still(
    studio: Studio, instance: dg.DagsterInstance
) -> None:
    studio.add("shoot-1", 1)
    assert "no shoot is new or changed: 1 shoots, 6 files" in skipped(studio.tick(instance))
    outcome = studio.settled_tick(instance)
    assert requested(outcome) == [("new_shoot", "shoot-1")]
    [addition] = outcome.dynamic_partitions_requests or []
    assert list(addition.partition_keys) == ["shoot-1"]


def test_a_shoot_that_was_read_is_not_read_again(studio: Studio, instance: dg.DagsterInstance) -> None:
    studio.add("shoot-1", 1)
    studio.read("shoot-1")
    assert "no shoot is new or changed" in skipped(studio.settled_tick(instance))


def test_a_changed_shoot_alone_is_read_again_and_the_tick_says_what_changed(
    studio: Studio, instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2):
        studio.add(f"shoot-{number}", number)
        studio.read(f"shoot-{number}")
    studio.settled_tick(instance)
    files = sorted((studio.folder / "shoot-1").iterdir())
    files[0].unlink()
    files[1].write_bytes(files[2].read_bytes())
    (studio.folder / "shoot-1" / "more.jpg").write_bytes(files[3].read_bytes())
    (studio.folder / "shoot-1" / "most.jpg").write_bytes(files[4].read_bytes())
    assert skipped(studio.tick(instance))
    assert "shoot-1: 2 added, 1 changed, 1 removed" in capsys.readouterr().err
    time.sleep(SETTLE + 0.1)
    (request,) = studio.tick(instance).run_requests or []
    assert (request.job_name, request.partition_key) == ("new_shoot", "shoot-1")


def test_a_shoot_that_is_still_being_copied_waits(studio: Studio, instance: dg.DagsterInstance) -> None:
    folder = studio.add("shoot-1", 1)
    for number in range(4):
        (folder / f"more-{number}.jpg").write_bytes(b"x")
        assert skipped(studio.tick(instance))
        time.sleep(SETTLE / 2)
    time.sleep(SETTLE)
    assert requested(studio.tick(instance)) == [("new_shoot", "shoot-1")]


def test_a_changed_vocabulary_asks_for_keywords_only(studio: Studio, instance: dg.DagsterInstance) -> None:
    studio.add("shoot-1", 1)
    studio.read("shoot-1")
    studio.vocabulary.write_text(VOCABULARY.replace("prompt: red,", "prompt: red, aliases: [rouge],"))
    assert requested(studio.settled_tick(instance)) == [("standardize", "shoot-1")]


def test_a_new_prompt_asks_for_nothing(studio: Studio, instance: dg.DagsterInstance) -> None:
    studio.add("shoot-1", 1)
    studio.read("shoot-1")
    studio.vocabulary.write_text(VOCABULARY.replace("prompt: red,", "prompt: scarlet,"))
    assert skipped(studio.settled_tick(instance))


def test_a_decision_asks_for_the_keywords_of_its_shoot_only(studio: Studio, instance: dg.DagsterInstance) -> None:
    for number in (1, 2):
        studio.add(f"shoot-{number}", number)
        studio.read(f"shoot-{number}")
    row = studio.storage.tables().read("raw_images", "shoot-2").iloc[0]
    line = f"shoot-2,{row['file']},{row['sha256']},dark,,,drop"
    studio.queue.write_text("shoot,file,sha256,finding,detail,suggestion,decision\n" + line + "\n")
    assert requested(studio.settled_tick(instance)) == [("standardize", "shoot-2")]


def test_another_base_checkpoint_asks_for_embeddings_only(studio: Studio, instance: dg.DagsterInstance) -> None:
    studio.add("shoot-1", 1)
    studio.read("shoot-1")
    studio.base = BaseCheckpointResource(name="openai/clip-vit-base-patch32")
    assert requested(studio.settled_tick(instance)) == [("embed", "shoot-1")]


def test_a_backlog_is_worked_off_in_portions(
    studio: Studio, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors, "MAX_REQUESTS", 2)
    for number in range(5):
        studio.add(f"shoot-{number}", number)
    assert requested(studio.settled_tick(instance)) == [("new_shoot", "shoot-0"), ("new_shoot", "shoot-1")]


def store_run(instance: dg.DagsterInstance, request: dg.RunRequest, status: dg.DagsterRunStatus) -> None:
    """What the daemon would have stored for a request, and how the run ended."""
    instance.add_run(
        dg.DagsterRun(
            job_name=request.job_name or "",
            run_id=str(uuid4()),
            tags={**request.tags, "dagster/partition": str(request.partition_key)},
            status=status,
        )
    )


def test_a_run_under_way_is_not_requested_twice_and_a_failed_one_again_after_a_while(
    studio: Studio, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.add("shoot-1", 1)
    (request,) = studio.settled_tick(instance).run_requests or []
    store_run(instance, request, dg.DagsterRunStatus.STARTED)
    assert "1 shoots are under way, or failed and wait" in skipped(studio.tick(instance))
    instance.delete_run(instance.get_runs()[0].run_id)
    store_run(instance, request, dg.DagsterRunStatus.FAILURE)
    assert skipped(studio.tick(instance))
    monkeypatch.setattr(sensors, "FIRST_WAIT", datetime.timedelta(0))
    (again,) = studio.tick(instance).run_requests or []
    assert again.run_key != request.run_key
    for _ in range(sensors.MAX_ATTEMPTS):
        store_run(instance, again, dg.DagsterRunStatus.FAILURE)
    assert skipped(studio.tick(instance))


def test_a_shoot_that_a_backfill_is_reading_is_not_requested_as_well(
    studio: Studio, instance: dg.DagsterInstance
) -> None:
    """A run that the sensor did not ask for carries the partition only; every shoot was read twice."""
    studio.add("shoot-1", 1)
    tags = {"dagster/partition": "shoot-1"}
    backfill = dg.DagsterRun("new_shoot", run_id=str(uuid4()), tags=tags, status=dg.DagsterRunStatus.STARTED)
    instance.add_run(backfill)
    assert "under way" in skipped(studio.settled_tick(instance))


def test_runs_that_went_well_are_no_failed_attempts(studio: Studio, instance: dg.DagsterInstance) -> None:
    studio.add("shoot-1", 1)
    (request,) = studio.settled_tick(instance).run_requests or []
    for _ in range(sensors.MAX_ATTEMPTS):
        store_run(instance, request, dg.DagsterRunStatus.SUCCESS)
    (again,) = studio.tick(instance).run_requests or []
    assert again.partition_key == "shoot-1"
    # Dagster drops a request whose key a run has had: an alias taken out and put back was never followed.
    assert again.run_key != request.run_key


def test_a_shoot_that_left_the_studio_still_gets_new_keywords_and_embeddings(
    studio: Studio, instance: dg.DagsterInstance
) -> None:
    """It is still trained on: its vectors of the old checkpoint could not be compared with the others'."""
    for number in (1, 2):
        studio.add(f"shoot-{number}", number)
        studio.read(f"shoot-{number}")
    shutil.rmtree(studio.folder / "shoot-1")
    studio.vocabulary.write_text(VOCABULARY.replace("prompt: red,", "prompt: red, aliases: [rouge],"))
    studio.base = BaseCheckpointResource(name="openai/clip-vit-base-patch32")
    assert ("standardize", "shoot-1") in requested(studio.settled_tick(instance))
    assert ("embed", "shoot-1") in requested(studio.tick(instance))


def test_a_folder_made_in_advance_is_no_shoot_yet(studio: Studio, instance: dg.DagsterInstance) -> None:
    (studio.folder / "next week").mkdir()
    assert "no shoot is new" in skipped(studio.settled_tick(instance))


def test_an_unreadable_studio_is_reported_and_not_taken_for_an_empty_one(
    studio: Studio, instance: dg.DagsterInstance
) -> None:
    studio.folder.rmdir()
    assert "does not exist" in skipped(studio.tick(instance))


def test_an_unmounted_studio_is_reported_and_not_taken_for_an_empty_one(
    studio: Studio, instance: dg.DagsterInstance
) -> None:
    studio.add("shoot-1", 1)
    studio.tick(instance)
    (studio.folder / "shoot-1").rename(studio.folder.parent / "elsewhere")
    told = skipped(studio.tick(instance))
    assert "lists no shoot, but had some at the last look (1 shoots, 6 files" in told
    assert "is it mounted?" in told
    (studio.folder.parent / "elsewhere").rename(studio.folder / "shoot-1")
    assert requested(studio.settled_tick(instance)) == [("new_shoot", "shoot-1")]


def test_the_backlog_is_registered_in_chunks_and_twice_changes_nothing(
    studio: Studio, instance: dg.DagsterInstance
) -> None:
    for number in range(7):
        (studio.folder / f"shoot-{number}").mkdir()
    for _ in range(2):
        outcome = register_backlog.execute_in_process(
            run_config={"ops": {"register_shoots": {"config": {"chunk": 3}}}},
            resources={"studio": studio.studio},
            instance=instance,
        )
        assert outcome.success
        assert sorted(instance.get_dynamic_partitions("shoots")) == [f"shoot-{number}" for number in range(7)]


def test_the_schedule_waits_until_a_shoot_was_read(studio: Studio) -> None:
    assert studio.tick_schedule() == "no shoot was read yet"


def test_the_schedule_retrains_after_a_new_shoot_and_skips_without_one(studio: Studio, tmp_path: Path) -> None:
    studio.add("shoot-1", 1)
    studio.read("shoot-1")
    assert studio.tick_schedule() is None
    release_everything(studio, tmp_path / "release")
    assert "no shoot arrived since release" in str(studio.tick_schedule())
    studio.add("shoot-2", 2)
    studio.read("shoot-2")
    assert studio.tick_schedule() is None


def release_everything(studio: Studio, folder: Path) -> None:
    """A release that says it was trained on all that is stored now."""
    tables, words = studio.storage.tables(), load_vocabulary(studio.vocabulary)
    dealt = split_photos(tables.read("standardized_keywords", "shoot-1"))
    tables.write(dealt, "splits")
    fingerprint = pending_fingerprint(tables, words)
    assert fingerprint is not None
    manifest = msgspec.structs.replace(factory.build(folder), data_fingerprint=fingerprint)
    studio.store.publish(folder, manifest, None)


def test_the_schedule_does_not_train_again_what_waits_for_approval(studio: Studio, tmp_path: Path) -> None:
    studio.add("shoot-1", 1)
    studio.read("shoot-1")
    tables, words = studio.storage.tables(), load_vocabulary(studio.vocabulary)
    tables.write(split_photos(tables.read("standardized_keywords", "shoot-1")), "splits")
    fingerprint = str(pending_fingerprint(tables, words))
    manifest = msgspec.structs.replace(factory.build(tmp_path / "release"), data_fingerprint=fingerprint)
    studio.store.propose(tmp_path / "release", manifest, None)
    skipped_because = str(studio.tick_schedule())
    assert skipped_because == f"release {manifest.release_id}, trained on all that is there, waits for approval"
    studio.add("shoot-2", 2)
    studio.read("shoot-2")
    assert studio.tick_schedule() is None


def released(instance: dg.DagsterInstance, asset: dg.AssetsDefinition, release_id: str, **metadata: str) -> None:
    instance.report_runless_asset_event(
        dg.AssetMaterialization(asset_key=asset.key, metadata={RELEASE_ID: release_id, **metadata})
    )


def test_a_new_release_is_served_once(instance: dg.DagsterInstance) -> None:
    released(instance, model_release, "20260101T000000Z-aaaaaaaa")
    assert tick_new_release(instance) == ["serve:20260101T000000Z-aaaaaaaa"]
    released(instance, served_model, "20260101T000000Z-aaaaaaaa")
    assert tick_new_release(instance) == []


def test_a_release_that_waits_is_announced_and_not_served(
    instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    release_id = "20260101T000000Z-aaaaaaaa"
    released(instance, model_release, release_id, **{STATE: WAITS})
    assert tick_new_release(instance) == []
    assert f"release {release_id} waits for approval" in capsys.readouterr().err


def tick_new_release(instance: dg.DagsterInstance) -> list[str | None]:
    from recipe_assets.definitions import defs

    repository = defs().get_repository_def()
    context = dg.build_sensor_context(instance=instance, repository_def=repository)
    requests = new_release.evaluate_tick(context).run_requests or []
    return [request.run_key for request in requests]
