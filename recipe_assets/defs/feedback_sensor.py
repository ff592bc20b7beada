"""When people's words are read: as soon as a file of the outbox changed or the review page has a new answer.

What a run does is `feedback`'s subject.
"""

import datetime

import dagster as dg

from recipe_assets.defs.feedback import SPELLINGS
from recipe_assets.defs.resources import OutboxResource, ReleaseStoreResource, StorageResource, VocabularyResource
from recipe_assets.defs.sensors import UNFINISHED, WORK
from recipe_assets.errors import RecipeError
from recipe_assets.review.history import NAME
from recipe_assets.review.journal import Journal
from recipe_assets.review.reviewed import news
from recipe_assets.review.unclear import unclear_lines
from recipe_assets.studio.vocabulary import Vocabulary

read_reviews = dg.define_asset_job(
    "read_reviews",
    selection=dg.AssetSelection.assets(NAME, "live_accuracy"),
    description="Read what people changed in the outbox and answered on the review page since the last time.",
)


@dg.sensor(
    job=read_reviews,
    minimum_interval_seconds=120,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests reviewed_keywords when files in the outbox changed or the review page has new answers.",
)
def new_reviews(
    context: dg.SensorEvaluationContext,
    outbox: OutboxResource,
    releases: ReleaseStoreResource,
    storage: StorageResource,
    vocabulary: VocabularyResource,
) -> dg.RunRequest | dg.SkipReason:
    """Compare the outbox and the answers with what the last run saw; what cannot be read is tried hourly."""
    try:
        key = pending_review(outbox, releases, storage, vocabulary.load())
    except RecipeError as error:
        return dg.SkipReason(str(error))
    if key is None:
        return dg.SkipReason("nobody changed a file of the outbox or answered on the review page")
    busy = dg.RunsFilter(job_name=read_reviews.name, statuses=UNFINISHED)
    if context.instance.get_runs_count(busy):
        return dg.SkipReason("the outbox is being read")
    hour = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H")
    return dg.RunRequest(run_key=f"{key}:{hour}", tags={WORK: key})


def pending_review(
    outbox: OutboxResource, releases: ReleaseStoreResource, storage: StorageResource, words: Vocabulary
) -> str | None:
    """What a run of read_reviews would be for, or None where it would find nothing.

    Raises:
        RecipeError: if outbox, store or tables cannot be used.
    """
    tables = storage.tables()
    found = news(outbox.open(), Journal(releases.objects()), tables)
    if found:
        return f"reviews:{found.fingerprint}"
    # A word that was unknown may be an alias by now.
    understood = (tables.attributes(NAME) or {}).get(SPELLINGS)
    if understood not in (None, words.spellings_sha256) and len(unclear_lines(tables)):
        return f"reviews:{words.spellings_sha256[:16]}"
    return None
