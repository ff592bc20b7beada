"""Which keywords are ours: what we record beside them, so that they can be told from a person's and taken back.

Here: the record and its rules. How it stands in an XMP packet is `xmp_ours`'s subject.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

ROUNDING = 0.05
"""Confidences (0-100) that differ by no more are the same: a graph rounds otherwise in another batch, and a photo
that was keyworded twice by one release must not change for that."""
_NO_XML = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def is_printable(text: str) -> bool:
    """Whether a text can stand in one line of XML: no control characters, no halves of a character."""
    return not _NO_XML.search(text)


@dataclass(frozen=True)
class Provenance:
    """Where a keyword comes from.

    Args:
        release: id of the model release.
        confidence: of the keyword, 0-100; kept to two digits behind the point.
        model: name of the model, if the release alone does not say it.
        time: when the keyword was decided, with its time zone; now if left out.

    Raises:
        ValueError: if a value is not as said.
    """

    release: str
    confidence: float
    model: str | None = None
    time: datetime | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 100:
            raise ValueError(f"a confidence is between 0 and 100, not {self.confidence}")
        if not self.release.strip() or not is_printable(self.release + (self.model or "")):
            raise ValueError("a release and a model have a name in one line")
        if self.time is not None and self.time.tzinfo is None:
            raise ValueError("the time of a keyword needs its time zone")


class WrittenByUs(NamedTuple):
    """What a photo says of the keywords that we wrote; what it does not say is None."""

    keywords: tuple[str, ...]
    release: str | None
    confidence: float | None
    model: str | None
    time: datetime | None

    def says_the_same(self, other: "WrittenByUs | None") -> bool:
        """Whether two records differ in their time at most, and in what rounding does to a confidence."""
        if other is None or self[:2] + self[3:4] != other[:2] + other[3:4]:
            return False
        if self.confidence is None or other.confidence is None:
            return self.confidence is other.confidence
        return abs(self.confidence - other.confidence) <= ROUNDING


def record(keywords: tuple[str, ...], provenance: Provenance) -> WrittenByUs:
    """The record of keywords that are being written."""
    time = (provenance.time or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    model = provenance.model.strip() if provenance.model else None
    return WrittenByUs(keywords, provenance.release.strip(), round(provenance.confidence, 2), model or None, time)
