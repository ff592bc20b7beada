"""The review desk: hands out photos, takes answers, says how far the queue is. It blocks: call it in threads.

What it knows of the store is `knowledge`'s subject, who looks at what `leases`', how answers are kept `journal`'s.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from api.errors import BadRequestError
from api.review.knowledge import Knowledge
from api.review.leases import Leases
from api.review.schemas import (
    Counting,
    GivenAnswer,
    KeptAnswer,
    NearTraining,
    PersonProgress,
    Progress,
    QueuePage,
    ReviewPhoto,
)
from recipe_assets.release.objects import Objects
from recipe_assets.review.journal import DROP, TAKEN_BACK, Answer, Journal, Photo, counting
from recipe_assets.review.queue_file import QueuedPhoto, ReviewQueue, photo_id, picture_key, read_picture

PICTURES_PATH = "/api/v1/review/pictures"


class _Offer(NamedTuple):
    """Photos chosen for somebody, and where what follows begins."""

    photos: list[QueuedPhoto]
    next: str | None


class ReviewDesk:
    """The review of one release store. Safe to share between threads."""

    def __init__(self, objects: Objects, clock: Callable[[], float] = time.monotonic) -> None:
        self._objects = objects
        self._journal = Journal(objects)
        self._leases = Leases(objects)
        self._knowledge = Knowledge(objects, self._journal, clock)

    def page(self, by: str, after: str | None, limit: int) -> QueuePage:
        """Up to `limit` open photos behind the one called `after`, leased to `by`.

        Raises:
            ReleaseError: if the store cannot be used.
        """
        queue, words = self._knowledge.look()
        photos = queue.photos if queue else ()
        offers: list[_Offer] = []

        def choose(holders: Mapping[str, str]) -> list[str]:
            offers.append(_offer(_open_behind(photos, words, after), holders, by, limit))
            return [photo_id(one.photo) for one in offers[-1].photos]

        self._leases.offer(by, choose)
        return QueuePage(
            made_at=queue.made_at if queue else None,
            release_id=queue.release_id if queue else None,
            keywords=queue.keywords if queue else (),
            photos=tuple(_shown(photo) for photo in offers[-1].photos),
            next=offers[-1].next,
            progress=_progress(photos, words),
        )

    def progress(self) -> Progress:
        """How far the queue is.

        Raises:
            ReleaseError: if the store cannot be used.
        """
        queue, words = self._knowledge.look()
        return _progress(queue.photos if queue else (), words)

    def answer(self, given: GivenAnswer) -> KeptAnswer:
        """Keep an answer, and say what counts since; the same `answer_id` again changes nothing.

        Raises:
            BadRequestError: if the photo was never in the queue, or the keyword is none of the queue's.
            AnswerError: if a field cannot be what it should be.
            ReleaseError: if the store cannot be used.
        """
        answer = Answer(**msgspec.structs.asdict(given))
        queue = self._knowledge.queue()
        if not _is_choice(answer.keyword, queue):
            queue = self._knowledge.queue_now()  # the vocabulary may have changed this very moment
        self._check(answer, queue)
        stored = self._journal.append(answer)
        self._knowledge.hear(stored)
        return KeptAnswer(**msgspec.structs.asdict(stored), counts=self._counts(stored))

    def picture(self, name: str) -> bytes | None:
        """A picture of the queue, a JPEG; None if there is none of this name."""
        return read_picture(self._objects, name)

    def _check(self, answer: Answer, queue: ReviewQueue | None) -> None:
        if not _is_choice(answer.keyword, queue):
            raise BadRequestError(f"'{answer.keyword}' is no keyword of the queue: load the page again")
        queued = queue is not None and any(photo.photo == answer.photo for photo in queue.photos)
        # A newer queue may have come while the person looked at a photo of the older one: the picture is proof.
        if not queued and self._objects.describe(picture_key(f"{answer.sha256}.jpg")) is None:
            raise BadRequestError(f"{answer.shoot}/{answer.file} was never in the queue: load the page again")

    def _counts(self, stored: Answer) -> Counting | None:
        """The word that counted about the photo when this answer was stored: sent again, it is told the same."""
        if stored.stands:
            return Counting(stored.keyword, stored.by)
        before = [one for one in self._journal.of(stored.sha256) if one.sequence <= stored.sequence]
        word = counting(before).get(stored.photo)
        return Counting(word.keyword, word.by) if word else None


def _is_choice(keyword: str, queue: ReviewQueue | None) -> bool:
    return keyword in (DROP, TAKEN_BACK) or (
        queue is not None and any(choice.keyword == keyword for choice in queue.keywords)
    )


def _is_open(photo: QueuedPhoto, words: Mapping[Photo, Answer]) -> bool:
    word = words.get(photo.photo)
    return word is None or word.sequence <= photo.known


def _open_behind(
    photos: tuple[QueuedPhoto, ...], words: Mapping[Photo, Answer], after: str | None
) -> list[QueuedPhoto]:
    """The open photos behind a place; all of them if the place is not in this queue."""
    ids = [photo_id(photo.photo) for photo in photos] if after else []
    start = ids.index(after) + 1 if after in ids else 0
    return [photo for photo in photos[start:] if _is_open(photo, words)]


def _offer(open_photos: list[QueuedPhoto], holders: Mapping[str, str], by: str, limit: int) -> _Offer:
    """Free ones, or the person's own, in their order; only where there are not enough, what others have."""
    holder = [holders.get(photo_id(one.photo), by) for one in open_photos]
    free = [one for one, name in zip(open_photos, holder, strict=True) if name == by]
    held = [one for one, name in zip(open_photos, holder, strict=True) if name != by]
    photos = (free + held)[:limit]
    return _Offer(photos, photo_id(photos[-1].photo) if len(free) > limit else None)


def _progress(photos: tuple[QueuedPhoto, ...], words: Mapping[Photo, Answer]) -> Progress:
    answered = [words[photo.photo].by for photo in photos if not _is_open(photo, words)]
    people = tuple(PersonProgress(by, count) for by, count in Counter(answered).most_common())
    return Progress(len(photos), len(answered), len(photos) - len(answered), people)


def _shown(photo: QueuedPhoto) -> ReviewPhoto:
    nearest = tuple(
        NearTraining(one.shoot, one.file, one.keyword, one.similarity, f"{PICTURES_PATH}/{one.picture}")
        for one in photo.nearest
    )
    return ReviewPhoto(
        id=photo_id(photo.photo),
        shoot=photo.shoot,
        file=photo.file,
        sha256=photo.sha256,
        reason=photo.reason,
        detail=photo.detail,
        label=photo.label,
        picture=f"{PICTURES_PATH}/{photo.picture}",
        predictions=photo.predictions,
        nearest=nearest,
    )
