"""Read the outbox back: which files are no longer as we wrote them, and which keywords stand in those.

Costs one listing, and only files that changed since the last look are opened. What their words mean is
`statements`' subject.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec

from recipe_assets.outbox.errors import OutboxError
from recipe_assets.outbox.places import Outbox
from recipe_assets.outbox.rows import Row
from recipe_assets.review.journal import Photo
from recipe_assets.review.readings import FileState, Reading
from recipe_assets.review.whereabouts import Place, find_places
from recipe_assets.studio.decoding.limits import MemoryGate
from recipe_assets.studio.metadata import read_keywords, read_provenance

READERS = 4
"""Files read at once: a bucket answers each in a tenth of a second."""
MEMORY = 2 << 30
"""Bytes of all files that are read at once, twice: as they are and in parts."""
MAX_SIDECAR_BYTES = 1 << 24
_FOLDER_VERSION = re.compile(r"(\d+)-\d+")
"""A folder's version starts with the time of the last change in nanoseconds; a bucket's is an ETag."""


def read_outbox(
    outbox: Outbox,
    rows: Iterable[Row],
    before: Mapping[Photo, Reading],
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Reading]:
    """What each written photo's file is now; one that cannot be read holds up no other, and is tried again.

    Args:
        outbox: where the files are.
        rows: of the tables of keyworded shoots; those without a file are passed over.
        before: what was found the last time.
        on_progress: called with (files read, files to read).

    Raises:
        OutboxError: if the outbox cannot be listed.
    """
    written = [row for row in rows if row.path]
    places = find_places(outbox.listing(), written)
    settled = [_without_reading(row, places.get(row.path or ""), before.get(_photo(row))) for row in written]
    open_ones = [row for row, reading in zip(written, settled, strict=True) if reading is None]
    gate, found = MemoryGate(MEMORY), {}
    with ThreadPoolExecutor(READERS) as pool:
        looks = pool.map(lambda row: _read(outbox, row, places[row.path or ""], gate), open_ones)
        for done, reading in enumerate(looks, 1):
            found[reading.photo] = reading
            if on_progress:
                on_progress(done, len(open_ones))
    return [reading or found[_photo(row)] for row, reading in zip(written, settled, strict=True)]


def changed_files(outbox: Outbox, rows: Iterable[Row], before: Mapping[Photo, Reading]) -> list[str]:
    """The files that are not as the last look left them, from the listing alone: path and version of each.

    Raises:
        OutboxError: if the outbox cannot be used.
    """
    written = [row for row in rows if row.path]
    places = find_places(outbox.listing(), written)
    found = []
    for row in written:
        known = before.get(_photo(row))
        place = places.get(row.path or "")
        now = _without_reading(row, place, known)
        known_state = (known.state, known.path) if known else ("written", row.path)
        if now is None or (now.state, now.path) != known_state:
            found.append(f"{row.path} {place.version if place else 'gone'}")
    return found


def _without_reading(row: Row, place: Place | None, before: Reading | None) -> Reading | None:
    """What can be told from the listing alone; None if the file has to be opened."""
    if place is None:
        return _reading(row, row.path or "", "missing")
    same_place = place.path == row.path
    if same_place and place.version == row.written_version and row.sidecar is None:
        return _reading(row, place.path, "written")
    if before is None or before.version != place.version or before.written != _hash_as_written(row):
        return None
    return before if before.path == place.path else None


def _read(outbox: Outbox, row: Row, place: Place, gate: MemoryGate) -> Reading:
    """Open a file and its sidecar: the only place where the outbox is read in earnest."""
    with gate.reserve(min(MEMORY, 2 * place.state.bytes)):
        try:
            stored = outbox.fetch(place.path)
            beside = outbox.fetch(place.sidecar) if place.sidecar else None
        except OutboxError:
            return _reading(row, place.path, "unreadable")
        if stored is None:
            return _reading(row, row.path or "", "missing")
        note = beside.data if beside and len(beside.data) <= MAX_SIDECAR_BYTES else None
        now = Place(place.path, stored.state, place.sidecar if beside else None, beside.state if beside else None)
        found = _joined(_sha256(stored.data), _sha256(beside.data) if beside else None)
        reading = _reading(row, place.path, "written" if found == _hash_as_written(row) else "edited")
        reading = msgspec.structs.replace(reading, version=now.version, found=found)
        return _with_words(reading, row, now, stored.data, note) if reading.state == "edited" else reading


def _with_words(reading: Reading, row: Row, place: Place, photo: bytes, note: bytes | None) -> Reading:
    words, record = read_keywords(photo, note), read_provenance(photo, note)
    return msgspec.structs.replace(
        reading,
        iptc=words.iptc,
        xmp=words.xmp,
        sidecar=words.sidecar,
        ours=record.keywords if record else (),
        release_id=record.release if record else None,
        confidence=record.confidence if record else None,
        changed_at=_changed_at(row, place),
    )


def _reading(row: Row, path: str, state: FileState) -> Reading:
    return Reading(
        shoot=row.shoot,
        file=row.file,
        sha256=row.sha256,
        path=path,
        state=state,
        moved=path != row.path,
        written=_hash_as_written(row),
    )


def _changed_at(row: Row, place: Place) -> datetime:
    """When a person changed the file, as far as the outbox tells; programs can keep the old time of a file."""
    now = datetime.now(UTC)
    versions = [state.version for state in (place.state, place.sidecar_state) if state]
    times = [_FOLDER_VERSION.fullmatch(version) for version in versions]
    told = max((int(match[1]) for match in times if match), default=None)
    changed = now if told is None else datetime.fromtimestamp(told / 1e9, UTC)
    return min(now, max(changed, row.written_at or changed))


def _hash_as_written(row: Row) -> str:
    return _joined(row.written_sha256 or "", row.sidecar_sha256)


def _joined(photo: str, sidecar: str | None) -> str:
    """One hash of a file and its sidecar; of a file alone its own."""
    return hashlib.sha256(f"{photo} {sidecar}".encode()).hexdigest() if sidecar else photo


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _photo(row: Row) -> Photo:
    return Photo(row.shoot, row.file, row.sha256)
