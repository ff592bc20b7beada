"""What people said about keywords after the fact, read back as labels, and what it says about the released model.

The words themselves are `recipe_assets.review`'s subject. The loop closes through files: standardized_keywords
takes the labels from the stored table, so the graph has no circle.
"""

import hashlib
from pathlib import Path

import dagster as dg
import pandas as pd

from recipe_assets.defs.feedback_views import accuracy_metadata, in_words, review_metadata
from recipe_assets.defs.reporting import plain_errors, progress, table
from recipe_assets.defs.resources import (
    OutboxResource,
    ReleaseStoreResource,
    ReviewResource,
    StorageResource,
    VocabularyResource,
)
from recipe_assets.review.accuracy import COLUMNS, below_promise, keyworded_photos
from recipe_assets.review.accuracy import live_accuracy as measured
from recipe_assets.review.history import entries_of, frame_of
from recipe_assets.review.journal import Journal
from recipe_assets.review.reviewed import JUDGED, disagreements, keyworded_rows, look
from recipe_assets.review.unclear import FINDING, store_unclear, unclear_lines, with_unclear
from recipe_assets.studio.review import decisions, is_decided, write_queue

SPELLINGS = "vocabulary"
"""The table's attribute that says by which spellings words were understood."""


@dg.asset(
    group_name="post_production",
    kinds={"pandas", "parquet"},
    owners=["team:data"],
    tags={"stage": "post_production"},
    deps=["keyworded_shoot"],
)
def reviewed_keywords(
    context: dg.AssetExecutionContext,
    outbox: OutboxResource,
    releases: ReleaseStoreResource,
    review: ReviewResource,
    storage: StorageResource,
    vocabulary: VocabularyResource,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Every word of a person about a keyword, from edited files in the outbox and from the review page, in order.

    The last word about a photo becomes its label in the next run; what is not clear goes to the review queue.
    """
    with plain_errors():
        words, tables = vocabulary.load(), storage.tables()
        report = progress(context.log.info, "changed files of the outbox read")
        found = look(outbox.open(), Journal(releases.objects()), tables, words, report)
        for shoot, problem in found.left_out.items():
            context.log.warning(f"{shoot} is left out until it can be read: {problem}")
        store_unclear(tables, found.unclear)
        _queue(review, storage)
        history = frame_of(found.history)
        history.attrs |= {SPELLINGS: words.spellings_sha256, JUDGED: found.judged}
        metadata = review_metadata(found, history, tables, review.path)
    version = hashlib.sha256(history["answer_id"].to_csv(index=False).encode()).hexdigest()[:16]
    return dg.MaterializeResult(value=history, data_version=dg.DataVersion(version), metadata=metadata)


def _queue(review: ReviewResource, storage: StorageResource) -> None:
    """Bring the unclear files into the review queue; a queue that says so already is not written again."""
    before = review.read()
    queue = with_unclear(before, unclear_lines(storage.tables()))
    if queue.fillna("").to_numpy().tolist() != before.fillna("").to_numpy().tolist():
        write_queue(queue, Path(review.path))


@dg.asset_check(asset=reviewed_keywords)
def edits_are_clear(review: ReviewResource) -> dg.AssetCheckResult:
    """Every file that was changed in the outbox says one keyword, or a person has settled which."""
    with plain_errors():
        queue = review.read()
    waiting = queue[(queue["finding"] == FINDING) & ~is_decided(queue)]
    return dg.AssetCheckResult(
        passed=waiting.empty,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(waiting)} changed files say no single keyword and are not learned from: decide them in "
        f"{review.path} or on the review page, or mend the files"
        if len(waiting)
        else "every changed file is clear",
        metadata={"count": len(waiting), "files": table(waiting[["shoot", "file", "detail", "suggestion"]])},
    )


@dg.asset_check(asset=reviewed_keywords)
def people_agree(
    reviewed_keywords: pd.DataFrame, review: ReviewResource, vocabulary: VocabularyResource
) -> dg.AssetCheckResult:
    """The review queue, which counts, says nothing else about a photo than its file or the review page."""
    with plain_errors():
        words = vocabulary.load()
        found = disagreements(decisions(review.read(), words), entries_of(reviewed_keywords), words)
    return dg.AssetCheckResult(
        passed=found.empty,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(found)} photos have another keyword in {review.path}, which is followed, than people "
        "gave them in the outbox or on the review page: correct or empty the decisions that are wrong"
        if len(found)
        else "nobody contradicts anybody",
        metadata={"count": len(found), "photos": table(found)},
    )


@dg.asset(group_name="post_production", kinds={"pandas"}, owners=["team:data"], tags={"stage": "post_production"})
def live_accuracy(
    reviewed_keywords: pd.DataFrame, releases: ReleaseStoreResource, storage: StorageResource
) -> dg.MaterializeResult[pd.DataFrame]:
    """How often the released model is right on the photos that it keyworded, as far as people's words tell.

    Nobody looks at a random sample, so the truth is given between two bounds, with 95 % intervals.
    """
    with plain_errors():
        manifest = releases.open().current_manifest()
        rows, _ = keyworded_rows(storage.tables())
    if manifest is None:
        return dg.MaterializeResult(
            value=pd.DataFrame(columns=COLUMNS), metadata={"note": "there is no release yet"}
        )
    photos = keyworded_photos(rows.values(), entries_of(reviewed_keywords), manifest)
    found = measured(photos, manifest)
    return dg.MaterializeResult(value=found, metadata=accuracy_metadata(found))


@dg.asset_check(asset=live_accuracy)
def released_model_holds_up(live_accuracy: pd.DataFrame) -> dg.AssetCheckResult:
    """The released model is as often right as its test photos promised, or nothing proves otherwise.

    Warns where even the upper bound of all photos, or of one part, is below the promise; keywords are only listed,
    since of many one is always low by chance.
    """
    below = below_promise(live_accuracy)
    wrong = below[below["keyword"] == live_accuracy["keyword"].iloc[0]] if len(below) else below
    return dg.AssetCheckResult(
        passed=wrong.empty,
        severity=dg.AssetCheckSeverity.WARN,
        description=in_words(live_accuracy, wrong),
        metadata={"count": len(wrong), "below_the_promise": table(below)},
    )
