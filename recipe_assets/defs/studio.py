"""Studio assets, one partition per shoot: photos as facts and thumbnails, and masks matched with their photos."""

import dagster as dg
import pandas as pd

from recipe_assets.defs.partitions import shoots
from recipe_assets.defs.reporting import percent, picture, plain_errors, progress, table
from recipe_assets.defs.resources import StorageResource, StudioResource
from recipe_assets.figures import contact_sheet
from recipe_assets.storage import TableStore
from recipe_assets.studio.arrivals import raw_attributes
from recipe_assets.studio.masks import mask_pairs as match_masks
from recipe_assets.studio.reading import MAX_UNREADABLE, SCHEMA, read_batches
from recipe_assets.studio.thumbnails import thumbnails

FACTS = [
    "shoot", "file", "format", "width", "height", "color", "notes", "recipe", "step", "tag", "problem",
]  # fmt: skip


@dg.asset(
    partitions_def=shoots,
    group_name="studio",
    kinds={"python", "parquet"},
    owners=["team:data"],
    tags={"stage": "studio"},
)
def raw_images(
    context: dg.AssetExecutionContext, studio: StudioResource, storage: StorageResource
) -> dg.MaterializeResult[None]:
    """Every file of a shoot: facts from its name and header, its own keywords, a hash and a thumbnail.

    A file that is no usable photo keeps its row, with the reason. No later asset opens an original again.
    """
    name, tables = context.partition_key, storage.tables()
    with plain_errors():
        source = studio.open()
        shoot = source.shoot(name)
        batches = read_batches(source, shoot, progress(context.log.info, f"{name}: photos read"))
        attributes = raw_attributes(shoot.fingerprint)
        path = tables.write_batches(batches, "raw_images", name, attributes, SCHEMA)
        photos = tables.read("raw_images", name, FACTS)
    usable = photos[photos["problem"].isna()]
    odd_names = usable.loc[usable["recipe"].isna(), ["file"]]
    if len(odd_names):
        context.log.warning(f"{name}: {len(odd_names)} file names break the convention")
    return dg.MaterializeResult(
        data_version=dg.DataVersion("-".join(attributes.values())),
        metadata={
            "dagster/row_count": len(photos),
            "path": dg.MetadataValue.path(path),
            "photos": len(usable),
            "rejects": len(photos) - len(usable),
            "reject_reasons": table(photos.loc[photos["problem"].notna(), ["file", "problem"]]),
            "names_outside_convention": table(odd_names),
            "notes": table(usable.loc[usable["notes"].notna(), ["file", "notes"]]),
            "photo_sizes": table(_sizes(usable)),
            "examples": picture(_examples(tables, usable)),
        },
    )


def _sizes(usable: pd.DataFrame) -> pd.DataFrame:
    return usable.value_counts(["format", "color", "width", "height"]).head(12).reset_index(name="photos")


def _examples(tables: TableStore, usable: pd.DataFrame) -> bytes:
    """Up to 18 photos, spread over the shoot."""
    chosen = usable.iloc[:: max(1, len(usable) // 18)].head(18)
    if chosen.empty:
        return contact_sheet([])
    found = thumbnails(tables, str(chosen["shoot"].iloc[0]), chosen["file"])
    steps = chosen["step"].fillna("")
    return contact_sheet(
        [(step, found[file]) for step, file in zip(steps, chosen["file"], strict=True)], width=180
    )


@dg.asset_check(asset=raw_images, partitions_def=shoots, blocking=True)
def photos_are_readable(raw_images: pd.DataFrame) -> dg.AssetCheckResult:
    """At most 10 % of a shoot's files are unreadable."""
    bad = raw_images[raw_images["problem"].notna()]
    share = len(bad) / max(1, len(raw_images))
    return dg.AssetCheckResult(
        passed=share <= MAX_UNREADABLE,
        description=f"{len(bad)} of {len(raw_images)} files ({percent(share)}) are no usable photos; "
        f"the limit is {percent(MAX_UNREADABLE)}: copy them again from the camera or remove them",
        metadata={"count": len(bad), "share": share, "files": table(bad[["file", "problem"]])},
    )


@dg.asset(
    partitions_def=shoots,
    group_name="studio",
    kinds={"pandas", "parquet"},
    owners=["team:data"],
    tags={"stage": "studio"},
    ins={"raw_images": dg.AssetIn(metadata={"columns": ["shoot", "file", "tag", "width", "height", "problem"]})},
)
def mask_pairs(raw_images: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """Which mask belongs to which original, for Recipe Cropper's data set; no mask is ever trained on."""
    pairs = match_masks(raw_images)
    return dg.MaterializeResult(
        value=pairs, metadata={"pairs": int(pairs["problem"].isna().sum()), "all": table(pairs)}
    )


@dg.asset_check(asset=mask_pairs, partitions_def=shoots)
def masks_are_paired(mask_pairs: pd.DataFrame) -> dg.AssetCheckResult:
    """Every mask has its original, and in a shoot with masks every original its mask, in the same size."""
    broken = mask_pairs[mask_pairs["problem"].notna()]
    return dg.AssetCheckResult(
        passed=broken.empty,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(broken)} of {len(mask_pairs)} pairs are incomplete or unfit: deliver the other half"
        if len(broken)
        else f"{len(mask_pairs)} pairs, all complete",
        metadata={"count": len(broken), "share": len(broken) / max(1, len(mask_pairs)), "pairs": table(broken)},
    )
