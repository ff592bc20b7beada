"""What is doubtful about photos and keywords, over all shoots. The checks of it are in `quality_checks`."""

import dagster as dg
import pandas as pd

from recipe_assets.defs.reporting import plain_errors, table
from recipe_assets.defs.resources import BaseCheckpointResource, StorageResource
from recipe_assets.studio.quality import KINDS, METRICS, all_findings

FACTS = [
    "shoot", "file", "sha256", "bytes", "format", "width", "height", "year", "recipe", "step", "tag", "phash",
    *METRICS, "problem",
]  # fmt: skip


@dg.asset(
    group_name="dataset",
    kinds={"pandas", "sklearn"},
    owners=["team:data"],
    tags={"stage": "dataset"},
    ins={"raw_images": dg.AssetIn(metadata={"columns": FACTS})},
)
def photo_findings(
    context: dg.AssetExecutionContext,
    raw_images: pd.DataFrame,
    standardized_keywords: pd.DataFrame,
    photo_embeddings: pd.DataFrame,
    splits: pd.DataFrame,
    base: BaseCheckpointResource,
    storage: StorageResource,
) -> dg.MaterializeResult[pd.DataFrame]:
    """What is doubtful about photos and keywords: copies, odd exposure and focus, keywords that do not fit."""
    tables, identity = storage.tables(), base.identity()
    # Vectors of two checkpoints cannot be compared; a shoot that is not embedded anew yet has to wait.
    shoots = {
        shoot
        for shoot in tables.partitions("photo_embeddings")
        if (tables.attributes("photo_embeddings", shoot) or {}).get("base") == identity
    }
    embeddings = photo_embeddings[photo_embeddings["shoot"].isin(shoots)]
    with plain_errors():
        found = all_findings(
            raw_images, standardized_keywords, embeddings, splits, lambda what: context.log.info(what)
        )
    counts = found["finding"].value_counts().reindex(list(KINDS), fill_value=0)
    return dg.MaterializeResult(
        value=found,
        metadata={
            "photos_looked_at": len(raw_images),
            "findings": len(found),
            "by_kind": table(counts.rename_axis("finding").reset_index(name="count")),
            "worst": table(found.drop(columns="sha256")),
        },
    )
