"""What a keyworded shoot was made from, and whether it still stands: for runs, and for whatever requests them.

Reads footers of tables alone.
"""

import hashlib
from typing import NamedTuple

import msgspec

from recipe_assets.outbox.errors import OutboxError
from recipe_assets.outbox.rows import NAME
from recipe_assets.storage import TableStore

RELEASE, OUTBOX, WAITING = "release", "outbox", "waiting"
"""Attributes of the table: the release that it was last compared with; the outbox whose files it names; changes
that were shown and not written."""


class Standing(NamedTuple):
    """What a shoot would be keyworded from now, and what its table was made from; None where there is no table.

    A table that names no outbox is of the time before they did: it is about this one.
    """

    wanted: dict[str, str]
    stored: dict[str, str] | None

    @property
    def is_new(self) -> bool:
        """Whether this outbox has nothing of the shoot, as far as its table tells."""
        return self.stored is None or OUTBOX in self.older

    @property
    def older(self) -> set[str]:
        """Which attributes its table has otherwise; changes that wait for a person do not make it older."""
        stored = {OUTBOX: self.wanted[OUTBOX]} | (self.stored or {})
        return {name for name, value in self.wanted.items() if stored.get(name) != value}

    def work(self, shoot: str) -> str:
        """Names what a run would do: the same until files, keywords, release or outbox change."""
        files, labels = self.wanted["files"][:16], self.wanted["labels"]
        return f"keyword:{shoot}:{files}:{labels}:{self.wanted[RELEASE]}:{short(self.wanted[OUTBOX])}"


def standing(tables: TableStore, shoot: str, release_id: str, outbox: str) -> Standing | None:
    """How a shoot stands; None where it cannot be keyworded yet.

    Args:
        tables: where the tables are.
        shoot: which one.
        release_id: the release to keyword by.
        outbox: its location.
    """
    try:
        return Standing(made_from(tables, shoot, release_id, outbox), tables.attributes(NAME, shoot))
    except OutboxError:
        return None


def made_from(tables: TableStore, shoot: str, release_id: str, outbox: str) -> dict[str, str]:
    """What a shoot's table is made from: its files, its keywords, the release; and which outbox it is about.

    Raises:
        OutboxError: if its keywords are not there, or older than its files.
    """
    labels = tables.attributes("standardized_keywords", shoot)
    files = (tables.attributes("raw_images", shoot) or {}).get("files")
    if labels is None or files is None or labels.get("files") != files:
        raise OutboxError(
            f"shoot '{shoot}' has no current standardized_keywords: materialize raw_images and "
            "standardized_keywords first"
        )
    digest = hashlib.sha256(msgspec.json.encode(sorted(labels.items()))).hexdigest()[:16]
    return {"files": files, "labels": digest, RELEASE: release_id, OUTBOX: outbox}


def short(outbox: str) -> str:
    """An outbox's location as a short name, for names of files and of work."""
    return hashlib.sha256(outbox.encode(errors="replace")).hexdigest()[:8]
