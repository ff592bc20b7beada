"""What a new model would change, on real photos: answered by a torch model and by a released graph."""

import io
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest
import torch
from dagster_aws.s3 import S3Resource
from numpy.typing import NDArray
from PIL import Image

from recipe_assets.defs.changes import (
    COMPARED_WITH,
    MARKS,
    SHOWN,
    changes_are_for_the_better,
    keyword_changes,
    summary,
)
from recipe_assets.defs.io_managers import TableIOManager
from recipe_assets.defs.resources import ReleaseStoreResource, StorageResource
from recipe_assets.figures.changes import MOST, OUTCOME_COLORS, change_bars
from recipe_assets.model.changes import OUTCOMES, changed_keywords, moves, no_changes, outcome_counts
from recipe_assets.model.checkpoints import load_base
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.records import TrainingRecord
from recipe_assets.release.manifest import BaseCheckpoint, ReleasedKeyword, encode_manifest
from recipe_assets.release.predictor import Predictor
from recipe_assets.storage import TableStore
from recipe_assets.studio.photos import preprocess
from tests.release import factory

SIDE = 32
TEMPERATURE = 4.0
NEW = {"red-pan": "red", "lime-dish": "lime", "blue-pot": "blue"}
"""The keywords of the new model, each with the color whose photos it names so."""
PHOTOS = {
    "red.jpg": ("red", "red-pan", "train"),
    "blue.jpg": ("blue", "blue-pot", "test"),
    "lime-right.jpg": ("lime", "lime-dish", "test"),
    "lime-right-2.jpg": ("lime", "lime-dish", "train"),
    "lime-wrong.jpg": ("lime", "green-bowl", "val"),
    "lime-other.jpg": ("lime", "red-pan", "train"),
    "lime-gone.jpg": ("lime", "green-bowl", "gone"),
    "lime-copy.jpg": ("lime", "lime-dish", "copy"),
}
"""File, color, its own keyword and its side; the released model calls everything lime "green-bowl"."""


def png(color: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), color).save(buffer, "PNG")
    return buffer.getvalue()


def raw_rows(shoot: str, files: dict[str, str]) -> pd.DataFrame:
    table = pd.DataFrame(
        {"shoot": shoot, "file": list(files), "thumbnail": [png(color) for color in files.values()]}
    )
    table["sha256"] = [f"{shoot}-{file}" for file in files]
    return table.assign(tag="original", problem=pd.Series([None] * len(files), dtype="string"))


class Studio:
    """Two shoots of one-colored photos, a tuned model and a release, as the graph stores them."""

    def __init__(self, root: Path, checkpoint: Path) -> None:
        self.root, self.storage = root, StorageResource(root=str(root / "data"))
        self.tables: TableStore = self.storage.tables()
        labelled = raw_rows("week-1", {file: color for file, (color, _, _) in PHOTOS.items()})
        unlabelled = raw_rows("week-2", {f"{number:03d}.jpg": "lime" for number in range(70)} | {"r.jpg": "red"})
        mask = raw_rows("week-2", {"mask.png": "lime"}).assign(tag="mask")
        broken = raw_rows("week-2", {"broken.jpg": "lime"}).assign(problem="damaged", thumbnail=None)
        self.tables.write(labelled, "raw_images", "week-1")
        self.tables.write(pd.concat([unlabelled, mask, broken], ignore_index=True), "raw_images", "week-2")
        rows = [("week-1", file, keyword, side) for file, (_, keyword, side) in PHOTOS.items()]
        self.splits = pd.DataFrame(rows, columns=["shoot", "file", "keyword", "split"]).astype("string")
        self.model = write_model(root / "model", checkpoint)
        self.release = root / "release"
        self.manifest = factory.build(self.release)
        (self.release / "manifest.json").write_bytes(encode_manifest(self.manifest))
        self.releases = ReleaseStoreResource(url=(root / "releases").as_uri(), s3=S3Resource())

    def changes(self) -> pd.DataFrame:
        return changed_keywords(self.tables, self.splits, self.model, self.release)

    def publish(self) -> str:
        return self.releases.open().publish(self.release, self.manifest, None).release_id

    def materialize(self) -> dg.MaterializeResult[pd.DataFrame]:
        with dg.build_asset_context() as context:
            result = keyword_changes(
                context, self.model, self.splits, releases=self.releases, storage=self.storage
            )
        assert isinstance(result, dg.MaterializeResult)
        return result


def write_model(folder: Path, checkpoint: Path) -> Path:
    """A model that names each color of `NEW`: its head is what its tower sees in them."""
    base = load_base(str(checkpoint))
    pixels = np.stack([preprocess(png(color), base.preprocessing) for color in NEW.values()])
    with torch.inference_mode():
        head = base.image_embeddings(torch.from_numpy(pixels))
    KeywordModel(base, [ReleasedKeyword(name, name, "line") for name in NEW], head).save(folder)
    TrainingRecord(BaseCheckpoint("untrained", None, None), "0" * 64, "0" * 64, TEMPERATURE, 1, None, None).write(
        folder
    )
    return folder


@pytest.fixture
def studio(tmp_path: Path, untrained_checkpoint: Path) -> Studio:
    return Studio(tmp_path, untrained_checkpoint)


def test_every_readable_photo_is_answered_by_both_and_the_changed_ones_are_listed(studio: Studio) -> None:
    changes = studio.changes()
    assert changes.attrs["photos"] == str(len(PHOTOS) + 71)
    expected = {("week-1", file) for file in PHOTOS if file.startswith("lime")}
    expected |= {("week-2", f"{number:03d}.jpg") for number in range(70)}
    assert set(zip(changes["shoot"], changes["file"], strict=True)) == expected
    assert set(changes["old"]) == {"green-bowl"}
    assert set(changes["new"]) == {"lime-dish"}
    assert changes["sha256"].tolist() == (changes["shoot"] + "-" + changes["file"]).tolist()


def test_a_change_is_judged_by_the_photos_own_keyword(studio: Studio) -> None:
    changes = studio.changes().set_index("file")
    outcomes = {
        "lime-right.jpg": ("becomes right", "lime-dish", "test"),
        "lime-wrong.jpg": ("becomes wrong", "green-bowl", "val"),
        "lime-other.jpg": ("wrong either way", "red-pan", "train"),
        "lime-copy.jpg": ("becomes right", "lime-dish", "copy"),
    }
    for file, expected in outcomes.items():
        assert tuple(changes.loc[file, ["outcome", "label", "split"]]) == expected
    for file in ("lime-gone.jpg", "069.jpg"):
        assert changes.loc[file, "outcome"] == "no keyword to compare"
        assert changes.loc[file, ["label", "split"]].isna().all()


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum())


def test_confidences_and_shift_are_those_of_serving(studio: Studio) -> None:
    """Computed once more by way of the photo's bytes, as the API reads them."""
    row = studio.changes().iloc[0]
    released = Predictor.load(studio.release).rank(png("lime"), top=4)
    model = KeywordModel.load(studio.model)
    with torch.inference_mode():
        logits = model(torch.from_numpy(preprocess(png("lime"), model.base.preprocessing)[np.newaxis]))
    new = dict(zip(NEW, softmax(logits[0].double().numpy() / TEMPERATURE), strict=True))
    old = {prediction.keyword: prediction.confidence / 100 for prediction in released}
    assert row["old_confidence"] == pytest.approx(old["green-bowl"], abs=1e-4)
    assert row["new_confidence"] == pytest.approx(new["lime-dish"], abs=1e-5)
    distance = sum(abs(old.get(name, 0) - new.get(name, 0)) for name in old | new) / 2
    assert row["shift"] == pytest.approx(distance, abs=1e-3)


def test_progress_counts_up_to_all_photos(studio: Studio) -> None:
    seen: list[tuple[int, int]] = []
    changed_keywords(studio.tables, studio.splits, studio.model, studio.release, lambda *done: seen.append(done))
    total = len(PHOTOS) + 71
    assert seen[-1] == (total, total)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_a_model_that_answers_as_the_released_one_changes_nothing(studio: Studio) -> None:
    studio.tables.write(raw_rows("week-1", {"red.jpg": "red"}), "raw_images", "week-1")
    studio.tables.write(raw_rows("week-2", {"blue.jpg": "blue"}), "raw_images", "week-2")
    changes = studio.changes()
    assert len(changes) == 0
    assert changes.attrs["photos"] == "2"
    assert changes.dtypes.to_dict() == no_changes().dtypes.to_dict()


def test_tables_count_changes_by_outcome_and_by_move(studio: Studio) -> None:
    changes = studio.changes()
    counts = outcome_counts(changes).set_index("outcome")
    assert counts.loc["becomes right", ["test", "val", "train", "copy", "photos"]].tolist() == [1, 0, 1, 1, 3]
    assert counts.loc["no keyword to compare", "photos"] == 71
    assert counts["photos"].sum() == len(changes)
    between = moves(changes)
    assert between[["old", "new", "photos"]].values.tolist() == [["green-bowl", "lime-dish", len(changes)]]
    assert outcome_counts(no_changes())["photos"].tolist() == [0, 0, 0, 0]
    assert moves(no_changes()).empty


def test_before_the_first_release_nothing_changes_and_the_asset_says_so(studio: Studio) -> None:
    result = studio.materialize()
    assert result.value.empty
    assert result.metadata["changes"].value == "there is no release yet: nothing would change"
    assert result.value.attrs[COMPARED_WITH] == ""


def test_the_asset_shows_counts_moves_and_photos_and_names_the_release(studio: Studio) -> None:
    release_id = studio.publish()
    result = studio.materialize()
    assert result.value.attrs[COMPARED_WITH] == release_id
    said = result.metadata["changes"].value
    assert said.startswith("76 of 79 photos (96.2 %) would get another keyword")
    assert "1 become right and 1 become wrong" in said
    for name in ("moves_chart", "largest_changes_shown"):
        assert "data:image/" in result.metadata[name].value
    assert len(result.metadata["largest_changes"].records) == 76
    assert SHOWN < 76


def test_the_table_still_says_what_it_was_compared_with_after_it_was_stored(studio: Studio) -> None:
    """An approval may replace only the release that the changes were shown against."""
    release_id = studio.publish()
    manager = TableIOManager(root=studio.storage.root)
    manager.handle_output(dg.build_output_context(asset_key="keyword_changes"), studio.materialize().value)
    loaded = manager.load_input(dg.build_input_context(asset_key=dg.AssetKey("keyword_changes")))
    assert loaded.attrs[COMPARED_WITH] == release_id
    assert summary(loaded).startswith("76 of 79 photos")


def test_more_wrong_than_right_among_unseen_photos_warns() -> None:
    rows = [("test", "becomes right"), ("val", "becomes wrong"), ("train", "becomes wrong")]
    even = pd.DataFrame(rows, columns=["split", "outcome"])
    assert changes_are_for_the_better(even).passed
    worse = pd.concat([even, even[1:2]], ignore_index=True)
    result = changes_are_for_the_better(worse)
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "1 validation and test photos become right, 2 become wrong" in str(result.description)


def test_the_chart_knows_every_outcome_and_grows_with_the_moves() -> None:
    assert tuple(OUTCOME_COLORS) == tuple(MARKS) == OUTCOMES
    one = {"old": "pan", "new": "tray", "photos": 3} | dict.fromkeys(OUTCOMES, 0) | {"becomes right": 3}
    heights = []
    for count in (0, 3, MOST, 3 * MOST):
        table = pd.DataFrame([one] * count, columns=list(one))
        with Image.open(io.BytesIO(change_bars(table))) as image:
            heights.append(image.height)
    assert heights[0] < heights[1] < heights[2] == heights[3]
