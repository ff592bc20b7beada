"""The studio at a glance: every chart and table of the data set as one HTML page that can be mailed."""

import re
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pandas as pd

from recipe_assets.defs.reporting import picture, plain_errors
from recipe_assets.defs.resources import StorageResource, VocabularyResource
from recipe_assets.studio import report
from recipe_assets.studio.quality import METRICS
from recipe_assets.studio.report.pictures import file_pictures
from recipe_assets.studio.thumbnails import thumbnails

FACTS = [
    "shoot", "file", "sha256", "bytes", "format", "width", "height", "color", "brand", "year", "image_type",
    "week", "country", "recipe", "step", "extra", "tag", "problem", *METRICS,
]  # fmt: skip
CHARTS = ("sizes_and_formats", "light_and_focus")
LARGEST_PAGE = 20_000_000


@dg.asset(
    group_name="dataset",
    kinds={"html", "matplotlib"},
    owners=["team:data"],
    tags={"stage": "dataset"},
    ins={"raw_images": dg.AssetIn(metadata={"columns": FACTS})},
)
def studio_report(
    context: dg.AssetExecutionContext,
    raw_images: pd.DataFrame,
    standardized_keywords: pd.DataFrame,
    splits: pd.DataFrame,
    photo_findings: pd.DataFrame,
    vocabulary: VocabularyResource,
    storage: StorageResource,
) -> dg.MaterializeResult[None]:
    """One HTML page with all charts, an example of every keyword, rejects and findings; it needs no network."""
    with plain_errors():
        tables, words = storage.tables(), vocabulary.load()
        page = report.studio_report(
            raw_images,
            standardized_keywords,
            splits,
            photo_findings,
            words,
            lambda shoot, files: thumbnails(tables, shoot, files),
            on_progress=context.log.info,
        )
        path = write_page(page, page_path(storage.root))
        charts = zip(CHARTS, file_pictures(raw_images), strict=False)  # nothing measured has no second one
    return dg.MaterializeResult(
        metadata={
            "page": dg.MetadataValue.path(path),
            "open": dg.MetadataValue.url(path.as_uri()),
            "bytes": len(page.encode()),
            **{name: picture(chart.content) for name, chart in charts},
        }
    )


@dg.asset_check(asset=studio_report)
def page_stands_alone(storage: StorageResource) -> dg.AssetCheckResult:
    """The page needs no network and is small enough to mail: below 20 MB."""
    page = page_path(storage.root)
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    fetched = re.findall(r"""(?:src|href)=["']?(https?:[^"'\s>]+)""", text)
    return dg.AssetCheckResult(
        passed=bool(text) and not fetched and len(text) < LARGEST_PAGE,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(text)} characters, {len(fetched)} things to fetch" if text else f"{page} is missing",
    )


def page_path(root: str) -> Path:
    """Where the page is kept."""
    return Path(root) / "studio_report.html"


def write_page(page: str, path: Path) -> Path:
    """Replace the page at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    part.write_text(page, encoding="utf-8")
    return part.replace(path)
