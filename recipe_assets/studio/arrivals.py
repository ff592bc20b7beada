"""Which shoots are new, changed, held back, or in need of a later step again. Compares; reads no photo."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from recipe_assets.errors import StudioError
from recipe_assets.storage import TableStore
from recipe_assets.studio.reading import READER, require_readable
from recipe_assets.studio.review import Decisions, decisions_sha256
from recipe_assets.studio.shoots import Shoot, Studio
from recipe_assets.studio.vocabulary import Vocabulary

LABELER = "1"
"""Counts up when standardizing gives other keywords or columns, so that stored shoots are standardized again."""


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
            **raw_attributes(files),
            "labeler": LABELER,
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
    held_back: dict[str, str] = field(default_factory=dict)
    """Shoots for which nothing can be done before a person mends their files, with the reason."""


def pending_work(shoots: Mapping[str, Shoot], tables: TableStore, wanted: Wanted) -> Work:
    """Compare a studio's shoots with the stored tables.

    Args:
        shoots: those that have arrived.
        tables: what earlier runs stored.
        wanted: vocabulary, decisions and base checkpoint of now.
    """
    work = Work()
    for name, shoot in shoots.items():
        if tables.attributes("raw_images", name) != raw_attributes(shoot.fingerprint):
            work.read[name] = shoot.fingerprint
    # Also of shoots that are no longer in the studio: they are trained on, and need no photo for this.
    for name in tables.partitions("raw_images"):
        stored = tables.attributes("raw_images", name) or {}
        files = stored.get("files", "")
        if name in work.read or stored != raw_attributes(files):
            continue
        steps = []
        if tables.attributes("standardized_keywords", name) != wanted.label_attributes(name, files):
            steps.append(work.standardize)
        if wanted.base and tables.attributes("photo_embeddings", name) != embed_attributes(files, wanted.base):
            steps.append(work.embed)
        if steps and (reason := _unreadable(tables, name)):
            work.held_back[name] = reason
        else:
            for step in steps:
                step.append(name)
    return work


def _unreadable(tables: TableStore, shoot: str) -> str | None:
    try:
        require_readable(tables.read("raw_images", shoot, ["problem"]), shoot)
    except StudioError as error:
        return str(error)
    return None


def embed_attributes(files: str, base: str) -> dict[str, str]:
    """What a shoot's embeddings are made from."""
    return {**raw_attributes(files), "base": base}


def current_shoots(tables: TableStore, name: str) -> list[str]:
    """The shoots whose table was made from the raw table that is there now.

    Another one is out of date: its shoot was read anew, and is being standardized or was held back.
    """
    return [
        shoot
        for shoot in tables.partitions(name)
        if _files(tables, name, shoot) == _files(tables, "raw_images", shoot)
    ]


def _files(tables: TableStore, name: str, shoot: str) -> str | None:
    return (tables.attributes(name, shoot) or {}).get("files")


def raw_attributes(files: str) -> dict[str, str]:
    """What a shoot's raw table is made from."""
    return {"files": files, "reader": READER}


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
