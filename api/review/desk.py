"""The review desk: hands out photos, takes answers, says how far the queue is. It blocks: call it in threads.

What it knows of the store is at most a moment old; its own answers count at once. Who looks at what is `leases`'
subject, how answers are kept `journal`'s.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock
from typing import NamedTuple

import msgspec

from api.errors import BadRequestError
from api.review.leases import Leases
from api.review.schemas import GivenAnswer, NearTraining, PersonProgress, Progress, QueuePage, ReviewPhoto
from recipe_assets.release.objects import Objects
from recipe_assets.review.journal import DROP, TAKEN_BACK, Answer, Journal, Photo
from recipe_assets.review.queue_file import (
    QueuedPhoto,
    ReviewQueue,
    photo_id,
    picture_key,
    read_picture,
    read_queue,
)

PICTURES_PATH = "/api/v1/review/pictures"
FRESH_SECONDS = 2.0
"""How long what was read from the store may be used: another API's answers are seen after that."""

Word = dict[Photo, Answer]


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
        self._clock = clock
        self._looking = Lock()
        self._looked_at = float("-inf")
        self._queue: ReviewQueue | None = None
        self._words: Word = {}

    def page(self, by: str, after: str | None, limit: int) -> QueuePage:
        """Up to `limit` open photos behind the one called `after`, leased to `by`.

        Raises:
            ReleaseError: if the store cannot be used.
        """
        queue, words = self._look()
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
        queue, words = self._look()
        return _progress(queue.photos if queue else (), words)

    def answer(self, given: GivenAnswer) -> Answer:
        """Keep an answer; the same `answer_id` again changes nothing.

        Raises:
            BadRequestError: if the photo was never in the queue, or the keyword is none of the queue's.
            AnswerError: if a field cannot be what it should be.
            ReleaseError: if the store cannot be used.
        """
        answer = Answer(**msgspec.structs.asdict(given))
        if not _is_choice(answer.keyword, self._look()[0]):
            self._looked_at = float("-inf")  # the vocabulary may have changed this very moment
        self._check(answer, self._look()[0])
        stored = self._journal.append(answer)
        with self._looking:
            self._words = _later(self._words, {stored.photo: stored})
        return stored

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

    def _look(self) -> tuple[ReviewQueue | None, Word]:
        with self._looking:
            if self._clock() - self._looked_at >= FRESH_SECONDS:
                self._queue = read_queue(self._objects)
                asked = {photo.sha256 for photo in self._queue.photos} if self._queue else set()
                self._words = _later(self._words, self._journal.latest(asked) if asked else {})
                self._looked_at = self._clock()
            return self._queue, self._words


def _later(one: Word, other: Word) -> Word:
    """Of two views the later word about each photo: a look may have begun before an answer was stored."""
    newer = {
        photo: word for photo, word in other.items() if photo not in one or one[photo].sequence < word.sequence
    }
    return one | newer


def _is_choice(keyword: str, queue: ReviewQueue | None) -> bool:
    return keyword in (DROP, TAKEN_BACK) or (
        queue is not None and any(choice.keyword == keyword for choice in queue.keywords)
    )


def _is_open(photo: QueuedPhoto, words: Word) -> bool:
    word = words.get(photo.photo)
    return word is None or not word.stands or word.sequence <= photo.known


def _open_behind(photos: tuple[QueuedPhoto, ...], words: Word, after: str | None) -> list[QueuedPhoto]:
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


def _progress(photos: tuple[QueuedPhoto, ...], words: Word) -> Progress:
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
