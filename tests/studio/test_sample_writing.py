"""The sample studio's plan and files: seeded, dirty in every way, whole or drawn anew."""

import hashlib
from pathlib import Path

import pytest

from recipe_assets.studio.folder import FolderStudio
from recipe_assets.studio.names import parse_name
from recipe_assets.studio.reading import read_shoot
from recipe_assets.studio.sample import KEYWORDS
from recipe_assets.studio.sample.dirt import SHOOTS, PlannedPhoto
from recipe_assets.studio.sample.plan import LATER, PHOTOS, plan_photos
from recipe_assets.studio.sample.writing import deliver_later, photo_bytes, write_sample
from recipe_assets.studio.vocabulary import load_vocabulary

FAULTS = {
    "truncated", "empty", "text", "copy", "near-copy", "mask", "dark", "blurred", "mislabeled", "conflict",
    "sidecar", "tiff", "png", "lonely-mask", "lonely-sidecar",
}  # fmt: skip


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan_photos(1) == plan_photos(1)
    assert plan_photos(1) != plan_photos(2)


@pytest.mark.parametrize("seed", [1843, 1, 2])
def test_no_two_files_of_a_shoot_have_one_name(seed: int) -> None:
    planned = plan_photos(seed)
    assert 1100 <= len(planned) <= 1300
    assert len({(photo.shoot, photo.file) for photo in planned}) == len(planned)


@pytest.mark.parametrize("seed", [1843, 1, 2])
def test_every_shoot_has_every_keyword_and_every_kind_of_dirt(seed: int) -> None:
    planned, vocabulary = plan_photos(seed), load_vocabulary()
    for shoot in SHOOTS:
        here = [photo for photo in planned if photo.shoot == shoot]
        assert {photo.fault for photo in here} == FAULTS | {None}
        assert len({photo.keyword for photo in here}) >= 15
        assert any(parse_name(photo.file).brand is None for photo in here if photo.fault == "copy")
        assert any(photo.in_xmp for photo in here)
    known = [len(vocabulary.known(photo.written)) for photo in planned]
    assert {0, 1, 2} == set(known)
    assert any(not photo.written for photo in planned)
    assert any(photo.written and not count for photo, count in zip(planned, known, strict=True))
    assert any(photo.written and photo.written[0] != photo.keyword for photo in planned)


def test_what_is_written_on_a_photo_means_what_it_shows() -> None:
    vocabulary = load_vocabulary()
    for photo in plan_photos(1843):
        found = vocabulary.known(photo.written)
        assert len(found) != 1 or (found == [photo.keyword]) is (photo.fault != "mislabeled")


def test_photos_follow_the_long_tail_and_recipes_stay_in_one_shoot() -> None:
    whole = [photo for photo in plan_photos(5) if photo.fault is None]
    assert {keyword: sum(photo.keyword == keyword for photo in whole) for keyword in PHOTOS} == PHOTOS
    assert set(PHOTOS) == set(KEYWORDS)
    shoots = {}
    for photo in whole:
        assert parse_name(photo.file).recipe
        assert shoots.setdefault(photo.recipe, photo.shoot) == photo.shoot


def test_the_same_plan_gives_the_same_bytes() -> None:
    photo = next(photo for photo in plan_photos(3) if photo.keyword == "oven-tray" and photo.fault is None)
    digests = {hashlib.sha256(photo_bytes(3, photo)).hexdigest() for _ in range(2)}
    assert len(digests) == 1
    assert hashlib.sha256(photo_bytes(4, photo)).hexdigest() not in digests


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[int, int]]]:
    """Three photos a shoot, drawn over what an interrupted run left behind."""
    root, seen = tmp_path_factory.mktemp("studio") / "sample", []
    leftover = root.with_name("sample.part") / "shoots" / "HF_Y24_W41" / "half.jpg"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    written = write_sample(root, seed=11, only=3, on_progress=lambda done, total: seen.append((done, total)))
    assert written == 12
    return root, seen


def test_a_written_sample_is_a_studio_that_can_be_read(sample: tuple[Path, list[tuple[int, int]]]) -> None:
    root, seen = sample
    assert seen == [(n, 12) for n in range(1, 13)]
    studio = FolderStudio(root / "shoots")
    assert list(studio.shoots()) == [shoot for shoot in SHOOTS if shoot != LATER]
    planned = {photo.file: photo for photo in plan_photos(11)}
    for row in read_shoot(studio, SHOOTS[0]).to_dict("records"):
        photo: PlannedPhoto = planned[row["file"]]
        assert row["problem"] is None or row["problem"] != row["problem"]  # missing
        assert sorted((row["width"], row["height"])) == [800, 1200]
        keywords = row["xmp_keywords"] if photo.in_xmp else row["iptc_keywords"]
        assert tuple(keywords) == photo.written


def test_what_an_interrupted_run_left_is_gone(sample: tuple[Path, list[tuple[int, int]]]) -> None:
    root, _ = sample
    assert not root.with_name("sample.part").exists()
    assert not list(root.rglob("half.jpg"))


def test_a_sample_that_is_there_is_left_alone(sample: tuple[Path, list[tuple[int, int]]]) -> None:
    root, _ = sample
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert write_sample(root, seed=12, only=1) == 0
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_the_later_shoot_arrives_once(tmp_path: Path) -> None:
    assert deliver_later(tmp_path) == []
    (tmp_path / "later" / LATER).mkdir(parents=True)
    (tmp_path / "later" / LATER / "a.jpg").write_bytes(b"a")
    (tmp_path / "shoots").mkdir()
    assert deliver_later(tmp_path) == [LATER]
    assert (tmp_path / "shoots" / LATER / "a.jpg").read_bytes() == b"a"
    assert deliver_later(tmp_path) == []
