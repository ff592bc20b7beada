"""The zip of training photos: what goes in comes out, the nearest first, and damage is named."""

import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from recipe_assets.errors import ReleaseError
from recipe_assets.release.neighbors import Neighbors, TrainingPhoto, write_neighbors
from tests.release import factory

PHOTOS = [TrainingPhoto("week-1", f"{place}.jpg", f"{place:064x}", f"keyword-{place % 3}") for place in range(200)]
PICTURES = [f"picture {place}".encode() for place in range(200)]


def units(count: int, seed: int = 1) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_neighbors(tmp_path / "neighbors.zip", PHOTOS, units(200), PICTURES)
    return tmp_path


def test_the_nearest_are_those_that_a_full_search_finds(folder: Path) -> None:
    query = units(1, seed=2)[0].astype(np.float32)
    cosines = units(200).astype(np.float64) @ query
    expected = sorted(range(200), key=lambda place: -cosines[place])[:7]
    nearest = Neighbors.load(folder).nearest(query, 7)
    assert [found.place for found in nearest] == expected
    assert [found.file for found in nearest] == [PHOTOS[place].file for place in expected]
    assert [found.keyword for found in nearest] == [PHOTOS[place].keyword for place in expected]
    np.testing.assert_allclose([found.similarity for found in nearest], cosines[expected], atol=1e-3)


def test_a_photo_is_its_own_nearest_at_a_similarity_of_no_more_than_one(folder: Path) -> None:
    neighbors = Neighbors.load(folder)
    for place, vector in enumerate(units(200)):
        (found,) = neighbors.nearest(vector.astype(np.float32), 1)
        assert found.place == place
        assert 0.99 < found.similarity <= 1


@pytest.mark.parametrize(("asked", "given"), [(0, 0), (1, 1), (200, 200), (1000, 200), (-1, 0)])
def test_no_more_are_given_than_there_are(folder: Path, asked: int, given: int) -> None:
    assert len(Neighbors.load(folder).nearest(units(1)[0].astype(np.float32), asked)) == given


def test_pictures_are_found_by_place_from_many_threads(folder: Path) -> None:
    neighbors = Neighbors.load(folder)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(neighbors.thumbnail, range(200))) == PICTURES
    with pytest.raises(ReleaseError, match=r"no picture of photo 200 .* ask for one of 0 to 199"):
        neighbors.thumbnail(200)


def test_equal_photos_are_written_as_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_neighbors(tmp_path / name, PHOTOS, units(200), PICTURES)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_model_without_training_photos_has_no_neighbors(tmp_path: Path) -> None:
    write_neighbors(tmp_path / "neighbors.zip", [], np.empty((0, 16), np.float16), [])
    assert Neighbors.load(tmp_path).nearest(units(1)[0].astype(np.float32)) == []


def test_an_embedding_of_another_length_is_refused(folder: Path) -> None:
    with pytest.raises(ReleaseError, match=r"shape \(5,\), not \(16,\)"):
        Neighbors.load(folder).nearest(np.zeros(5, np.float32))


def test_photos_without_embeddings_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="200 photos with embeddings of shape"):
        write_neighbors(tmp_path / "neighbors.zip", PHOTOS, units(199), PICTURES)
    with pytest.raises(ValueError, match="shorter"):
        write_neighbors(tmp_path / "neighbors.zip", PHOTOS, units(200), PICTURES[:199])


def rewritten(folder: Path, **changes: bytes | None) -> None:
    """Write the zip again with other content in some of its files, or without them."""
    with zipfile.ZipFile(folder / "neighbors.zip") as archive:
        content: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(folder / "neighbors.zip", "w") as archive:
        for name, data in (content | changes).items():
            if data is not None:
                archive.writestr(name, data)


def npy(array: np.ndarray, folder: Path) -> bytes:
    np.save(folder / "other.npy", array, allow_pickle=True)
    return (folder / "other.npy").read_bytes()


def test_a_pickle_among_the_embeddings_is_never_loaded(folder: Path) -> None:
    rewritten(folder, **{"embeddings.npy": npy(np.array([{"a": 1}] * 200, dtype=object), folder)})
    with pytest.raises(ReleaseError, match=r"neighbors\.zip cannot be read .*publish the release again"):
        Neighbors.load(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"embeddings.npy": None},
        {"embeddings.npy": b"no array"},
        {"photos.json": b"[{}]"},
        {"photos.json": b"[]"},
        {"photos.json": None},
        {"00007.jpg": None},
    ],
)
def test_a_zip_that_lacks_something_is_refused(folder: Path, changes: dict[str, bytes | None]) -> None:
    rewritten(folder, **changes)
    with pytest.raises(ReleaseError, match=r"neighbors\.zip cannot be read") as raised:
        Neighbors.load(folder)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [None, b"", b"no zip"])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "neighbors.zip").write_bytes(content)
    with pytest.raises(ReleaseError, match=r"neighbors\.zip cannot be read"):
        Neighbors.load(tmp_path)


def test_the_factorys_release_is_explained_by_its_colors(tmp_path: Path) -> None:
    factory.write_explained_files(tmp_path / "release")
    assert len(Neighbors.load(tmp_path / "release")) == len(factory.LEARNED)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_content_that_claims_another_compression_is_refused(folder: Path, method: int) -> None:
    path = folder / "neighbors.zip"
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        places, directory = [one.header_offset for one in archive.infolist()], archive.start_dir
    for start in places:  # a header stands in front of each file
        content[start + 8] = method
    while (directory := content.find(b"PK\x01\x02", directory)) >= 0:  # and again in the directory at the end
        content[directory + 10] = method
        directory += 46
    path.write_bytes(content)
    with pytest.raises(ReleaseError, match="publish the release again"):
        Neighbors.load(folder)


def test_a_damaged_byte_anywhere_is_a_refusal_or_harmless(folder: Path) -> None:
    """Whatever a zip reader raises on damage (zlib.error among it), people get one line."""
    path = folder / "neighbors.zip"
    whole = path.read_bytes()
    generator = np.random.default_rng(3)
    refused = 0
    # The directory at the end decides how the rest is read.
    for place in [*generator.integers(0, len(whole), 150), *(len(whole) - generator.integers(1, 4000, 350))]:
        path.write_bytes(whole[:place] + bytes([generator.integers(256)]) + whole[place + 1 :])
        try:
            Neighbors.load(folder)
        except ReleaseError:
            refused += 1
    assert refused > 50
