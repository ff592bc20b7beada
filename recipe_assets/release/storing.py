"""Bringing a release into a store: uploaded, verified as stored, never overwriting another one.

Reading it back is `stored`'s subject; whether it becomes current is `store`'s and `candidates`'.
"""

import hashlib
from pathlib import Path

from recipe_assets.errors import ReleaseError
from recipe_assets.release.files import check_files
from recipe_assets.release.manifest import MANIFEST, Manifest, encode_manifest
from recipe_assets.release.objects import RELEASES, Objects
from recipe_assets.release.stored import verify_stored


def store_release(objects: Objects, folder: Path, manifest: Manifest) -> str:
    """Upload a release and verify it as stored; returns the sha256 of its manifest.

    Raises:
        ReleaseError: if files and manifest differ, the id is taken by other content, or the store fails.
    """
    check_files(folder, manifest)
    content = encode_manifest(manifest)
    _refuse_other_content(objects, manifest.release_id, content)
    objects.upload(manifest.release_id, folder, manifest.files, content)
    _refuse_other_content(objects, manifest.release_id, content)
    verify_stored(objects, manifest)
    return hashlib.sha256(content).hexdigest()


def _refuse_other_content(objects: Objects, release_id: str, content: bytes) -> None:
    found = objects.read(f"{RELEASES}/{release_id}/{MANIFEST}")
    if found is not None and found.data != content:
        raise ReleaseError(
            f"release {release_id} exists in {objects.url} with another manifest and a release never "
            "changes: publish under a new id"
        )
