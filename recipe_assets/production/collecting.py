"""The predictions of the last days as one table, kept up to date by reading only files that are new in the store.

How a file is read is `parquet`'s subject, what the table tells `drift`'s and `views`'.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from recipe_assets.production.parquet import LARGEST_FILE, SCHEMA, PredictionFileError, read_parquet
from recipe_assets.release.prediction_store import PredictionFile, PredictionStore

WINDOW_DAYS = 30
"""Days that the table covers, today included; the store keeps what it keeps."""
SOURCE = "source"
"""The table's column with the key of the file that a row is from."""


class Collected(NamedTuple):
    """The table, and the files that could not be read.

    Attributes:
        table: the columns of `release.prediction_record`, typed, and `SOURCE`; each row once, oldest first.
        new_files: how many were read for it.
        damaged: file and problem of each that was left out.
    """

    table: pd.DataFrame
    new_files: int
    damaged: pd.DataFrame


def window(today: date) -> tuple[date, date]:
    """The first and the last day of the table. The clock of an API may be ahead, so tomorrow is looked at, too."""
    return today - timedelta(days=WINDOW_DAYS - 1), today + timedelta(days=1)


def fingerprint(files: Sequence[PredictionFile]) -> str:
    """Changes when a file comes, goes or grows."""
    return hashlib.sha256("\n".join(f"{file.key} {file.bytes}" for file in files).encode()).hexdigest()[:16]


def collect(
    store: PredictionStore,
    files: Sequence[PredictionFile],
    before: pd.DataFrame | None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Collected:
    """Bring the table up to date with the files: new ones are read, rows of files that are gone leave it.

    A row that is in two files counts once. A file that cannot be read is left out and tried again the next time.

    Args:
        store: where the files are.
        files: that the table shall hold.
        before: the table as it was, None for the first time.
        on_progress: called with (files read, files to read).

    Raises:
        ReleaseError: if the store cannot be reached.
    """
    kept = (before if before is not None else no_predictions())[[*SCHEMA.names, SOURCE]]
    kept = kept[kept[SOURCE].isin([file.key for file in files])]
    known = set(kept[SOURCE].unique())
    new = [file for file in files if file.key not in known]
    frames, damaged = [kept], []
    for done, file in enumerate(new, 1):
        try:
            frames.append(_read(store, file))
        except PredictionFileError as error:
            damaged.append({"file": file.key, "problem": str(error)})
        if on_progress:
            on_progress(done, len(new))
    table = pd.concat([frame for frame in frames if len(frame)] or [kept], ignore_index=True)
    table = table.drop_duplicates("row_id").sort_values(["time", "row_id"], ignore_index=True)
    return Collected(table, len(new) - len(damaged), pd.DataFrame(damaged, columns=["file", "problem"]))


def no_predictions() -> pd.DataFrame:
    """The table without rows, with the types that it has with rows."""
    return _frame(SCHEMA.empty_table(), "")


def _read(store: PredictionStore, file: PredictionFile) -> pd.DataFrame:
    if file.bytes > LARGEST_FILE:
        raise PredictionFileError(f"{file.bytes} bytes are too many for a file of predictions")
    frame = _frame(read_parquet(store.read(file)), file.key)
    if strangers := int((frame["time"].dt.date != file.day).sum()):
        raise PredictionFileError(f"{strangers} rows are of another day than the file")
    return frame


def _frame(table: pa.Table, source: str) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(types_mapper={pa.string(): pd.StringDtype()}.get)
    return frame.assign(**{SOURCE: pd.Series(source, index=frame.index, dtype="string")})
