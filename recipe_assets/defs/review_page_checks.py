"""Whether the review page has something to show: the queue as an API reads it, and whether it holds all cases."""

import dagster as dg
import pandas as pd

from recipe_assets.defs.reporting import plain_errors
from recipe_assets.defs.resources import ReleaseStoreResource
from recipe_assets.defs.review_page import published_review_queue
from recipe_assets.review.queue_file import read_queue


@dg.asset_check(asset=published_review_queue)
def queue_is_served(published_review_queue: pd.DataFrame, releases: ReleaseStoreResource) -> dg.AssetCheckResult:
    """What the store holds is the queue that was published, so that every API asks the same."""
    with plain_errors():
        stored = read_queue(releases.objects())
    asked = [photo.sha256 for photo in stored.photos] if stored else []
    same = asked == published_review_queue["sha256"].tolist()
    return dg.AssetCheckResult(
        passed=same,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(asked)} photos are asked about on /review"
        if same
        else f"the store's queue has {len(asked)} photos, {len(published_review_queue)} were published here: "
        "another run has published since; materialize published_review_queue again if it should not have",
        metadata={"photos": len(asked)},
    )
