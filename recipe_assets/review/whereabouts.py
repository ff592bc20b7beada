"""Where the files of the outbox lie now: where we wrote them, where people moved them to, with what beside them.

Works on a listing alone; opens no file.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from recipe_assets.outbox.layout import TABLES
from recipe_assets.outbox.places import State
from recipe_assets.outbox.rows import Row
from recipe_assets.studio.shoots import StudioFile
from recipe_assets.studio.sidecars import sidecars


class Place(NamedTuple):
    """Where a row's file lies now, with the sidecar beside it, if there is one."""

    path: str
    state: State
    sidecar: str | None
    sidecar_state: State | None

    @property
    def version(self) -> str:
        """Changes when the file or its sidecar does."""
        return f"{self.state.version} {self.sidecar_state.version}" if self.sidecar_state else self.state.version


def find_places(listing: Mapping[str, State], rows: Collection[Row]) -> dict[str, Place]:
    """Where files lie, by the path that they were written to; a file that is gone has none.

    One that lies under another folder with its shoot and its name was moved there, if no second one does.
    """
    files = [StudioFile(path, *state) for path, state in listing.items()]
    notes = sidecars(files).of
    homes = {row.path or "" for row in rows}
    moved = _moved(listing, homes)
    found = {}
    for home in homes:
        path = home if home in listing else moved.get(home)
        if path is not None:
            note = notes.get(path)
            beside = listing[note.name] if note else None
            found[home] = Place(path, listing[path], note.name if note else None, beside)
    return found


def _moved(listing: Mapping[str, State], homes: Collection[str]) -> dict[str, str]:
    missing = {home.partition("/")[2]: home for home in homes if home not in listing}
    found: dict[str, list[str]] = {}
    for path in listing if missing else ():
        if path in homes or path.startswith(f"{TABLES}/"):
            continue
        parts = path.split("/")
        for start in range(len(parts)):
            if home := missing.get("/".join(parts[start:])):
                found.setdefault(home, []).append(path)
    return {home: paths[0] for home, paths in found.items() if len(paths) == 1}
