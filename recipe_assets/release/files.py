"""Size and hash of a release's files, and their comparison with the manifest."""

import hashlib
from pathlib import Path

from recipe_assets.errors import ReleaseError
from recipe_assets.release.manifest import CHECKPOINT, MANIFEST, Manifest, ReleaseFile


def describe_file(path: Path) -> ReleaseFile:
    """Size and hash of a file."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return ReleaseFile(bytes=stream.tell(), sha256=digest)


def describe_files(folder: Path) -> dict[str, ReleaseFile]:
    """Size and hash of every file below a folder, by posix path relative to it, without the manifest."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    described = {path.relative_to(folder).as_posix(): describe_file(path) for path in paths}
    described.pop(MANIFEST, None)
    return described


def mismatch(name: str, expected: ReleaseFile, found: ReleaseFile | None) -> str | None:
    """What is wrong with one stored file, or None."""
    if found is None:
        return f"{name} is missing"
    if found.bytes != expected.bytes:
        return f"{name} has {found.bytes} bytes instead of {expected.bytes}"
    return None if found.sha256 == expected.sha256 else f"{name} has other content (sha256 differs)"


def files_of(manifest: Manifest, *, checkpoint: bool) -> dict[str, ReleaseFile]:
    """The manifest's files by name: all, or all but the checkpoint's."""
    return {name: file for name, file in manifest.files.items() if checkpoint or not is_checkpoint(name)}


def is_checkpoint(name: str) -> bool:
    """Whether a release's file belongs to the fine-tuned checkpoint, which nobody needs to serve."""
    return name.startswith(f"{CHECKPOINT}/")


def check_files(folder: Path, manifest: Manifest, *, checkpoint: bool = True) -> None:
    """Compare size and hash of a release's files, all or all but its checkpoint's, with what lies in the folder.

    Raises:
        ReleaseError: if anything differs; all mismatches stand in the one message.
    """
    problems = []
    for name, expected in files_of(manifest, checkpoint=checkpoint).items():
        path = folder / name
        found = describe_file(path) if path.is_file() else None
        problems.append(mismatch(name, expected, found))
    if wrong := [problem for problem in problems if problem]:
        raise ReleaseError(
            f"release {manifest.release_id} in {folder} is not what its manifest says: {'; '.join(wrong)}"
        )
