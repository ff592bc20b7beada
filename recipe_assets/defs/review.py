"""What people decide about doubtful photos: the queue as a file that they edit, and whether it was understood."""

from pathlib import Path

import dagster as dg
import pandas as pd

from recipe_assets.defs.reporting import plain_errors, table
from recipe_assets.defs.resources import ReviewResource, StorageResource, VocabularyResource
from recipe_assets.review.unclear import unclear_lines
from recipe_assets.studio.review import (
    COLUMNS,
    is_decided,
    merge_queue,
    misunderstood,
    open_cases,
    without_photo,
    write_queue,
)


@dg.asset(group_name="dataset", kinds={"csv"}, owners=["team:data"], tags={"stage": "dataset"})
def review_queue(
    photo_findings: pd.DataFrame,
    standardized_keywords: pd.DataFrame,
    review: ReviewResource,
    storage: StorageResource,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Photos that a person should look at, with a suggestion: a CSV file to edit, which the next run honors.

    First come files that were changed in the outbox and say no single keyword.
    Write into `decision`: a keyword, "drop" to take the photo out, or "keep" if it is right as it is.
    """
    with plain_errors():
        # Read at the last moment: somebody may have saved a decision while the findings were computed.
        found = [unclear_lines(storage.tables()), open_cases(photo_findings, standardized_keywords)]
        queue = merge_queue(pd.concat(found, ignore_index=True), review.read())
        write_queue(queue, Path(review.path))
    decided = is_decided(queue)
    return dg.MaterializeResult(
        value=queue,
        metadata={
            "path": dg.MetadataValue.path(review.path),
            "open": int((~decided).sum()),
            "decided": int(decided.sum()),
            "by_finding": table(queue[~decided].value_counts("finding").reset_index(name="open")),
            "first": table(queue[[name for name in COLUMNS if name != "sha256"]]),
        },
    )


@dg.asset_check(asset=review_queue)
def decisions_are_understood(review: ReviewResource, vocabulary: VocabularyResource) -> dg.AssetCheckResult:
    """Every decision in the queue is a keyword of the vocabulary, "drop" or "keep"."""
    with plain_errors():
        wrong = misunderstood(review.read(), vocabulary.load())
    return dg.AssetCheckResult(
        passed=wrong.empty,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(wrong)} decisions mean nothing and are not followed: correct them in {review.path}"
        if len(wrong)
        else "every decision is understood",
        metadata={"count": len(wrong), "lines": table(wrong[["shoot", "file", "decision", "nearest"]])},
    )


@dg.asset_check(asset=review_queue, additional_ins={"standardized_keywords": dg.AssetIn("standardized_keywords")})
def decisions_find_their_photo(standardized_keywords: pd.DataFrame, review: ReviewResource) -> dg.AssetCheckResult:
    """Every decision is about a photo that is there as it was; spreadsheets change names into dates."""
    with plain_errors():
        queue = review.read()
    lost = without_photo(queue[is_decided(queue)], standardized_keywords)
    return dg.AssetCheckResult(
        passed=lost.empty,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(lost)} decisions belong to no photo: it was changed or removed, or the line's shoot, "
        f"file or sha256 was; correct or delete them in {review.path}"
        if len(lost)
        else "every decision has its photo",
        metadata={"count": len(lost), "lines": table(lost[["shoot", "file", "decision"]])},
    )
