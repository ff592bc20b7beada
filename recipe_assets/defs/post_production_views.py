"""What people see of a keyworded shoot: counts, contact sheets by pipeline, what needs a look, what would change.

Made from the shoot's table and the stored thumbnails; no original is opened.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from recipe_assets.defs.reporting import picture, table
from recipe_assets.figures import contact_sheet
from recipe_assets.outbox.changes import LEFT, WAITS, WRITTEN
from recipe_assets.outbox.rows import by_pipeline
from recipe_assets.outbox.shoot import Outcome, Rooms
from recipe_assets.storage import TableStore
from recipe_assets.studio.thumbnails import thumbnails

SHOWN = 6
"""Photos of each pipeline on its contact sheet: the event log keeps every picture for good."""
CHANGES_SHOWN = 24
LOOK = "? "
"""What stands before the keyword of a photo that needs a look."""
DECIDED = ["file", "keyword", "confidence", "pipeline", "origin", "needs_review", "reason"]
LOOKED_AT = ["file", "keyword", "confidence", "second", "second_confidence", "third", "third_confidence", "path"]


def shoot_metadata(found: Outcome, rooms: Rooms, release_id: str) -> dict[str, dg.MetadataValue]:
    """Everything that the materialization says.

    Raises:
        StorageError: if a thumbnail is missing.
    """
    rows = found.rows
    shoot = str(rows["shoot"].iloc[0]) if len(rows) else ""
    review = rows[rows["needs_review"] & rows["path"].notna()]
    without = rows[rows["path"].isna()]
    origins = rows.loc[rows["path"].notna(), "origin"].value_counts()
    return {
        "dagster/row_count": dg.MetadataValue.int(len(rows)),
        "path": dg.MetadataValue.path(found.path),
        "csv": dg.MetadataValue.url(found.csv),
        "release_id": dg.MetadataValue.text(release_id),
        "by_the_model": dg.MetadataValue.int(int(origins.get("model", 0))),
        "by_people": dg.MetadataValue.int(int(origins.get("person", 0))),
        "pipelines": table(by_pipeline(rows)),
        "contact_sheets": _sheets(rooms.tables, rows, shoot),
        "needs_review": dg.MetadataValue.int(len(review)),
        "to_look_at": table(review.sort_values("confidence", na_position="first")[LOOKED_AT]),
        "not_in_the_outbox": table(without[["file", "keyword", "reason"]]),
        "decisions": table(rows[DECIDED]),
        "left_the_studio": dg.MetadataValue.int(found.gone),
        **_changes(found.changes, rooms.tables, shoot),
    }


def _sheets(tables: TableStore, rows: pd.DataFrame, shoot: str) -> dg.MetadataValue:
    """A contact sheet for each pipeline, the photos that need a look first."""
    written = rows[rows["path"].notna()].sort_values(["needs_review", "file"], ascending=[False, True])
    parts = []
    for name, count in written["pipeline"].value_counts().items():
        chosen = written[written["pipeline"] == name].head(SHOWN)
        captions = [_caption(row) for row in chosen.to_dict("records")]
        sheet = picture(_sheet(tables, shoot, chosen["file"].tolist(), captions))
        # Backticks: a pipeline's name is no Markdown.
        parts.append(
            f"**`{str(name).replace('`', '')}`**: {count} photo{'s' if count > 1 else ''}\n\n{sheet.value}"
        )
    legend = f"{LOOK.strip()} needs a look; the percentage is the model's, without one a person gave the keyword"
    return dg.MetadataValue.md("\n\n".join([legend, *parts]))


def _caption(row: Mapping[Hashable, Any]) -> str:
    sure = "" if pd.isna(row["confidence"]) else f"\n{row['confidence']:.0f} %"
    return f"{LOOK if row['needs_review'] else ''}{row['keyword']}{sure}"


def _changes(changes: pd.DataFrame, tables: TableStore, shoot: str) -> dict[str, dg.MetadataValue]:
    """What would change or did; the photos that are only left as they are stand in the table alone."""
    counts = changes["state"].value_counts()
    said = [f"{counts[state]} {words}" for state, words in _STATES.items() if counts.get(state)]
    facts: dict[str, dg.MetadataValue] = {
        "changes": dg.MetadataValue.text(", ".join(said) or "nothing changes in the outbox"),
        "outbox_changes": table(changes),
    }
    shown = changes[changes["state"] != LEFT].head(CHANGES_SHOWN)
    if len(shown):
        captions = (shown["old"] + "\n→ " + shown["new"].fillna("taken out")).tolist()
        facts["outbox_changes_shown"] = picture(_sheet(tables, shoot, shown["file"].tolist(), captions))
    return facts


_STATES = {
    WAITS: "would change (materialize with update: write)",
    WRITTEN: "were changed",
    LEFT: "are left as they are",
}


def _sheet(tables: TableStore, shoot: str, files: Sequence[str], captions: Sequence[str]) -> bytes:
    """Photos that have left the studio keep a named, empty cell."""
    here = set(tables.read("raw_images", shoot, ["file"])["file"])
    found = thumbnails(tables, shoot, [file for file in files if file in here])
    return contact_sheet([(said, found.get(file)) for said, file in zip(captions, files, strict=True)], width=180)
