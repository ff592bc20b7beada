"""Who is told what: real runs that fail, a real store, and a local server that speaks Slack's chat.postMessage."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import msgspec
import pytest
from dagster_aws.s3 import S3Resource
from dagster_slack import SlackResource

from recipe_assets.defs import notifications
from recipe_assets.defs.automation_settings import NotificationsResource, wire_automation
from recipe_assets.defs.notifications import drift_news, failed_runs, release_news
from recipe_assets.defs.resources import ReleaseStoreResource
from recipe_assets.defs.sensors import MAX_ATTEMPTS, WORK
from recipe_assets.defs.training_facts import DRIFT
from recipe_assets.release.decisions import Verdict
from recipe_assets.release.store import open_store
from tests.notifications.slack_server import TOKEN, Slack, running_slack
from tests.release import factory


@pytest.fixture
def slack() -> Iterator[Slack]:
    with running_slack() as server:
        yield server


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def resource(slack: Slack, token: str = TOKEN) -> NotificationsResource:
    return NotificationsResource(
        slack=SlackResource(token=token), channel="#studio", ui_url="http://ui:3000", slack_api=slack.url
    )


@dg.asset
def raw_images() -> None:
    raise dg.Failure("shoot 'week-1' cannot be read: <!channel> copy it again")


@dg.asset
def confusion_matrix() -> int:
    return 1


@dg.asset_check(asset=confusion_matrix, blocking=True)
def beats_zero_shot() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, description="macro accuracy 40.0 %, zero-shot 55.0 %")


@dg.asset(deps=[confusion_matrix])
def model_release() -> None:
    pass


JOBS = dg.Definitions(
    assets=[raw_images, confusion_matrix, model_release],
    asset_checks=[beats_zero_shot],
    jobs=[
        dg.define_asset_job("new_shoot", selection=[raw_images]),
        dg.define_asset_job("inspect_studio", selection=[confusion_matrix, model_release]),
        dg.define_asset_job("retrain", selection=[confusion_matrix, model_release]),
    ],
)


class Told:
    """The sensor of failed runs, with everything it needs."""

    def __init__(self, instance: dg.DagsterInstance, slack: Slack) -> None:
        self.instance, self.slack, self.resource = instance, slack, resource(slack)

    def fail(self, job: str, **tags: str) -> None:
        """Run a job that fails, and let the sensor see it."""
        named = {name.replace("__", "/"): value for name, value in tags.items()}
        definition = JOBS.resolve_job_def(job)
        outcome = definition.execute_in_process(instance=self.instance, raise_on_error=False, tags=named)
        assert not outcome.success
        run = self.instance.get_run_by_id(outcome.run_id)
        assert run is not None
        event = outcome.get_run_failure_event()
        resources = {"notifications": self.resource}
        seen = dg.build_run_status_sensor_context("failed_runs", event, self.instance, run, resources=resources)
        with seen.for_run_failure() as context:
            failed_runs(context)


@pytest.fixture
def told(instance: dg.DagsterInstance, slack: Slack) -> Told:
    return Told(instance, slack)


def test_a_failed_run_is_told_with_shoot_reason_link_and_what_to_do(
    told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    told.fail("new_shoot", dagster__partition="week-1")
    [text] = told.slack.texts
    run_id = told.instance.get_runs()[0].run_id
    assert text.startswith("*new_shoot failed for week-1*")
    assert "raw_images: shoot 'week-1' cannot be read: &lt;!channel&gt; copy it again" in text
    assert f"<http://ui:3000/runs/{run_id}|Open in Dagster>" in text
    assert "*To do:* mend what the message names" in text
    assert "new_shoot failed for week-1" in capsys.readouterr().err, "and it stands in the log"


def test_without_a_token_it_stands_in_the_log_alone(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    told.resource = resource(told.slack, token="")
    told.fail("new_shoot")
    assert told.slack.requests == 0
    assert "new_shoot failed" in capsys.readouterr().err


def test_a_wrong_token_fails_nothing_and_is_named_in_the_log(
    told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    told.resource = resource(told.slack, token="xoxb-wrong")
    told.fail("new_shoot")
    log = capsys.readouterr().err
    assert "new_shoot failed" in log
    assert "RECIPE_SLACK_TOKEN is no token of this workspace" in log
    assert "xoxb-wrong" not in log


def test_a_model_that_the_gates_stop_is_told_as_a_blocked_release(told: Told) -> None:
    told.fail("retrain")
    [text] = told.slack.texts
    assert text.startswith("*A new model was trained and is not released*")
    assert "confusion_matrix:beats_zero_shot blocks: macro accuracy 40.0 %, zero-shot 55.0 %" in text
    assert "DagsterAssetCheck" not in text


def test_a_check_that_blocks_another_run_is_told_as_a_failed_one(told: Told) -> None:
    told.fail("inspect_studio")
    [text] = told.slack.texts
    assert text.startswith("*inspect_studio failed*")
    assert "beats_zero_shot blocks" in text


def test_a_shoot_that_a_check_blocks_is_read_again_once_somebody_mended_it(told: Told) -> None:
    told.fail("inspect_studio", dagster__partition="week-1", **{WORK: "read:week-1:abc"})
    [text] = told.slack.texts
    assert "then it is done again by itself" in text
    assert "re-execute" not in text


def test_work_that_is_tried_again_is_told_at_the_first_failure_and_when_it_is_given_up(told: Told) -> None:
    for _ in range(MAX_ATTEMPTS):
        told.fail("new_shoot", dagster__partition="week-1", **{WORK: "read:week-1:abc"})
    first, last = told.slack.texts
    assert "tried again by itself" in first
    assert "re-execute the run" in last
    told.fail("new_shoot", dagster__partition="week-2", **{WORK: "read:week-2:def"})
    assert len(told.slack.texts) == 3, "other work is told of itself"


def test_a_run_that_dagster_retries_at_once_is_not_told(told: Told) -> None:
    told.fail("new_shoot", dagster__will_retry="true")
    assert told.slack.texts == []


class Store:
    """A release store and the sensor that watches it."""

    def __init__(self, root: Path, instance: dg.DagsterInstance, slack: Slack) -> None:
        self.root, self.instance, self.slack = root, instance, slack
        self.url, self.cursor, self.built = (root / "releases").as_uri(), None, 0
        self.store = open_store(self.url)

    def build(self) -> tuple[Path, Any]:
        self.built += 1
        folder = self.root / f"built-{self.built}"
        return folder, factory.build(folder, self.built)

    def publish(self) -> str:
        current = self.store.read_pointer()
        return self.store.publish(*self.build(), current.token if current else None).release_id

    def tick(self) -> str:
        resources = {
            "releases": ReleaseStoreResource(url=self.url, s3=S3Resource()),
            "notifications": resource(self.slack),
        }
        with dg.build_sensor_context(self.instance, cursor=self.cursor, resources=resources) as context:
            outcome = release_news(context)
        assert isinstance(outcome, dg.SensorResult)
        self.cursor = outcome.cursor or self.cursor
        return str(outcome.skip_reason.skip_message if outcome.skip_reason else "")


@pytest.fixture
def store(tmp_path: Path, instance: dg.DagsterInstance, slack: Slack) -> Store:
    return Store(tmp_path, instance, slack)


def test_a_release_that_goes_out_is_told_once(store: Store) -> None:
    store.tick()
    release_id = store.publish()
    store.tick()
    store.tick()
    [text] = store.slack.texts
    assert text.startswith(f"*Release {release_id} is current*")
    assert "macro accuracy" in text
    assert "test photos" in text


def test_a_release_from_before_anybody_looked_is_no_news(store: Store) -> None:
    store.publish()
    store.tick()
    assert store.slack.texts == []
    second = store.publish()
    store.tick()
    assert [second in text for text in store.slack.texts] == [True]


def test_a_candidate_is_told_when_it_waits_and_when_it_goes_out(store: Store) -> None:
    folder, manifest = store.build()
    store.store.propose(folder, manifest, None)
    store.tick()
    store.tick()
    [waits] = store.slack.texts
    assert waits.startswith(f"*Release {manifest.release_id} waits for approval*")
    assert f"recipe releases approve {manifest.release_id}" in waits
    store.store.promote(manifest.release_id, Verdict("Ada"))
    store.tick()
    assert store.slack.texts[1].startswith(f"*Release {manifest.release_id} is current*")
    assert len(store.slack.texts) == 2


def test_a_rollback_from_the_command_line_is_told_as_one(store: Store) -> None:
    store.tick()
    first = store.publish()
    store.tick()
    store.publish()
    store.tick()
    store.store.rollback()
    store.tick()
    assert store.slack.texts[2].startswith(f"*Release {first} is current again: the store was rolled back*")


def test_a_store_that_cannot_be_read_is_told_in_the_tick_and_nothing_is_forgotten(store: Store) -> None:
    store.tick()
    store.publish()
    pointer = store.root / "releases" / "latest.json"
    whole = pointer.read_bytes()
    pointer.write_bytes(b"{")
    assert "latest.json is damaged" in store.tick()
    pointer.write_bytes(whole)
    store.tick()
    assert len(store.slack.texts) == 1


def test_slack_away_costs_the_message_in_slack_and_nothing_else(store: Store) -> None:
    store.tick()
    store.publish()
    store.slack.scripted = [(500, {}, b"")] * 4
    store.tick()
    store.slack.scripted = []
    store.publish()
    store.tick()
    assert len(store.slack.texts) == 1


def tick_drift(instance: dg.DagsterInstance, slack: Slack, cursor: str | None) -> str | None:
    resources = {"notifications": resource(slack)}
    with dg.build_sensor_context(instance, cursor=cursor, resources=resources) as context:
        outcome = drift_news(context)
    assert isinstance(outcome, dg.SensorResult)
    return cursor if outcome.cursor is None else outcome.cursor


def evaluate_drift(instance: dg.DagsterInstance, *, passed: bool) -> None:
    evaluation = dg.AssetCheckEvaluation(
        asset_key=DRIFT.asset_key, check_name=DRIFT.name, passed=passed, metadata={}, description="distance 0.31"
    )
    instance.report_runless_asset_event(evaluation)


def test_drift_is_told_when_it_begins_and_again_after_a_week_of_it(
    instance: dg.DagsterInstance, slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = tick_drift(instance, slack, None)
    evaluate_drift(instance, passed=True)
    cursor = tick_drift(instance, slack, cursor)
    assert slack.texts == []
    evaluate_drift(instance, passed=False)
    cursor = tick_drift(instance, slack, tick_drift(instance, slack, cursor))
    [text] = slack.texts
    assert "distance 0.31" in text
    assert "http://ui:3000/assets/production_predictions" in text
    monkeypatch.setattr(notifications, "REMIND", datetime.timedelta(0))
    cursor = tick_drift(instance, slack, cursor)
    assert len(slack.texts) == 2
    evaluate_drift(instance, passed=True)
    cursor = tick_drift(instance, slack, cursor)
    evaluate_drift(instance, passed=False)
    tick_drift(instance, slack, cursor)
    assert len(slack.texts) == 3, "drift that comes back is told at once"


def test_settings_reach_slack_and_the_links(slack: Slack, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"TOKEN": TOKEN, "CHANNEL": "#studio", "API": slack.url}
    for name, value in settings.items():
        monkeypatch.setenv(f"RECIPE_SLACK_{name}", value)
    monkeypatch.setenv("RECIPE_UI_URL", "https://dagster.example.org/")
    with dg.build_resources({"notifications": wire_automation()["notifications"]}) as live:
        message = notifications.drifted("distance 0.31", live.notifications.pages)
        live.notifications.tell(dg.get_dagster_logger(), message)
    [text] = slack.texts
    assert "<https://dagster.example.org/assets/production_predictions" in text


def test_the_token_is_not_shown_among_the_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECIPE_SLACK_TOKEN", "xoxb-secret")
    assert "xoxb-secret" not in repr(wire_automation())


def test_a_cursor_of_the_release_news_is_plain_json(store: Store) -> None:
    store.publish()
    store.tick()
    assert msgspec.json.decode(store.cursor or "")["waits"] == ""
