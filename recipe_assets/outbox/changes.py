"""What would change, or did, in an outbox that is there already: for people to look at before it is written."""

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from recipe_assets.outbox.planning import Step

DTYPES: dict[str, str] = {
    "shoot": "string", "file": "string", "state": "string", "why": "string",
    "old": "string", "old_confidence": "Float64", "old_pipeline": "string", "old_release_id": "string",
    "new": "string", "new_confidence": "Float64", "new_pipeline": "string", "new_release_id": "string",
}  # fmt: skip
"""Columns: `state` is "waits", "written" or "left"; `why` says why one is left; confidences are 0-100."""
WAITS, WRITTEN, LEFT = "waits", "written", "left"


class Change(NamedTuple):
    """One photo that is to be changed, and why it was left as it is, if it was."""

    step: Step
    left: str | None


def changes_table(changes: Iterable[Change], *, written: bool) -> pd.DataFrame:
    """The changes as a table; those that wait or were written first."""
    records = []
    for step, left in changes:
        old, new = step.before, step.decision
        if old is None:
            continue
        state = LEFT if left else (WRITTEN if written else WAITS)
        records.append(
            (
                step.photo.shoot, step.photo.file, state, left,
                old.keyword, old.confidence, old.pipeline, old.release_id,
                new.keyword, new.confidence, new.pipeline, new.release_id,
            )
        )  # fmt: skip
    columns = zip(*records, strict=True) if records else [()] * len(DTYPES)
    table = pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=kind)
            for (name, kind), values in zip(DTYPES.items(), columns, strict=True)
        }
    )
    return table.sort_values(["state", "file"], ascending=[False, True], ignore_index=True, kind="stable")
