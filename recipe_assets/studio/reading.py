"""Read one shoot, once: every file becomes a row with its facts, keywords, hash and thumbnail, or a reject reason.

The resulting table is all that later stages need; none of them opens an original again.
"""

import hashlib
import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pandas as pd

from recipe_assets.errors import StudioError, UnreadablePhotoError
from recipe_assets.studio.metadata import read_keywords
from recipe_assets.studio.photos import open_photo, photo_size, thumbnail
from recipe_assets.studio.quality import perceptual_hash
from recipe_assets.studio.shoots import FolderStudio, StudioFile, parse_name, printable

COLUMNS: dict[str, str] = {
    "shoot": "string", "file": "string", "sha256": "string", "bytes": "Int64",
    "format": "string", "width": "Int64", "height": "Int64",
    "brand": "string", "year": "Int64", "image_type": "string", "week": "string", "country": "string",
    "recipe": "string", "step": "string", "extra": "string", "tag": "string",
    "iptc_keywords": "object", "xmp_keywords": "object",
    "phash": "UInt64", "problem": "string", "thumbnail": "object",
}  # fmt: skip
"""Columns of the table: `problem` says why a file is no usable photo; `thumbnail` is a PNG, short side 256."""


def read_shoot(
    studio: FolderStudio, shoot: str, on_progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Read every file of a shoot on all cores.

    Args:
        studio: where the shoot lies.
        shoot: its name.
        on_progress: called with (files done, files in all) after each file.

    Returns:
        One row per file in name order, with the columns of `COLUMNS`.

    Raises:
        StudioError: if the shoot is missing, unreadable or has no file at all.
    """
    files = studio.files(shoot)
    if not files:
        raise StudioError(f"shoot '{shoot}' has no files: copy its photos or remove the folder")
    rows = []
    # Pillow decodes without holding the interpreter lock, so threads use all cores.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, row in enumerate(pool.map(lambda file: _read_file(studio, shoot, file), files), 1):
            rows.append(row)
            if on_progress:
                on_progress(done, len(files))
    # Column by column: a frame of dicts would turn hashes into floats as soon as one file has none.
    return pd.DataFrame(
        {name: pd.Series([row.get(name) for row in rows], dtype=dtype) for name, dtype in COLUMNS.items()}
    )


def _read_file(studio: FolderStudio, shoot: str, file: StudioFile) -> dict[str, Any]:
    row: dict[str, Any] = {"shoot": shoot, "file": printable(file.name), "bytes": file.bytes}
    row |= msgspec.structs.asdict(parse_name(file.name))
    try:
        content = studio.read(shoot, file.name)
    except OSError as error:
        return row | {"sha256": "", "problem": f"cannot be read: {error.strerror}"}
    row |= {"sha256": hashlib.sha256(content).hexdigest(), **_keyword_columns(content)}
    if not content:
        return row | {"problem": "empty file"}
    try:
        return row | _photo_columns(content)
    except UnreadablePhotoError as error:
        return row | {"problem": str(error)}


def _keyword_columns(content: bytes) -> dict[str, list[str]]:
    keywords = read_keywords(content)
    return {"iptc_keywords": list(keywords.iptc), "xmp_keywords": list(keywords.xmp)}


def _photo_columns(content: bytes) -> dict[str, Any]:
    small = thumbnail(open_photo(content))
    image_format, width, height = photo_size(content)
    png = io.BytesIO()
    # Lossless, so that training sees the very pixels that serving computes; level 1 is the fast end.
    small.save(png, "PNG", compress_level=1)
    return {
        "format": image_format,
        "width": width,
        "height": height,
        "phash": perceptual_hash(small),
        "thumbnail": png.getvalue(),
    }
