"""The published queue, materialized over stored tables and a real release; and the sensor that asks for it."""

import hashlib
import io
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from dagster_aws.s3 import S3Resource
from PIL import Image

from recipe_assets.defs.resources import (
    ReleaseStoreResource,
    ReviewResource,
    StorageResource,
    StudioResource,
    VocabularyResource,
)
from recipe_assets.defs.review_page import NAME, published_review_queue
from recipe_assets.defs.review_page_sensor import review_page_is_behind
from recipe_assets.outbox.rows import Row, frame_of
from recipe_assets.release.places import open_objects
from recipe_assets.release.store import open_store
from recipe_assets.review.journal import Answer, Journal
from recipe_assets.review.queue_file import ReviewQueue, read_picture, read_queue
from recipe_assets.studio.photos import encode_thumbnail
from tests.release import factory

COLORS = ("red", "lime", "blue", "gray")
SIZE = (1600, 1067)


class Room:
    """A studio of one shoot whose photos are keyworded, with a release store beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        s3 = S3Resource()
        self.storage = StorageResource(root=str(root / "data"))
        vocabulary = root / "vocabulary.yaml"
        words = "".join(f"  {name}: {{prompt: {name}, pipeline: stove}}\n" for name in factory.KEYWORDS)
        vocabulary.write_text(f"keywords:\n{words}")
        self.resources: dict[str, Any] = {
            "studio": StudioResource(location=str(root / "studio"), s3=s3),
            "storage": self.storage,
            "vocabulary": VocabularyResource(path=str(vocabulary)),
            "review": ReviewResource(path=str(root / "review_queue.csv")),
            "releases": ReleaseStoreResource(url=(root / "store").as_uri(), s3=s3),
        }
        self.objects = open_objects((root / "store").as_uri())
        self.photos = {f"{color}.jpg": factory.photo(color, SIZE) for color in COLORS}
        self._write()

    def sha256(self, file: str) -> str:
        return hashlib.sha256(self.photos[file]).hexdigest()

    def _write(self) -> None:
        folder = self.root / "studio" / "week-1"
        folder.mkdir(parents=True)
        records = []
        for file, content in self.photos.items():
            (folder / file).write_bytes(content)
            small = Image.open(io.BytesIO(content)).resize((384, 256))
            known = {"shoot": "week-1", "file": file, "sha256": self.sha256(file), "problem": None}
            records.append(known | {"thumbnail": encode_thumbnail(small)})
        tables = self.storage.tables()
        raw = pd.DataFrame(records).astype({"problem": "string"})
        tables.write(raw, "raw_images", "week-1")
        labels = raw[["shoot", "file", "sha256"]].assign(
            keyword=pd.Series([None] * 3 + ["blue-pot"], dtype="string")
        )
        tables.write(labels, "standardized_keywords", "week-1")
        self.keyworded()

    def keyworded(self, **confidences: float) -> None:
        """Write what the outbox's table says of the photos."""
        rows = [
            Row(
                shoot="week-1", file=file, sha256=self.sha256(file), keyword="red-pan", origin="model",
                confidence=confidences.get(file.partition(".")[0], 40.0 + place), needs_review=True,
            )
            for place, file in enumerate(self.photos)
        ]  # fmt: skip
        self.storage.tables().write(frame_of(rows), "keyworded_shoot", "week-1")

    def publish_release(self) -> str:
        built = self.root / "built"
        factory.write_explained_files(built)
        return (
            open_store((self.root / "store").as_uri()).publish(built, factory.manifest_of(built), None).release_id
        )

    def materialize(self, **config: Any) -> ReviewQueue:  # noqa: ANN401 (any field)
        run = dg.RunConfig(ops={NAME: {"config": config}}) if config else None
        tables = self.storage.tables()
        resources = self.resources | {"io_manager": _TableWriter(tables)}
        assert dg.materialize([published_review_queue], resources=resources, run_config=run).success
        found = read_queue(self.objects)
        assert found is not None
        return found

    def ask(self, instance: dg.DagsterInstance) -> dg.RunRequest | dg.SkipReason:
        used = {name: self.resources[name] for name in ("storage", "review", "releases")}
        with dg.build_sensor_context(instance=instance, resources=used) as context:
            found = review_page_is_behind(context)
        assert isinstance(found, dg.RunRequest | dg.SkipReason)
        return found


class _TableWriter(dg.IOManager):
    """Stores tables as the graph's does."""

    def __init__(self, tables: Any) -> None:  # noqa: ANN401 (a table store)
        self._tables = tables

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        attributes = {str(key): str(value) for key, value in obj.attrs.items()}
        self._tables.write(obj, context.asset_key.path[-1], None, attributes)

    def load_input(self, context: dg.InputContext) -> None:
        raise NotImplementedError


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_the_queue_shows_what_helps_to_judge_each_photo(room: Room) -> None:
    release_id = room.publish_release()
    queue = room.materialize()
    assert [photo.file for photo in queue.photos] == ["red.jpg", "lime.jpg", "blue.jpg", "gray.jpg"]
    assert queue.release_id == release_id
    red = queue.photos[0]
    assert red.predictions[0].keyword == "red-pan"
    assert [near.keyword for near in red.nearest[:2]] == ["red-pan", "red-pan"]
    assert queue.photos[3].label == "blue-pot"
    assert [(choice.keyword, choice.key) for choice in queue.keywords][:2] == [
        ("red-pan", "r"),
        ("green-bowl", "g"),
    ]
    for near in red.nearest:
        assert (read_picture(room.objects, near.picture) or b"").startswith(b"\xff\xd8")


def test_the_picture_is_a_bounded_jpeg_of_the_original(room: Room) -> None:
    queue = room.materialize()
    content = read_picture(room.objects, queue.photos[0].picture)
    with Image.open(io.BytesIO(content or b"")) as picture:
        assert picture.format == "JPEG"
        assert 384 < max(picture.size) <= 1280
        assert np.asarray(picture)[100, 100].tolist() == pytest.approx([254, 0, 0], abs=3)


@pytest.mark.parametrize("harm", ["gone", "another photo", "damaged"])
def test_a_photo_whose_original_is_not_there_shows_its_thumbnail(room: Room, harm: str) -> None:
    original = room.root / "studio" / "week-1" / "red.jpg"
    original.unlink()
    if harm != "gone":
        original.write_bytes(factory.photo("blue", SIZE) if harm == "another photo" else b"nothing")
    content = read_picture(room.objects, room.materialize().photos[0].picture)
    with Image.open(io.BytesIO(content or b"")) as picture:
        assert picture.size == (384, 256)
        assert np.asarray(picture)[100, 100].tolist() == pytest.approx([254, 0, 0], abs=3)


def test_without_a_release_photos_are_asked_about_without_a_guess(room: Room) -> None:
    queue = room.materialize()
    assert (queue.release_id, len(queue.photos)) == (None, 4)
    assert [photo.predictions for photo in queue.photos] == [()] * 4


def test_answered_photos_leave_the_queue_and_a_photo_that_changed_never_enters(room: Room) -> None:
    queue = room.materialize(photos=3)
    assert len(queue.photos) == 3
    first = queue.photos[0]
    fields = {"shoot": first.shoot, "file": first.file, "sha256": first.sha256}
    Journal(room.objects).append(Answer(answer_id="1", keyword="red-pan", by="Ana", **fields))
    tables = room.storage.tables()
    raw = tables.read("raw_images", "week-1")
    raw.loc[raw["file"] == "lime.jpg", "sha256"] = "0" * 64
    tables.write(raw, "raw_images", "week-1")
    assert [photo.file for photo in room.materialize().photos] == ["blue.jpg", "gray.jpg"]


def test_a_shoot_that_cannot_be_read_holds_up_no_other(room: Room) -> None:
    rows = [Row(shoot="week-2", file="x.jpg", sha256="1" * 64, keyword="pan", confidence=1.0, needs_review=True)]
    room.storage.tables().write(frame_of(rows), "keyworded_shoot", "week-2")
    room.storage.tables().path("keyworded_shoot", "week-3").write_bytes(b"damaged")
    assert {photo.shoot for photo in room.materialize().photos} == {"week-1"}


def test_keys_stay_where_fingers_remember_them(room: Room) -> None:
    before = {choice.keyword: choice.key for choice in room.materialize().keywords}
    path = room.root / "vocabulary.yaml"
    path.write_text(path.read_text().replace("keywords:\n", "keywords:\n  rack: {prompt: rack, pipeline: oven}\n"))
    after = {choice.keyword: choice.key for choice in room.materialize().keywords}
    assert {word: after[word] for word in before} == before
    assert after["rack"] not in before.values()


def test_the_sensor_asks_for_a_queue_when_something_changed_and_only_then(room: Room) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert isinstance(room.ask(instance), dg.RunRequest)
        room.materialize()
        assert room.ask(instance) == dg.SkipReason("the review page asks about what there is")
        room.publish_release()
        assert isinstance(room.ask(instance), dg.RunRequest)
        room.materialize()
        room.keyworded(red=99.0)
        assert isinstance(room.ask(instance), dg.RunRequest)


def test_the_sensor_waits_for_a_keyworded_shoot(room: Room) -> None:
    room.storage.tables().path("keyworded_shoot", "week-1").unlink()
    with dg.DagsterInstance.ephemeral() as instance:
        assert room.ask(instance) == dg.SkipReason("no shoot is keyworded yet: nothing is unsure")
