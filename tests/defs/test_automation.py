"""Sensors and the schedule, ticked as the daemon ticks them, on real files and an ephemeral instance."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import msgspec
import pytest
from dagster_aws.s3 import S3Resource

from recipe_assets.defs.release import RELEASE_ID, model_release, served_model
from recipe_assets.defs.resources import (
    ReleaseStoreResource,
    StorageResource,
    StudioResource,
    VocabularyResource,
)
from recipe_assets.defs.schedules import weekly_retraining
from recipe_assets.defs.sensors import new_release, new_shoots
from recipe_assets.release.store import open_store
from recipe_assets.studio.labels import standardize_shoot
from recipe_assets.studio.reading import read_shoot
from recipe_assets.studio.shoots import open_studio
from recipe_assets.studio.splits import pending_fingerprint, split_photos
from recipe_assets.studio.vocabulary import load_vocabulary
from tests.defs.colors import VOCABULARY, write_shoot
from tests.release import factory


class Studio:
    """A studio in a folder with its resources, and what the graph's steps would store for it."""

    def __init__(self, root: Path) -> None:
        self.folder, self.vocabulary = root / "studio", root / "vocabulary.yaml"
        self.folder.mkdir()
        self.vocabulary.write_text(VOCABULARY)
        self.store = open_store((root / "releases").as_uri())
        self.storage = StorageResource(root=str(root / "data"))
        self.studio = StudioResource(location=str(self.folder))
        self.words = VocabularyResource(path=str(self.vocabulary))
        self.releases = ReleaseStoreResource(url=(root / "releases").as_uri(), s3=S3Resource())

    def add(self, shoot: str, number: int, age_seconds: float = 3600) -> None:
        folder = write_shoot(self.folder, shoot, number, recipes=2)
        for path in folder.iterdir():
            os.utime(path, (time.time() - age_seconds, time.time() - age_seconds))

    def read(self, shoot: str) -> None:
        source, words, tables = (
            open_studio(str(self.folder)),
            load_vocabulary(self.vocabulary),
            self.storage.tables(),
        )
        raw = read_shoot(source, shoot)
        files = source.fingerprint(shoot)
        tables.write(raw, "raw_images", shoot, {"files": files})
        labelled = standardize_shoot(raw, words)
        tables.write(labelled, "standardized_keywords", shoot, {"files": files, "vocabulary": words.sha256})

    def tick(self, instance: dg.DagsterInstance) -> dg.SensorResult | dg.SkipReason:
        context = dg.build_sensor_context(instance=instance)
        outcome = new_shoots(context, studio=self.studio, vocabulary=self.words, storage=self.storage)
        assert isinstance(outcome, dg.SensorResult | dg.SkipReason)
        return outcome

    def tick_schedule(self) -> str | None:
        """Why the schedule skips, or None where it requests a run."""
        resources = {"releases": self.releases, "storage": self.storage, "vocabulary": self.words}
        with dg.build_schedule_context(resources=resources) as context:
            outcome = weekly_retraining.evaluate_tick(context)
        assert bool(outcome.run_requests) != bool(outcome.skip_message)
        return outcome.skip_message


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def requested(outcome: dg.SensorResult | dg.SkipReason) -> list[tuple[str | None, str | None]]:
    assert isinstance(outcome, dg.SensorResult), outcome
    return [(request.job_name, request.partition_key) for request in outcome.run_requests or []]


def test_a_new_shoot_gets_its_partition_and_a_run(studio: Studio, instance: dg.DagsterInstance) -> None:
    studio.add("shoot-1", 1)
    outcome = studio.tick(instance)
    assert requested(outcome) == [("new_shoot", "shoot-1")]
    assert isinstance(outcome, dg.SensorResult)
    [addition] = outcome.dynamic_partitions_requests or []
    assert list(addition.partition_keys) == ["shoot-1"]


def test_a_shoot_that_was_read_is_not_read_again(studio: Studio, instance: dg.DagsterInstance) -> None:
    studio.add("shoot-1", 1)
    studio.read("shoot-1")
    assert isinstance(studio.tick(instance), dg.SkipReason)


def test_a_changed_shoot_is_read_again_under_another_run_key(studio: Studio, instance: dg.DagsterInstance) -> None:
    studio.add("shoot-1", 1)
    first = studio.tick(instance)
    studio.read("shoot-1")
    next((studio.folder / "shoot-1").iterdir()).unlink()
    second = studio.tick(instance)
    assert requested(second) == [("new_shoot", "shoot-1")]
    assert isinstance(first, dg.SensorResult)
    assert isinstance(second, dg.SensorResult)
    assert (first.run_requests or [])[0].run_key != (second.run_requests or [])[0].run_key


def test_a_shoot_that_is_still_being_copied_waits(studio: Studio, instance: dg.DagsterInstance) -> None:
    studio.add("shoot-1", 1, age_seconds=0)
    assert isinstance(studio.tick(instance), dg.SkipReason)


def test_a_changed_vocabulary_asks_for_keywords_only(studio: Studio, instance: dg.DagsterInstance) -> None:
    studio.add("shoot-1", 1)
    studio.read("shoot-1")
    studio.vocabulary.write_text(VOCABULARY.replace("prompt: red,", "prompt: red, aliases: [rouge],"))
    assert requested(studio.tick(instance)) == [("standardize", "shoot-1")]


def test_an_unreadable_studio_is_reported_and_not_taken_for_an_empty_one(
    studio: Studio, instance: dg.DagsterInstance
) -> None:
    studio.folder.rmdir()
    outcome = studio.tick(instance)
    assert isinstance(outcome, dg.SkipReason)
    assert "does not exist" in str(outcome.skip_message)


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
    fingerprint = pending_fingerprint(tables, words.sha256)
    assert fingerprint is not None
    manifest = msgspec.structs.replace(factory.build(folder), data_fingerprint=fingerprint)
    studio.store.publish(folder, manifest, None)


def released(instance: dg.DagsterInstance, asset: dg.AssetsDefinition, release_id: str) -> None:
    instance.report_runless_asset_event(
        dg.AssetMaterialization(asset_key=asset.key, metadata={RELEASE_ID: release_id})
    )


def test_a_new_release_is_served_once(instance: dg.DagsterInstance) -> None:
    released(instance, model_release, "20260101T000000Z-aaaaaaaa")
    assert tick_new_release(instance) == ["serve:20260101T000000Z-aaaaaaaa"]
    released(instance, served_model, "20260101T000000Z-aaaaaaaa")
    assert tick_new_release(instance) == []


def tick_new_release(instance: dg.DagsterInstance) -> list[str | None]:
    from recipe_assets.definitions import defs

    repository = defs().get_repository_def()
    context = dg.build_sensor_context(instance=instance, repository_def=repository)
    requests = new_release.evaluate_tick(context).run_requests or []
    return [request.run_key for request in requests]
