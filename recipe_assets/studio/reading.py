"""Read one shoot, once: every file becomes a row with its facts, keywords, hash and thumbnail, or a reject reason.

The resulting table is all that later stages need; none of them opens an original again.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa

from recipe_assets.errors import StudioError, UnreadablePhotoError
from recipe_assets.studio.metadata import read_keywords
from recipe_assets.studio.names import parse_name
from recipe_assets.studio.photos import decode_photo, encode_thumbnail, thumbnail
from recipe_assets.studio.quality import METRICS, perceptual_hash, photo_metrics
from recipe_assets.studio.shoots import MAX_FILE_BYTES, Shoot, Studio, StudioFile, printable
from recipe_assets.studio.sidecars import is_sidecar, sidecars

COLUMNS: dict[str, str] = {
    "shoot": "string", "file": "string", "sha256": "string", "bytes": "Int64",
    "format": "string", "width": "Int64", "height": "Int64", "color": "string", "notes": "string",
    "brand": "string", "year": "Int64", "image_type": "string", "week": "string", "country": "string",
    "recipe": "string", "step": "string", "extra": "string", "tag": "string",
    "iptc_keywords": "object", "xmp_keywords": "object", "sidecar_keywords": "object",
    "phash": "UInt64", **dict.fromkeys(METRICS, "Float64"), "problem": "string", "thumbnail": "object",
}  # fmt: skip
"""Columns of the table: `problem` says why a file is no usable photo; `thumbnail` is a PNG, short side 256."""
SCHEMA = pa.schema(
    [
        (name, {"Int64": pa.int64(), "UInt64": pa.uint64(), "Float64": pa.float64()}.get(kind, pa.string()))
        if kind != "object"
        else (name, pa.binary() if name == "thumbnail" else pa.list_(pa.string()))
        for name, kind in COLUMNS.items()
    ]
)
"""The same as Parquet types, since a batch of unreadable files tells of no thumbnail's type."""
READER = "2"
"""Counts up when reading gives other columns or other values, so that stored shoots are read again."""
MAX_UNREADABLE = 0.1
"""Share of a shoot's files that may be unreadable; more is a broken copy, not a few bad files."""
BATCH = 64
"""Rows that are kept in memory at once, with their thumbnails."""

Row = dict[str, Any]


def read_batches(
    studio: Studio, shoot: Shoot, on_progress: Callable[[int, int], None] | None = None
) -> Iterator[pd.DataFrame]:
    """Read every file of a shoot on all cores, in as little memory for ten thousand photos as for a hundred.

    Args:
        studio: where the shoot lies.
        shoot: its files as listed.
        on_progress: called with (files done, files in all) after each file.

    Yields:
        One row per file in name order, at most `BATCH` of them, with the columns of `COLUMNS`.

    Raises:
        StudioError: if the shoot has no file at all, changes meanwhile, or its studio cannot be read.
    """
    if not shoot.files:
        raise StudioError(f"shoot '{shoot.name}' has no files: copy its photos or remove the folder")
    rows = _read_files(studio, shoot, on_progress)
    while batch := list(islice(rows, BATCH)):
        # Column by column: a frame of dicts would turn hashes into floats as soon as one file has none.
        yield pd.DataFrame(
            {name: pd.Series([row.get(name) for row in batch], dtype=dtype) for name, dtype in COLUMNS.items()}
        )


def read_shoot(studio: Studio, shoot: str, on_progress: Callable[[int, int], None] | None = None) -> pd.DataFrame:
    """A whole shoot as one table in memory, for small ones; see `read_batches`."""
    return pd.concat(read_batches(studio, studio.shoot(shoot), on_progress), ignore_index=True)


def require_readable(raw: pd.DataFrame, shoot: str) -> None:
    """Refuse the table of a shoot of which too much is unreadable.

    Raises:
        StudioError: if more than `MAX_UNREADABLE` of its files are.
    """
    bad = int(raw["problem"].notna().sum())
    if bad > MAX_UNREADABLE * len(raw):
        raise StudioError(
            f"shoot '{shoot}' is held back: {bad} of {len(raw)} files are no usable photos, more than "
            f"{100 * MAX_UNREADABLE:.0f} %: copy them again from the camera or remove them"
        )


def _read_files(studio: Studio, shoot: Shoot, on_progress: Callable[[int, int], None] | None) -> Iterator[Row]:
    beside = sidecars(shoot.files)
    photos = [file for file in shoot.files if file.name not in beside.attached]
    # Pillow decodes without holding the interpreter lock, so threads use all cores.
    jobs = (partial(_read_file, studio, shoot.name, file, beside.of.get(file.name)) for file in photos)
    for done, row in enumerate(_in_order(jobs), 1):
        if on_progress:
            on_progress(done, len(photos))
        yield row


def _in_order(jobs: Iterator[Callable[[], Row]]) -> Iterator[Row]:
    """Results of jobs on all cores, in the jobs' order, with a bounded number of them under way.

    A pool's own `map` takes all jobs at once and keeps every result that is ready before its turn.
    """
    workers = os.cpu_count() or 1
    pool = ThreadPoolExecutor(workers, "read")
    waiting: deque[Future[Row]] = deque()
    try:
        for job in jobs:
            waiting.append(pool.submit(job))
            if len(waiting) > 4 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _read_file(studio: Studio, shoot: str, file: StudioFile, sidecar: StudioFile | None) -> Row:
    row: Row = {"shoot": shoot, "file": printable(file.name), "bytes": file.bytes, "sha256": ""}
    row |= msgspec.structs.asdict(parse_name(file.name))
    if is_sidecar(file.name):
        return row | {"problem": "a sidecar without its photo"}
    if file.bytes > MAX_FILE_BYTES:
        return row | {"problem": f"{file.bytes} bytes are over the cap of {MAX_FILE_BYTES}"}
    try:
        content = studio.read(shoot, file)
    except OSError as error:
        return row | {"problem": f"cannot be read: {error.strerror}"}
    row["sha256"] = hashlib.sha256(content).hexdigest()
    row |= _keyword_columns(content, _sidecar_content(studio, shoot, sidecar))
    if not content:
        return row | {"problem": "empty file"}
    try:
        return row | _photo_columns(content)
    except UnreadablePhotoError as error:
        return row | {"problem": str(error)}


def _sidecar_content(studio: Studio, shoot: str, sidecar: StudioFile | None) -> bytes | None:
    # Real sidecars have a few kilobytes; a large one is something else under that name.
    if sidecar is None or sidecar.bytes > 1 << 24:
        return None
    try:
        return studio.read(shoot, sidecar)
    except OSError:
        return None


def _keyword_columns(content: bytes, sidecar: bytes | None) -> Row:
    keywords = read_keywords(content, sidecar)
    return {
        "iptc_keywords": list(keywords.iptc),
        "xmp_keywords": list(keywords.xmp),
        "sidecar_keywords": list(keywords.sidecar),
    }


def _photo_columns(content: bytes) -> Row:
    photo = decode_photo(content)
    small = thumbnail(photo.image)
    return {
        "format": photo.format,
        "width": photo.width,
        "height": photo.height,
        "color": photo.color,
        "notes": "; ".join(photo.notes) or None,
        "phash": perceptual_hash(small),
        "thumbnail": encode_thumbnail(small),
        **msgspec.structs.asdict(photo_metrics(small)),
    }
