"""Which shoots are new, changed, or in need of their keywords again. A pure comparison; reads no photo."""

from dataclasses import dataclass

from recipe_assets.errors import StudioError
from recipe_assets.storage import TableStore
from recipe_assets.studio.shoots import FolderStudio


@dataclass(frozen=True)
class Work:
    """What is to be done, by shoot: files to read, and keywords to standardize from tables that are there."""

    read: dict[str, str]
    """Shoots to read, with the fingerprint of their files."""
    standardize: list[str]


def pending_work(
    studio: FolderStudio, tables: TableStore, vocabulary_sha256: str, settle_seconds: float = 0
) -> Work:
    """Compare the studio with the stored tables.

    Args:
        studio: where shoots arrive.
        tables: what earlier runs stored.
        vocabulary_sha256: the vocabulary's hash now.
        settle_seconds: a shoot whose files changed less than this ago is still being copied and waits.

    Raises:
        StudioError: if the studio cannot be read.
    """
    read: dict[str, str] = {}
    standardize = []
    for shoot in studio.shoots():
        if studio.is_settling(shoot, settle_seconds):
            continue
        files = studio.fingerprint(shoot)
        stored = tables.attributes("raw_images", shoot) or {}
        labelled = tables.attributes("standardized_keywords", shoot) or {}
        if stored.get("files") != files:
            read[shoot] = files
        elif (labelled.get("files"), labelled.get("vocabulary")) != (files, vocabulary_sha256):
            standardize.append(shoot)
    return Work(read, standardize)


def require_shoots(studio: FolderStudio) -> list[str]:
    """All shoots of a studio.

    Raises:
        StudioError: if it has none.
    """
    shoots = studio.shoots()
    if not shoots:
        raise StudioError(
            f"the studio {studio.root} has no shoot: put one folder of photos per shoot into it, "
            "set RECIPE_STUDIO, or draw the sample with 'make sample'"
        )
    return shoots
