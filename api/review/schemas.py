"""The shapes of the review page's calls. Field names are a contract with api/demo/review and with scripts."""

from datetime import datetime

import msgspec

from recipe_assets.review.journal import Answer
from recipe_assets.review.queue_file import Choice, Guess


class NearTraining(msgspec.Struct, frozen=True):
    """A training photo near the one that is asked about: `picture` is the path of its small picture."""

    shoot: str
    file: str
    keyword: str
    similarity: float
    """The cosine of both photos' embeddings, -1 to 1."""
    picture: str


class ReviewPhoto(msgspec.Struct, frozen=True, kw_only=True):
    """A photo that a person should look at.

    `id` is what `after` takes; `reason` is "needs_review" or a finding's name, `detail` the same in a sentence;
    `label` is the keyword it has by now; `predictions` is empty before the first release.
    """

    id: str
    shoot: str
    file: str
    sha256: str
    reason: str
    detail: str
    label: str | None
    picture: str
    """The path of its picture."""
    predictions: tuple[Guess, ...]
    nearest: tuple[NearTraining, ...]


class PersonProgress(msgspec.Struct, frozen=True):
    """How many of the queue's photos one person has answered."""

    by: str
    answered: int


class Progress(msgspec.Struct, frozen=True):
    """How far the queue is, and who brought it there, the busiest first."""

    total: int
    answered: int
    open: int
    by_person: tuple[PersonProgress, ...]


class QueuePage(msgspec.Struct, frozen=True, kw_only=True):
    """The photos to answer next, worst first; those that another person has before them come last.

    `next` is the value of `after` for what follows; null at the end: ask without `after` for what was skipped.
    """

    made_at: datetime | None
    """When the queue was published; null before the first one."""
    release_id: str | None
    """The release that made the predictions."""
    keywords: tuple[Choice, ...]
    photos: tuple[ReviewPhoto, ...]
    next: str | None
    progress: Progress


class GivenAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One answer: `keyword` is one of the queue's, "drop" to take the photo out, or "" to take back one's own.

    `answer_id` is chosen by the sender: what is sent again under the same one counts once. `shown_keyword`,
    `shown_confidence` (percent) and `release_id` say what the person saw.
    """

    answer_id: str
    shoot: str
    file: str
    sha256: str
    keyword: str
    by: str
    shown_keyword: str | None = None
    shown_confidence: float | None = None
    release_id: str | None = None


class Counting(msgspec.Struct, frozen=True):
    """The word that counts about a photo, and whose it is."""

    keyword: str
    by: str


class KeptAnswer(Answer, frozen=True, kw_only=True):
    """An answer as it is kept.

    `counts` is the word that counts about the photo since: the answer itself, or, where it takes one back, another
    person's; null if there is none.
    """

    counts: Counting | None
