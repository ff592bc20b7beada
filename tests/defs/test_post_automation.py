"""The retraining condition, the sensor of the outbox and the pools, ticked on stored tables."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import dagster as dg
import msgspec
import pandas as pd
import pytest
import yaml
from dagster_aws.s3 import S3Resource

from recipe_assets.defs import automation, keywording, sensors, training_facts
from recipe_assets.defs.automation import NAME as CONDITION
from recipe_assets.defs.automation import retraining_when_due
from recipe_assets.defs.automation_settings import AutomationResource, wire_automation
from recipe_assets.defs.jobs import retrain
from recipe_assets.defs.keywording import shoots_to_keyword
from recipe_assets.defs.resources import OutboxResource, StorageResource
from recipe_assets.defs.upkeep import OUTAGES
from recipe_assets.defs.wiring import studio_root
from recipe_assets.errors import SettingsError
from recipe_assets.outbox.rows import NAME, Row, frame_of
from recipe_assets.outbox.standing import made_from
from recipe_assets.production.retraining import labels_now, new_labels, remember_training
from recipe_assets.release.manifest import Manifest
from recipe_assets.studio.split_state import pending_fingerprint
from recipe_assets.studio.splits import split_photos
from recipe_assets.studio.vocabulary import load_vocabulary
from tests.defs.test_automation import Studio, store_run
from tests.release import factory

ROOT = Path(__file__).parents[2]
AFTER = 6
"""New labelled photos that ask for a training: those of one small shoot."""
DRIFT = training_facts.DRIFT


class Graph(Studio):
    """A studio, its tables and releases where the environment says, as the condition finds them."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root
        self.storage = StorageResource(root=str(studio_root(str(self.folder))))
        self.outbox = OutboxResource(location=str(root / "home" / "outbox"), s3=S3Resource())
        self.released = 0

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DAGSTER_HOME": str(self.root / "home"),
            "RECIPE_STUDIO": str(self.folder),
            "RECIPE_VOCABULARY": str(self.vocabulary),
            "RECIPE_RELEASES": (self.root / "releases").as_uri(),
            "RECIPE_RETRAIN_AFTER": str(AFTER),
        }

    def arrive(self, *numbers: int) -> None:
        for number in numbers:
            self.add(f"shoot-{number}", number)
            self.read(f"shoot-{number}")

    def deal(self) -> str:
        """Store the splits that a training would make; their fingerprint."""
        tables, words = self.storage.tables(), load_vocabulary(self.vocabulary)
        stored = [
            tables.read("standardized_keywords", name) for name in tables.partitions("standardized_keywords")
        ]
        tables.write(split_photos(pd.concat(stored, ignore_index=True)), "splits")
        return str(pending_fingerprint(tables, words))

    def release(self, *, waits: bool = False) -> Manifest:
        """A release trained on all that is stored, or one that waits for approval."""
        fingerprint, self.released = self.deal(), self.released + 1
        folder = self.root / f"release-{self.released}"
        manifest = msgspec.structs.replace(factory.build(folder, self.released), data_fingerprint=fingerprint)
        tables, current = self.storage.tables(), self.store.read_pointer()
        remember_training(tables, tables.read("splits"), manifest.release_id)
        if waits:
            self.store.propose(folder, manifest, current.pointer.release_id if current else None)
        else:
            self.store.publish(folder, manifest, current.token if current else None)
        return manifest

    def keyworded(self, shoot: str) -> None:
        """Store what a run of keyword_shoot would store."""
        tables, current = self.storage.tables(), self.store.read_pointer()
        assert current is not None
        rows = frame_of([Row(shoot=shoot, file="a.jpg", sha256="ab")])
        outbox = self.outbox.open().location
        tables.write(rows, NAME, shoot, made_from(tables, shoot, current.pointer.release_id, outbox))


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Graph:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    made = Graph(tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture(scope="module")
def repository() -> dg.RepositoryDefinition:
    from recipe_assets.definitions import defs

    return defs().get_repository_def()


class Ticks:
    """The condition's sensor, tick by tick, with the cursor that it leaves."""

    def __init__(self, instance: dg.DagsterInstance, repository: dg.RepositoryDefinition) -> None:
        self.instance, self.repository, self.cursor = instance, repository, None
        self.evaluations: list[dg.AutomationResult] = []

    def tick(self) -> list[dg.RunRequest]:
        sensor = self.repository.get_sensor_def(retraining_when_due.name)
        context = dg.build_sensor_context(self.instance, cursor=self.cursor, repository_def=self.repository)
        outcome = sensor.evaluate_tick(context)
        self.cursor, self.evaluations = outcome.cursor, outcome.automation_condition_evaluations
        return list(outcome.run_requests or [])

    @property
    def asks(self) -> bool:
        return bool(self.tick())


@pytest.fixture
def ticks(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition) -> Ticks:
    return Ticks(instance, repository)


def test_an_empty_studio_asks_for_nothing(graph: Graph, ticks: Ticks) -> None:
    assert not ticks.asks


def test_the_first_labels_ask_for_a_whole_training_in_one_run(
    graph: Graph, ticks: Ticks, repository: dg.RepositoryDefinition
) -> None:
    graph.arrive(1)
    [request] = ticks.tick()
    job = repository.get_job(retrain.name)
    assert set(request.asset_selection or []) == set(job.asset_layer.selected_asset_keys)
    assert set(request.asset_check_keys or []) == set(job.asset_layer.asset_graph.asset_check_keys)
    assert request.tags["recipe/requested_by"] == CONDITION
    assert request.partition_key is None


def test_the_ui_shows_the_condition_by_name_with_the_facts_it_is_made_of(graph: Graph, ticks: Ticks) -> None:
    graph.arrive(1)
    ticks.tick()
    said = str([one.condition_snapshot for one in ticks.evaluations]) + str(ticks.evaluations[0].child_evaluations)
    assert CONDITION in said
    assert "enough_new_labelled_photos" in said
    assert "no_release_yet" in said


def test_a_release_that_knows_everything_is_not_trained_again(graph: Graph, ticks: Ticks) -> None:
    graph.arrive(1)
    graph.release()
    assert not ticks.asks


def test_enough_new_labelled_photos_ask_for_a_training_and_fewer_do_not(
    graph: Graph, ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.arrive(1)
    graph.release()
    graph.arrive(2)
    monkeypatch.setenv("RECIPE_RETRAIN_AFTER", str(AFTER + 1))
    assert not ticks.asks
    monkeypatch.setenv("RECIPE_RETRAIN_AFTER", str(AFTER))
    assert ticks.asks
    graph.release()
    assert not ticks.asks


def test_corrected_keywords_count_as_new_ones(graph: Graph) -> None:
    graph.arrive(1)
    released = graph.release()
    tables = graph.storage.tables()
    assert new_labels(tables, released.release_id) == 0
    labels = tables.read("standardized_keywords", "shoot-1")
    labels.loc[labels.index[:2], "keyword"] = "green"
    changed = int((labels["keyword"] != tables.read("standardized_keywords", "shoot-1")["keyword"]).sum())
    attributes = tables.attributes("standardized_keywords", "shoot-1")
    tables.write(labels, "standardized_keywords", "shoot-1", attributes)
    assert changed > 0
    assert new_labels(tables, released.release_id) == changed


def test_photos_without_keyword_are_nothing_to_learn_from(graph: Graph) -> None:
    graph.arrive(1)
    tables = graph.storage.tables()
    labels = tables.read("standardized_keywords", "shoot-1")
    before = len(labels_now(tables))
    labels.loc[labels.index[0], "keyword"] = None
    tables.write(labels, "standardized_keywords", "shoot-1", tables.attributes("standardized_keywords", "shoot-1"))
    assert len(labels_now(tables)) == before - 1


def test_a_release_from_another_machine_is_compared_with_the_splits_of_this_one(graph: Graph) -> None:
    graph.arrive(1)
    graph.deal()
    assert new_labels(graph.storage.tables(), "20200101T000000Z-aaaaaaaa") == 0
    graph.arrive(2)
    assert new_labels(graph.storage.tables(), "20200101T000000Z-aaaaaaaa") == AFTER


def test_after_a_rollback_what_the_older_release_never_saw_is_new_again(graph: Graph) -> None:
    graph.arrive(1)
    first = graph.release()
    graph.arrive(2)
    second = graph.release()
    tables = graph.storage.tables()
    assert (new_labels(tables, first.release_id), new_labels(tables, second.release_id)) == (AFTER, 0)


def test_what_waits_for_approval_is_not_trained_again(graph: Graph, ticks: Ticks) -> None:
    graph.arrive(1)
    graph.release(waits=True)
    assert not ticks.asks


def checked(instance: dg.DagsterInstance, *, passed: bool) -> None:
    """What production_predictions' check leaves in the event log."""
    evaluation = dg.AssetCheckEvaluation(
        asset_key=DRIFT.asset_key, check_name=DRIFT.name, passed=passed, metadata={}, description="distance 0.31"
    )
    instance.report_runless_asset_event(evaluation)


def test_drift_asks_for_a_training_once_there_is_something_to_learn(
    graph: Graph, ticks: Ticks, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECIPE_RETRAIN_AFTER", "1000")
    graph.arrive(1)
    graph.release()
    checked(instance, passed=False)
    assert not ticks.asks, "the same photos would make the same model"
    graph.arrive(2)
    assert ticks.asks
    checked(instance, passed=True)
    assert not ticks.asks


def test_drift_from_before_the_release_is_no_news(
    graph: Graph, ticks: Ticks, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECIPE_RETRAIN_AFTER", "1000")
    monkeypatch.setattr(factory, "manifest_of", in_the_future(factory.manifest_of))
    checked(instance, passed=False)
    graph.arrive(1)
    graph.release()
    graph.arrive(2)
    assert not ticks.asks


def in_the_future(manifest_of):  # noqa: ANN001, ANN201 (the factory's own type)
    def later(folder: Path, number: int = 1) -> Manifest:
        made = manifest_of(folder, number)
        return msgspec.structs.replace(made, created_at=made.created_at.replace(year=2999))

    return later


def under_way(instance: dg.DagsterInstance, job: str, tags: Mapping[str, str] | None = None) -> str:
    run = dg.DagsterRun(job, run_id=str(uuid4()), tags=tags or {}, status=dg.DagsterRunStatus.STARTED)
    instance.add_run(run)
    return run.run_id


@pytest.mark.parametrize(
    ("job", "tags", "asks"),
    [
        ("retrain", {}, False),
        ("new_shoot", {"dagster/partition": "shoot-2"}, False),
        ("__ASSET_JOB", {"dagster/partition": "shoot-2"}, False),
        ("keyword_shoot", {"dagster/partition": "shoot-2"}, True),
        ("read_predictions", {}, True),
    ],
)
def test_a_training_waits_for_another_one_and_for_shoots_that_are_being_read(
    graph: Graph, ticks: Ticks, instance: dg.DagsterInstance, job: str, tags: Mapping[str, str], asks: bool
) -> None:
    graph.arrive(1)
    run_id = under_way(instance, job, tags)
    assert ticks.asks is asks
    instance.delete_run(run_id)
    assert ticks.asks


def train(instance: dg.DagsterInstance, fingerprint: str | None) -> None:
    """A run of retrain that deals the splits of this fingerprint and is then blocked; None fails before."""

    @dg.asset
    def splits() -> dg.MaterializeResult[None]:
        if fingerprint is None:
            raise dg.Failure("the store is away")
        return dg.MaterializeResult(data_version=dg.DataVersion(fingerprint[:16]))

    @dg.asset(deps=[splits])
    def fine_tuned_model() -> None:
        raise dg.Failure("beats_zero_shot blocks")

    job = dg.define_asset_job(retrain.name, selection=[splits, fine_tuned_model])
    definitions = dg.Definitions(assets=[splits, fine_tuned_model], jobs=[job])
    outcome = definitions.resolve_job_def(retrain.name).execute_in_process(instance=instance, raise_on_error=False)
    assert not outcome.success


def test_a_blocked_model_is_not_trained_again_before_something_changes(
    graph: Graph, ticks: Ticks, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_facts, "PAUSE", training_facts.PAUSE * 0)
    graph.arrive(1)
    train(instance, graph.deal())
    assert not ticks.asks
    graph.arrive(2)
    assert ticks.asks


def test_a_training_that_failed_before_it_saw_a_photo_is_tried_again_after_a_pause(
    graph: Graph, ticks: Ticks, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.arrive(1)
    train(instance, None)
    assert not ticks.asks
    monkeypatch.setattr(training_facts, "PAUSE", training_facts.PAUSE * 0)
    assert ticks.asks


def test_a_shoot_that_was_held_back_does_not_hold_up_the_training_of_others(graph: Graph, ticks: Ticks) -> None:
    graph.arrive(1, 2)
    labels = graph.storage.tables().path("standardized_keywords", "shoot-2")
    labels.unlink()
    assert ticks.asks


def test_a_damaged_table_and_a_store_out_of_reach_are_told_and_ask_for_nothing(
    graph: Graph, ticks: Ticks, caplog: pytest.LogCaptureFixture
) -> None:
    graph.arrive(1)
    path = graph.storage.tables().path("standardized_keywords", "shoot-1")
    whole = path.read_bytes()
    footer = int.from_bytes(whole[-8:-4], "little") + 8
    path.write_bytes(whole[:4] + b"\0" * (len(whole) - footer - 4) + whole[-footer:])
    assert not ticks.asks
    [told] = [line for line in caplog.messages if "is damaged" in line]
    assert "shoot-1" in told
    path.write_bytes(whole)
    (graph.root / "releases").mkdir(exist_ok=True)
    (graph.root / "releases" / "latest.json").write_text("{")
    assert not ticks.asks
    assert any("latest.json" in line and "is damaged" in line for line in caplog.messages)


def test_the_same_facts_hold_for_every_asset_of_a_tick(
    graph: Graph, ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shoot that arrives between two assets of one tick must not ask for half a training."""
    graph.arrive(1)
    built: list[int] = []
    make = automation.TrainingFacts
    monkeypatch.setattr(automation, "TrainingFacts", lambda *given: built.append(1) or make(*given))
    assert ticks.asks
    assert built == [1]


class Keywording:
    """The sensor `shoots_to_keyword`, tick by tick."""

    def __init__(self, graph: Graph, instance: dg.DagsterInstance) -> None:
        self.graph, self.instance, self.on_release = graph, instance, "show"

    def tick(self) -> list[dg.RunRequest]:
        return list(self.outcome().run_requests or [])

    def outcome(self) -> dg.SensorResult:
        tables = self.graph.storage.tables()
        self.instance.add_dynamic_partitions("shoots", tables.partitions("raw_images"))
        resources = {
            "releases": self.graph.releases,
            "storage": self.graph.storage,
            "outbox": self.graph.outbox,
            "automation": AutomationResource(on_release=self.on_release),
        }
        with dg.build_sensor_context(instance=self.instance, resources=resources) as context:
            outcome = shoots_to_keyword(context)
        return outcome if isinstance(outcome, dg.SensorResult) else dg.SensorResult(skip_reason=outcome)

    def due(self) -> list[str | None]:
        return [request.partition_key for request in self.tick()]

    def why_nothing(self) -> str:
        outcome = self.outcome()
        assert not outcome.run_requests
        return str(outcome.skip_reason.skip_message if outcome.skip_reason else "")


@pytest.fixture
def keywords(graph: Graph, instance: dg.DagsterInstance) -> Keywording:
    return Keywording(graph, instance)


def test_shoots_wait_for_the_first_release_and_are_keyworded_when_it_comes(
    graph: Graph, keywords: Keywording
) -> None:
    graph.arrive(1, 2)
    assert "no release yet" in keywords.why_nothing()
    graph.release()
    assert keywords.due() == ["shoot-1", "shoot-2"]
    assert [request.job_name for request in keywords.tick()] == ["keyword_shoot"] * 2


def test_a_shoot_in_the_outbox_is_left_until_its_files_keywords_or_release_change(
    graph: Graph, keywords: Keywording
) -> None:
    graph.arrive(1, 2)
    graph.release()
    for shoot in ("shoot-1", "shoot-2"):
        graph.keyworded(shoot)
    assert "every shoot that was read is in the outbox" in keywords.why_nothing()
    tables = graph.storage.tables()
    attributes = {**(tables.attributes("standardized_keywords", "shoot-2") or {}), "decisions": "other"}
    labels = tables.read("standardized_keywords", "shoot-2")
    tables.write(labels, "standardized_keywords", "shoot-2", attributes)
    assert keywords.due() == ["shoot-2"]


@pytest.mark.parametrize(
    ("on_release", "config"),
    [("show", {}), ("write", {"ops": {"keyworded_shoot": {"config": {"update": "write"}}}}), ("leave", None)],
)
def test_what_becomes_of_the_outbox_with_a_newer_release_is_a_setting(
    graph: Graph, keywords: Keywording, on_release: str, config: Mapping[str, object] | None
) -> None:
    graph.arrive(1)
    graph.release()
    graph.keyworded("shoot-1")
    graph.arrive(2)
    graph.release()
    keywords.on_release = on_release
    requests = {str(request.partition_key): request.run_config for request in keywords.tick()}
    assert list(requests) == (["shoot-2"] if config is None else ["shoot-2", "shoot-1"]), "new shoots go first"
    assert config is None or requests["shoot-1"] == config


@pytest.mark.parametrize("on_release", ["show", "write", "leave"])
def test_another_outbox_is_filled_whatever_the_setting(
    graph: Graph, keywords: Keywording, on_release: str
) -> None:
    graph.arrive(1)
    graph.release()
    graph.keyworded("shoot-1")
    keywords.on_release = on_release
    assert keywords.due() == []
    graph.outbox = OutboxResource(location=str(graph.root / "nas"), s3=S3Resource())
    assert keywords.due() == ["shoot-1"]
    graph.keyworded("shoot-1")
    assert keywords.due() == []


def test_tables_that_name_no_outbox_are_not_made_again(graph: Graph, keywords: Keywording) -> None:
    graph.arrive(1)
    graph.release()
    graph.keyworded("shoot-1")
    tables = graph.storage.tables()
    attributes = tables.attributes(NAME, "shoot-1") or {}
    del attributes["outbox"]
    tables.write(tables.read(NAME, "shoot-1"), NAME, "shoot-1", attributes)
    assert keywords.due() == []


def test_an_outbox_that_can_be_none_is_reported(graph: Graph, keywords: Keywording) -> None:
    graph.arrive(1)
    graph.release()
    graph.outbox = OutboxResource(location="ftp://nas", s3=S3Resource())
    assert "RECIPE_OUTBOX=ftp://nas is no place" in keywords.why_nothing()


def test_a_shoot_that_is_being_read_again_waits_and_the_others_do_not(graph: Graph, keywords: Keywording) -> None:
    graph.arrive(1, 2, 3)
    graph.release()
    tables = graph.storage.tables()
    raw = tables.read("raw_images", "shoot-1")
    tables.write(raw, "raw_images", "shoot-1", {"files": "other", "reader": "1"})
    under_way(keywords.instance, "new_shoot", {"dagster/partition": "shoot-2"})
    assert keywords.due() == ["shoot-3"]


def test_a_shoot_that_fails_is_tried_less_and_less_and_holds_up_no_other(
    graph: Graph, keywords: Keywording, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.arrive(1, 2)
    graph.release()
    broken = next(request for request in keywords.tick() if request.partition_key == "shoot-1")
    store_run(keywords.instance, broken, dg.DagsterRunStatus.FAILURE)
    assert keywords.due() == ["shoot-2"]
    graph.keyworded("shoot-2")
    assert "1 shoots are under way, or failed and wait" in keywords.why_nothing()
    monkeypatch.setattr(sensors, "FIRST_WAIT", sensors.FIRST_WAIT * 0)
    assert keywords.due() == ["shoot-1"]
    for _ in range(sensors.MAX_ATTEMPTS):
        store_run(keywords.instance, broken, dg.DagsterRunStatus.FAILURE)
    assert keywords.due() == []
    graph.release()
    assert keywords.due() == ["shoot-2", "shoot-1"] or keywords.due() == ["shoot-1", "shoot-2"]


def test_an_archive_is_keyworded_in_portions(
    graph: Graph, keywords: Keywording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keywording, "MAX_REQUESTS", 2)
    graph.arrive(1, 2, 3)
    graph.release()
    assert keywords.due() == ["shoot-1", "shoot-2"]


def test_a_shoot_whose_partition_was_deleted_is_left_alone(graph: Graph, keywords: Keywording) -> None:
    graph.arrive(1, 2)
    graph.release()
    assert keywords.due() == ["shoot-1", "shoot-2"]
    with dg.DagsterInstance.ephemeral() as keywords.instance:
        keywords.instance.add_dynamic_partitions("shoots", ["shoot-2"])
        tables = graph.storage.tables()
        tables.path("raw_images", "shoot-1").rename(graph.root / "kept.parquet")
        assert keywords.due() == ["shoot-2"]


def test_a_release_store_that_cannot_be_read_is_reported(graph: Graph, keywords: Keywording) -> None:
    graph.arrive(1)
    (graph.root / "releases").mkdir()
    (graph.root / "releases" / "latest.json").write_text("{")
    assert "latest.json is damaged" in keywords.why_nothing()


def test_ten_shoots_are_backfilled_in_one_action_and_no_sensor_asks_for_them_as_well(graph: Graph) -> None:
    """The command line queues what the UI's one click queues; no daemon runs here, so they stay queued."""
    home = graph.root / "home"
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text((ROOT / "dagster_home" / "dagster.yaml").read_text())
    names = [f"shoot-{number}" for number in range(1, 11)]
    graph.arrive(*range(1, 11))
    graph.release()
    with dg.DagsterInstance.get() as instance:
        keywords = Keywording(graph, instance)
        assert sorted(map(str, keywords.due())) == sorted(names)
        command = [sys.executable, "-W", "ignore", "-m", "dagster", "job", "backfill", "-w", "workspace.yaml"]
        command += ["-j", "keyword_shoot", "--partitions", ",".join(names), "--noprompt"]
        outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        runs = instance.get_runs()
        assert sorted(run.tags["dagster/partition"] for run in runs) == sorted(names)
        assert len({run.tags["dagster/backfill"] for run in runs}) == 1
        assert {run.status for run in runs} == {dg.DagsterRunStatus.QUEUED}
        assert keywords.due() == []


@pytest.mark.parametrize("place", ["dagster_home", "deploy"])
def test_one_run_at_a_time_trains_and_a_killed_one_is_started_once_more(place: str) -> None:
    settings = yaml.safe_load((ROOT / place / "dagster.yaml").read_text())
    assert settings["concurrency"]["pools"] == {"granularity": "run", "default_limit": 1}
    assert settings["run_retries"]["enabled"]
    assert not settings["run_retries"]["retry_on_asset_or_op_failure"], "a blocked model is not trained twice"
    assert settings["freshness"]["enabled"]


@pytest.mark.parametrize("asset", ["fine_tuned_model", "hyperparameter_search"])
def test_trainings_share_the_pool(repository: dg.RepositoryDefinition, asset: str) -> None:
    assert repository.assets_defs_by_key[dg.AssetKey(asset)].op.pool == "training"


@pytest.mark.parametrize("job", ["new_shoot", "keyword_shoot", "serve_release"])
def test_jobs_that_reach_buckets_and_apis_try_their_steps_again(
    repository: dg.RepositoryDefinition, job: str
) -> None:
    assert repository.get_job(job).op_retry_policy == OUTAGES


@pytest.mark.parametrize("asset", ["model_release", "served_model", "production_predictions"])
def test_steps_of_longer_jobs_that_reach_buckets_and_apis_are_tried_again(
    repository: dg.RepositoryDefinition, asset: str
) -> None:
    assert repository.assets_defs_by_key[dg.AssetKey(asset)].op.retry_policy == OUTAGES


def test_a_training_is_not_tried_again_by_itself(repository: dg.RepositoryDefinition) -> None:
    assert repository.get_job("retrain").op_retry_policy is None
    assert repository.assets_defs_by_key[dg.AssetKey("fine_tuned_model")].op.retry_policy is None


@pytest.mark.parametrize("asset", ["model_release", "production_predictions"])
def test_what_should_be_young_has_a_freshness_policy(repository: dg.RepositoryDefinition, asset: str) -> None:
    assert repository.asset_graph.get(dg.AssetKey(asset)).freshness_policy is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECIPE_RETRAIN_AFTER", "0"),
        ("RECIPE_RETRAIN_AFTER", "many"),
        ("RECIPE_RETRAIN_AFTER", "-5"),
        ("RECIPE_OUTBOX_ON_RELEASE", "delete"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        wire_automation()
