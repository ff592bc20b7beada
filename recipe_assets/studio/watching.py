"""What changed in a studio since the last look: a manifest of every file, kept beside the tables.

The sensor's cursor names the manifest that it saw last; a manifest in the cursor itself would be written into
Dagster's database with every tick, megabytes at a time.
"""

import hashlib
import time
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import pandas as pd

from recipe_assets.errors import StudioError
from recipe_assets.storage import StorageError, TableStore
from recipe_assets.studio.shoots import Shoot, Studio, printable

MANIFEST = "studio_manifest"
COLUMNS = ["shoot", "file", "bytes", "version"]

_Seen = tuple[str, float]
"""A shoot's fingerprint at the last look, and since when it is the same."""


class Change(NamedTuple):
    """Files of one shoot that were added, changed and removed since the last look."""

    added: int
    changed: int
    removed: int


class Look(NamedTuple):
    """One look at a studio.

    `arrived` are the shoots that have been still for the settle time, by their own clock and between two looks;
    `changes` are what is different from the last look, by shoot; `gone` are shoots that are no longer there;
    `cursor` names the manifest of this look.
    """

    arrived: dict[str, Shoot]
    changes: dict[str, Change]
    gone: list[str]
    cursor: str


def look(studio: Studio, tables: TableStore, cursor: str | None, settle_seconds: float) -> Look:
    """List the studio, compare with the last look, and remember.

    Args:
        studio: where shoots arrive.
        tables: where the manifest is kept.
        cursor: of the last look; None, or one that names another manifest, sees everything as new.
        settle_seconds: how long a shoot must have been still.

    Raises:
        StudioError: if the studio cannot be read, or lists nothing where shoots were before.
    """
    now = time.time()
    shoots = studio.shoots()
    _refuse_emptied(studio, shoots, cursor)
    remembered = _remembered(tables, cursor)
    before = remembered or {}
    prints = {name: shoot.fingerprint for name, shoot in shoots.items()}
    moved = [name for name in prints if name not in before or before[name][0] != prints[name]]
    gone = sorted(set(before) - set(shoots))
    seen = before | {name: (prints[name], now) for name in moved}
    changes = _changes(tables, shoots, moved, bool(before))
    if moved or gone or remembered is None:
        cursor = _remember(tables, shoots, {name: seen[name] for name in shoots})
    still = {
        name: shoot
        for name, shoot in shoots.items()
        # Neither clock may ever have been right: a time to come is no reason to wait for it.
        if not shoot.is_settling(settle_seconds) and abs(now - seen[name][1]) >= settle_seconds
    }
    return Look(still, changes, gone, cursor or "")


def _refuse_emptied(studio: Studio, shoots: Mapping[str, Shoot], cursor: str | None) -> None:
    """A drive that is not mounted is an empty folder; the cursor itself tells that it was none."""
    if cursor and not shoots and not cursor.startswith("0 shoots,"):
        raise StudioError(
            f"the studio {studio.location} lists no shoot, but had some at the last look ({cursor}): is it "
            "mounted? If they were removed on purpose, reset this sensor's cursor"
        )


def _remembered(tables: TableStore, cursor: str | None) -> dict[str, _Seen] | None:
    """What was seen of each shoot at the last look; None if that is not known."""
    attributes = tables.attributes(MANIFEST) or {}
    if not cursor or attributes.get("cursor") != cursor:
        return None
    try:
        return msgspec.json.decode(attributes.get("shoots", ""), type=dict[str, _Seen])
    except msgspec.DecodeError:
        return None


def _remember(tables: TableStore, shoots: Mapping[str, Shoot], seen: Mapping[str, _Seen]) -> str:
    rows = [
        (name, printable(file.name), file.bytes, file.version)
        for name, shoot in shoots.items()
        for file in shoot.files
    ]
    text = msgspec.json.encode(seen, order="sorted").decode()
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    cursor = f"{len(shoots)} shoots, {len(rows)} files, manifest {digest}"
    tables.write(pd.DataFrame(rows, columns=COLUMNS), MANIFEST, None, {"cursor": cursor, "shoots": text})
    return cursor


def _changes(
    tables: TableStore, shoots: Mapping[str, Shoot], moved: list[str], compare: bool
) -> dict[str, Change]:
    """How the files of the shoots that moved differ from the stored manifest."""
    known: dict[str, dict[str, tuple[int, str]]] = {}
    if compare and moved:
        try:
            rows = tables.read(MANIFEST, columns=COLUMNS)
        except StorageError:
            rows = pd.DataFrame(columns=COLUMNS)
        here = rows[rows["shoot"].isin(moved)]
        for shoot, file, size, version in zip(*(here[name].tolist() for name in COLUMNS), strict=True):
            known.setdefault(shoot, {})[file] = (size, version)
    return {name: _compare(known.get(name, {}), shoots[name]) for name in moved}


def _compare(before: Mapping[str, tuple[int, str]], shoot: Shoot) -> Change:
    now = {printable(file.name): (file.bytes, file.version) for file in shoot.files}
    return Change(
        added=len(now.keys() - before.keys()),
        changed=sum(now[name] != before[name] for name in now.keys() & before.keys()),
        removed=len(before.keys() - now.keys()),
    )
