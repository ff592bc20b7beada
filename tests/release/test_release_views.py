"""Many photos through a release's model: the same answers as one by one, in order, no more at once than needed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from recipe_assets.release.manifest import encode_manifest
from recipe_assets.release.predictor import Predictor
from recipe_assets.release.views import BATCH, views
from tests.release import factory

COLORS = ("red", "lime", "blue", "orange", "gray")


def opened(folder: Path) -> Predictor:
    (folder / "manifest.json").write_bytes(encode_manifest(factory.manifest_of(folder)))
    return Predictor.load(folder, threads=1)


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """A release whose graph gives embeddings."""
    folder = tmp_path_factory.mktemp("releases") / "explained"
    factory.write_explained_files(folder)
    return opened(folder)


@pytest.mark.parametrize("count", [0, 1, BATCH, 2 * BATCH + 3])
def test_every_photo_is_seen_as_it_is_alone(explained: Predictor, count: int) -> None:
    photos = {f"{number}.jpg": factory.photo(COLORS[number % len(COLORS)]) for number in range(count)}
    found = list(views(explained, photos.items()))
    assert [name for name, _ in found] == list(photos)
    for name, view in found:
        assert view.ranked == explained.rank(photos[name])
        assert view.embedding is not None
        np.testing.assert_allclose(view.embedding, explained.embed(photos[name]), atol=1e-6)


def test_photos_are_taken_as_they_are_needed(explained: Predictor) -> None:
    taken = 0

    def photos() -> Iterator[tuple[str, bytes]]:
        nonlocal taken
        for number in range(10 * BATCH):
            taken += 1
            yield f"{number}.jpg", factory.photo("red")

    next(views(explained, photos()))
    assert taken == BATCH


def test_a_release_without_embeddings_has_none_to_give(tmp_path: Path) -> None:
    factory.write_files(tmp_path / "plain")
    [(_, view)] = views(opened(tmp_path / "plain"), [("red.jpg", factory.photo("red"))])
    assert (view.ranked[0].keyword, view.embedding) == ("red-pan", None)
