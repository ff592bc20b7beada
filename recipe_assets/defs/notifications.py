"""Who tells people: sensors that notice failed runs, blocked, new and waiting releases, and drift.

The words are `recipe_assets.notifications`' subject; how they are sent stands in `automation_settings`.
"""

import datetime

import dagster as dg
import msgspec

from recipe_assets.defs.automation_settings import NotificationsResource
from recipe_assets.defs.failures import blocking_checks, reasons
from recipe_assets.defs.resources import ReleaseStoreResource
from recipe_assets.defs.sensors import MAX_ATTEMPTS, WORK
from recipe_assets.defs.training_facts import latest_drift, trains
from recipe_assets.errors import RecipeError
from recipe_assets.notifications.news import (
    Again,
    drifted,
    release_blocked,
    release_out,
    release_waits,
    run_failed,
)
from recipe_assets.release.store import ReleaseStore

REMIND = datetime.timedelta(days=7)
"""Drift that goes on is told again after this."""
SAYING = {dg.DagsterEventType.ASSET_CHECK_EVALUATION, dg.DagsterEventType.STEP_FAILURE}
"""The events of a run that say why it failed."""


@dg.run_failure_sensor(
    name="failed_runs",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells of runs that failed, and of models that the gates do not let out.",
)
def failed_runs(context: dg.RunFailureSensorContext, notifications: NotificationsResource) -> None:
    """One message per piece of work: the first failure, and that it is given up; not every try between them."""
    run = context.dagster_run
    if run.tags.get("dagster/will_retry") == "true":
        context.log.info(f"run {run.run_id} failed and is retried at once")
        return
    records = context.instance.get_records_for_run(run.run_id, of_type=SAYING).records
    events = [record.event_log_entry.dagster_event for record in records if record.event_log_entry.dagster_event]
    blocked, link = blocking_checks(events), notifications.pages.run(run.run_id)
    if blocked and trains(run):
        notifications.tell(context.log, release_blocked(blocked, link))
        return
    tries = _failures_of(context.instance, run)
    if 1 < tries < MAX_ATTEMPTS:
        context.log.info(f"run {run.run_id} failed, as {tries - 1} before it for the same work: that was told")
        return
    again: Again = "by hand"
    if WORK in run.tags and blocked:
        again = "mended"  # what a check blocks is stored, and not tried again before somebody changes it
    elif WORK in run.tags and tries < MAX_ATTEMPTS:
        again = "soon"
    shoot = run.tags.get("dagster/partition")
    message = run_failed(_name(run), shoot, list(reasons(events)) or _last_word(context), link, again=again)
    notifications.tell(context.log, message)


def _failures_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> int:
    """How often the work that a sensor requested failed, this time included; 1 for any other run."""
    if WORK not in run.tags:
        return 1
    same = dg.RunsFilter(tags={WORK: run.tags[WORK]}, statuses=[dg.DagsterRunStatus.FAILURE])
    return max(1, instance.get_runs_count(same))


def _name(run: dg.DagsterRun) -> str:
    """What was run: a job, or the assets that somebody picked in the UI."""
    if not run.job_name.startswith("__"):
        return run.job_name
    picked = sorted(key.to_user_string() for key in run.asset_selection or ())
    return ", ".join(picked[:3]) + (f" and {len(picked) - 3} more assets" if len(picked) > 3 else "")


def _last_word(context: dg.RunFailureSensorContext) -> list[str]:
    said = context.failure_event.message
    return [said] if said else []


class Told(msgspec.Struct, frozen=True):
    """What `release_news` told last: the pointer's state, and the release that waits."""

    current: str
    waits: str


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells of releases that go out (published, approved, rolled back to) and of those that wait.",
)
def release_news(
    context: dg.SensorEvaluationContext, releases: ReleaseStoreResource, notifications: NotificationsResource
) -> dg.SensorResult:
    """Look at the store itself: approvals and rollbacks also come from the command line."""
    told = msgspec.json.decode(context.cursor, type=Told) if context.cursor else None
    try:
        store = releases.open()
        now = _tell_news(context, store, told, notifications)
    except RecipeError as error:
        return dg.SensorResult(skip_reason=dg.SkipReason(str(error)))
    why = f"current: {now.current or 'none'}; waits: {now.waits or 'none'}"
    return dg.SensorResult(skip_reason=dg.SkipReason(why), cursor=msgspec.json.encode(now).decode())


def _tell_news(
    context: dg.SensorEvaluationContext,
    store: ReleaseStore,
    told: Told | None,
    notifications: NotificationsResource,
) -> Told:
    versioned, candidate = store.read_pointer(), store.read_candidate()
    pointer = versioned.pointer if versioned else None
    now = Told(
        current=f"{pointer.release_id} since {pointer.updated_at:%Y-%m-%d %H:%M:%S.%f}" if pointer else "",
        waits=candidate.release_id if candidate else "",
    )
    manifest, waiting = store.current_manifest(), store.candidate_manifest()
    # What was current before anybody looked is no news.
    if told and pointer and manifest and now.current != told.current:
        message = release_out(manifest, pointer, store.store_url, notifications.pages)
        notifications.tell(context.log, message)
    if waiting and now.waits != (told.waits if told else ""):
        notifications.tell(context.log, release_waits(waiting, store.store_url, notifications.pages))
    return now


@dg.sensor(
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells when predictions_drifted begins to warn, and again every week that it goes on.",
)
def drift_news(context: dg.SensorEvaluationContext, notifications: NotificationsResource) -> dg.SensorResult:
    """The cursor is when drift was told; empty while there is none."""
    found = latest_drift(context.instance)
    if found is None or found.passed:
        return dg.SensorResult(skip_reason=dg.SkipReason("no drift"), cursor="")
    now = datetime.datetime.now(datetime.UTC)
    if context.cursor and now - datetime.datetime.fromisoformat(context.cursor) < REMIND:
        return dg.SensorResult(skip_reason=dg.SkipReason(f"drift was told on {context.cursor}"))
    notifications.tell(context.log, drifted(found.description, notifications.pages))
    return dg.SensorResult(skip_reason=dg.SkipReason("drift is told now"), cursor=now.isoformat())
