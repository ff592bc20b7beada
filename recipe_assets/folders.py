"""Where assets keep the models that they hand over: folders of files under one root. Knows no Dagster.

A folder counts once it is recorded, whole; a killed run leaves the last good one.
"""

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import msgspec

from recipe_assets.release.files import describe_files
from recipe_assets.release.manifest import ReleaseFile
from recipe_assets.storage import LEFTOVER_SECONDS, StorageError


class _FolderRecord(msgspec.Struct, frozen=True):
    folder: str
    files: dict[str, ReleaseFile]


@dataclass(frozen=True)
class FolderStore:
    """Folders of files, one version a run: `<root>/<name>/<version>/`, with `<root>/<name>.json` as the record."""

    root: Path

    def new(self, name: str, version: str) -> Path:
        """An empty folder to fill; it counts only once it is recorded.

        A second try of a run whose first was recorded gets another folder, so that the current one stays whole.
        """
        current = self._recorded(name)
        again = current is not None and current.folder == version
        folder = self.root / name / (f"{version}-{uuid4().hex[:8]}" if again else version)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def record(self, name: str, folder: Path) -> None:
        """Make a filled folder the current one; drop the one before it, and what killed runs left a day ago."""
        before = self._recorded(name)
        record = _FolderRecord(folder.name, describe_files(folder))
        part = self.root / f".{name}.{uuid4().hex}.part"
        try:
            part.write_bytes(msgspec.json.encode(record))
            part.replace(self.root / f"{name}.json")
        finally:
            part.unlink(missing_ok=True)
        for other in folder.parent.iterdir():
            if other != folder and (_is_stale(other) or (before is not None and other.name == before.folder)):
                shutil.rmtree(other, ignore_errors=True)

    def current(self, name: str) -> Path:
        """The current folder, its files verified.

        Raises:
            StorageError: if there is none, or a file is missing or changed.
        """
        record_path = self.root / f"{name}.json"
        if not record_path.is_file():
            raise StorageError(f"{name} is not there ({record_path}): materialize {name} first")
        try:
            record = msgspec.json.decode(record_path.read_bytes(), type=_FolderRecord)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StorageError(f"{name} is damaged ({record_path}: {error}): materialize {name} again") from error
        folder = self.root / name / record.folder
        with suppress(OSError):  # a file may be unreadable, or another run may just be replacing the folder
            if folder.is_dir() and describe_files(folder) == record.files:
                return folder
        raise StorageError(f"{name} is damaged ({folder}): materialize {name} again")

    def _recorded(self, name: str) -> _FolderRecord | None:
        path = self.root / f"{name}.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=_FolderRecord) if path.is_file() else None
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None


def _is_stale(folder: Path) -> bool:
    """Whether a killed run left it; a younger folder may be another run's, still being filled."""
    with suppress(FileNotFoundError):  # another run may have removed it meanwhile
        return time.time() - folder.stat().st_mtime > LEFTOVER_SECONDS
    return False
