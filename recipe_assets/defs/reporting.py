"""What people see in the UI: pictures and tables as metadata, progress in the log, errors as one line."""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pandas as pd

from recipe_assets.errors import RecipeError
from recipe_assets.outages import passes_by_itself


def picture(encoded: bytes) -> dg.MarkdownMetadataValue:
    """A PNG or JPEG as metadata that the UI shows as a picture."""
    kind = "png" if encoded.startswith(b"\x89PNG") else "jpeg"
    return dg.MetadataValue.md(f"![](data:image/{kind};base64,{base64.b64encode(encoded).decode()})")


def table(frame: pd.DataFrame, rows: int = 200) -> dg.TableMetadataValue:
    """The first rows of a table as metadata."""
    shown = frame.head(rows)
    columns = [dg.TableColumn(str(name), type=str(kind)) for name, kind in shown.dtypes.items()]
    records = [
        dg.TableRecord({str(name): _cell(cell) for name, cell in row.items()}) for row in shown.to_dict("records")
    ]
    return dg.MetadataValue.table(records, dg.TableSchema(columns))


def _cell(value: Any) -> str | int | float | bool | None:  # noqa: ANN401 (whatever a table holds)
    """A value that the event log can keep: JSON knows neither NaN nor numpy."""
    if value is None or value is pd.NA or value != value:
        return None
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return round(value, 4)
    return value if isinstance(value, bool | int) else str(value)


def percent(share: float) -> str:
    """A share of 0-1 for people."""
    return f"{100 * share:.1f} %"


def progress(log: Callable[[str], None], what: str, every: float = 5) -> Callable[[int, int], None]:
    """A callback (done, in all) that logs at most every few seconds, and at the end."""
    last = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        if done == total or time.monotonic() - last >= every:
            last = time.monotonic()
            log(f"{what}: {done} of {total}")

    return report


@contextmanager
def plain_errors() -> Iterator[None]:
    """Show an error that is meant for people as its one line, without a stack trace.

    A step that has a retry policy is tried again where the network or a server was the cause, and only there.
    """
    try:
        yield
    except RecipeError as error:
        raise dg.Failure(description=str(error), allow_retries=passes_by_itself(error)) from None
