"""What reacts by itself: new shoots are read, new releases are served. Thin shells over plain comparisons."""

import dagster as dg

from recipe_assets.defs.jobs import new_shoot, serve_release, standardize
from recipe_assets.defs.partitions import shoots
from recipe_assets.defs.release import RELEASE_ID, model_release, served_model
from recipe_assets.defs.resources import StorageResource, StudioResource, VocabularyResource
from recipe_assets.errors import RecipeError
from recipe_assets.studio.arrivals import pending_work

SETTLE_SECONDS = 20
"""A shoot counts as arrived when none of its files has changed for this long."""


@dg.sensor(
    jobs=[new_shoot, standardize],
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Finds new and changed shoots in RECIPE_STUDIO, adds partitions, requests that they are read.",
)
def new_shoots(
    context: dg.SensorEvaluationContext,
    studio: StudioResource,
    vocabulary: VocabularyResource,
    storage: StorageResource,
) -> dg.SensorResult | dg.SkipReason:
    """Request each new or changed shoot once; an unreadable studio is reported, never taken for an empty one."""
    try:
        words = vocabulary.load().sha256
        work = pending_work(studio.open(), storage.tables(), words, SETTLE_SECONDS)
    except RecipeError as error:
        return dg.SkipReason(str(error))
    requests = [
        dg.RunRequest(run_key=f"read:{shoot}:{files}", job_name=new_shoot.name, partition_key=shoot)
        for shoot, files in work.read.items()
    ]
    requests += [
        dg.RunRequest(run_key=f"words:{shoot}:{words}", job_name=standardize.name, partition_key=shoot)
        for shoot in work.standardize
    ]
    if not requests:
        return dg.SkipReason("no shoot is new or changed")
    known = set(context.instance.get_dynamic_partitions(shoots.name or ""))
    new = [shoot for shoot in work.read if shoot not in known]
    return dg.SensorResult(
        run_requests=requests, dynamic_partitions_requests=[shoots.build_add_request(new)] if new else []
    )


@dg.asset_sensor(
    asset_key=model_release.key,
    job=serve_release,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests served_model when a new release was published and no run has confirmed it yet.",
)
def new_release(
    context: dg.SensorEvaluationContext, asset_event: dg.EventLogEntry
) -> dg.RunRequest | dg.SkipReason:
    """Serve each release once; a run that publishes and serves at once needs no second one."""
    release_id = _release_id(asset_event)
    served = context.instance.get_latest_materialization_event(served_model.key)
    if served is not None and _release_id(served) == release_id:
        return dg.SkipReason(f"release {release_id} is served already")
    return dg.RunRequest(run_key=f"serve:{release_id}")


def _release_id(event: dg.EventLogEntry) -> str | None:
    materialization = event.asset_materialization
    value = materialization.metadata.get(RELEASE_ID) if materialization else None
    return str(value.value) if value is not None else None
