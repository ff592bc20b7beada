"""Files whose keyword only a person can tell, as lines of the review queue.

Why a file is unclear is `judging`'s subject, how people answer `studio.review`'s.
"""

from collections.abc import Sequence

import pandas as pd

from recipe_assets.review.judging import Unclear
from recipe_assets.storage import StorageError, TableStore
from recipe_assets.studio.review import COLUMNS, KEY, is_decided

NAME = "unclear_edits"
"""The table's name in storage."""
FINDING = "unclear_edit"
"""What the review queue calls it."""


def store_unclear(tables: TableStore, cases: Sequence[Unclear]) -> None:
    """Replace the table of files that are unclear now."""
    columns = {
        name: pd.Series([getattr(case, name) for case in cases], dtype="string")
        for name in Unclear._fields
        if name != "changed_at"
    }
    changed = pd.Series([case.changed_at for case in cases], dtype="datetime64[us, UTC]")
    tables.write(pd.DataFrame(columns).assign(changed_at=changed), NAME)


def unclear_lines(tables: TableStore) -> pd.DataFrame:
    """The stored cases as lines of the review queue, without decisions; none before the first look.

    Raises:
        StorageError: if the table is damaged.
    """
    columns = [name for name in COLUMNS if name != "decision"]
    if not tables.path(NAME).is_file():
        return pd.DataFrame(columns=columns, dtype="string")
    try:
        cases = tables.read(NAME)
    except StorageError as error:
        raise StorageError(f"{str(error).partition(':')[0]}: materialize reviewed_keywords again") from None
    detail = cases["detail"] + " (" + cases["path"] + " in the outbox)"
    return cases.assign(finding=FINDING, detail=detail)[columns].astype("string")


def with_unclear(queue: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """The queue with these lines first; its other open lines stay, lines of cases that are clear by now go."""
    decided, is_stale = is_decided(queue), queue["finding"] == FINDING
    settled = set(queue.loc[decided, KEY].itertuples(index=False, name=None))
    is_new = [key not in settled for key in lines[KEY].itertuples(index=False, name=None)]
    parts = [lines[pd.Series(is_new, lines.index, bool)].assign(decision=""), queue[~decided & ~is_stale]]
    filled = [part[COLUMNS] for part in (*parts, queue[decided]) if len(part)]
    return pd.concat(filled, ignore_index=True).astype("string") if filled else queue.head(0)
