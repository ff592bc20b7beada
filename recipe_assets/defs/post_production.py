"""Post-production: whole shoots keyworded by the released model, sorted by pipeline, ready for Photoshop.

How a shoot gets there safely is `recipe_assets.outbox`' subject, what people see of it `post_production_views`'.
"""

import hashlib
from enum import Enum

import dagster as dg
import pandas as pd
from pydantic import Field

from recipe_assets.defs.partitions import shoots
from recipe_assets.defs.post_production_views import shoot_metadata
from recipe_assets.defs.reporting import plain_errors, progress, table
from recipe_assets.defs.resources import (
    OutboxResource,
    ReleaseStoreResource,
    StorageResource,
    StudioResource,
    VocabularyResource,
)
from recipe_assets.errors import ReleaseError
from recipe_assets.outbox.shoot import Released, Rooms, keyword_shoot
from recipe_assets.outbox.standing import WAITING
from recipe_assets.release.predictor import Predictor


class UpdateChoice(Enum):
    """What becomes of photos that are in the outbox already and would get another keyword or pipeline."""

    show = "show"
    write = "write"


class KeywordConfig(dg.Config):
    """How a shoot is keyworded again."""

    update: UpdateChoice = Field(
        default=UpdateChoice.show,
        description="show tells in outbox_changes what would change, write does it. New photos are written.",
    )


@dg.asset(
    partitions_def=shoots,
    group_name="post_production",
    kinds={"onnx", "parquet"},
    owners=["team:data"],
    tags={"stage": "post_production"},
    deps=["raw_images", "standardized_keywords"],
)
def keyworded_shoot(
    context: dg.AssetExecutionContext,
    config: KeywordConfig,
    studio: StudioResource,
    storage: StorageResource,
    vocabulary: VocabularyResource,
    releases: ReleaseStoreResource,
    outbox: OutboxResource,
) -> dg.MaterializeResult[None]:
    """Copies of a shoot's photos in the outbox, sorted by pipeline, with the released model's keywords in them.

    A photo that a person keyworded passes byte for byte; what a person changed in the outbox is never touched.
    """
    name = context.partition_key
    report = progress(context.log.info, f"{name}: photos in the outbox")
    with plain_errors():
        tables, scratch = storage.tables(), storage.scratch("outbox")
        rooms = Rooms(studio.open(), tables, outbox.open(), vocabulary.load(), scratch)
        released = current_release(releases, storage)
        found = keyword_shoot(rooms, name, released, config.update.value, report)
        metadata = shoot_metadata(found, rooms, released.release_id)
    return dg.MaterializeResult(data_version=dg.DataVersion(_version(found.rows)), metadata=metadata)


def current_release(releases: ReleaseStoreResource, storage: StorageResource) -> Released:
    """The release that is current, without an edge in the graph that would hold up a shoot.

    Raises:
        ReleaseError: if there is none.
    """
    store = releases.open()
    current = store.read_pointer()
    if current is None:
        raise ReleaseError(f"{store.store_url} has no release yet: materialize model_release first")
    pointer = current.pointer
    return Released(pointer.release_id, lambda: Predictor.load(storage.copy_of(store, pointer)))


def _version(rows: pd.DataFrame) -> str:
    said = rows[["file", "keyword", "path", "written_sha256"]].to_csv(index=False)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


@dg.asset_check(asset=keyworded_shoot, partitions_def=shoots)
def photos_reached_the_outbox(
    context: dg.AssetCheckExecutionContext, keyworded_shoot: pd.DataFrame
) -> dg.AssetCheckResult:
    """Every photo of the shoot is in the outbox, but for masks and what a person took out."""
    kinds = keyworded_shoot["reason"].str.partition(":")[0]
    missing = keyworded_shoot[keyworded_shoot["path"].isna() & ~kinds.isin(["mask", "dropped"])]
    return dg.AssetCheckResult(
        passed=missing.empty,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(missing)} of {len(keyworded_shoot)} files are not in the outbox: see the reasons"
        if len(missing)
        else f"{int(keyworded_shoot['path'].notna().sum())} photos are in the outbox",
        metadata={"count": len(missing), "files": table(missing[["file", "keyword", "reason"]])},
    )


@dg.asset_check(asset=keyworded_shoot, partitions_def=shoots)
def outbox_is_up_to_date(
    context: dg.AssetCheckExecutionContext, keyworded_shoot: pd.DataFrame
) -> dg.AssetCheckResult:
    """No change waits that was shown and not written."""
    waiting = int(keyworded_shoot.attrs.get(WAITING, "0"))
    return dg.AssetCheckResult(
        passed=not waiting,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{waiting} photos would change: look at outbox_changes, then materialize with update: write"
        if waiting
        else "nothing waits",
        metadata={"count": waiting},
    )
