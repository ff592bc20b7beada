"""Which shoots are new, changed, or in need of a later step again. A pure comparison; reads no photo."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from recipe_assets.errors import StudioError
from recipe_assets.storage import TableStore
from recipe_assets.studio.reading import READER
from recipe_assets.studio.review import Decisions, decisions_sha256
from recipe_assets.studio.shoots import Shoot, Studio
from recipe_assets.studio.vocabulary import Vocabulary


@dataclass(frozen=True)
class Wanted:
    """What the tables of every shoot should have been made from."""

    vocabulary: Vocabulary
    decisions: Decisions = field(default_factory=dict)
    base: str | None = None
    """The base checkpoint of the embeddings; None where none are wanted."""

    def label_attributes(self, shoot: str, files: str) -> dict[str, str]:
        """What a shoot's keywords are made from: changes when they have to be made again."""
        return {
            "files": files,
            "vocabulary": self.vocabulary.spellings_sha256,
            "decisions": decisions_sha256(self.decisions, shoot),
        }


@dataclass(frozen=True)
class Work:
    """What is to be done, by shoot: files to read, and later steps to do again from tables that are there."""

    read: dict[str, str] = field(default_factory=dict)
    """Shoots to read, with the fingerprint of their files."""
    standardize: list[str] = field(default_factory=list)
    embed: list[str] = field(default_factory=list)


def pending_work(shoots: Mapping[str, Shoot], tables: TableStore, wanted: Wanted) -> Work:
    """Compare a studio's shoots with the stored tables.

    Args:
        shoots: those that have arrived.
        tables: what earlier runs stored.
        wanted: vocabulary, decisions and base checkpoint of now.
    """
    work = Work()
    for name, shoot in shoots.items():
        files = shoot.fingerprint
        if not is_read(tables, name, files):
            work.read[name] = files
            continue
        if tables.attributes("standardized_keywords", name) != wanted.label_attributes(name, files):
            work.standardize.append(name)
        embedded = tables.attributes("photo_embeddings", name) or {}
        if wanted.base is not None and (embedded.get("files"), embedded.get("base")) != (files, wanted.base):
            work.embed.append(name)
    return work


def is_read(tables: TableStore, shoot: str, files: str) -> bool:
    """Whether a shoot's stored table was made from these files, by reading code of now."""
    return tables.attributes("raw_images", shoot) == raw_attributes(files)


def raw_attributes(files: str) -> dict[str, str]:
    """What a shoot's raw table is made from."""
    return {"files": files, "reader": READER}


def arrived(shoots: Mapping[str, Shoot], settle_seconds: float) -> dict[str, Shoot]:
    """The shoots that nothing has changed in for a while; the others may still be on their way."""
    return {name: shoot for name, shoot in shoots.items() if not shoot.is_settling(settle_seconds)}


def require_shoots(studio: Studio) -> dict[str, Shoot]:
    """All shoots of a studio.

    Raises:
        StudioError: if it has none.
    """
    shoots = studio.shoots()
    if not shoots:
        raise StudioError(
            f"the studio {studio.location} has no shoot: put one folder of photos per shoot into it, "
            "set RECIPE_STUDIO, or draw the sample with 'make sample'"
        )
    return shoots
