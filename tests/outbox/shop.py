"""A studio, its tables, releases and an outbox, as small as they can be and each the real thing."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pandas as pd

from recipe_assets.outbox.places import Outbox, open_outbox
from recipe_assets.outbox.shoot import Outcome, Released, Rooms, Update, keyword_shoot
from recipe_assets.release.predictor import Predictor
from recipe_assets.release.results import ReviewRule
from recipe_assets.release.store import ReleaseStore, open_store
from recipe_assets.storage import TableStore
from recipe_assets.studio.arrivals import Wanted, raw_attributes
from recipe_assets.studio.labels import standardize_shoot
from recipe_assets.studio.metadata import add_iptc_keywords
from recipe_assets.studio.reading import SCHEMA, read_batches
from recipe_assets.studio.shoots import Studio, open_studio
from recipe_assets.studio.vocabulary import Vocabulary, load_vocabulary
from tests.release import factory

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SHOOT = "week-1"
VOCABULARY = """keywords:
  red-pan: {prompt: red pan, pipeline: stove}
  green-bowl: {prompt: green bowl, pipeline: bowl}
  blue-pot: {prompt: blue pot, pipeline: stove}
  gray-tray: {prompt: gray tray, pipeline: oven}
"""
RULE = ReviewRule(
    target_accuracy=0.9, thresholds=dict.fromkeys(factory.KEYWORDS, 0.8), coverage=0.8, accuracy=0.95
)
NEWER_BIAS = 40.0
"""With it, a release calls everything a gray tray."""


def step(number: str, tag: str = "original") -> str:
    return f"HF_Y24_R01_W01_SE_K{number}_{'main' if number == '2' else f'0{number}'}__{tag}.jpg"


RED, BY_A_PERSON, MASK = step("1"), step("2"), step("3", "mask")


def usual_photos() -> dict[str, bytes]:
    """A photo of every kind: what the model knows, doubts, people keyworded, contradicted, broke or masked."""
    return {
        RED: factory.photo("red"),
        BY_A_PERSON: add_iptc_keywords(factory.photo("blue"), ["gray-tray"]),
        MASK: factory.photo("white"),
        "lime.png": factory.photo("lime", kind="PNG"),
        "doubtful.jpg": factory.photo("gray"),
        "inner/blue.jpg": add_iptc_keywords(factory.photo("blue"), ["holiday"]),
        "two.jpg": add_iptc_keywords(factory.photo("red"), ["green-bowl", "blue-pot"]),
        "broken.jpg": factory.photo("red")[:200],
    }


@dataclass
class Shop:
    """Everything in one folder, the outbox there or in a bucket."""

    root: Path
    outbox_at: str
    client: "S3Client | None" = None
    vocabulary: str = VOCABULARY
    studio_at: str = ""
    decisions: dict[tuple[str, str, str], str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The shoot's own."""
        return self.root / "studio" / SHOOT

    @property
    def tables(self) -> TableStore:
        return TableStore(self.root / "tables")

    @property
    def outbox(self) -> Outbox:
        return open_outbox(self.outbox_at, self.client)

    @property
    def store(self) -> ReleaseStore:
        return open_store(str(self.root / "releases"))

    @property
    def words(self) -> Vocabulary:
        path = self.root / "vocabulary.yaml"
        path.write_text(self.vocabulary)
        return load_vocabulary(path)

    @property
    def studio(self) -> Studio:
        return open_studio(self.studio_at or str(self.root / "studio"), self.client)

    @property
    def rooms(self) -> Rooms:
        return Rooms(self.studio, self.tables, self.outbox, self.words, self.root / "scratch")

    def copy_to(self, root: Path, outbox_at: str) -> "Shop":
        """The same shop elsewhere, with files as old as they are here."""
        shutil.copytree(self.root, root)
        return Shop(root, outbox_at)

    def put(self, photos: dict[str, bytes]) -> None:
        """Photos arrive, and the studio's tables are made."""
        for name, content in photos.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.read()

    def read(self) -> None:
        """What raw_images and standardized_keywords do."""
        studio = self.studio
        shoot = studio.shoot(SHOOT)
        attributes = raw_attributes(shoot.fingerprint)
        self.tables.write_batches(read_batches(studio, shoot), "raw_images", SHOOT, attributes, SCHEMA)
        self.standardize()

    def standardize(self) -> None:
        """The second half alone, after a decision or another vocabulary."""
        raw = self.tables.read("raw_images", SHOOT)
        files = (self.tables.attributes("raw_images", SHOOT) or {})["files"]
        wanted = Wanted(self.words, self.decisions).label_attributes(SHOOT, files)
        labelled = standardize_shoot(raw.drop(columns="thumbnail"), self.words, self.decisions)
        self.tables.write(labelled, "standardized_keywords", SHOOT, wanted)

    def publish(self, number: int = 1, bias: float = 0.0) -> str:
        """A release that names a photo by its color; with a bias it prefers gray trays."""
        built = self.root / "built" / str(number)
        manifest = msgspec.structs.replace(factory.build(built, number, bias, golden="none"), review=RULE)
        current = self.store.read_pointer()
        return self.store.publish(built, manifest, current.token if current else None).release_id

    @property
    def released(self) -> Released:
        current = self.store.read_pointer()
        assert current is not None
        pointer = current.pointer
        built = self.root / "fetched" / pointer.release_id

        def load() -> Predictor:
            self.store.fetch(pointer.release_id, built)
            return Predictor.load(built, threads=1)

        return Released(pointer.release_id, load)

    def keyword(self, update: Update = "show", report: Callable[[int, int], None] | None = None) -> Outcome:
        """Run it."""
        return keyword_shoot(self.rooms, SHOOT, self.released, update, report)

    def rows(self) -> dict[str, dict[str, object]]:
        """The stored table by file."""
        frame = self.tables.read("keyworded_shoot", SHOOT)
        plain = frame.astype(object).where(frame.notna(), None)
        return {
            str(row["file"]): {str(name): cell for name, cell in row.items()} for row in plain.to_dict("records")
        }

    def photos(self) -> dict[str, bytes]:
        """Everything in the outbox but the lists, by path."""
        return {path: self.outbox.read(path) for path in self.outbox.listing() if not path.startswith("_tables/")}

    def everything(self) -> dict[str, object]:
        """States of all files: equal if nothing was written."""
        return dict(self.outbox.listing())

    def review(self, file: str, word: str) -> None:
        """A person decides in the review queue."""
        raw = self.tables.read("raw_images", SHOOT, ["file", "sha256"]).set_index("file")["sha256"]
        self.decisions[(SHOOT, file, str(raw[file]))] = word
        self.standardize()


def changed(outcome: Outcome) -> pd.DataFrame:
    """The changes by file."""
    return outcome.changes.set_index("file")
