"""A published review queue for tests: photos of one color each, and answers to them. No test stands here."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from recipe_assets.release.objects import Objects
from recipe_assets.release.places import open_objects
from recipe_assets.review.queue_file import (
    Choice,
    Guess,
    NearPicture,
    QueuedPhoto,
    ReviewQueue,
    assign_keys,
    picture_name,
    publish_queue,
    put_picture,
)
from tests.release import factory

KEYWORDS = ("pan", "oven-tray", "grill-plate", "saucepan", "glass-bowl-large")
COLORS = ("#a33", "#3a3", "#33a", "#aa3", "#3aa", "#a3a", "#777", "#c72", "#27c", "#2c7")


def choices(keywords: tuple[str, ...] = KEYWORDS) -> tuple[Choice, ...]:
    keys = assign_keys(keywords, {})
    return tuple(Choice(word, f"{word}-pipeline", keys.get(word)) for word in keywords)


def photo(number: int, near: str | None = None, **changes: Any) -> QueuedPhoto:  # noqa: ANN401 (any field)
    """The `number`th photo, worst first."""
    sha256 = f"{number:064x}"
    predictions = (Guess("pan", 48.25), Guess("oven-tray", 40.5), Guess("saucepan", 6.0))
    nearest = (NearPicture("week-0", "learned.jpg", "oven-tray", 0.93, near),) if near else ()
    fields: dict[str, Any] = {
        "shoot": "week-1", "file": f"{number:03d}.jpg", "sha256": sha256, "reason": "needs_review",
        "detail": "the model is not sure enough of pan", "label": None, "picture": f"{sha256}.jpg",
        "predictions": predictions, "nearest": nearest,
    }  # fmt: skip
    return QueuedPhoto(**(fields | changes))


def publish(
    store: str | Objects, photos: int = 5, keywords: tuple[str, ...] = KEYWORDS, first: int = 1
) -> ReviewQueue:
    """Publish a queue of so many photos, with pictures, and return it."""
    objects = open_objects(store) if isinstance(store, str) else store
    learned = factory.photo("orange", (60, 40))
    put_picture(objects, picture_name(learned), learned)
    queued = tuple(photo(number, picture_name(learned)) for number in range(first, first + photos))
    for place, one in enumerate(queued):
        put_picture(objects, one.picture, factory.photo(COLORS[place % len(COLORS)], (900, 600)))
    queue = ReviewQueue(
        made_at=datetime(2026, 11, 22, 22, 0, tzinfo=UTC),
        release_id="20261122T210501Z-00000001",
        keywords=choices(keywords),
        photos=queued,
    )
    publish_queue(objects, queue)
    return queue


def given(photo: QueuedPhoto, keyword: str = "pan", by: str = "Ana", **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """The body of an answer about a photo."""
    body = {
        "answer_id": uuid4().hex, "shoot": photo.shoot, "file": photo.file, "sha256": photo.sha256,
        "keyword": keyword, "by": by, "shown_keyword": "pan", "shown_confidence": 48.25,
        "release_id": "20261122T210501Z-00000001",
    }  # fmt: skip
    return body | changes
