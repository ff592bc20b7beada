"""Which training photos a release carries to explain predictions, with the tuned model's embeddings of them.

The file that they are kept in, and the search in it, are `release.neighbors`' subject.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from PIL import Image

from recipe_assets.model.checkpoints import device
from recipe_assets.model.data_summary import DataSummary, summarize_splits
from recipe_assets.model.dataset import photos_of
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.photo_data import load_squares, normalize
from recipe_assets.release.neighbors import TrainingPhoto, write_neighbors
from recipe_assets.storage import TableStore
from recipe_assets.studio.thumbnails import thumbnail_batches

MOST_PHOTOS = 10_000
"""A release carries so many at most: with 512 numbers and a small picture each, about 50 MB."""
SIDE, QUALITY = 96, 75


@dataclass(frozen=True)
class TrainingPhotos:
    """The photos that a model learned from, as a release shows them.

    Attributes:
        photos: N of them.
        embeddings: unit vectors by the tuned image tower, float16 (N, D).
        thumbnails: N JPEGs with a short side of `SIDE`.
        data: counts of everything that it learned from and was measured on.
    """

    photos: Sequence[TrainingPhoto]
    embeddings: NDArray[np.float16]
    thumbnails: Sequence[bytes]
    data: DataSummary

    def write(self, path: Path) -> None:
        """Write the zip that a release carries."""
        write_neighbors(path, self.photos, self.embeddings, self.thumbnails)


def collect_training_photos(
    tables: TableStore,
    splits: pd.DataFrame,
    model: KeywordModel,
    on_progress: Callable[[int, int], None] | None = None,
    most: int = MOST_PHOTOS,
) -> TrainingPhotos:
    """Embed the training photos from their stored thumbnails, shoot by shoot.

    Args:
        tables: where the thumbnails are.
        splits: the table of splits.
        model: the tuned model.
        on_progress: called with (photos done, photos in all).
        most: keep so many photos; see `kept_photos`.

    Raises:
        StorageError: if a thumbnail is missing.
    """
    wanted = kept_photos(photos_of(splits, "train", model.keywords), most)
    rows, embeddings, pictures = [], [], []
    for row, embedding, picture in _shown(tables, wanted, model):
        rows.append(row)
        embeddings.append(embedding)
        pictures.append(picture)
        if on_progress and (len(rows) % 256 == 0 or len(rows) == len(wanted)):
            on_progress(len(rows), len(wanted))
    width = model.head.shape[1]
    matrix = np.stack(embeddings) if embeddings else np.empty((0, width), np.float16)
    return TrainingPhotos(rows, matrix, pictures, summarize_splits(splits))


def kept_photos(photos: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many photos, with equal room for each keyword; a keyword below its room is kept whole.

    Of a keyword with more photos those with the smallest sha256 stay: a fair draw, and from release to release
    the same photos.
    """
    rank = photos.sort_values("sha256").groupby("keyword").cumcount().reindex(photos.index)
    return photos[rank < _room(photos["keyword"].value_counts().tolist(), most)]


def _room(counts: Sequence[int], most: int) -> int:
    """The largest number of photos per keyword at which all together are at most `most`."""
    low, high = 0, max(counts, default=0)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sum(min(count, middle) for count in counts) <= most else (low, middle - 1)
    return low


def _shown(
    tables: TableStore, photos: pd.DataFrame, model: KeywordModel
) -> Iterator[tuple[TrainingPhoto, NDArray[np.float16], bytes]]:
    with ThreadPoolExecutor() as pool:
        for shoot, group in photos.groupby("shoot", sort=True):
            columns = (group[name] for name in ("shoot", "file", "sha256", "keyword"))
            rows = {values[1]: TrainingPhoto(*values) for values in zip(*columns, strict=True)}
            for files, thumbnails in thumbnail_batches(tables, str(shoot), group["file"]):
                found = zip(files, _embed(model, thumbnails), pool.map(_small, thumbnails), strict=True)
                yield from ((rows[file], embedding, picture) for file, embedding, picture in found)


@torch.inference_mode()
def _embed(model: KeywordModel, thumbnails: Sequence[bytes]) -> NDArray[np.float16]:
    spec = model.base.preprocessing
    model.to(device()).eval()
    squares = load_squares(thumbnails, spec).to(device())
    batches = [model.features(normalize(batch, spec)).float() for batch in torch.split(squares, 64)]
    return torch.cat(batches).cpu().numpy().astype(np.float16)


def _small(thumbnail: bytes) -> bytes:
    """A stored thumbnail as a JPEG of a few kilobytes, the whole frame kept."""
    stream = io.BytesIO()
    with Image.open(io.BytesIO(thumbnail)) as image:
        picture = image.convert("RGB")
    scale = SIDE / min(picture.size)
    if scale < 1:
        size = (max(SIDE, round(picture.width * scale)), max(SIDE, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    picture.save(stream, "JPEG", quality=QUALITY, optimize=True)
    return stream.getvalue()
