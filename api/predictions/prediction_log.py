"""What the API remembers of its answers: one record for each photo, gathered in memory, written by a thread.

The event loop only makes the record and puts it down; memory is bounded, and no trouble with the disk reaches an
answer. How lines lie on disk is `segments`' subject, when they are written and shipped `recording`'s.
"""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from api.monitoring.observing import Observer
from api.predictions.segments import Line, Segments
from recipe_assets.release.prediction_record import PREDICTION, SHADOW, PredictionRecord
from recipe_assets.release.predictor import Prediction

if TYPE_CHECKING:
    from api.serving.server import Classified

PENDING_BYTES = 4 << 20
"""Records in memory that wait to be written; while the disk refuses, the oldest beyond this are lost, counted."""
_PLACES = 3

logger = logging.getLogger(__name__)


class LogCounts(NamedTuple):
    """Rows since the API started.

    Attributes:
        taken: photos answered, and compared with a candidate.
        written: on disk, with fsync.
        lost: never written, because the disk refused for too long or had no room.
        dropped: written, but removed before they were shipped: over the limit, or somebody removed them.
    """

    taken: int
    written: int
    lost: int
    dropped: int


class Trouble:
    """Says a trouble when it begins or changes and when it is over, not each time it is met."""

    def __init__(self, what: str) -> None:
        self.reason: str | None = None
        """What is wrong now; None if all is well."""
        self._what = what

    def met(self, reason: str) -> None:
        """It does not work."""
        if reason != self.reason:
            logger.warning("%s: %s", self._what, reason)
        self.reason = reason

    def over(self, news: str) -> None:
        """It works."""
        if self.reason is not None:
            logger.info("%s: works again; %s", self._what, news)
        self.reason = None


class PredictionLog(Observer):
    """Takes records on the event loop; `flush` writes them, in one thread at a time."""

    def __init__(self, segments: Segments, token: str) -> None:
        """Touches no file.

        Args:
            segments: where to write.
            token: makes row ids unique over all API processes there ever are.
        """
        self.segments = segments
        self.trouble = Trouble("predictions cannot be logged, photos are answered all the same")
        self._token, self._numbers = token, count(1)
        self._pending: deque[Line] = deque()
        self._lock = threading.Lock()  # held for microseconds
        self._bytes = self._taken = self._written = self._lost = 0

    @property
    def counts(self) -> LogCounts:
        """What became of all rows so far."""
        return LogCounts(self._taken, self._written, self._lost, self.segments.dropped)

    def answered(self, classified: "Classified", photo_sha256: str, client: str | None) -> None:
        """Take the record of an answer."""
        self._take(self._record(classified, photo_sha256, client))

    def shadowed(
        self, classified: "Classified", candidate: "Classified", photo_sha256: str, client: str | None
    ) -> None:
        """Take the record of a photo that a candidate release answered, too, whether both agree or not.

        Args:
            classified: what the client was answered.
            candidate: what the candidate would have answered.
            photo_sha256: of the photo's bytes, in hexadecimal digits.
            client: the name of the caller's key; None without keys.
        """
        first, second, third = _places(candidate.ranked(_PLACES))
        record = msgspec.structs.replace(
            self._record(classified, photo_sha256, client),
            kind=SHADOW,
            candidate_release_id=candidate.served.release_id,
            candidate_keyword=first.keyword,
            candidate_confidence=first.confidence,
            candidate_keyword_2=second.keyword,
            candidate_confidence_2=second.confidence,
            candidate_keyword_3=third.keyword,
            candidate_confidence_3=third.confidence,
        )
        self._take(record)

    def flush(self) -> None:
        """Write what is pending; what the disk refuses is kept for the next time, within `PENDING_BYTES`."""
        lines = self._give()
        if not lines:
            return
        try:
            refused = self.segments.append(lines)
        except OSError as error:
            self._take_back(lines)
            self.trouble.met(f"{error.strerror or error} ({self.segments.root})")
            return
        self._written += len(lines) - refused
        self._lost += refused
        if refused:
            self.trouble.met("RECIPE_API_PREDICTION_LOG_BYTES leaves no room for new ones")
        else:
            self.trouble.over(f"{self._lost} were lost since the API started")

    def _record(self, classified: "Classified", photo_sha256: str, client: str | None) -> PredictionRecord:
        ranked = classified.ranked(_PLACES)
        best = ranked[0]
        _, second, third = _places(ranked)
        return PredictionRecord(
            row_id=f"{self._token}-{next(self._numbers)}",
            kind=PREDICTION,
            time=datetime.now(UTC),
            release_id=classified.served.release_id,
            photo_sha256=photo_sha256,
            client=client,
            needs_review=classified.served.predictor.needs_review(best),
            keyword=best.keyword,
            confidence=best.confidence,
            keyword_2=second.keyword,
            confidence_2=second.confidence,
            keyword_3=third.keyword,
            confidence_3=third.confidence,
        )

    def _take(self, record: PredictionRecord) -> None:
        line = Line(record.time.date(), msgspec.json.encode(record) + b"\n")
        with self._lock:
            self._taken += 1
            self._push([line])

    def _give(self) -> list[Line]:
        with self._lock:
            lines = list(self._pending)
            self._pending.clear()
            self._bytes = 0
        return lines

    def _take_back(self, lines: Sequence[Line]) -> None:
        with self._lock:
            newer = list(self._pending)
            self._pending.clear()
            self._bytes = 0
            self._push([*lines, *newer])

    def _push(self, lines: Sequence[Line]) -> None:
        self._pending.extend(lines)
        self._bytes += sum(len(line.data) for line in lines)
        while self._bytes > PENDING_BYTES:
            self._bytes -= len(self._pending.popleft().data)
            self._lost += 1


class _Absent(NamedTuple):
    """A place that a release of few keywords does not fill."""

    keyword: None = None
    confidence: None = None


def _places(ranked: list[Prediction]) -> list[Prediction | _Absent]:
    """Always three places."""
    return [*ranked, *[_Absent()] * (_PLACES - len(ranked))]
