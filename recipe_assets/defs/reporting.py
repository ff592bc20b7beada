"""What people see in the UI: pictures and tables as metadata, progress in the log, errors as one line."""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
import pandas as pd

from recipe_assets.errors import RecipeError


def picture(encoded: bytes) -> dg.MarkdownMetadataValue:
    """A PNG or JPEG as metadata that the UI shows as a picture."""
    kind = "png" if encoded.startswith(b"\x89PNG") else "jpeg"
    return dg.MetadataValue.md(f"![](data:image/{kind};base64,{base64.b64encode(encoded).decode()})")


def table(frame: pd.DataFrame, rows: int = 60) -> dg.MarkdownMetadataValue:
    """The first rows of a table as metadata; says how many are left out."""
    if frame.empty:
        return dg.MetadataValue.md("none")
    shown = frame.head(rows).round(3).astype("string").fillna("")
    lines = ["| " + " | ".join(map(str, shown.columns)) + " |", "|" + "---|" * len(shown.columns)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in shown.to_numpy()]
    if len(frame) > rows:
        lines.append(f"\n... and {len(frame) - rows} more")
    return dg.MetadataValue.md("\n".join(lines))


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
    """Show an error that is meant for people as its one line, without a stack trace; retrying would not help."""
    try:
        yield
    except RecipeError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from None
