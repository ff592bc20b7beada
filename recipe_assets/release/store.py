"""The release store: publish or propose, read the pointers, roll back; the same rules over a folder and over S3.

A release is immutable, and complete once its manifest is stored; `latest.json` moves last, by compare-and-swap.
What happens to a release that waits for approval is `candidates`' subject, reading and writing the places
themselves `folder_store`'s and `s3_store`'s.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from recipe_assets.errors import NoSuchReleaseError
from recipe_assets.release.candidates import Candidates
from recipe_assets.release.current import CurrentPointer
from recipe_assets.release.decisions import Decision, Decisions, Verdict
from recipe_assets.release.manifest import Manifest
from recipe_assets.release.objects import Objects
from recipe_assets.release.places import open_objects
from recipe_assets.release.pointer import Pointer, Versioned, point_at
from recipe_assets.release.stored import complete_releases, copy_out, stored_manifest, verify_stored
from recipe_assets.release.storing import store_release

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class ReleaseStore:
    """Keeps releases in one place and says which of them is current."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._current = CurrentPointer(objects)
        self._candidates = Candidates(objects, self._current)

    @property
    def store_url(self) -> str:
        """Where the store is."""
        return self._objects.url

    def read_pointer(self) -> Versioned | None:
        """The pointer to the current release with its version token, or None before the first release.

        Raises:
            ReleaseError: if the store cannot be reached or the pointer is damaged.
        """
        return self._current.read()

    def read_candidate(self) -> Pointer | None:
        """The release that waits for approval, or None; its `previous` is the one it was compared with.

        Raises:
            ReleaseError: if the store cannot be reached or `candidate.json` is damaged.
        """
        return self._candidates.read()

    @property
    def decisions(self) -> Decisions:
        """What was decided about releases that waited."""
        return self._candidates.decisions

    def current_manifest(self) -> Manifest | None:
        """The manifest of the current release, or None before the first release.

        Raises:
            ReleaseError: if the store cannot be reached, or pointer or manifest are damaged.
        """
        current = self.read_pointer()
        return None if current is None else stored_manifest(self._objects, current.pointer.release_id).manifest

    def candidate_manifest(self) -> Manifest | None:
        """The manifest of the release that waits for approval, or None; raises as `current_manifest` does."""
        candidate = self.read_candidate()
        return None if candidate is None else stored_manifest(self._objects, candidate.release_id).manifest

    def store(self, folder: Path, manifest: Manifest) -> str:
        """Upload a release and verify it as stored, without making it current; returns its manifest's sha256.

        Repeating an upload that was cut short is safe: what is stored already is kept and checked.

        Args:
            folder: holds every file that the manifest lists; it is only read.
            manifest: describes the release; it is stored last.

        Raises:
            ReleaseError: if files and manifest differ, the id is taken by other content, or the store fails.
        """
        return store_release(self._objects, folder, manifest)

    def publish(self, folder: Path, manifest: Manifest, expected: str | None) -> Pointer:
        """Store a release, and make it current if the pointer is still the expected one.

        Args:
            folder: holds every file that the manifest lists; it is only read.
            manifest: describes the release.
            expected: the token that `read_pointer` gave when this work began; None for "no release yet".

        Raises:
            ReleaseConflictError: if another publisher moved the pointer meanwhile; the release is stored.
            ReleaseError: if the release cannot be stored.
        """
        sha256 = self.store(folder, manifest)
        before = self.read_pointer()
        if before and before.pointer.release_id == manifest.release_id:
            return before.pointer  # an earlier try got this far and was stopped just after
        previous = before.pointer.release_id if before else None
        return self._swap(point_at(manifest.release_id, sha256, previous), expected)

    def propose(self, folder: Path, manifest: Manifest, compared_with: str | None) -> Pointer:
        """Store a release, and let it wait for approval; the current one stays. An older candidate is superseded.

        Args:
            folder: holds every file that the manifest lists; it is only read.
            manifest: describes the release.
            compared_with: the release that this one was compared with; None for "there was none".

        Raises:
            ReleaseConflictError: if another release is current than the one compared with; the release is stored.
            ReleaseError: if the release cannot be stored.
        """
        return self._candidates.propose(point_at(manifest.release_id, self.store(folder, manifest), compared_with))

    def promote(self, release_id: str, verdict: Verdict) -> Decision:
        """Approve the waiting candidate and make it current; see `Candidates.promote`."""
        return self._candidates.promote(release_id, verdict)

    def reject(self, release_id: str, verdict: Verdict) -> Decision:
        """Turn the waiting candidate down; see `Candidates.reject`."""
        return self._candidates.reject(release_id, verdict)

    def rollback(self, to: str | None = None) -> Pointer:
        """Make an earlier release current again: the one before, or a named one.

        The release that is left becomes the one before, so that a second call without a name undoes the first.
        A damaged pointer is written anew when a release is named.

        Raises:
            ReleaseConflictError: if another publisher moved the pointer meanwhile.
            NoSuchReleaseError: if there is none of this name, or none before.
            ReleaseError: if it never was approved, or is incomplete or damaged.
        """
        current, token = self._current.slot(tolerant=to is not None)
        target = to or (current.previous if current else None)
        if target is None:
            raise NoSuchReleaseError(
                f"{self.store_url} has no release before the current one: name one to roll back to"
            )
        if current and current.release_id == target:
            return current
        self._candidates.refuse_unapproved(target)
        stored = stored_manifest(self._objects, target)
        verify_stored(self._objects, stored.manifest)
        pointer = point_at(target, stored.sha256, current.release_id if current else None)
        return self._swap(pointer, token)

    def fetch(
        self, release_id: str, into: Path, manifest_sha256: str | None = None, *, checkpoint: bool = True
    ) -> Manifest:
        """Bring a release into a local folder, verified or not at all; a verified copy is reused.

        Args:
            release_id: which release.
            into: the folder that will hold it; a damaged earlier copy there is replaced.
            manifest_sha256: the hash that the pointer gives for the manifest.
            checkpoint: whether the fine-tuned checkpoint comes along: most of the bytes, and not needed to serve.
                Without it, it must lie in the store in its size all the same.

        Raises:
            ReleaseError: if the release is incomplete, differs from its manifest, or the store fails.
        """
        return copy_out(self._objects, release_id, into, manifest_sha256, checkpoint=checkpoint)

    def list_releases(self) -> list[Manifest]:
        """The manifests of all complete releases, oldest first; half-uploaded ones are left out.

        Raises:
            ReleaseError: if the store cannot be reached.
        """
        return sorted(complete_releases(self._objects), key=lambda found: (found.created_at, found.release_id))

    def _swap(self, pointer: Pointer, expected: str | None) -> Pointer:
        return self._current.move(pointer, expected)


def open_store(url: str, s3_client: "S3Client | None" = None) -> ReleaseStore:
    """Open the store at "file:///...", a plain path, or "s3://bucket/prefix". Nothing is read or written yet.

    Args:
        url: where the store is.
        s3_client: the client for an S3 store; by default one from the environment (AWS_ENDPOINT_URL counts).

    Raises:
        ReleaseError: if the URL is of another kind.
    """
    return ReleaseStore(open_objects(url, s3_client))
