"""Which training photos a release carries, and what it says of them."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from recipe_assets.model.dataset import load_photos, photos_of
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.neighbors import collect_training_photos, kept_photos
from recipe_assets.model.photo_data import normalize
from recipe_assets.storage import StorageError, TableStore
from recipe_assets.studio.photos import encode_thumbnail
from tests.model import colors
from tests.studio.pictures import picture


def write_shoots(root: Path, shoots: dict[str, int]) -> tuple[TableStore, pd.DataFrame]:
    """Stored thumbnails of colored photos, and splits of which every third photo is a test photo."""
    tables, rows = TableStore(root), []
    for shoot, count in shoots.items():
        data = colors.squares(count, seed=len(shoot))
        photos = [
            (f"{place}.jpg", colors.as_image(square, (384, 256))) for place, square in enumerate(data.squares)
        ]
        stored = [{"file": name, "thumbnail": encode_thumbnail(image)} for name, image in photos]
        tables.write(pd.DataFrame(stored), "raw_images", shoot)
        rows += [
            {
                "shoot": shoot,
                "file": name,
                "sha256": f"{(37 * place) % 101:064x}",
                "keyword": colors.KEYWORDS[int(data.labels[place])].name,
                "group": f"{shoot}-{place}",
                "split": "test" if place % 4 == 3 else "train",
            }
            for place, (name, _) in enumerate(photos)
        ]
    return tables, pd.DataFrame(rows)


def test_training_photos_of_all_shoots_are_embedded_by_the_tuned_tower(
    color_model: KeywordModel, tmp_path: Path
) -> None:
    tables, splits = write_shoots(tmp_path, {"week-2": 12, "week-1": 8})
    seen: list[tuple[int, int]] = []
    found = collect_training_photos(tables, splits, color_model, lambda *progress: seen.append(progress))
    expected = photos_of(splits, "train", colors.KEYWORDS)
    by_name = {(photo.shoot, photo.file): place for place, photo in enumerate(found.photos)}
    order = [by_name[name] for name in zip(expected["shoot"], expected["file"], strict=True)]
    assert sorted(order) == list(range(15))
    assert [found.photos[place].keyword for place in order] == expected["keyword"].tolist()
    data = load_photos(tables, expected, colors.KEYWORDS, color_model.base.preprocessing)
    with torch.inference_mode():
        features = color_model.features(normalize(data.squares, color_model.base.preprocessing)).numpy()
    assert found.embeddings.dtype == np.float16
    np.testing.assert_allclose(found.embeddings[order], features, atol=1e-3)
    assert seen[-1] == (15, 15)
    assert found.data.sides["train"].photos == 15


def test_pictures_are_small_jpegs_of_the_whole_frame(color_model: KeywordModel, tmp_path: Path) -> None:
    tables, splits = write_shoots(tmp_path, {"week-1": 4})
    found = collect_training_photos(tables, splits, color_model)
    for photo, jpeg in zip(found.photos, found.thumbnails, strict=True):
        assert len(jpeg) < 12_000
        with Image.open(io.BytesIO(jpeg)) as image:
            assert (image.format, image.size) == ("JPEG", (144, 96))
            red, green, blue = image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        brightest = ("red", "green", "blue")[int(np.argmax([red, green, blue]))]
        assert brightest == photo.keyword


def test_a_photo_smaller_than_its_picture_stays_as_it_is(color_model: KeywordModel, tmp_path: Path) -> None:
    tables, splits = write_shoots(tmp_path, {"week-1": 1})
    tables.write(
        pd.DataFrame([{"file": "0.jpg", "thumbnail": encode_thumbnail(picture(1, (70, 50)))}]),
        "raw_images",
        "week-1",
    )
    (jpeg,) = collect_training_photos(tables, splits, color_model).thumbnails
    with Image.open(io.BytesIO(jpeg)) as image:
        assert image.size == (70, 50)


def test_a_missing_thumbnail_is_named(color_model: KeywordModel, tmp_path: Path) -> None:
    tables, splits = write_shoots(tmp_path, {"week-1": 4})
    splits.loc[0, "file"] = "gone.jpg"
    with pytest.raises(StorageError, match=r"week-1.*gone\.jpg"):
        collect_training_photos(tables, splits, color_model)


def photos(**counts: int) -> pd.DataFrame:
    rows = [
        {"keyword": keyword, "file": f"{keyword}-{place}", "sha256": f"{(53 * place) % 997:064x}"}
        for keyword, count in counts.items()
        for place in range(count)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("most", "kept"),
    [
        (1000, {"pan": 500, "tray": 30, "wok": 4}),
        (134, {"pan": 100, "tray": 30, "wok": 4}),
        (64, {"pan": 30, "tray": 30, "wok": 4}),
        (30, {"pan": 13, "tray": 13, "wok": 4}),
        (3, {"pan": 1, "tray": 1, "wok": 1}),
    ],
)
def test_frequent_keywords_make_room_for_rare_ones(most: int, kept: dict[str, int]) -> None:
    found = kept_photos(photos(pan=500, tray=30, wok=4), most)
    assert found["keyword"].value_counts().to_dict() == kept


def test_more_photos_move_few_of_those_that_are_kept() -> None:
    """The draw is by hash, so a release shows mostly what the one before it showed."""
    before = set(kept_photos(photos(pan=500), 100)["file"])
    after = set(kept_photos(photos(pan=550), 100)["file"])
    assert len(before & after) >= 85
