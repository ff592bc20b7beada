"""The report as one HTML file: facts, pictures and tables in sections, nothing fetched from anywhere.

What stands in pictures and tables is decided beside this; here it is put on the page, every text escaped.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from recipe_assets.figures.canvas import label
from recipe_assets.studio.quality.findings import FINDING_COLUMNS
from recipe_assets.studio.report import pictures, tables
from recipe_assets.studio.report.pictures import Picture, Thumbnails
from recipe_assets.studio.report.tables import Table
from recipe_assets.studio.vocabulary import Vocabulary

TEMPLATE = Path(__file__).with_name("report.html.j2")
LONGEST_TEXT = 240
"""Characters of one text; a longer one (a file name can have thousands) loses its middle."""


class Section(NamedTuple):
    """A part of the page with its place in the table of contents."""

    anchor: str
    title: str
    text: str
    pictures: list[Picture]
    tables: list[Table]


def studio_report(
    raw: pd.DataFrame,
    labelled: pd.DataFrame,
    splits: pd.DataFrame,
    findings: pd.DataFrame | None,
    vocabulary: Vocabulary,
    thumbnails: Thumbnails,
    *,
    title: str = "Studio report",
    written: datetime | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> str:
    """What the studio's photos are like, as one HTML page that needs no network.

    Args:
        raw: one row per file of all shoots (columns of `reading.COLUMNS`; no thumbnails needed).
        labelled: usable photos with keyword or reason, as `labels.standardize_shoot` makes them.
        splits: photo by photo, as `splits.split_photos` makes it.
        findings: as `quality` makes them (`FINDING_COLUMNS`); None or empty where nothing was found.
        vocabulary: the studio's keywords.
        thumbnails: called once per shoot and picture for the few photos that are shown.
        title: heading and title of the page.
        written: when it was written; now, if not given.
        on_progress: called with the title of each section before it is made.

    Returns:
        The page. The same tables, thumbnails and time give the same page.
    """
    found = pd.DataFrame(columns=FINDING_COLUMNS) if findings is None or findings.empty else findings
    sections = []
    for name, make in _sections(raw, labelled, splits, found, vocabulary, thumbnails).items():
        if on_progress:
            on_progress(name)
        sections.append(make())
    moment = (written or datetime.now(UTC)).astimezone(UTC)
    facts = _facts(raw, labelled, found, vocabulary)
    return _render(title=title, written=moment, facts=facts, sections=sections, vocabulary=vocabulary.sha256)


def _sections(
    raw: pd.DataFrame,
    labelled: pd.DataFrame,
    splits: pd.DataFrame,
    findings: pd.DataFrame,
    vocabulary: Vocabulary,
    thumbnails: Thumbnails,
) -> dict[str, Callable[[], Section]]:
    return {
        "Keywords": lambda: _keywords(labelled, splits, findings, vocabulary, thumbnails),
        "Photos without keyword": lambda: _unlabelled(labelled),
        "Files": lambda: _files(raw),
        "Splits": lambda: _splits(splits),
        "Findings": lambda: _findings(findings, thumbnails),
        "Shoots": lambda: Section("shoots", "Shoots", "", [], [tables.shoots_table(raw, labelled, findings)]),
    }


def _keywords(
    labelled: pd.DataFrame,
    splits: pd.DataFrame,
    findings: pd.DataFrame,
    vocabulary: Vocabulary,
    thumbnails: Thumbnails,
) -> Section:
    text = (
        "A photo has the words that someone wrote into it; the vocabulary groups their spellings into keywords. "
        "Words that it does not know are passed over, or leave the photo without keyword if it has no other."
    )
    drawn = pictures.keyword_pictures(labelled, vocabulary)
    examples = pictures.example_picture(labelled, findings, vocabulary, thumbnails)
    rare = tables.rare_table(labelled, splits, vocabulary)
    return Section("keywords", "Keywords", text, [examples, *drawn], [rare])


def _unlabelled(labelled: pd.DataFrame) -> Section:
    text = "These photos train nothing until they have a keyword. Masks are left out on purpose."
    drawn = [pictures.reason_picture(labelled)]
    return Section("without-keyword", "Photos without keyword", text, drawn, [tables.unlabelled_table(labelled)])


def _files(raw: pd.DataFrame) -> Section:
    text = "What arrived, and what could not be used: copy such files again from the camera, or remove them."
    return Section("files", "Files", text, pictures.file_pictures(raw), [tables.rejects_table(raw)])


def _splits(splits: pd.DataFrame) -> Section:
    text = (
        "A recipe and its near-duplicates stand on one side only. A red 0 is a keyword that cannot be learned "
        "(train), chosen by (val) or measured (test)."
    )
    return Section("splits", "Splits", text, [pictures.split_picture(splits)], [])


def _findings(findings: pd.DataFrame, thumbnails: Thumbnails) -> Section:
    if findings.empty:
        return Section("findings", "Findings", "Nothing was found in the photos or their labels.", [], [])
    text = "What a person should look at. Decide in the review queue; the next run honors it."
    drawn = pictures.finding_pictures(findings, thumbnails)
    return Section(
        "findings", "Findings", text, drawn, [tables.kinds_table(findings), tables.worst_table(findings)]
    )


def _facts(
    raw: pd.DataFrame, labelled: pd.DataFrame, findings: pd.DataFrame, vocabulary: Vocabulary
) -> dict[str, int | str]:
    masks = int((labelled["tag"].fillna("") == "mask").sum())
    named = int(labelled["keyword"].notna().sum())
    used = int(labelled["keyword"].nunique())
    return {
        "Shoots": int(raw["shoot"].nunique()),
        "Photos": int(raw["problem"].isna().sum()),
        "Rejected files": int(raw["problem"].notna().sum()),
        "With keyword": named,
        "Without keyword": len(labelled) - masks - named,
        "Masks": masks,
        "Keywords in use": f"{used:,} of {len(vocabulary.keywords):,}",
        "Findings": len(findings),
    }


def _render(**content: object) -> str:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_plain, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["data_uri"] = _data_uri
    environment.filters["numeric"] = tables.numeric_columns
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(**content)


def _plain(value: object) -> object:
    """What is put on the page: numbers with separators, texts of names without control characters, not endless."""
    from markupsafe import Markup

    if isinstance(value, bool | Markup):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    return label(value, LONGEST_TEXT)


def _data_uri(picture: Picture) -> object:
    from markupsafe import Markup

    encoded = base64.b64encode(picture.content).decode("ascii")
    return Markup(f"data:{picture.media_type};base64,{encoded}")  # noqa: S704 (letters, digits, +, / and = only)
