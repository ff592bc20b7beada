"""What publishes the review page's queue by itself: whenever something it is made from changed."""

import datetime

import dagster as dg

from recipe_assets.defs.resources import ReleaseStoreResource, ReviewResource, StorageResource
from recipe_assets.defs.review_page import MADE_FROM, NAME, inputs
from recipe_assets.defs.sensors import UNFINISHED, WORK
from recipe_assets.errors import RecipeError

publish_review_queue = dg.define_asset_job(
    "publish_review_queue",
    selection=dg.AssetSelection.assets(NAME),
    description="Publish the photos that the review page asks about.",
)


@dg.sensor(
    job=publish_review_queue,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests published_review_queue when shoots were keyworded, doubts found or a release came out.",
)
def review_page_is_behind(
    context: dg.SensorEvaluationContext,
    storage: StorageResource,
    review: ReviewResource,
    releases: ReleaseStoreResource,
) -> dg.RunRequest | dg.SkipReason:
    """Compare what the published queue was made from with what there is; a failed run is tried again hourly."""
    try:
        wanted = inputs(storage, review, releases)
    except RecipeError as error:
        return dg.SkipReason(str(error))
    tables = storage.tables()
    if wanted == (tables.attributes(NAME) or {}).get(MADE_FROM):
        return dg.SkipReason("the review page asks about what there is")
    if not tables.partitions("keyworded_shoot") and not tables.path("reviewed_keywords").is_file():
        return dg.SkipReason("no shoot is keyworded yet: nothing is unsure")
    if context.instance.get_runs_count(dg.RunsFilter(job_name=publish_review_queue.name, statuses=UNFINISHED)):
        return dg.SkipReason("the queue is being published")
    hour = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H")
    return dg.RunRequest(run_key=f"review-page:{wanted}:{hour}", tags={WORK: f"review-page:{wanted}"})
