"""From an original to what stands in the outbox: the photo with its keyword, or untouched with a sidecar.

Makes bytes and proves that the image data is the same; writes nothing. Metadata is `studio.metadata`'s subject.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import NamedTuple

from recipe_assets.outbox.deciding import Decision
from recipe_assets.studio.metadata import (
    MetadataError,
    Mode,
    Provenance,
    UnwritableFormatError,
    image_data_sha256,
    read_provenance,
    sidecar_packet,
    write_keywords,
)


class Original(NamedTuple):
    """A photo as it came from the studio, with its sidecar and that one's name, if it has one."""

    photo: bytes
    sidecar: bytes | None = None
    sidecar_name: str | None = None


class Copy(NamedTuple):
    """What is to stand in the outbox; `note` says what is special about it."""

    photo: bytes
    sidecar: bytes | None
    note: str | None


def copy_of(original: Original, decision: Decision, time: datetime) -> Copy:
    """The photo with its keyword in IPTC and XMP; where that cannot be, untouched with the keyword in a sidecar.

    Where a person wrote the keyword into the photo, photo and sidecar are the very bytes of the studio. What a
    person decided in a review stands in the copy without a record of ours, since it is never taken back, and in
    the sidecar, which would contradict it otherwise.

    Args:
        original: as the studio has it.
        decision: what is written.
        time: when the keyword was decided, for its provenance.
    """
    if not decision.writes or decision.keyword is None:
        return Copy(original.photo, original.sidecar, None)
    said = _said(decision, decision.keyword, time)
    try:
        return Copy(_written(original.photo, said), *_agreeing_sidecar(original, said))
    except UnwritableFormatError:
        return _beside(original, said, "the keyword stands in the XMP sidecar")
    except MetadataError as error:
        return _beside(original, said, f"the keyword stands in the XMP sidecar ({error})")


class _Said(NamedTuple):
    """What is written: keywords, what becomes of those that are there, and where they come from."""

    words: tuple[str, ...]
    mode: Mode
    provenance: Provenance | None


def _said(decision: Decision, keyword: str, time: datetime) -> _Said:
    if decision.words is not None:
        return _Said(decision.words, "replace-all", None)
    if decision.release_id is None:
        return _Said((keyword,), "add", None)
    return _Said((keyword,), "add", Provenance(decision.release_id, decision.confidence or 0.0, time=time))


def _written(photo: bytes, said: _Said) -> bytes:
    written = write_keywords(photo, *said)
    if image_data_sha256(written) != image_data_sha256(photo):
        raise MetadataError("writing the keyword would have changed the image data; the photo is left as it is")
    return written


def _agreeing_sidecar(original: Original, said: _Said) -> tuple[bytes | None, str | None]:
    """The sidecar of a photo that was written: a person's review outranks its keywords, too. And a note."""
    if original.sidecar is None or said.mode != "replace-all":
        return original.sidecar, None
    try:
        return sidecar_packet(original.sidecar, *said), None
    except MetadataError as error:
        return original.sidecar, f"the XMP sidecar keeps its keywords ({error})"


def _beside(original: Original, said: _Said, note: str) -> Copy:
    try:
        return Copy(original.photo, sidecar_packet(original.sidecar, *said), note)
    except MetadataError as error:
        return Copy(original.photo, original.sidecar, f"the keyword stands in this table only ({error})")


def is_same_copy(stored: bytes, original: Original, decision: Decision) -> bool:
    """Whether a file is what would be written, but for the time: then a run wrote it whose notes are lost."""
    record = read_provenance(stored)
    if record is None or record.time is None:
        return stored == copy_of(original, decision, datetime.now(UTC)).photo
    return stored == copy_of(original, decision, record.time).photo


def sidecar_name(file: str, others: frozenset[str]) -> str:
    """Name of a new sidecar: as Adobe's programs look for it, unless another photo of the shoot has that stem."""
    path = PurePosixPath(file)
    stem = str(path.with_suffix("")).casefold()
    same = sum(other.rpartition(".")[0].casefold() == stem for other in others)
    return f"{file}.xmp" if same > 1 else str(path.with_suffix(".xmp"))


def sha256_of(data: bytes) -> str:
    """Hash in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
