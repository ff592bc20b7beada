"""Data set assets over all shoots: how keywords are distributed, and which photos train, validate and test."""

import dagster as dg
import pandas as pd

from recipe_assets.defs.reporting import picture, plain_errors, table
from recipe_assets.defs.resources import StorageResource, VocabularyResource
from recipe_assets.figures import split_bars
from recipe_assets.studio.labels import keyword_counts
from recipe_assets.studio.quality import imbalance
from recipe_assets.studio.quality.findings import findings_table
from recipe_assets.studio.report.pictures import example_picture, keyword_pictures
from recipe_assets.studio.split_checks import leaks, moved
from recipe_assets.studio.split_state import data_fingerprint, previous_splits
from recipe_assets.studio.splits import KEPT_OUT, RARE, SHARES, split_photos
from recipe_assets.studio.thumbnails import thumbnails

BEFORE = "splits_before"
"""The table that keeps the splits of the materialization before, as evidence that nobody moved."""


CHARTS = ("before_grouping", "after_grouping", "by_shoot", "by_year")


@dg.asset(
    group_name="dataset",
    kinds={"pandas", "matplotlib"},
    owners=["team:data"],
    tags={"stage": "dataset"},
    deps=["raw_images"],
)
def keyword_distribution(
    standardized_keywords: pd.DataFrame, vocabulary: VocabularyResource, storage: StorageResource
) -> dg.MaterializeResult[pd.DataFrame]:
    """Photos per keyword: as written and as grouped, by shoot and by year, with an example of every keyword."""
    with plain_errors():
        words, tables = vocabulary.load(), storage.tables()
        examples = example_picture(
            standardized_keywords, findings_table([]), words, lambda shoot, files: thumbnails(tables, shoot, files)
        )
    counts = keyword_counts(standardized_keywords, words)
    totals = counts.sum(axis=1)
    charts = zip(CHARTS, keyword_pictures(standardized_keywords, words), strict=False)
    return dg.MaterializeResult(
        value=counts.rename_axis("keyword").reset_index(),
        metadata={
            "photos": int(totals.sum()),
            "keywords_with_photos": int((totals > 0).sum()),
            **{name: picture(chart.content) for name, chart in charts},
            "examples": picture(examples.content),
            "counts": table(counts.assign(all=totals).rename_axis("keyword").reset_index()),
        },
    )


@dg.asset_check(
    asset=keyword_distribution, additional_ins={"standardized_keywords": dg.AssetIn("standardized_keywords")}
)
def keywords_are_balanced(
    standardized_keywords: pd.DataFrame, vocabulary: VocabularyResource
) -> dg.AssetCheckResult:
    """Every keyword has photos and recipes enough to be learned and measured (20 photos in 3 recipes)."""
    found = imbalance(standardized_keywords, vocabulary.load().names)
    return dg.AssetCheckResult(
        passed=not found.rare and not found.missing,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"the most frequent keyword has {found.ratio:.0f} times the photos of the rarest; "
        f"{found.keywords} keywords are worth {found.effective_keywords:.1f} even ones; {found.advice}",
        metadata={
            "count": len(found.rare) + len(found.missing),
            "share": (len(found.rare) + len(found.missing)) / max(1, found.keywords + len(found.missing)),
            "ratio": found.ratio,
            "evenness": found.evenness,
            "rare": ", ".join(found.rare),
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
    """Which photos train, validate and test (80/10/10, stratified by keyword), and which are kept out, and why.

    A recipe and its near-duplicates stay together, and a photo that has a split keeps it as shoots arrive.
    """
    with plain_errors():
        words, tables = vocabulary.load(), storage.tables()
        before = previous_splits(tables)
        dealt = split_photos(standardized_keywords, before, words.min_photos)
        if before is not None:
            tables.write(before, BEFORE)
    sizes = dealt["split"].value_counts()
    kept_out = dealt.loc[dealt["split"].isin(list(KEPT_OUT)), ["shoot", "file", "keyword", "split"]]
    return dg.MaterializeResult(
        value=dealt,
        data_version=dg.DataVersion(data_fingerprint(dealt, words.sha256)[:16]),
        metadata={
            **{side: int(sizes.get(side, 0)) for side in SHARES},
            "groups": int(dealt["group"].nunique()),
            "kept_out": table(kept_out.assign(why=kept_out["split"].map(KEPT_OUT))),
            "chart": picture(split_bars(dealt)),
            "by_keyword": table(pd.crosstab(dealt["keyword"], dealt["split"]).reset_index()),
        },
    )


@dg.asset_check(asset=splits, blocking=True)
def nobody_moved(splits: pd.DataFrame, storage: StorageResource) -> dg.AssetCheckResult:
    """Every photo that had a side before this materialization has the same one now."""
    tables = storage.tables()
    before = tables.read(BEFORE) if tables.path(BEFORE).is_file() else None
    if before is None:
        return dg.AssetCheckResult(passed=True, description="these are the first splits")
    found = moved(before, splits)
    return dg.AssetCheckResult(
        passed=found.empty,
        description=f"{len(found)} of {len(before)} photos moved: restore splits_before.parquet as splits.parquet"
        if len(found)
        else f"all {len(before)} photos of the last splits stand where they stood",
        metadata={"count": len(found), "share": len(found) / max(1, len(before)), "photos": table(found)},
    )


@dg.asset_check(asset=splits)
def keywords_are_not_rare(splits: pd.DataFrame, vocabulary: VocabularyResource) -> dg.AssetCheckResult:
    """Every keyword has at least the vocabulary's `min_photos`; rarer ones are listed, not learned."""
    rare = splits.loc[splits["split"] == RARE, "keyword"].value_counts()
    least = vocabulary.load().min_photos
    return dg.AssetCheckResult(
        passed=rare.empty,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"fewer than {least} photos, so neither learned nor measured: {', '.join(rare.index)}; shoot "
        "more of them, make them an alias of another keyword, or lower min_photos in the vocabulary"
        if len(rare)
        else f"every keyword has at least {least} photos",
        metadata={"count": len(rare), "photos": table(rare.rename_axis("keyword").reset_index(name="photos"))},
    )


@dg.asset_check(asset=splits, blocking=True)
def no_leakage(splits: pd.DataFrame) -> dg.AssetCheckResult:
    """No recipe, exact copy or near-duplicate (by perceptual hash) stands in two splits."""
    found = leaks(splits)
    return dg.AssetCheckResult(
        passed=found.empty,
        description=f"{len(found)} recipes or copies stand in two splits: write 'drop' for one of each into the "
        "review queue, or correct the recipe in the file's name"
        if len(found)
        else "no recipe or copy stands in two splits",
        metadata={
            "count": len(found),
            "share": len(found) / max(1, len(splits)),
            "leaks": table(found),
        },
    )


@dg.asset_check(asset=splits, blocking=True)
def every_keyword_is_trained(splits: pd.DataFrame) -> dg.AssetCheckResult:
    """Every keyword that occurs has training photos; otherwise its photos could only be answered wrongly."""
    used = splits[splits["split"].isin(list(SHARES))]
    trained = set(used.loc[used["split"] == "train", "keyword"])
    missing = sorted(set(used["keyword"]) - trained)
    return dg.AssetCheckResult(
        passed=not missing and bool(trained),
        description=f"no training photo for: {', '.join(missing)}: add photos, or take them out of the vocabulary"
        if missing
        else f"{len(trained)} keywords have training photos",
    )


@dg.asset_check(asset=splits)
def every_keyword_is_tested(splits: pd.DataFrame) -> dg.AssetCheckResult:
    """Every keyword has test photos; the accuracy of one without any stays unknown."""
    used = splits[splits["split"].isin(list(SHARES))]
    missing = sorted(set(used["keyword"]) - set(used.loc[used["split"] == "test", "keyword"]))
    return dg.AssetCheckResult(
        passed=not missing,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"no test photo for: {', '.join(missing)}" if missing else "every keyword has test photos",
    )
