"""Studio assets, one partition per shoot: photos as facts and thumbnails, then their standard keywords."""

import dagster as dg
import pandas as pd

from recipe_assets.defs.partitions import shoots
from recipe_assets.defs.reporting import percent, picture, plain_errors, progress, table
from recipe_assets.defs.resources import StudioResource, VocabularyResource
from recipe_assets.figures import contact_sheet
from recipe_assets.studio.labels import reason_kind, standardize_shoot
from recipe_assets.studio.reading import read_shoot

MAX_UNREADABLE = 0.1
"""Share of a shoot's files that may be unreadable; more is a broken copy, not a few bad files."""
MAX_UNMAPPED = 0.3
"""Share of photos of a shoot that may end without a keyword; more is a new spelling or a missing export step."""


@dg.asset(
    partitions_def=shoots,
    group_name="studio",
    kinds={"python", "parquet"},
    owners=["team:data"],
    tags={"stage": "studio"},
)
def raw_images(context: dg.AssetExecutionContext, studio: StudioResource) -> dg.MaterializeResult[pd.DataFrame]:
    """Every file of a shoot: facts from its name and header, its own keywords, a hash and a thumbnail.

    A file that is no usable photo keeps its row, with the reason. No later asset opens an original again.
    """
    shoot = context.partition_key
    with plain_errors():
        source = studio.open()
        fingerprint = source.fingerprint(shoot)
        photos = read_shoot(source, shoot, progress(context.log.info, f"{shoot}: photos read"))
    photos.attrs = {"files": fingerprint}
    usable = photos[photos["problem"].isna()]
    rejects = photos.loc[photos["problem"].notna(), ["file", "problem"]]
    odd_names = usable.loc[usable["recipe"].isna(), ["file"]]
    if len(odd_names):
        context.log.warning(f"{shoot}: {len(odd_names)} file names break the convention")
    sample = usable.iloc[:: max(1, len(usable) // 18)].head(18)
    return dg.MaterializeResult(
        value=photos,
        data_version=dg.DataVersion(fingerprint),
        metadata={
            "photos": len(usable),
            "rejects": len(rejects),
            "reject_reasons": table(rejects),
            "names_outside_convention": table(odd_names),
            "photo_sizes": table(usable.value_counts(["format", "width", "height"]).head(8).reset_index()),
            "examples": picture(
                contact_sheet(list(zip(sample["step"].fillna(""), sample["thumbnail"], strict=True)))
            ),
        },
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
        metadata={"share": share, "files": table(bad[["file", "problem"]])},
    )


@dg.asset(
    partitions_def=shoots,
    group_name="studio",
    kinds={"pandas", "parquet"},
    owners=["team:data"],
    tags={"stage": "studio"},
    ins={
        "raw_images": dg.AssetIn(
            metadata={
                "columns": [
                    "shoot", "file", "sha256", "brand", "year", "recipe", "step", "tag",
                    "phash", "iptc_keywords", "xmp_keywords", "problem",
                ]
            }
        )
    },
)  # fmt: skip
def standardized_keywords(
    raw_images: pd.DataFrame, vocabulary: VocabularyResource
) -> dg.MaterializeResult[pd.DataFrame]:
    """Each readable photo with the one keyword that its metadata stands for, or the reason why it has none.

    Works on the stored table: a changed vocabulary costs no decoding.
    """
    with plain_errors():
        words = vocabulary.load()
    labelled = standardize_shoot(raw_images, words)
    labelled.attrs = {"files": raw_images.attrs.get("files", ""), "vocabulary": words.sha256}
    unmapped = labelled.loc[labelled["keyword"].isna(), ["file", "reason"]]
    counts = labelled["keyword"].value_counts().rename_axis("keyword").reset_index(name="photos")
    return dg.MaterializeResult(
        value=labelled,
        data_version=dg.DataVersion(f"{raw_images.attrs.get('files', '')}-{words.sha256[:8]}"),
        metadata={
            "photos": len(labelled),
            "with_keyword": int(labelled["keyword"].notna().sum()),
            "keywords": table(counts),
            "without_keyword": table(unmapped),
            "reasons": table(reason_kind(labelled["reason"]).value_counts().rename_axis("reason").reset_index()),
            "vocabulary_sha256": words.sha256,
        },
    )


@dg.asset_check(asset=standardized_keywords, partitions_def=shoots, blocking=True)
def keywords_are_known(standardized_keywords: pd.DataFrame) -> dg.AssetCheckResult:
    """At most 30 % of a shoot's photos (masks aside) end without a keyword."""
    photos = standardized_keywords[reason_kind(standardized_keywords["reason"]).fillna("") != "mask"]
    unmapped = photos[photos["keyword"].isna()]
    share = len(unmapped) / max(1, len(photos))
    reasons = unmapped["reason"].value_counts().rename_axis("reason").reset_index()
    return dg.AssetCheckResult(
        passed=bool(len(photos)) and share <= MAX_UNMAPPED,
        description=f"{len(unmapped)} of {len(photos)} photos ({percent(share)}) have no keyword; the limit is "
        f"{percent(MAX_UNMAPPED)}: add spellings as aliases to the vocabulary, or keywords to the photos",
        metadata={"share": share, "reasons": table(reasons), "photos": table(unmapped[["file", "reason"]])},
    )
