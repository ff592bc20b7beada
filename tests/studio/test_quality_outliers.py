"""Odd photos are found within their own shoot, and a style is no fault; on tables and on real photographs."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.photos import open_photo, thumbnail
from recipe_assets.studio.quality import FINDING_COLUMNS, odd_photos, photo_metrics
from tests.studio.quality_tables import typed, usual_shoot

REAL = Path(__file__).parents[3] / "shared" / "real_studio" / "shoots"
DARK = {"brightness": 35.0, "highlight": 80.0, "shadow": 3.0, "edges": 25.0}
FAULTS: dict[str, dict[str, float]] = {
    "dark": DARK,
    "bright": {"brightness": 205.0, "shadow": 90.0, "highlight": 255.0, "white": 0.3},
    "blurry": {"edges": 6.0, "sharpness": 8.0},
    "low_information": {"information": 2.5, "contrast": 1.5, "edges": 8.0},
}


def found(raw: pd.DataFrame) -> set[tuple[str, str]]:
    """File and kind of each finding."""
    findings = odd_photos(raw)
    return set(zip(findings["file"], findings["finding"], strict=True))


def planted(raw: pd.DataFrame, row: int, facts: dict) -> pd.DataFrame:
    changed = raw.copy()
    for name, value in facts.items():
        changed.loc[row, name] = value
    return changed


def test_an_ordinary_shoot_has_no_odd_photo() -> None:
    assert odd_photos(usual_shoot(count=400)).empty


@pytest.mark.parametrize("kind", FAULTS)
def test_a_faulty_photo_in_an_ordinary_shoot_is_found(kind: str) -> None:
    assert found(planted(usual_shoot(), 7, FAULTS[kind])) == {("007.jpg", kind)}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_in_a_small_shoot_is_found_by_comparing_with_the_studio(kind: str) -> None:
    raw = pd.concat(
        [usual_shoot("a", 100), planted(usual_shoot("b", 6, seed=1), 3, FAULTS[kind])], ignore_index=True
    )
    findings = odd_photos(raw)
    assert findings[["shoot", "file", "finding"]].to_numpy().tolist() == [["b", "003.jpg", kind]]


def test_a_dark_moody_shoot_is_not_flagged_but_its_black_frame_is() -> None:
    moody = usual_shoot("moody", brightness=40.0, highlight=100.0, shadow=4.0, edges=35.0)
    both = pd.concat([usual_shoot("plain", 300), moody], ignore_index=True)
    assert odd_photos(both).empty
    black = planted(both, 310, {"highlight": 12.0, "brightness": 5.0, "edges": 2.0, "contrast": 5.0})
    assert ("010.jpg", "dark") in found(black)


def test_a_white_sweep_is_not_flagged_for_being_white() -> None:
    generator = np.random.default_rng(0)
    sweep = usual_shoot("sweep", shadow=150.0, highlight=255.0, information=3.5, contrast=25.0)
    sweep["brightness"] = generator.normal(228, 2, len(sweep))
    sweep["white"] = generator.uniform(0.4, 0.8, len(sweep))
    assert odd_photos(sweep).empty


def test_a_shoot_of_equal_photos_flags_none_for_a_small_difference() -> None:
    even = usual_shoot(brightness=100.0, highlight=200.0, shadow=30.0, information=7.0, edges=50.0)
    assert odd_photos(planted(even, 0, {"brightness": 112.0, "highlight": 180.0, "edges": 40.0})).empty


@pytest.mark.parametrize("column", ["tag", "problem"])
def test_masks_and_unreadable_files_are_neither_judged_nor_compared_with(column: str) -> None:
    raw = usual_shoot(count=60)
    raw.loc[:19, list(DARK)] = list(DARK.values())
    raw.loc[:19, column] = "mask" if column == "tag" else "damaged"
    if column == "problem":
        raw.loc[:19, ["width", "height", *DARK]] = np.nan
    assert odd_photos(raw).empty


def test_a_dim_photo_is_dark_and_not_also_blurry() -> None:
    assert found(planted(usual_shoot(), 1, DARK)) == {("001.jpg", "dark")}


@pytest.mark.parametrize(
    ("width", "height"), [(300, 200), (6000, 4000), (3000, 500), (500, 3000), (100, 90), (1500, 600)]
)
def test_an_odd_size_is_found_once(width: int, height: int) -> None:
    findings = odd_photos(planted(usual_shoot(), 5, {"width": width, "height": height}))
    assert findings[["file", "finding"]].to_numpy().tolist() == [["005.jpg", "odd_size"]]


def test_upright_photos_among_lying_ones_are_no_odd_size() -> None:
    assert odd_photos(planted(usual_shoot(), 5, {"width": 1000, "height": 1500})).empty


def test_a_second_format_of_a_shoot_is_no_odd_size() -> None:
    raw = usual_shoot()
    raw.loc[:9, ["width", "height"]] = [6000, 2000]
    assert odd_photos(raw).empty
    raw.loc[2:9, ["width", "height"]] = [1500, 1000]
    assert len(odd_photos(raw)) == 2


def test_a_lone_tiny_shoot_is_judged_by_what_is_certain_alone() -> None:
    lone = usual_shoot(count=4)
    assert odd_photos(planted(lone, 0, FAULTS["bright"])).empty
    findings = odd_photos(planted(lone, 0, {"highlight": 3.0}))
    assert findings[["finding", "score"]].to_numpy().tolist() == [["dark", 1.0]]
    assert "nan" not in findings["detail"][0]


def test_worse_offenders_come_first() -> None:
    raw = planted(planted(usual_shoot(), 3, DARK), 8, DARK | {"highlight": 50.0})
    findings = odd_photos(raw)
    assert findings["file"].tolist() == ["008.jpg", "003.jpg"]
    assert 0.5 < findings["score"][1] < findings["score"][0] < 1


def test_a_studio_without_photos_has_no_findings() -> None:
    findings = odd_photos(usual_shoot(problem="empty file"))
    assert findings.empty
    assert list(findings.columns) == FINDING_COLUMNS


@cache
def real_thumbnails() -> list[tuple[str, str, Image.Image]]:
    """Shoot, file and thumbnail of the readable photos of two real shoots."""
    photos = []
    for path in sorted(REAL.glob("HF_Y24_W0[28]/*.jpg")):
        try:
            photos.append((path.parent.name, path.name, thumbnail(open_photo(path))))
        except UnreadablePhotoError:
            continue
    return photos


def measured(photos: list[tuple[str, str, Image.Image]]) -> pd.DataFrame:
    return typed([
        {"shoot": shoot, "file": file, "sha256": file, "width": photo.width, "height": photo.height,
         "tag": "original", "problem": pd.NA, **msgspec.structs.asdict(photo_metrics(photo))}
        for shoot, file, photo in photos
    ])  # fmt: skip


def exposed(stops: float) -> Callable[[Image.Image], Image.Image]:
    """The photo with that many stops more light, by the sRGB curve."""
    levels = np.arange(256) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4) * 2**stops
    linear = linear.clip(0, 1)
    curve = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return lambda photo: photo.point([round(value * 255) for value in curve.tolist()] * 3)


def shaken(photo: Image.Image) -> Image.Image:
    pixels = np.asarray(photo, dtype=float)
    return Image.fromarray(np.mean([np.roll(pixels, shift, 1) for shift in range(12)], axis=0).astype(np.uint8))


def blank(photo: Image.Image) -> Image.Image:
    noise = np.random.default_rng(photo.width).normal(140, 2, (photo.height, photo.width, 3))
    return Image.fromarray(noise.round().astype(np.uint8))


REAL_FAULTS = {
    "dark": (exposed(-3.5), 0.9),
    "bright": (exposed(3.5), 0.8),
    "blurry": (lambda photo: photo.filter(ImageFilter.GaussianBlur(2.5)), 0.9),
    "shaken": (shaken, 0.9),
    "low_information": (blank, 1.0),
    "odd_size": (lambda photo: photo.crop((0, 0, photo.width, photo.height // 3)), 1.0),
}
needs_real_studio = pytest.mark.skipif(not REAL.is_dir(), reason="the real studio is not here")


@needs_real_studio
def test_few_real_photos_are_odd() -> None:
    raw = measured(real_thumbnails())
    assert len(raw) > 300
    assert len(odd_photos(raw)) <= 0.02 * len(raw)


@needs_real_studio
@pytest.mark.parametrize("fault", REAL_FAULTS)
def test_faults_planted_in_real_photos_are_found(fault: str) -> None:
    spoil, share = REAL_FAULTS[fault]
    chosen = set(range(0, len(real_thumbnails()), 33))  # few, as faults are
    photos = [
        (shoot, file, spoil(photo) if number in chosen else photo)
        for number, (shoot, file, photo) in enumerate(real_thumbnails())
    ]
    kind = "blurry" if fault == "shaken" else fault
    spoiled = {(photos[number][1], kind) for number in chosen}
    assert len(spoiled & found(measured(photos))) >= share * len(spoiled)
