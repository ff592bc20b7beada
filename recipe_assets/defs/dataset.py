"""Data set assets over all shoots: how keywords are distributed, and which photos train, validate and test."""

import dagster as dg
import pandas as pd

from recipe_assets.defs.reporting import picture, plain_errors, table
from recipe_assets.defs.resources import StorageResource, VocabularyResource
from recipe_assets.figures import keyword_bars, split_bars
from recipe_assets.studio.labels import keyword_counts
from recipe_assets.studio.splits import SHARES, data_fingerprint, leaks, previous_splits, split_photos


@dg.asset(group_name="dataset", kinds={"pandas", "matplotlib"}, owners=["team:data"], tags={"stage": "dataset"})
def keyword_distribution(
    standardized_keywords: pd.DataFrame, vocabulary: VocabularyResource
) -> dg.MaterializeResult[pd.DataFrame]:
    """How many photos each keyword has, by shoot: the long tail at a glance."""
    with plain_errors():
        counts = keyword_counts(standardized_keywords, vocabulary.load())
    totals = counts.sum(axis=1)
    return dg.MaterializeResult(
        value=counts.rename_axis("keyword").reset_index(),
        metadata={
            "photos": int(totals.sum()),
            "keywords_with_photos": int((totals > 0).sum()),
            "chart": picture(keyword_bars(counts)),
            "counts": table(counts.assign(all=totals).rename_axis("keyword").reset_index()),
        },
    )


@dg.asset_check(asset=keyword_distribution)
def every_keyword_has_photos(keyword_distribution: pd.DataFrame) -> dg.AssetCheckResult:
    """Every keyword of the vocabulary has photos; one without any is not learned."""
    totals = keyword_distribution.set_index("keyword").sum(axis=1)
    without = sorted(totals.index[totals == 0])
    return dg.AssetCheckResult(
        passed=not without,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"without any photo: {', '.join(without)}" if without else "every keyword has photos",
        metadata={"fewest_photos": int(totals.min()), "rarest_keyword": str(totals.idxmin())},
    )


@dg.asset(group_name="dataset", kinds={"pandas", "parquet"}, owners=["team:data"], tags={"stage": "dataset"})
def splits(
    standardized_keywords: pd.DataFrame, vocabulary: VocabularyResource, storage: StorageResource
) -> dg.MaterializeResult[pd.DataFrame]:
    """Which photos train, validate and test (80/10/10, stratified by keyword).

    A recipe and its near-duplicates stay together, and a photo that has a split keeps it as shoots arrive.
    """
    with plain_errors():
        words = vocabulary.load()
        dealt = split_photos(standardized_keywords, previous_splits(storage.tables()))
    sizes = dealt["split"].value_counts()
    return dg.MaterializeResult(
        value=dealt,
        data_version=dg.DataVersion(data_fingerprint(dealt, words.sha256)[:16]),
        metadata={
            **{side: int(sizes.get(side, 0)) for side in SHARES},
            "groups": int(dealt["group"].nunique()),
            "kept_out": table(dealt.loc[~dealt["split"].isin(list(SHARES)), ["shoot", "file", "split"]]),
            "chart": picture(split_bars(dealt)),
            "by_keyword": table(pd.crosstab(dealt["keyword"], dealt["split"]).reset_index()),
        },
    )


@dg.asset_check(asset=splits, blocking=True)
def no_leakage(splits: pd.DataFrame) -> dg.AssetCheckResult:
    """No recipe, exact copy or near-duplicate stands in two splits."""
    found = leaks(splits)
    return dg.AssetCheckResult(
        passed=found.empty,
        description=f"{len(found)} recipes or copies stand in two splits",
        metadata={"leaks": table(found)},
    )


@dg.asset_check(asset=splits, blocking=True)
def every_keyword_is_trained(splits: pd.DataFrame) -> dg.AssetCheckResult:
    """Every keyword that occurs has training photos; otherwise its photos could only be answered wrongly."""
    trained = set(splits.loc[splits["split"] == "train", "keyword"])
    missing = sorted(set(splits["keyword"]) - trained)
    return dg.AssetCheckResult(
        passed=not missing and bool(trained),
        description=f"no training photo for: {', '.join(missing)}: add photos, or take them out of the vocabulary"
        if missing
        else f"{len(trained)} keywords have training photos",
    )


@dg.asset_check(asset=splits)
def every_keyword_is_tested(splits: pd.DataFrame) -> dg.AssetCheckResult:
    """Every keyword has test photos; the accuracy of one without any stays unknown."""
    missing = sorted(set(splits["keyword"]) - set(splits.loc[splits["split"] == "test", "keyword"]))
    return dg.AssetCheckResult(
        passed=not missing,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"no test photo for: {', '.join(missing)}" if missing else "every keyword has test photos",
    )
