"""The photos that the review page asks about, as one file in the release store beside their pictures.

`review/queue.json` is replaced at once when all pictures that it names are there. The graph writes it, the API
reads it; which photos are in it is the graph's subject, what people answer is `journal`'s.
"""

import hashlib
import re
import string
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from recipe_assets.errors import ReleaseConflictError, ReleaseError
from recipe_assets.release.manifest import Timestamp
from recipe_assets.release.objects import Objects
from recipe_assets.review.journal import ANSWERS, Photo

QUEUE = "review/queue.json"
PICTURES = "review/pictures"
PICTURE_NAME = re.compile(r"[0-9a-f]{64}\.jpg")
_TRIES = 20


class Choice(msgspec.Struct, frozen=True):
    """A keyword that can be answered, the pipeline it leads to, and the key that stands for it, if one is left."""

    keyword: str
    pipeline: str
    key: str | None = None


class Guess(msgspec.Struct, frozen=True):
    """One keyword with how sure the released model is, in percent (0-100)."""

    keyword: str
    confidence: float


class NearPicture(msgspec.Struct, frozen=True):
    """A training photo near a queued one; `similarity` is the cosine of their embeddings, -1 to 1."""

    shoot: str
    file: str
    keyword: str
    similarity: float
    picture: str


class QueuedPhoto(msgspec.Struct, frozen=True, kw_only=True):
    """One photo that a person should look at.

    Attributes:
        shoot: the photo's.
        file: its path inside the shoot.
        sha256: of the original.
        reason: why it is here: "needs_review", or the name of a finding such as "label_error".
        detail: the same in a sentence.
        label: the keyword that it has from its metadata or a person, None without one.
        known: how many answers about it are older than the doubt: they do not settle it.
        picture: the name of its picture, `<sha256>.jpg`.
        predictions: the likeliest keywords, best first; empty before the first release.
        nearest: training photos near it, nearest first.
    """

    shoot: str
    file: str
    sha256: str
    reason: str
    detail: str
    label: str | None
    picture: str
    known: int = 0
    predictions: tuple[Guess, ...] = ()
    nearest: tuple[NearPicture, ...] = ()

    @property
    def photo(self) -> Photo:
        """Which photo it is."""
        return Photo(self.shoot, self.file, self.sha256)


class ReviewQueue(msgspec.Struct, frozen=True, kw_only=True):
    """All photos that are asked about, worst first, and the keywords to answer with; both may be empty.

    `answers` is how many there were in all, about any photo, when the queue was published; 0 in older queues.
    """

    made_at: Timestamp
    release_id: str | None
    keywords: tuple[Choice, ...]
    photos: tuple[QueuedPhoto, ...]
    answers: int = 0


def read_queue(objects: Objects) -> ReviewQueue | None:
    """The queue as it is published now, or None before the first one.

    Raises:
        ReleaseError: if the store cannot be used or the file is damaged.
    """
    content = objects.read(QUEUE)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content.data, type=ReviewQueue)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReleaseError(
            f"{objects.url}/{QUEUE} is damaged ({error}): materialize published_review_queue again"
        ) from None


def publish_queue(objects: Objects, queue: ReviewQueue) -> None:
    """Replace the published queue at once; answers are counted here.

    Raises:
        ReleaseError: if the store cannot be used, or a picture that the queue names is not there.
        ReleaseConflictError: if others publish at the same time, again and again.
    """
    stored = objects.sizes(f"{PICTURES}/")
    named = (name for photo in queue.photos for name in (photo.picture, *(one.picture for one in photo.nearest)))
    if missing := sorted(name for name in named if picture_key(name) not in stored):
        raise ReleaseError(
            f"{objects.url}/{picture_key(missing[0])} is not there: store pictures before the queue"
        )
    data = msgspec.json.encode(msgspec.structs.replace(queue, answers=len(objects.sizes(f"{ANSWERS}/"))))
    for _ in range(_TRIES):
        before = objects.read(QUEUE)
        if objects.swap(QUEUE, data, before.token if before else None):
            return
    raise ReleaseConflictError(f"{objects.url}/{QUEUE} is published by others all the time: try again")


def stored_pictures(objects: Objects) -> set[str]:
    """The names of all pictures that are there."""
    return {key.removeprefix(f"{PICTURES}/") for key in objects.sizes(f"{PICTURES}/")}


def put_picture(objects: Objects, name: str, jpeg: bytes) -> None:
    """Store a picture unless one of this name is there: a picture never changes."""
    objects.swap(picture_key(name), jpeg, None)


def read_picture(objects: Objects, name: str) -> bytes | None:
    """The JPEG of a name, or None if there is none; whatever is no such name has none."""
    if not PICTURE_NAME.fullmatch(name):
        return None
    content = objects.read(picture_key(name))
    return content.data if content else None


def picture_key(name: str) -> str:
    """Where a picture is in the store."""
    return f"{PICTURES}/{name}"


def picture_name(content: bytes) -> str:
    """The name of a picture by its own content, for one that belongs to no original."""
    return f"{hashlib.sha256(content).hexdigest()}.jpg"


def photo_id(photo: Photo) -> str:
    """A short name of a photo for the page and for leases: 16 hexadecimal digits."""
    return hashlib.sha256("\0".join(photo).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def assign_keys(keywords: Sequence[str], before: Mapping[str, str]) -> dict[str, str]:
    """One letter for each keyword as long as there are letters; fingers remember, so no letter ever moves.

    Args:
        keywords: in the order in which new ones choose; beyond the 26th, some stay without.
        before: what was assigned last time, by keyword.
    """
    taken = {word: before[word] for word in keywords if before.get(word) in set(string.ascii_lowercase)}
    keys = {word: key for word, key in taken.items() if list(taken.values()).count(key) == 1}
    for word in keywords:
        if word not in keys:
            key = next((letter for letter in _wishes(word) if letter not in keys.values()), None)
            keys |= {word: key} if key else {}
    return keys


def _wishes(word: str) -> Iterable[str]:
    """The first letters of its parts, then its other letters, then any."""
    folded = word.lower()
    initials = [part[0] for part in re.split(r"[^a-z]+", folded) if part]
    return [*initials, *(letter for letter in folded if letter in string.ascii_lowercase), *string.ascii_lowercase]
