"""The pointer: the content of `latest.json`, which names the current release, and of `candidate.json`.

How it is swapped safely is `current`'s subject; what a release holds is `manifest`'s.
"""

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from recipe_assets.errors import ReleaseError
from recipe_assets.release.manifest import Timestamp, check_release_id

POINTER = "latest.json"


class Pointer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which release is current, the hash of its manifest, the release before it, and since when."""

    release_id: str
    manifest_sha256: str
    previous: str | None
    updated_at: Timestamp

    def __post_init__(self) -> None:
        check_release_id(self.release_id)
        if self.previous is not None:
            check_release_id(self.previous)


class Versioned(NamedTuple):
    """A pointer together with the store's token of this very version, for compare-and-swap."""

    pointer: Pointer
    token: str


def point_at(release_id: str, manifest_sha256: str, previous: str | None) -> Pointer:
    """A pointer that is written now."""
    return Pointer(release_id, manifest_sha256, previous, datetime.now(UTC))


def encode_pointer(pointer: Pointer) -> bytes:
    """Write a pointer as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(pointer), indent=2) + b"\n"


def decode_pointer(
    content: bytes, source: str, cure: str = "roll back to a release by name, which writes it anew"
) -> Pointer:
    """Read a pointer; `source` names it in errors, and `cure` says what to do.

    Raises:
        ReleaseError: if it is damaged.
    """
    try:
        return msgspec.json.decode(content, type=Pointer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReleaseError(f"{source} is damaged ({error}): {cure}") from None
