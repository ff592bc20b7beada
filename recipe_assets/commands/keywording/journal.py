"""What an undo needs, kept beside the photos: for each file that was written, how to get the original bytes back.

An entry is a Zstandard patch from the written file to the original (as `zstd --patch-from` makes it, RFC 8878 with
the written file as prefix): only metadata changes, so it takes kilobytes where copies would double a shoot.
Entries are named by the hash of what was written and by the photo: one that was renamed is found all the same, and
two photos of the same content have one each.
"""

import hashlib
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from backports.zstd import CompressionParameter, DecompressionParameter, ZstdDict, ZstdError, compress, decompress

from recipe_assets.commands.keywording.errors import UndoError
from recipe_assets.commands.keywording.files import Seen, replace, undo_folder

_SUFFIX = ".undo"
_WINDOW_LOGS = (10, 31)
"""The least and the most that Zstandard takes on a machine of 64 bits."""


class Entry(msgspec.Struct, frozen=True):
    """How one file was before it was written.

    `original_sha256` and `mtime_ns` are None where there was no file (a new sidecar); `patch` is empty then.
    Of a name that is not UTF-8 `name` is a readable form, and `name_bytes` the name itself.
    """

    name: str
    written_sha256: str
    original_sha256: str | None
    mtime_ns: int | None
    keyword: str
    release_id: str
    at: datetime
    patch: bytes
    name_bytes: bytes | None = None

    @property
    def file(self) -> str:
        """The name of the file."""
        return os.fsdecode(self.name.encode() if self.name_bytes is None else self.name_bytes)

    def original(self, written: bytes) -> bytes | None:
        """The original bytes; None if there was no file.

        Args:
            written: the file's bytes as they were written.

        Raises:
            UndoError: if they do not come out as they were.
        """
        if self.original_sha256 is None:
            return None
        prefix, options = (
            ZstdDict(written, is_raw=True).as_prefix,
            {int(DecompressionParameter.window_log_max): 31},
        )
        try:
            original = decompress(self.patch, zstd_dict=prefix, options=options)
        except ZstdError as error:
            raise UndoError(f"the undo of {self.name} is damaged ({error}): nothing was changed") from error
        if sha256(original) != self.original_sha256:
            raise UndoError(f"the undo of {self.name} is damaged (another hash): nothing was changed")
        return original


class Journal:
    """The entries of one folder of photos."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._root = undo_folder(folder)

    def entry(self, name: str, written_sha256: str) -> Entry | None:
        """What is known of a file with this content: under its name, else under the one it had before.

        Raises:
            UndoError: if the entry is damaged.
        """
        same = self._path(name, written_sha256)
        others = sorted(self._root.glob(f"{written_sha256}-*{_SUFFIX}"))
        return next((_read(path) for path in (same, *others) if path.is_file()), None)

    def entries(self) -> list[Entry]:
        """All of them; raises as `entry` does."""
        return [_read(path) for path in sorted(self._root.glob(f"*{_SUFFIX}"))]

    def keep(self, path: Path, before: Seen, written: bytes, keyword: str, release_id: str) -> Entry | None:
        """Remember the original of a file that is about to be written; returns the entry that this makes needless.

        A file that was written before leads back to its first original in one step.

        Raises:
            UndoError: if the original could not be got back.
            OSError: if the entry cannot be stored.
        """
        older = None if before.data is None else self.entry(path.name, sha256(before.data))
        original = older.original(before.data) if older and before.data is not None else before.data
        mtime = older.mtime_ns if older else before.status.st_mtime_ns if before.status else None
        raw = os.fsencode(path.name)
        name = raw.decode("utf-8", "backslashreplace")
        entry = Entry(
            name,
            sha256(written),
            None if original is None else sha256(original),
            mtime,
            keyword,
            release_id,
            datetime.now(UTC),
            b"" if original is None else _patch(original, written),
            None if name.encode() == raw else raw,
        )
        entry.original(written)  # proven before anything is replaced
        replace(self._path(entry.file, entry.written_sha256), msgspec.msgpack.encode(entry), None)
        # The entry of a photo that is still there under its name is needed by that one: this is a copy of it.
        return older if older and (older.file == path.name or not (self.folder / older.file).exists()) else None

    def drop(self, entry: Entry) -> None:
        """Forget an entry."""
        self._path(entry.file, entry.written_sha256).unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the journal's folder if nothing is left in it; call it while the folder is held."""
        if not any(self._root.glob(f"*{_SUFFIX}")):
            with suppress(OSError):  # another program waits for the lock, or left something here
                (self._root / ".lock").unlink(missing_ok=True)
                self._root.rmdir()

    def _path(self, name: str, written_sha256: str) -> Path:
        return self._root / f"{written_sha256}-{sha256(os.fsencode(name))[:12]}{_SUFFIX}"


def _read(path: Path) -> Entry:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=Entry)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UndoError(f"{path} is damaged ({error}): take it away, its photo cannot be put back") from error


def sha256(data: bytes) -> str:
    """The hash that entries are named by."""
    return hashlib.sha256(data).hexdigest()


def _patch(original: bytes, written: bytes) -> bytes:
    least, most = _WINDOW_LOGS
    options = {
        int(CompressionParameter.compression_level): 3,
        int(CompressionParameter.window_log): max(least, min(most, (len(original) + len(written)).bit_length())),
        int(CompressionParameter.enable_long_distance_matching): 1,
    }
    return compress(original, options=options, zstd_dict=ZstdDict(written, is_raw=True).as_prefix)
