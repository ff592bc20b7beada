"""What is said about a shoot beside its photos: a CSV for people, a Parquet table, and Recipe Cropper's hand-over.

A list that says what it said before is not written again.
"""

import io
from collections.abc import Mapping

import msgspec
import pandas as pd

from recipe_assets.outbox.layout import CSV, HANDOVER, PARQUET, table_path
from recipe_assets.outbox.places import Outbox

MAIN = "main"
"""The step of a recipe's main photo."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def write_lists(outbox: Outbox, shoot: str, rows: pd.DataFrame, steps: Mapping[str, str | None]) -> str:
    """Write the three lists of a shoot.

    Args:
        outbox: where to.
        shoot: which one.
        rows: its table.
        steps: the step of each photo by file: two digits, "main", or None.

    Returns:
        The address of the CSV file.
    """
    lists = {CSV: _csv(rows), PARQUET: _parquet(rows), HANDOVER: handover(outbox, rows, steps)}
    for name, content in lists.items():
        path = table_path(shoot, name)
        before = outbox.fetch(path)
        if before is None or before.data != content:
            outbox.write(path, content)
    return outbox.url(table_path(shoot, CSV))


def handover(outbox: Outbox, rows: pd.DataFrame, steps: Mapping[str, str | None]) -> bytes:
    """Recipe Cropper's list: a JSON object a line for every photo in the outbox, with its address."""
    lines = [
        msgspec.json.encode(
            {
                "photo": outbox.url(row["path"]),
                "keyword": row["keyword"],
                "pipeline": row["pipeline"],
                "shoot": row["shoot"],
                "step": steps.get(row["file"]),
                "main": steps.get(row["file"]) == MAIN,
            }
        )
        for row in rows[rows["path"].notna()].to_dict("records")
    ]
    return b"".join(line + b"\n" for line in lines)


def _csv(rows: pd.DataFrame) -> bytes:
    """UTF-8 with a mark, as spreadsheets need it; an apostrophe keeps them from running a name as a formula."""
    shown = rows.assign(written_at=rows["written_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for name, kind in shown.dtypes.items():
        if kind == "string":
            shown[name] = shown[name].map(_guarded, na_action="ignore")
    return b"\xef\xbb\xbf" + shown.to_csv(index=False, lineterminator="\n").encode()


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _parquet(rows: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    rows.to_parquet(stream, index=False)
    return stream.getvalue()
