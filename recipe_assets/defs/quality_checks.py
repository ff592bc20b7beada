"""One check for every kind of finding, made from the table of kinds: how many, how bad, what they look like."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from recipe_assets.defs.quality import photo_findings
from recipe_assets.defs.reporting import percent, picture, plain_errors, table
from recipe_assets.defs.resources import ReviewResource, StorageResource
from recipe_assets.figures import contact_sheet
from recipe_assets.storage import TableStore
from recipe_assets.studio.names import parse_name
from recipe_assets.studio.quality import KINDS
from recipe_assets.studio.review import settled_findings
from recipe_assets.studio.thumbnails import thumbnails

SHOWN, SHEET_CELL = 24, 180
OF_A_SHOOT = 6
"""Offenders on a contact sheet, and pixels of each: six in a row just fit the dialog of the UI."""


def finding_check(kind: str) -> dg.AssetChecksDefinition:
    """The check of one kind: how many, how bad, what they look like, what to do."""
    about = KINDS[kind]

    @dg.asset_check(
        asset=photo_findings, name=f"no_{kind}", description=f"{about.title}: {about.meaning} {about.action}"
    )
    def check(
        photo_findings: pd.DataFrame, review: ReviewResource, storage: StorageResource
    ) -> dg.AssetCheckResult:
        with plain_errors():
            settled = settled_findings(photo_findings, review.read())
            found = photo_findings[(photo_findings["finding"] == kind) & ~settled]
            sheet = contact_sheet(list(_offenders(storage.tables(), found.head(SHOWN))), width=SHEET_CELL)
        photos = storage.tables().count("standardized_keywords")
        share = len(found) / max(1, photos)
        severity = dg.AssetCheckSeverity.ERROR if about.severity == "error" else dg.AssetCheckSeverity.WARN
        return dg.AssetCheckResult(
            passed=found.empty,
            severity=severity,
            description=f"{about.title}: {len(found)} ({percent(share)} of {photos} photos). {about.action}"
            if len(found)
            else f"{about.title}: none",
            metadata={
                "count": len(found),
                "share": share,
                "settled_by_review": int(((photo_findings["finding"] == kind) & settled).sum()),
                "what_to_do": about.action,
                "worst": picture(sheet),
                "findings": table(found[["shoot", "file", "score", "detail", "suggestion"]]),
            },
        )

    return check


def _offenders(tables: TableStore, found: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """Captions and thumbnails of findings in their order; of a whole shoot its first photos."""
    about_photos = found[found["file"].notna()]
    for shoot in found.loc[found["file"].isna(), "shoot"]:
        first = tables.read("standardized_keywords", str(shoot), ["file"])["file"].head(OF_A_SHOOT)
        for png in thumbnails(tables, str(shoot), first).values():
            yield str(shoot), png
    pictures = {
        (str(shoot), file): png
        for shoot, rows in about_photos.groupby("shoot")
        for file, png in thumbnails(tables, str(shoot), rows["file"]).items()
    }
    for row in about_photos.to_dict("records"):
        hint = f"{row['suggestion']}?" if row["suggestion"] else row["shoot"]
        name = parse_name(row["file"])
        which = f"{name.recipe} step {name.step}" if name.recipe else row["file"]
        yield f"{which}\n{hint}", pictures[row["shoot"], row["file"]]


@dg.definitions
def finding_checks() -> dg.Definitions:
    """One check for every kind of finding."""
    return dg.Definitions(asset_checks=[finding_check(kind) for kind in KINDS])
