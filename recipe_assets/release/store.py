"""The release store: publish, read the pointer, roll back; the same rules over a folder and over S3.

A release is immutable, and complete once its manifest is stored; `latest.json` moves last, by compare-and-swap.
Reading and writing the places themselves is done in `folder_store` and `s3_store`.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from recipe_assets.errors import ReleaseConflictError, ReleaseError
from recipe_assets.release.files import check_files
from recipe_assets.release.folder_store import FolderObjects
from recipe_assets.release.manifest import MANIFEST, Manifest, encode_manifest
from recipe_assets.release.objects import RELEASES, Objects
from recipe_assets.release.pointer import POINTER, Pointer, Versioned, decode_pointer, encode_pointer, point_at
from recipe_assets.release.stored import complete_releases, copy_out, stored_manifest, verify_stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class ReleaseStore:
    """Keeps releases in one place and says which of them is current."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @property
    def store_url(self) -> str:
        """Where the store is."""
        return self._objects.url

    def read_pointer(self) -> Versioned | None:
        """The pointer to the current release with its version token, or None before the first release.

        Raises:
            ReleaseError: if the store cannot be reached or the pointer is damaged.
        """
        content = self._objects.read(POINTER)
        if content is None:
            return None
        return Versioned(decode_pointer(content.data, f"{self.store_url}/{POINTER}"), content.token)

    def current_manifest(self) -> Manifest | None:
        """The manifest of the current release, or None before the first release.

        Raises:
            ReleaseError: if the store cannot be reached, or pointer or manifest are damaged.
        """
        current = self.read_pointer()
        return None if current is None else stored_manifest(self._objects, current.pointer.release_id).manifest

    def publish(self, folder: Path, manifest: Manifest, expected: str | None) -> Pointer:
        """Upload a release, verify it as stored, and make it current if the pointer is still the expected one.

        Repeating a publish that was cut short is safe: what is stored already is kept and checked.

        Args:
            folder: holds every file that the manifest lists; it is only read.
            manifest: describes the release; it is stored last.
            expected: the token that `read_pointer` gave when this work began; None for "no release yet".

        Raises:
            ReleaseConflictError: if another publisher moved the pointer meanwhile; the release is stored.
            ReleaseError: if files and manifest differ, the id is taken by other content, or the store fails.
        """
        check_files(folder, manifest)
        content = encode_manifest(manifest)
        self._refuse_other_content(manifest.release_id, content)
        self._objects.upload(manifest.release_id, folder, manifest.files, content)
        self._refuse_other_content(manifest.release_id, content)
        verify_stored(self._objects, manifest)
        before = self.read_pointer()
        if before and before.pointer.release_id == manifest.release_id:
            return before.pointer  # an earlier try got this far and was stopped just after
        previous = before.pointer.release_id if before else None
        return self._swap(point_at(manifest.release_id, hashlib.sha256(content).hexdigest(), previous), expected)

    def rollback(self, to: str | None = None) -> Pointer:
        """Make an earlier release current again: the one before, or a named one.

        The release that is left becomes the one before, so that a second call without a name undoes the first.
        A damaged pointer is written anew when a release is named.

        Raises:
            ReleaseConflictError: if another publisher moved the pointer meanwhile.
            ReleaseError: if there is no such release, or it is incomplete or damaged as stored.
        """
        content = self._objects.read(POINTER)
        current = self._decode(content.data, tolerant=to is not None) if content else None
        target = to or (current.previous if current else None)
        if target is None:
            raise ReleaseError(f"{self.store_url} has no release before the current one: name one to roll back to")
        if current and current.release_id == target:
            return current
        stored = stored_manifest(self._objects, target)
        verify_stored(self._objects, stored.manifest)
        pointer = point_at(target, stored.sha256, current.release_id if current else None)
        return self._swap(pointer, content.token if content else None)

    def fetch(self, release_id: str, into: Path, manifest_sha256: str | None = None) -> Manifest:
        """Bring a release into a local folder, whole and verified or not at all; a verified copy is reused.

        Args:
            release_id: which release.
            into: the folder that will hold it; a damaged earlier copy there is replaced.
            manifest_sha256: the hash that the pointer gives for the manifest.

        Raises:
            ReleaseError: if the release is incomplete, differs from its manifest, or the store fails.
        """
        return copy_out(self._objects, release_id, into, manifest_sha256)

    def list_releases(self) -> list[Manifest]:
        """The manifests of all complete releases, oldest first; half-uploaded ones are left out.

        Raises:
            ReleaseError: if the store cannot be reached.
        """
        return sorted(complete_releases(self._objects), key=lambda found: (found.created_at, found.release_id))

    def _decode(self, data: bytes, *, tolerant: bool) -> Pointer | None:
        try:
            return decode_pointer(data, f"{self.store_url}/{POINTER}")
        except ReleaseError:
            if tolerant:
                return None
            raise

    def _refuse_other_content(self, release_id: str, content: bytes) -> None:
        found = self._objects.read(f"{RELEASES}/{release_id}/{MANIFEST}")
        if found is not None and found.data != content:
            raise ReleaseError(
                f"release {release_id} exists in {self.store_url} with another manifest and a release never "
                "changes: publish under a new id"
            )

    def _swap(self, pointer: Pointer, expected: str | None) -> Pointer:
        data = encode_pointer(pointer)
        if self._objects.swap(POINTER, data, expected):
            return pointer
        found = self._objects.read(POINTER)
        if found is not None and found.data == data:
            return pointer  # our own write arrived, but its answer was lost and the retry met it
        raise self._conflict(pointer.release_id)

    def _conflict(self, loser: str) -> ReleaseConflictError:
        now = self.read_pointer()
        winner = f"{now.pointer.release_id} is current" if now else "the pointer is gone"
        return ReleaseConflictError(
            f"the pointer of {self.store_url} moved meanwhile: {winner}; release {loser} is stored but not "
            f"current: keep it so, or roll to it by name ({loser}), or train again on what is current now"
        )


def open_store(url: str, s3_client: "S3Client | None" = None) -> ReleaseStore:
    """Open the store at "file:///...", a plain path, or "s3://bucket/prefix". Nothing is read or written yet.

    Args:
        url: where the store is.
        s3_client: the client for an S3 store; by default one from the environment (AWS_ENDPOINT_URL counts).

    Raises:
        ReleaseError: if the URL is of another kind.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3" and parts.netloc:
        from recipe_assets.release.s3_store import S3Objects, default_client

        client = s3_client if s3_client is not None else default_client()
        return ReleaseStore(S3Objects(client, parts.netloc, parts.path.strip("/")))
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        return ReleaseStore(FolderObjects(Path(url2pathname(parts.path))))
    if "://" not in url and url:
        return ReleaseStore(FolderObjects(Path(url)))
    raise ReleaseError(
        f"'{url}' is not a release store: set RECIPE_RELEASES to file:///folder or s3://bucket/prefix"
    )
