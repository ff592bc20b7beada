"""What became of one photo: the record that is counted, printed and given out as JSON."""

import sys
from typing import Literal

import msgspec

Kind = Literal["keyworded", "same", "person", "unsure", "mask", "restored", "withdrawn", "failed"]
SENTENCES: dict[Kind, str] = {
    "keyworded": "keyworded",
    "same": "keyworded before, left alone",
    "person": "keyworded by a person, left alone",
    "unsure": "below the confidence that was asked for, left alone",
    "mask": "masks, left alone",
    "restored": "put back as they were",
    "withdrawn": "changed since by somebody else: only our keyword was taken out",
    "failed": "failed",
}
"""What is said of a number of photos, in the order in which it is said."""


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What became of a photo; `confidence` in percent, `detail` says why where that is not plain."""

    file: str
    outcome: Kind
    keyword: str | None = None
    confidence: float | None = None
    pipeline: str | None = None
    needs_review: bool | None = None
    release_id: str | None = None
    detail: str | None = None


def failed(name: str, detail: str) -> Outcome:
    """Told of a photo that could not be worked on."""
    return Outcome(file=name, outcome="failed", detail=readable(detail))


def readable(text: str) -> str:
    r"""A text with file names in it as one that can be encoded: bytes that are not UTF-8 are written as "\xff"."""
    return text.encode("utf-8", sys.getfilesystemencodeerrors()).decode("utf-8", "backslashreplace")
