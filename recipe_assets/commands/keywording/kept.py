"""What an undo has to go by: an entry of a journal, and the file that it is about as it stands now.

Reads files and changes none. What is put back, and when an entry is forgotten, is `undoing`'s subject.
"""

from pathlib import Path
from typing import NamedTuple

from recipe_assets.commands.keywording.errors import KeywordingError
from recipe_assets.commands.keywording.files import look
from recipe_assets.commands.keywording.journal import Entry, Journal, sha256
from recipe_assets.commands.keywording.photos import is_photo, sidecar_places
from recipe_assets.studio.metadata import read_provenance
from recipe_assets.studio.sidecars import is_sidecar


class Kept(NamedTuple):
    """An entry and the journal that it stands in."""

    entry: Entry
    journal: Journal

    @property
    def place(self) -> Path:
        """Where the file was when it was written."""
        return self.journal.folder / self.entry.file

    def is_ours(self) -> bool:
        """Whether the file there is as it was written, or carries our record still; also if nobody can tell."""
        try:
            data = look(self.place).data
        except (OSError, KeywordingError):
            return True
        if data is None:
            return False
        return sha256(data) == self.entry.written_sha256 or has_record(self.place, data)

    def is_removed(self) -> bool:
        """Whether a new XMP file is gone, as an undo leaves it that is killed before it forgets the entry.

        One that was moved went with its photo: no photo of its name is left, and the entry is needed elsewhere.
        """
        if self.entry.original_sha256 is not None or self.place.exists():
            return False
        return any(is_photo(file) and self.place in sidecar_places(file) for file in self.journal.folder.iterdir())

    def is_moved(self) -> bool:
        """Whether the file is no longer there, and may stand elsewhere."""
        return not self.place.exists() and not self.is_removed()


def has_record(file: Path, data: bytes) -> bool:
    """Whether a photo or an XMP file says that we wrote a keyword into it."""
    return (read_provenance(b"", data) if is_sidecar(file.name) else read_provenance(data)) is not None
