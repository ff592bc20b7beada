"""What the base checkpoint sees in each photo; one partition per shoot."""

import dagster as dg
import numpy as np
import pandas as pd

from recipe_assets.defs.partitions import shoots
from recipe_assets.defs.reporting import plain_errors, progress
from recipe_assets.defs.resources import BaseCheckpointResource, StorageResource
from recipe_assets.studio.arrivals import embed_attributes


@dg.asset(
    partitions_def=shoots,
    group_name="studio",
    kinds={"pytorch", "huggingface"},
    owners=["team:data"],
    tags={"stage": "studio"},
    ins={
        "raw_images": dg.AssetIn(metadata={"columns": ["shoot", "file", "sha256", "tag", "problem"]}),
    },
)
def photo_embeddings(
    context: dg.AssetExecutionContext,
    raw_images: pd.DataFrame,
    base: BaseCheckpointResource,
    storage: StorageResource,
) -> dg.MaterializeResult[pd.DataFrame]:
    """One unit vector per photo by the untuned base checkpoint: finds label errors and near-duplicates.

    Computed once per shoot and checkpoint, from stored thumbnails; masks are left out.
    """
    from recipe_assets.model.embeddings import embed_shoot

    shoot = context.partition_key
    photos = raw_images[raw_images["problem"].isna() & (raw_images["tag"].fillna("") != "mask")]
    with plain_errors():
        report = progress(context.log.info, f"{shoot}: photos embedded")
        found = embed_shoot(storage.tables(), photos, base.name, report)
        found.attrs.update(embed_attributes(raw_images.attrs.get("files", ""), base.identity()))
    return dg.MaterializeResult(
        value=found,
        data_version=dg.DataVersion("-".join(str(part) for part in found.attrs.values())),
        metadata={"photos": len(found), "base_checkpoint": base.name},
    )


@dg.asset_check(asset=photo_embeddings, partitions_def=shoots)
def embeddings_are_unit_vectors(photo_embeddings: pd.DataFrame) -> dg.AssetCheckResult:
    """Every embedding is a finite vector of length one."""
    lengths = np.array([np.linalg.norm(vector) for vector in photo_embeddings["embedding"]])
    wrong = photo_embeddings.loc[~(np.abs(lengths - 1) < 1e-3), "file"]
    return dg.AssetCheckResult(
        passed=wrong.empty,
        description=f"{len(wrong)} of {len(lengths)} embeddings are no unit vectors: the checkpoint is broken"
        if len(wrong)
        else f"{len(lengths)} embeddings",
    )
