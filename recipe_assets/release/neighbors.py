"""The training photos that a release is explained by: a zip of embeddings, names and small pictures.

Writes and searches that zip, with numpy and zipfile alone and no pickle. Which photos go in is the model room's
subject, what a photo's embedding is `graph`'s.
"""

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from recipe_assets.errors import ReleaseError
from recipe_assets.release.manifest import NEIGHBORS

EMBEDDINGS, PHOTOS = "embeddings.npy", "photos.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip can hold: equal photos give equal bytes."""
_DAMAGE = (
    OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, msgspec.DecodeError,
    zlib.error, lzma.LZMAError,
)  # fmt: skip


class TrainingPhoto(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One photo that the model learned from."""

    shoot: str
    file: str
    sha256: str
    keyword: str


class Neighbor(msgspec.Struct, frozen=True):
    """A training photo near another photo: `similarity` is the cosine of their embeddings, -1 to 1.

    `place` is what `Neighbors.thumbnail` finds its picture by.
    """

    shoot: str
    file: str
    keyword: str
    similarity: float
    place: int


def write_neighbors(
    path: Path, photos: Sequence[TrainingPhoto], embeddings: NDArray[np.float16], thumbnails: Iterable[bytes]
) -> None:
    """Write the zip.

    Args:
        path: the file to write.
        photos: N photos.
        embeddings: unit vectors, float16 (N, D), in the same order.
        thumbnails: N JPEGs in the same order.

    Raises:
        ValueError: if there are not as many embeddings and thumbnails as photos.
    """
    if embeddings.shape[:1] != (len(photos),):
        raise ValueError(f"{len(photos)} photos with embeddings of shape {embeddings.shape}")
    matrix = io.BytesIO()
    np.save(matrix, embeddings.astype(np.float16), allow_pickle=False)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(EMBEDDINGS, _EPOCH), matrix.getvalue())
        archive.writestr(zipfile.ZipInfo(PHOTOS, _EPOCH), msgspec.json.encode(list(photos)))
        for place, (_, jpeg) in enumerate(zip(photos, thumbnails, strict=True)):
            archive.writestr(zipfile.ZipInfo(_thumbnail_name(place), _EPOCH), jpeg)


class Neighbors:
    """The training photos of one release, in memory but for their pictures. Safe to share between threads."""

    def __init__(
        self, archive: zipfile.ZipFile, photos: Sequence[TrainingPhoto], embeddings: NDArray[np.float32]
    ) -> None:
        self._archive, self._photos, self._embeddings = archive, photos, embeddings

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open the zip in a release's folder.

        Raises:
            ReleaseError: if there is none or it is damaged.
        """
        path = folder / NEIGHBORS
        try:
            archive = zipfile.ZipFile(path)
            photos = msgspec.json.decode(archive.read(PHOTOS), type=list[TrainingPhoto])
            stored = np.load(io.BytesIO(archive.read(EMBEDDINGS)), allow_pickle=False)
            if stored.shape[:1] != (len(photos),) or stored.ndim != 2 or stored.dtype != np.float16:
                raise ValueError(f"{len(photos)} photos, embeddings {stored.dtype} {stored.shape}")
            if missing := {_thumbnail_name(place) for place in range(len(photos))} - set(archive.namelist()):
                raise ValueError(f"{min(missing)} is missing")
        except _DAMAGE as error:
            raise ReleaseError(f"{path} cannot be read ({error}): publish the release again") from error
        # BLAS knows no half precision: a product of float16 matrices takes a hundred times as long.
        return cls(archive, photos, stored.astype(np.float32))

    def __len__(self) -> int:
        return len(self._photos)

    @property
    def dimensions(self) -> int:
        """D, the length of an embedding."""
        return int(self._embeddings.shape[1])

    def nearest(self, embedding: NDArray[np.float32], count: int = 5) -> list[Neighbor]:
        """The `count` training photos nearest to a unit embedding (D,), nearest first.

        Raises:
            ReleaseError: if the embedding is of another length than those stored.
        """
        if embedding.shape != (self.dimensions,):
            raise ReleaseError(f"an embedding of shape {embedding.shape}, not ({self.dimensions},)")
        similarities = self._embeddings @ embedding
        best = np.argsort(-similarities, kind="stable")[: max(0, count)]
        return [self._neighbor(int(place), float(similarities[place])) for place in best]

    def thumbnail(self, place: int) -> bytes:
        """The small picture of a photo, a JPEG.

        Raises:
            ReleaseError: if there is no such photo or the file was damaged since it was opened.
        """
        try:
            return self._archive.read(_thumbnail_name(place))
        except _DAMAGE as error:
            raise ReleaseError(
                f"{self._archive.filename} has no picture of photo {place} ({error}): ask for one of "
                f"0 to {len(self) - 1}"
            ) from error

    def _neighbor(self, place: int, similarity: float) -> Neighbor:
        photo = self._photos[place]
        # Stored halves round a length of one by up to 1e-3.
        return Neighbor(photo.shoot, photo.file, photo.keyword, round(max(-1.0, min(1.0, similarity)), 4), place)


def _thumbnail_name(place: int) -> str:
    return f"{place:05d}.jpg"
