"""What a keyworded shoot was made from, and whether it still stands: for runs, and for whatever requests them.

Reads footers of tables alone.
"""

import hashlib

import msgspec

from recipe_assets.outbox.errors import OutboxError
from recipe_assets.outbox.rows import NAME
from recipe_assets.storage import TableStore

RELEASE, WAITING = "release", "waiting"
"""Attributes of the table: the release that it was last compared with; changes that were shown and not written."""


def made_from(tables: TableStore, shoot: str, release_id: str) -> dict[str, str]:
    """What a shoot's table is made from: its files, its keywords, the release.

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
    return {"files": files, "labels": digest, RELEASE: release_id}


def is_current(tables: TableStore, shoot: str, release_id: str) -> bool:
    """Whether a shoot was keyworded from its files, its keywords and this release.

    Changes that were shown and wait for a person do not make it older. False where it cannot be keyworded yet.
    """
    try:
        wanted = made_from(tables, shoot, release_id)
    except OutboxError:
        return False
    stored = tables.attributes(NAME, shoot) or {}
    return all(stored.get(name) == value for name, value in wanted.items())


def can_be_keyworded(tables: TableStore, shoot: str) -> bool:
    """Whether a shoot's files and keywords are there and fit together."""
    try:
        made_from(tables, shoot, "")
    except OutboxError:
        return False
    return True
