"""Releases as they lie in a store: reading, verifying, listing and copying them out.

Nothing is written to a store here. Publishing and the pointer are `store`'s subject.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from recipe_assets.errors import NoSuchReleaseError, ReleaseError
from recipe_assets.release.files import check_files, files_of, is_checkpoint, mismatch
from recipe_assets.release.manifest import (
    CHECKPOINT,
    MANIFEST,
    Manifest,
    check_release_id,
    decode_manifest,
    read_manifest,
)
from recipe_assets.release.objects import RELEASES, Objects


class Stored(NamedTuple):
    """A manifest with its bytes as stored, and their hash."""

    manifest: Manifest
    content: bytes
    sha256: str


def stored_manifest(objects: Objects, release_id: str) -> Stored:
    """Read the manifest of a stored release.

    Raises:
        NoSuchReleaseError: if there is none, or it is half uploaded.
        ReleaseError: if it is damaged or of another release.
    """
    key = f"{RELEASES}/{check_release_id(release_id)}/{MANIFEST}"
    found = objects.read(key)
    if found is None:
        raise NoSuchReleaseError(
            f"release {release_id} in {objects.url} has no {MANIFEST}: it does not exist or was only half "
            "uploaded; publish it again or choose another"
        )
    manifest = decode_manifest(found.data, f"{objects.url}/{key}")
    if manifest.release_id != release_id:
        raise ReleaseError(f"{objects.url}/{key} is the manifest of {manifest.release_id}: publish under a new id")
    return Stored(manifest, found.data, hashlib.sha256(found.data).hexdigest())


def verify_stored(objects: Objects, manifest: Manifest) -> None:
    """Compare size and hash of every stored file with the manifest.

    Raises:
        ReleaseError: naming every file that is missing or differs.
    """
    prefix = f"{RELEASES}/{manifest.release_id}"
    checked = (mismatch(name, file, objects.describe(f"{prefix}/{name}")) for name, file in manifest.files.items())
    if wrong := [problem for problem in checked if problem]:
        raise ReleaseError(
            f"release {manifest.release_id} in {objects.url} is not what its manifest says: {'; '.join(wrong)}; "
            "publish it under a new id or choose another release"
        )


def complete_releases(objects: Objects) -> Iterator[Manifest]:
    """The manifests of all releases that are whole by name and size; half-uploaded ones are left out."""
    sizes = objects.sizes(f"{RELEASES}/")
    ids = [key.split("/")[1] for key in sizes if key.count("/") == 2 and key.endswith(f"/{MANIFEST}")]
    for release_id in ids:
        try:
            manifest = stored_manifest(objects, release_id).manifest
        except ReleaseError:
            continue  # a manifest that cannot be read makes no release
        prefix = f"{RELEASES}/{release_id}"
        if all(sizes.get(f"{prefix}/{name}") == file.bytes for name, file in manifest.files.items()):
            yield manifest


def copy_out(
    objects: Objects, release_id: str, into: Path, manifest_sha256: str | None, *, checkpoint: bool
) -> Manifest:
    """Bring a stored release into a local folder, verified or not at all; a verified copy is reused.

    Without the checkpoint, only its names and sizes in the store are checked.

    Raises:
        ReleaseError: if the release is incomplete or differs from its manifest, or `into` holds something else.
    """
    if (reused := _verified_copy(into, release_id, manifest_sha256, checkpoint)) is not None:
        return reused
    if into.exists() and not (into.is_dir() and not any(into.iterdir())) and not (into / MANIFEST).is_file():
        raise ReleaseError(f"{into} holds something else than a release: choose another folder")
    stored = stored_manifest(objects, release_id)
    if manifest_sha256 not in (None, stored.sha256):
        raise ReleaseError(
            f"the manifest of release {release_id} in {objects.url} is not the one that was published (its sha256 "
            "differs from the pointer's): roll back to another release or publish anew"
        )
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=f".{into.name}-") as temporary:
        copy = Path(temporary) / "copy"
        if not checkpoint:
            _require_checkpoint(objects, stored.manifest)
        _download(objects, stored, copy, checkpoint)
        check_files(copy, stored.manifest, checkpoint=checkpoint)
        if into.exists():
            into.rename(Path(temporary) / "damaged")  # leaves with the temporary folder
        copy.rename(into)
    return stored.manifest


def _require_checkpoint(objects: Objects, manifest: Manifest) -> None:
    """A release that was half uploaded is half everywhere, also for who needs the whole half only."""
    prefix = f"{RELEASES}/{manifest.release_id}"
    sizes = objects.sizes(f"{prefix}/{CHECKPOINT}/")
    for name, file in manifest.files.items():
        if is_checkpoint(name) and sizes.get(f"{prefix}/{name}") != file.bytes:
            raise ReleaseError(
                f"release {manifest.release_id} in {objects.url} is not what its manifest says: {name} is missing "
                "or has another size; publish it under a new id or choose another release"
            )


def _download(objects: Objects, stored: Stored, folder: Path, checkpoint: bool) -> None:
    prefix = f"{RELEASES}/{stored.manifest.release_id}"
    for name in files_of(stored.manifest, checkpoint=checkpoint):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        objects.download(f"{prefix}/{name}", target)
    (folder / MANIFEST).write_bytes(stored.content)


def _verified_copy(
    folder: Path, release_id: str, manifest_sha256: str | None, checkpoint: bool
) -> Manifest | None:
    try:
        manifest = read_manifest(folder)
        check_files(folder, manifest, checkpoint=checkpoint)
    except ReleaseError:
        return None
    sha256 = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    return manifest if manifest.release_id == release_id and manifest_sha256 in (None, sha256) else None
