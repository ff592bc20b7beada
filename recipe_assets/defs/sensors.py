"""What reacts by itself: new shoots are read, new releases are served. Thin shells over plain comparisons."""

import datetime
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import dagster as dg

from recipe_assets.defs.jobs import embed, new_shoot, serve_release, standardize
from recipe_assets.defs.partitions import shoots
from recipe_assets.defs.release import RELEASE_ID, model_release, served_model
from recipe_assets.defs.release_report import STATE, WAITS
from recipe_assets.defs.resources import (
    BaseCheckpointResource,
    ReviewResource,
    StorageResource,
    StudioResource,
    VocabularyResource,
)
from recipe_assets.errors import RecipeError
from recipe_assets.review.reviewed import all_decisions
from recipe_assets.storage import TableStore
from recipe_assets.studio.arrivals import Wanted, Work, pending_work
from recipe_assets.studio.watching import Change, Look, look

SETTLE_SECONDS = 20
"""A shoot counts as arrived when nothing in it has changed for this long, and between two looks."""
MAX_REQUESTS = 25
"""Runs requested per tick: a backlog of years is worked off in portions."""
WORK = "recipe/work"
"""The tag that says what a run was requested for."""
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
MAX_ATTEMPTS = 5
FIRST_WAIT = datetime.timedelta(minutes=2)
"""A failed run is requested again after this, then after twice as long, and so on."""


@dg.sensor(
    jobs=[new_shoot, standardize, embed],
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Finds new and changed shoots in RECIPE_STUDIO, adds partitions, requests that they are read.",
)
def new_shoots(
    context: dg.SensorEvaluationContext,
    studio: StudioResource,
    vocabulary: VocabularyResource,
    review: ReviewResource,
    base: BaseCheckpointResource,
    storage: StorageResource,
) -> dg.SensorResult | dg.SkipReason:
    """Request what each shoot needs; an unreadable studio is reported, never taken for an empty one."""
    try:
        words = vocabulary.load()
        decided = all_decisions(review.read(), storage.tables(), words)
        wanted = Wanted(words, decided, base.identity())
        seen = look(studio.open(), storage.tables(), context.cursor, SETTLE_SECONDS)
        # A folder made in advance is no shoot yet.
        here = {name: shoot for name, shoot in seen.arrived.items() if shoot.files}
        work = pending_work(here, storage.tables(), wanted)
    except RecipeError as error:
        return dg.SkipReason(str(error))
    _tell(context, seen)
    busy = busy_shoots(context.instance)
    keys = (key for key in _keys(work, wanted, storage.tables()) if key[1] not in busy)
    requests = (found for key in keys if (found := request_run(context, *key)))
    asked = list(islice(requests, MAX_REQUESTS))
    known = set(context.instance.get_dynamic_partitions(shoots.name or ""))
    new = sorted({str(request.partition_key) for request in asked} - known)
    return dg.SensorResult(
        run_requests=asked,
        skip_reason=None if asked else dg.SkipReason(_why_nothing(work, seen)),
        dynamic_partitions_requests=[shoots.build_add_request(new)] if new else [],
        cursor=seen.cursor,
    )


def _keys(work: Work, wanted: Wanted, tables: TableStore) -> Iterator[tuple[str, str, str]]:
    """Job, shoot, and what the run would be for: the same until something changes again."""
    for shoot, files in work.read.items():
        yield new_shoot.name, shoot, f"read:{shoot}:{files}"
    for shoot in work.standardize:
        of = wanted.label_attributes(shoot, (tables.attributes("raw_images", shoot) or {}).get("files", ""))
        yield standardize.name, shoot, f"words:{shoot}:{':'.join(part[:16] for part in of.values())}"
    for shoot in work.embed:
        files = (tables.attributes("raw_images", shoot) or {}).get("files", "")
        yield embed.name, shoot, f"embed:{shoot}:{files}:{wanted.base}"


def busy_shoots(instance: dg.DagsterInstance) -> set[str]:
    """Shoots that a run is about right now, whoever asked for it: a backfill, a person, the main job."""
    running = instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    return {run.tags["dagster/partition"] for run in running if "dagster/partition" in run.tags}


def _why_nothing(work: Work, seen: Look) -> str:
    waiting = sorted({*work.read, *work.standardize, *work.embed})
    if waiting:
        return (
            f"{len(waiting)} shoots are under way, or failed and wait for another try: {', '.join(waiting[:10])}"
        )
    if work.held_back:
        return f"{len(work.held_back)} shoots wait for a person: {'; '.join(list(work.held_back.values())[:10])}"
    return f"no shoot is new or changed: {seen.cursor}"


def request_run(
    context: dg.SensorEvaluationContext, job: str, shoot: str, work: str, config: Mapping[str, Any] | None = None
) -> dg.RunRequest | None:
    """A run for this work, unless it failed too often or too lately."""
    failed = dg.RunsFilter(tags={WORK: work}, statuses=[dg.DagsterRunStatus.FAILURE])
    tried = context.instance.get_run_records(failed, limit=MAX_ATTEMPTS)
    if len(tried) == MAX_ATTEMPTS:
        context.log.warning(f"{shoot}: {job} failed {MAX_ATTEMPTS} times and is not tried again: run it by hand")
        return None
    if tried:
        wait = FIRST_WAIT * 2 ** (len(tried) - 1)
        if datetime.datetime.now(datetime.UTC) - tried[0].create_timestamp < wait:
            return None
    # Dagster drops a request whose key a run has had, and the same work may be due again after an edit and back.
    runs = context.instance.get_runs_count(dg.RunsFilter(tags={WORK: work}))
    key, tags = f"{work}:{runs}", {WORK: work}
    return dg.RunRequest(run_key=key, job_name=job, partition_key=shoot, tags=tags, run_config=config)


def _tell(context: dg.SensorEvaluationContext, seen: Look) -> None:
    for shoot, change in seen.changes.items():
        context.log.info(f"{shoot}: {_counted(change)}")
    for shoot in seen.gone:
        context.log.warning(f"{shoot} is no longer in the studio; its tables are kept and still trained on")


def _counted(change: Change) -> str:
    return ", ".join(f"{count} {name}" for name, count in change._asdict().items() if count)


@dg.asset_sensor(
    asset_key=model_release.key,
    job=serve_release,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests served_model when a new release became current and no run has confirmed it yet.",
)
def new_release(
    context: dg.SensorEvaluationContext, asset_event: dg.EventLogEntry
) -> dg.RunRequest | dg.SkipReason:
    """Serve each release once; a run that publishes and serves at once needs no second one.

    A release that waits for approval is served by the run that approves it.
    """
    release_id = _said(asset_event, RELEASE_ID)
    if _said(asset_event, STATE) == WAITS:
        told = f"release {release_id} waits for approval: look at model_release, then run the job approve_release"
        context.log.warning(told)
        return dg.SkipReason(told)
    served = context.instance.get_latest_materialization_event(served_model.key)
    if served is not None and _said(served, RELEASE_ID) == release_id:
        return dg.SkipReason(f"release {release_id} is served already")
    return dg.RunRequest(run_key=f"serve:{release_id}")


def _said(event: dg.EventLogEntry, key: str) -> str | None:
    materialization = event.asset_materialization
    value = materialization.metadata.get(key) if materialization else None
    return str(value.value) if value is not None else None
