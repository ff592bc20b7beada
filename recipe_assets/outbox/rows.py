"""The table of a keyworded shoot: what was decided about each photo, why, and which file it became.

Other rooms build on these columns. What is decided is `deciding`'s subject, where the table is kept `storage`'s.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

import msgspec
import pandas as pd

from recipe_assets.cells import plain

NAME = "keyworded_shoot"
"""The table's name in storage, a partition for each shoot."""
Origin = Literal["model", "person", "none"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One photo of a shoot.

    Attributes:
        shoot: its name.
        file: path inside of the shoot.
        sha256: of the original; "" if it could not be read.
        keyword: that decides its pipeline; None for a photo that goes nowhere.
        confidence: of the model, 0-100; None where a person gave the keyword.
        needs_review: whether a person should look.
        release_id: whose answer it is; None where a person gave the keyword.
        pipeline: the folder of the outbox.
        origin: who gave the keyword.
        reason: why there is no file, or what is special about it; mostly None.
        path: of the file, relative to the outbox; None if none was written.
        written_sha256: of the file as written.
        written_version: its state's version (`places.State`) as written.
        written_at: when, UTC.
        sidecar: path of the XMP file beside it, if there is one.
        sidecar_sha256: of that as written.
        second: the model's next keyword, with its confidence; the third likewise.
        second_confidence: 0-100.
        third: see `second`.
        third_confidence: 0-100.
    """

    shoot: str
    file: str
    sha256: str
    keyword: str | None = None
    confidence: float | None = None
    needs_review: bool = False
    release_id: str | None = None
    pipeline: str | None = None
    origin: Origin = "none"
    reason: str | None = None
    path: str | None = None
    written_sha256: str | None = None
    written_version: str | None = None
    written_at: datetime | None = None
    sidecar: str | None = None
    sidecar_sha256: str | None = None
    second: str | None = None
    second_confidence: float | None = None
    third: str | None = None
    third_confidence: float | None = None


DTYPES: dict[str, str] = {
    **dict.fromkeys(Row.__struct_fields__, "string"),
    **dict.fromkeys(("confidence", "second_confidence", "third_confidence"), "Float64"),
    "needs_review": "boolean",
    "written_at": "datetime64[us, UTC]",
}
"""The type of each column."""


def frame_of(rows: Iterable[Row]) -> pd.DataFrame:
    """The table, sorted by file."""
    records = [msgspec.structs.asdict(row) for row in sorted(rows, key=lambda row: row.file)]
    return pd.DataFrame(
        {name: pd.Series([one[name] for one in records], dtype=kind) for name, kind in DTYPES.items()}
    )


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """The rows of a table.

    Raises:
        msgspec.ValidationError: if it is another table.
    """
    return [
        msgspec.convert({str(name): plain(cell) for name, cell in record.items()}, Row)
        for record in frame.to_dict("records")
    ]


def by_pipeline(rows: pd.DataFrame, pipelines: Sequence[str] = ()) -> pd.DataFrame:
    """Photos in the outbox per pipeline, the largest first, with how many of them need a look."""
    written = rows[rows["path"].notna()]
    counted = written.groupby("pipeline").agg(photos=("file", "size"), needs_review=("needs_review", "sum"))
    all_of_them = counted.reindex([*counted.index, *sorted(set(pipelines) - set(counted.index))], fill_value=0)
    ordered = all_of_them.sort_values("photos", ascending=False, kind="stable")
    return ordered.astype(int).rename_axis("pipeline").reset_index()
