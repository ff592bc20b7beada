"""What people see before a new model replaces the released one: the photos whose keyword would change."""

from pathlib import Path

import dagster as dg
import pandas as pd

from recipe_assets.defs.reporting import percent, picture, plain_errors, progress, table
from recipe_assets.defs.resources import ReleaseStoreResource, StorageResource
from recipe_assets.errors import ReleaseError
from recipe_assets.figures import change_bars, contact_sheet
from recipe_assets.storage import TableStore
from recipe_assets.studio.thumbnails import thumbnails

COMPARED_WITH = "compared_with"
"""The table's attribute that names the release it was compared with; empty where there was none."""
MODEL = "model"
"""The table's attribute that names the folder of the model whose changes these are."""
SHOWN = 24
MARKS = {"becomes right": "✓ ", "becomes wrong": "✗ ", "wrong either way": "≠ ", "no keyword to compare": ""}
LEGEND = "✓ becomes right, ✗ becomes wrong, ≠ wrong either way, no mark: no keyword to compare with"
"""What stands before the old keyword of a photo that is shown."""


@dg.asset(
    group_name="release",
    kinds={"pytorch", "onnx"},
    owners=["team:data"],
    tags={"stage": "release"},
    deps=["raw_images"],
)
def keyword_changes(
    context: dg.AssetExecutionContext,
    fine_tuned_model: Path,
    splits: pd.DataFrame,
    releases: ReleaseStoreResource,
    storage: StorageResource,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Which photos of all shoots, labelled or not, would get another keyword than from the released model."""
    from recipe_assets.model.changes import changed_keywords, no_changes

    with plain_errors():
        store, tables = releases.open(), storage.tables()
        current = store.read_pointer()
        if current is None:
            context.log.info("there is no release yet: no photo has a keyword that could change")
            found = no_changes()
        else:
            report = progress(context.log.info, "photos answered by both models")
            copy = storage.copy_of(store, current.pointer)
            found = changed_keywords(tables, splits, fine_tuned_model, copy, report)
        found.attrs |= {
            COMPARED_WITH: current.pointer.release_id if current else "",
            MODEL: fine_tuned_model.name,
        }
        return dg.MaterializeResult(value=found, metadata=_metadata(found, tables))


def _metadata(found: pd.DataFrame, tables: TableStore) -> dict[str, dg.MetadataValue]:
    """Counts, moves and pictures; the largest change first."""
    from recipe_assets.model.changes import moves, outcome_counts

    between = moves(found)
    columns = ["shoot", "file", "label", "split", "old", "old_confidence", "new", "new_confidence", "shift"]
    facts: dict[str, dg.MetadataValue] = {
        COMPARED_WITH: dg.MetadataValue.text(found.attrs[COMPARED_WITH] or "no release yet"),
        "changes": dg.MetadataValue.text(summary(found)),
        "photos_that_change": dg.MetadataValue.int(len(found)),
        "outcomes": table(outcome_counts(found)),
        "moves": table(between),
        "moves_chart": picture(change_bars(between)),
        "largest_changes": table(found[columns]),
    }
    if len(found):
        shown = picture(contact_sheet(_cells(found.head(SHOWN), tables)))
        facts["largest_changes_shown"] = dg.MetadataValue.md(f"{LEGEND}\n\n{shown.value}")
    return facts


def summary(found: pd.DataFrame) -> str:
    """The changes in a sentence; only photos that neither model was trained on can prove anything."""
    if not found.attrs.get(COMPARED_WITH):
        return "there is no release yet: nothing would change"
    photos = int(found.attrs.get("photos", "0"))
    unseen = found[found["split"].isin(["val", "test"])]["outcome"].value_counts()
    return (
        f"{len(found)} of {photos} photos ({percent(len(found) / max(1, photos))}) would get another keyword; of "
        f"the validation and test photos among them {unseen.get('becomes right', 0)} become right and "
        f"{unseen.get('becomes wrong', 0)} become wrong"
    )


def require_changes_of(found: pd.DataFrame, fine_tuned_model: Path) -> None:
    """Make sure that people are shown the changes of the very model that is released.

    Raises:
        ReleaseError: if the table is of another model.
    """
    if found.attrs.get(MODEL) != fine_tuned_model.name:
        raise ReleaseError(
            f"keyword_changes is of another model ({found.attrs.get(MODEL)}) than fine_tuned_model is now "
            f"({fine_tuned_model.name}): materialize keyword_changes again, then model_release"
        )


def _cells(shown: pd.DataFrame, tables: TableStore) -> list[tuple[str, bytes | None]]:
    """Caption and thumbnail of each change, in the table's order."""
    pictures = {
        f"{shoot}/{file}": png
        for shoot, files in shown.groupby("shoot")["file"]
        for file, png in thumbnails(tables, str(shoot), files).items()
    }
    # Two names need a line each; a longer caption would lose the arrow first.
    captions = shown["outcome"].map(MARKS) + shown["old"] + "\n→ " + shown["new"]
    places = shown["shoot"] + "/" + shown["file"]
    return [(caption, pictures.get(place)) for caption, place in zip(captions, places, strict=True)]


@dg.asset_check(asset=keyword_changes)
def changes_are_for_the_better(keyword_changes: pd.DataFrame) -> dg.AssetCheckResult:
    """Of the changed photos that no model was trained on, more become right than wrong."""
    unseen = keyword_changes[keyword_changes["split"].isin(["val", "test"])]
    right, wrong = (int((unseen["outcome"] == outcome).sum()) for outcome in ("becomes right", "becomes wrong"))
    return dg.AssetCheckResult(
        passed=right >= wrong,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{right} validation and test photos become right, {wrong} become wrong",
        metadata={"becomes_right": right, "becomes_wrong": wrong},
    )
