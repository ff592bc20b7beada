"""Taking keywords back: the original bytes, where the photo is as it was written; else our keyword alone.

Resumable and atomic like keywording itself. Photos that were moved or renamed inside the given folders are found.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from recipe_assets.commands.keywording.files import (
    Seen,
    held,
    look,
    replace,
    require_unchanged,
    require_writable,
    sweep,
    undo_folder,
)
from recipe_assets.commands.keywording.journal import Journal, sha256
from recipe_assets.commands.keywording.kept import Kept, has_record
from recipe_assets.commands.keywording.outcomes import Kind, Outcome, failed
from recipe_assets.commands.keywording.photos import (
    files_below,
    followed,
    is_photo,
    require_there,
    shown,
    sidecar_places,
)
from recipe_assets.commands.keywording.running import Report
from recipe_assets.errors import RecipeError
from recipe_assets.studio.metadata import remove_ours, sidecar_packet
from recipe_assets.studio.sidecars import is_sidecar


def undo_all(paths: Sequence[Path], dry_run: bool, report: Report) -> list[Outcome]:
    """Put back every photo below the paths that this command keyworded; what became of each.

    Raises:
        KeywordingError: if a path is not there or cannot be listed.
        UndoError: if a journal is damaged.
    """
    files = _candidates(paths)
    undo = _Undo({file.parent for file in files} | set(_journals(paths)), dry_run)
    outcomes = []
    for done, (file, name) in enumerate(files.items(), 1):
        outcome = undo.told(file, name)
        outcomes += [] if outcome is None else [outcome]
        report(done, len(files))
    undo.forget()
    return outcomes


def _candidates(paths: Iterable[Path]) -> dict[Path, str]:
    """All photos and XMP files below the paths; of a photo that is named itself also the XMP file beside it."""
    found: dict[Path, str] = {}
    for path in paths:
        require_there(path)
        if path.is_dir():
            files = [file for file in files_below(path) if is_photo(file) or is_sidecar(file.name)]
        else:
            files = [path, *(file for file in sidecar_places(followed(path)) if file.is_file())]
        for file in files:
            found.setdefault(followed(file), shown(file))
    return found


def _journals(paths: Iterable[Path]) -> Iterator[Path]:
    """Folders below the paths that have a journal, those included that all photos left since."""
    for path in paths:
        if path.is_dir():
            yield from (found.parent.resolve() for found in path.rglob(undo_folder(path).name))


class _Undo:
    """One undo: all entries that it may need, what it used of them, and what now stands where.

    Entries are dropped at the end, all together: a kill in between leaves what a second undo needs.
    """

    def __init__(self, folders: Iterable[Path], dry_run: bool) -> None:
        self._dry_run = dry_run
        journals = [Journal(folder) for folder in sorted(folders)]
        self._kept = [Kept(entry, journal) for journal in journals for entry in journal.entries()]
        self._by_place = {kept.place: kept for kept in self._kept}
        self._touched = {kept.journal.folder for kept in self._kept}
        self._used: set[tuple[Path, str]] = set()
        self._needed: set[str] = set()
        self._now: dict[Path, str | None] = {}

    def told(self, file: Path, name: str) -> Outcome | None:
        """Put one file back; None if it is none of ours. What is wrong with it is told, not raised."""
        if not self._kept:
            return None
        try:
            return self._undone(file, name)
        except OSError as error:
            detail = f"cannot be read or written: {error.strerror or error}"
        except RecipeError as error:
            detail = str(error)
        if file in self._by_place:
            self._needed.add(self._by_place[file].entry.written_sha256)
        return failed(name, detail)

    def forget(self) -> None:
        """Drop what nobody needs any more, and journals in which nothing is left."""
        if self._dry_run:
            return
        for folder in self._touched:
            if not undo_folder(folder).is_dir():
                continue
            # What stays of a journal that this user may not change does no harm.
            with suppress(PermissionError), held(folder):
                journal = Journal(folder)
                for entry in journal.entries():
                    if self._is_spent(Kept(entry, journal)):
                        journal.drop(entry)
                journal.close()

    def _is_spent(self, kept: Kept) -> bool:
        written, place = kept.entry.written_sha256, kept.place
        if (place, written) in self._used and written not in self._needed:
            return place in self._now or not kept.is_ours()  # else a copy was put back, and the photo was not
        if place not in self._now:
            return kept.is_removed()
        # A try that was killed before it wrote left an entry, too: the original stands there.
        return self._now[place] == kept.entry.original_sha256

    def _undone(self, file: Path, name: str) -> Outcome | None:
        seen = look(file)
        if seen.data is None:
            return None
        self._now[file] = content = sha256(seen.data)
        here = self._by_place.get(file)
        if kept := self._written(file, seen.data, content):
            return self._restored(file, name, seen, kept)
        return None if here is None else self._withdrawn(file, name, seen, here)

    def _written(self, file: Path, data: bytes, content: str) -> Kept | None:
        """The entry of a file as it was written, wherever that was."""
        same = [kept for kept in self._kept if kept.entry.written_sha256 == content]
        here = next((kept for kept in same if kept.place == file), None)
        if here or not same:
            return here
        # Without our record (an XMP file that lost a person's keyword) it may be somebody's that says the same.
        copied = same[0] if has_record(file, data) else None
        return next((kept for kept in same if kept.is_moved()), copied)

    def _restored(self, file: Path, name: str, seen: Seen, kept: Kept) -> Outcome:
        original = kept.entry.original(seen.data or b"")
        self._bring(file, seen, original, kept)
        return _outcome(name, "restored", kept)

    def _withdrawn(self, file: Path, name: str, seen: Seen, kept: Kept) -> Outcome | None:
        """A file that somebody changed since: their work stays, our keyword goes."""
        data = seen.data or b""
        if not has_record(file, data):
            return None  # put back already, or another file by now
        after = sidecar_packet(data, (), "replace-ours") if is_sidecar(file.name) else remove_ours(data)
        self._bring(file, seen, after, kept, is_original=False)
        return _outcome(name, "withdrawn", kept)

    def _bring(self, file: Path, seen: Seen, content: bytes | None, kept: Kept, is_original: bool = True) -> None:
        """Bring content into place; none removes the file."""
        require_writable(file)
        if self._dry_run:
            return
        self._touched.add(file.parent)
        with held(file.parent):
            require_unchanged(file, seen)
            sweep(file.parent)
            if content is None:
                file.unlink()
            else:
                replace(file, content, seen.status, kept.entry.mtime_ns if is_original else None)
        self._now[file] = None if content is None else sha256(content)
        self._used.add((kept.place, kept.entry.written_sha256))


def _outcome(name: str, kind: Kind, kept: Kept) -> Outcome:
    return Outcome(file=name, outcome=kind, keyword=kept.entry.keyword, release_id=kept.entry.release_id)
