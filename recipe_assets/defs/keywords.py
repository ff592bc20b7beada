"""The keyword that each photo of a shoot stands for; one partition per shoot."""

import dagster as dg
import pandas as pd

from recipe_assets.defs.partitions import shoots
from recipe_assets.defs.reporting import percent, plain_errors, table
from recipe_assets.defs.resources import ReviewResource, StorageResource, VocabularyResource
from recipe_assets.review.reviewed import all_decisions
from recipe_assets.studio.arrivals import Wanted
from recipe_assets.studio.labels import FACTS, MAX_UNMAPPED, reason_kind, standardize_shoot, unmapped_shares
from recipe_assets.studio.reading import require_readable


@dg.asset(
    partitions_def=shoots,
    group_name="studio",
    kinds={"pandas", "parquet"},
    owners=["team:data"],
    tags={"stage": "studio"},
    ins={"raw_images": dg.AssetIn(metadata={"columns": [*FACTS, "problem"]})},
)
def standardized_keywords(
    context: dg.AssetExecutionContext,
    raw_images: pd.DataFrame,
    vocabulary: VocabularyResource,
    review: ReviewResource,
    storage: StorageResource,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Each readable photo with the one keyword that it stands for, or the reason why it has none.

    What a person decided in the review queue, on the review page or in the outbox outranks IPTC, XMP and sidecar.
    Works on the stored table: a changed vocabulary costs no decoding.
    """
    with plain_errors():
        require_readable(raw_images, context.partition_key)
        words = vocabulary.load()
        decided = all_decisions(review.read(), storage.tables(), words)
    labelled = standardize_shoot(raw_images, words, decided)
    wanted = Wanted(words, decided).label_attributes(context.partition_key, raw_images.attrs.get("files", ""))
    labelled.attrs.update(wanted)
    unmapped = labelled.loc[labelled["keyword"].isna(), ["file", "reason", "suggestion"]]
    counts = labelled["keyword"].value_counts().rename_axis("keyword").reset_index(name="photos")
    return dg.MaterializeResult(
        value=labelled,
        data_version=dg.DataVersion("-".join(part[:16] for part in wanted.values())),
        metadata={
            "photos": len(labelled),
            "with_keyword": int(labelled["keyword"].notna().sum()),
            "decided_by_review": int((labelled["source"] == "review").sum()),
            "keywords": table(counts),
            "without_keyword": table(unmapped),
            "reasons": table(reason_kind(labelled["reason"]).value_counts().rename_axis("reason").reset_index()),
            "sources": table(labelled["source"].value_counts().rename_axis("source").reset_index(name="photos")),
            "vocabulary_sha256": words.sha256,
        },
    )


@dg.asset_check(asset=standardized_keywords, partitions_def=shoots, blocking=True)
def keywords_are_known(standardized_keywords: pd.DataFrame) -> dg.AssetCheckResult:
    """At most 30 % of a shoot's photos (masks and photos taken out aside) carry words that say no keyword.

    Photos without any word do not block, they only warn beyond the same share: the model keywords them.
    """
    kinds = reason_kind(standardized_keywords["reason"]).fillna("")
    photos = standardized_keywords[~kinds.isin(["mask", "dropped"])]
    without = photos[photos["keyword"].isna()]
    share = float(unmapped_shares(standardized_keywords).max())
    reasons = without["reason"].value_counts().rename_axis("reason").reset_index()
    return dg.AssetCheckResult(
        passed=len(without) <= MAX_UNMAPPED * len(photos),
        severity=dg.AssetCheckSeverity.ERROR if share > MAX_UNMAPPED else dg.AssetCheckSeverity.WARN,
        description=_what_to_do(len(photos), int((kinds == "missing").sum()), share),
        metadata={
            "count": len(without),
            "share": share,
            "reasons": table(reasons),
            "photos": table(without[["file", "reason", "suggestion"]]),
        },
    )


def _what_to_do(photos: int, missing: int, share: float) -> str:
    said = f"the words of {round(share * photos)} of {photos} photos ({percent(share)}) say no keyword; the limit "
    said += f"is {percent(MAX_UNMAPPED)}: add spellings as aliases to the vocabulary, or correct the photos"
    if not missing:
        return said
    return f"{said}. {missing} photos carry no word at all: keyworded_shoot keywords them by the released model"
