"""The queue of the review page: which photos people are asked about, published beside the releases.

What is asked is `review.asking`'s subject, what is shown `review.illustrating`'s; the API hands it out.
"""

import datetime
import hashlib

import dagster as dg
import msgspec
import pandas as pd
from pydantic import Field

from recipe_assets.defs.post_production import current_release
from recipe_assets.defs.reporting import plain_errors, progress, table
from recipe_assets.defs.resources import (
    ReleaseStoreResource,
    ReviewResource,
    StorageResource,
    StudioResource,
    VocabularyResource,
)
from recipe_assets.errors import RecipeError
from recipe_assets.release.objects import Objects
from recipe_assets.review.asking import Situation, cases, stored_unclear
from recipe_assets.review.illustrating import Illustrator
from recipe_assets.review.journal import Journal
from recipe_assets.review.queue_file import Choice, ReviewQueue, assign_keys, publish_queue, read_queue
from recipe_assets.review.reviewed import all_decisions, keyworded_rows
from recipe_assets.studio.vocabulary import Vocabulary

NAME = "published_review_queue"
MADE_FROM = "made_from"
"""The table's attribute that says what the queue was made from."""
INPUTS = ("keyworded_shoot", "standardized_keywords", "reviewed_keywords", "unclear_edits")
"""Tables that decide what is asked."""


class ReviewPageConfig(dg.Config):
    """How much people are asked."""

    photos: int = Field(default=300, ge=1, le=5000, description="How many photos the queue holds at most.")


@dg.asset(
    group_name="post_production",
    kinds={"onnx", "json"},
    owners=["team:data"],
    tags={"stage": "post_production"},
    deps=["keyworded_shoot", "review_queue", "reviewed_keywords"],
)
def published_review_queue(
    context: dg.AssetExecutionContext,
    config: ReviewPageConfig,
    studio: StudioResource,
    storage: StorageResource,
    vocabulary: VocabularyResource,
    review: ReviewResource,
    releases: ReleaseStoreResource,
) -> dg.MaterializeResult[pd.DataFrame]:
    """The photos that the page /review asks about, worst first: unsure ones, doubtful and unclear keywords.

    With what the released model says, the nearest training photos, and a picture; replaced at once.
    """
    with plain_errors():
        made_from = inputs(storage, review, releases)
        words, objects = vocabulary.load(), releases.objects()
        asked = cases(situation(storage, review, releases, words, context.log), config.photos)
        has_release = releases.open().read_pointer() is not None
        released = current_release(releases, storage) if has_release else None
        predictor = released.load() if released else None
        illustrator = Illustrator(storage.tables(), studio.open(), objects, predictor)
        photos = illustrator.illustrate(asked, progress(context.log.info, "photos for the review page"))
        queue = ReviewQueue(
            made_at=datetime.datetime.now(datetime.UTC),
            release_id=released.release_id if released else None,
            keywords=choices(words, objects),
            photos=tuple(photos),
        )
        publish_queue(objects, queue)
    for shoot, reason in illustrator.left_out.items():
        context.log.warning(f"{shoot} is left out: {reason}")
    return _result(queue, made_from, objects)


def _result(queue: ReviewQueue, made_from: str, objects: Objects) -> dg.MaterializeResult[pd.DataFrame]:
    columns = ["shoot", "file", "sha256", "reason", "detail", "label"]
    frame = pd.DataFrame(
        [[getattr(photo, name) for name in columns] for photo in queue.photos], columns=columns, dtype="string"
    )
    frame.attrs[MADE_FROM] = made_from
    return dg.MaterializeResult(
        value=frame,
        data_version=dg.DataVersion(hashlib.sha256(msgspec.json.encode(queue.photos)).hexdigest()[:16]),
        metadata={
            "photos": len(frame),
            "by_reason": table(frame["reason"].value_counts().rename_axis("reason").reset_index(name="photos")),
            "first": table(frame.drop(columns="sha256"), 50),
            "release_id": queue.release_id or "none",
            "page": f"/review of every API over {objects.url}",
        },
    )


def situation(
    storage: StorageResource,
    review: ReviewResource,
    releases: ReleaseStoreResource,
    words: Vocabulary,
    log: dg.DagsterLogManager,
) -> Situation:
    """All that decides what is asked, as it is stored now.

    Raises:
        RecipeError: if the queue, the history or the answers cannot be read; shoots that cannot are left out.
    """
    tables, queue = storage.tables(), review.read()
    rows, left_out = keyworded_rows(tables)
    for shoot, reason in left_out.items():
        log.warning(f"{shoot} is left out: {reason}")
    decided = frozenset(all_decisions(queue, tables, words))
    return Situation(queue, stored_unclear(tables), rows, Journal(releases.objects()).latest(), decided)


def choices(words: Vocabulary, objects: Objects) -> tuple[Choice, ...]:
    """The keywords with their pipelines and keys; a key that a keyword had is kept.

    Raises:
        ReleaseError: if the store cannot be used.
    """
    try:
        before = read_queue(objects)
    except RecipeError:
        objects.read("latest.json")  # a store out of reach raises; a damaged queue is made anew, with fresh keys
        before = None
    keys = assign_keys(
        [word.name for word in words.keywords],
        {choice.keyword: choice.key for choice in before.keywords if choice.key} if before else {},
    )
    return tuple(Choice(word.name, word.pipeline, keys.get(word.name)) for word in words.keywords)


def inputs(storage: StorageResource, review: ReviewResource, releases: ReleaseStoreResource) -> str:
    """A hash that changes with what decides the queue; of tables the times are looked at, not the rows.

    Raises:
        RecipeError: if the review queue or the release store cannot be read.
    """
    root, current = storage.tables().root, releases.open().read_pointer()
    paths = [path for name in INPUTS for path in (root / f"{name}.parquet", *(root / name).glob("*.parquet"))]
    seen = sorted((str(path.relative_to(root)), path.stat().st_mtime_ns) for path in paths if path.is_file())
    lines = hashlib.sha256(review.read().to_csv(index=False).encode()).hexdigest()
    said = [seen, lines, current.pointer.release_id if current else None]
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:16]
