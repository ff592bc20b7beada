"""What people answered on the review page: one immutable object an answer, in the release store.

`review/answers/<sha256 of the photo>/<sequence>.json`, made only if it is not there yet: any number of APIs and
people at once lose nothing and double nothing. Which photos are asked about is `queue_file`'s subject, what
becomes of the answers `reviewed`'s.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from recipe_assets.errors import RecipeError, ReleaseConflictError, ReleaseError
from recipe_assets.release.manifest import Timestamp
from recipe_assets.release.objects import Objects
from recipe_assets.review.standing import standing

ANSWERS = "review/answers"
DROP = "drop"
"""The answer that takes a photo out; no vocabulary can have it as a keyword."""
TAKEN_BACK = ""
"""The answer that takes back what the same person said of the photo before; what others said stands."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEY = re.compile(rf"{ANSWERS}/({_SHA256.pattern})/(\d{{6}})\.json")
_LONGEST = {"shoot": 200, "file": 1024, "keyword": 200, "by": 64, "shown_keyword": 200, "release_id": 200}
_READERS = 8
_WORTH = 10  # a listing of all answers takes about as long as those of a tenth as many photos, one by one
_TRIES = 200  # each lost try is another answer about the same photo that was stored meanwhile


class AnswerError(RecipeError):
    """An answer about a photo that nobody can have given on the review page."""


class Photo(NamedTuple):
    """Which photo: the file of a shoot, with the sha256 of the original; changed bytes are another photo."""

    shoot: str
    file: str
    sha256: str


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One word of one person about one photo.

    Attributes:
        answer_id: chosen by the client, so that a doubled send counts once.
        shoot: the photo's.
        file: its path inside the shoot.
        sha256: of the original.
        keyword: what it shows; "drop" to take the photo out; "" takes back what this person said before.
        by: the name that the person goes by.
        at: when the API took it.
        shown_keyword: what the model said to the person, None where no model was asked.
        shown_confidence: how sure it was of that, in percent (0-100).
        release_id: of the model that said so.
        sequence: the how many-th answer about this photo, from 1; 0 until it is stored.

    Raises:
        AnswerError: if a field cannot be what it should be.
    """

    answer_id: str
    shoot: str
    file: str
    sha256: str
    keyword: str
    by: str
    at: Timestamp = msgspec.field(default_factory=lambda: datetime.now(UTC))
    shown_keyword: str | None = None
    shown_confidence: float | None = None
    release_id: str | None = None
    sequence: int = 0

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.answer_id):
            raise AnswerError("an answer's answer_id has 1 to 64 letters, digits, '-' and '_'")
        if not _SHA256.fullmatch(self.sha256):
            raise AnswerError("an answer's sha256 is that of the original photo: 64 hexadecimal digits")
        for name, longest in _LONGEST.items():
            if len(getattr(self, name) or "") > longest:
                raise AnswerError(f"an answer's {name} has at most {longest} characters")
        for name in ("shoot", "file", "by"):
            if not getattr(self, name).strip():
                raise AnswerError(f"an answer needs {name}: it says whose word it is, and about which photo")
        if self.shown_confidence is not None and not 0 <= self.shown_confidence <= 100:
            raise AnswerError(f"an answer's shown_confidence is {self.shown_confidence}, not 0 to 100")

    @property
    def photo(self) -> Photo:
        """Which photo it is about."""
        return Photo(self.shoot, self.file, self.sha256)

    @property
    def stands(self) -> bool:
        """Whether it says something, and does not only take back what was said."""
        return self.keyword != TAKEN_BACK


class Journal:
    """All answers in one release store. Safe to share between threads; what was read once is remembered.

    Every method raises ReleaseError if the store cannot be used or an answer in it is damaged.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._read: dict[str, Answer] = {}  # answers never change, so nothing in here is ever stale
        self._many = 0

    def append(self, answer: Answer) -> Answer:
        """Store an answer behind all others about its photo; returns it with its sequence.

        An answer whose `answer_id` is there already is not stored again: the stored one is returned.

        Raises:
            ReleaseConflictError: if so many others answer about this photo at once that there was no getting in.
        """
        for _ in range(_TRIES):
            before = self.of(answer.sha256)
            if known := [one for one in before if one.answer_id == answer.answer_id]:
                return known[0]
            stored = msgspec.structs.replace(answer, sequence=before[-1].sequence + 1 if before else 1)
            if self._objects.swap(_key(stored.sha256, stored.sequence), msgspec.json.encode(stored), None):
                return stored
        raise ReleaseConflictError(f"too many answers about photo {answer.sha256[:12]} at once: send it again")

    def of(self, sha256: str) -> list[Answer]:
        """The answers about one photo in their order.

        Raises:
            AnswerError: if that is no sha256.
        """
        if not _SHA256.fullmatch(sha256):
            raise AnswerError("a photo is named by the sha256 of its original: 64 hexadecimal digits")
        return list(self._answers(self._stored(f"{ANSWERS}/{sha256}/")))

    def all(self, after: Mapping[str, int] | None = None) -> Iterator[Answer]:
        """Every answer, sorted by the photo's sha256 and its sequence; the time is in `at`.

        Args:
            after: leave out, for each photo's sha256, the answers up to this sequence: those read before.
        """
        yield from self._answers([one for one in self._stored() if one[1] > (after or {}).get(one[0], 0)])

    def about(self, sha256s: Collection[str], at_least: int = 0) -> list[Answer]:
        """The answers about these photos, sorted; photos are listed one by one if many (`at_least`) are stored."""
        self._many = max(self._many, at_least)
        if self._many > _WORTH * len(sha256s):
            with ThreadPoolExecutor(_READERS) as pool:
                return [answer for found in pool.map(self.of, sorted(sha256s)) for answer in found]
        stored = self._stored()
        self._many = len(stored)
        return list(self._answers([one for one in stored if one[0] in sha256s]))

    def latest(self) -> dict[Photo, Answer]:
        """The word that counts about each photo, as `counting` has it."""
        return counting(self.all())

    def _stored(self, prefix: str = f"{ANSWERS}/") -> list[tuple[str, int]]:
        """Photo and sequence of every answer below a prefix, sorted; whatever else lies there is left out."""
        found = (_KEY.fullmatch(key) for key in self._objects.sizes(prefix))
        return sorted((match[1], int(match[2])) for match in found if match)

    def _answers(self, stored: list[tuple[str, int]]) -> Iterator[Answer]:
        keys = [_key(*one) for one in stored]
        if missing := [key for key in keys if key not in self._read]:
            with ThreadPoolExecutor(min(_READERS, len(missing))) as pool:  # a bucket answers each in 20 ms or so
                self._read.update(zip(missing, pool.map(self._fetch, missing), strict=True))
        return (self._read[key] for key in keys)

    def _fetch(self, key: str) -> Answer:
        content = self._objects.read(key)
        try:
            answer = msgspec.json.decode(content.data if content else b"", type=Answer)
            if key != _key(answer.sha256, answer.sequence):
                raise AnswerError(f"it says that it is {_key(answer.sha256, answer.sequence)}")
        except (msgspec.DecodeError, UnicodeDecodeError, AnswerError) as error:
            raise ReleaseError(
                f"{self._objects.url}/{key} is damaged ({error}): restore it, it is a person's word; or remove it "
                "and lose that word"
            ) from None
        return answer


def counting(answers: Iterable[Answer]) -> dict[Photo, Answer]:
    """The word that counts about each photo: the last one that its person did not take back."""
    said = sorted(answers, key=lambda one: one.sequence)
    return {one.photo: one for one in standing(said, lambda one: (one.photo, one.by), lambda one: not one.stands)}


def _key(sha256: str, sequence: int) -> str:
    return f"{ANSWERS}/{sha256}/{sequence:06d}.json"
