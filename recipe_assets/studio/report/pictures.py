"""The report's pictures: which are drawn, what stands under them, and what they say to those who cannot see them.

How they are drawn is `recipe_assets.figures`' subject.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import pandas as pd
from PIL import Image

from recipe_assets import figures
from recipe_assets.studio.labels import keyword_counts, reason_kind
from recipe_assets.studio.quality.findings import KINDS
from recipe_assets.studio.report.spellings import raw_spellings
from recipe_assets.studio.report.tables import kind_title, worst_findings
from recipe_assets.studio.vocabulary import Vocabulary

Thumbnails = Callable[[str, Sequence[str]], Mapping[str, bytes]]
"""Encoded thumbnails of some files of a shoot; a file without one is left out."""

NAMED = 5
"""Names and numbers that a text alternative gives; tables have the rest."""


class Picture(NamedTuple):
    """An encoded picture with its title, its text alternative, and whether it is a chart (or shows photos)."""

    title: str
    alt: str
    content: bytes
    chart: bool = True

    @property
    def media_type(self) -> str:
        """What a data URI calls it."""
        return "image/png" if self.content.startswith(b"\x89PNG") else "image/jpeg"

    @property
    def size(self) -> tuple[int, int]:
        """CSS pixels: half of its own, so that it is sharp on a 2x screen."""
        with Image.open(io.BytesIO(self.content)) as image:
            return -(-image.width // 2), -(-image.height // 2)


def _said(counts: pd.Series, unit: str = "photos") -> str:
    """The largest numbers in words."""
    ordered = counts[counts > 0].sort_values(ascending=False, kind="stable")
    named = ", ".join(f"{name} {count:,}" for name, count in ordered.head(NAMED).items())
    more = f" and {len(ordered) - NAMED:,} more" if len(ordered) > NAMED else ""
    return f"{int(ordered.sum()):,} {unit}: {named}{more}." if len(ordered) else f"No {unit}."


def keyword_pictures(labelled: pd.DataFrame, vocabulary: Vocabulary) -> list[Picture]:
    """Keywords before and after grouping, by shoot and by year."""
    spellings = raw_spellings(labelled, vocabulary)
    counts = keyword_counts(labelled, vocabulary)
    years = pd.crosstab(labelled["keyword"], labelled["year"]).reindex(counts.index, fill_value=0)
    unknown = spellings.loc[spellings["how"] == "unknown"].set_index("word")["photos"]
    known = spellings.loc[spellings["how"] != "unknown"].set_index("word")["photos"]
    before = f"Known spellings: {_said(known, 'uses')} Unknown words: {_said(unknown, 'uses')}"
    after = _said(counts.sum(axis=1))
    drawn = [
        Picture("Before grouping: the words as they stand in the files", before, figures.spelling_bars(spellings)),
        Picture("After grouping: photos per keyword", after, figures.keyword_bars(counts)),
        Picture("Keywords by shoot", f"By shoot, {_said(counts.sum())}", figures.keyword_heatmap(counts)),
    ]
    if years.shape[1]:
        said = f"By year, {_said(years.sum())}"
        drawn.append(Picture("Keywords by year", said, figures.keyword_heatmap(years, "year")))
    return drawn


def example_picture(
    labelled: pd.DataFrame, findings: pd.DataFrame, vocabulary: Vocabulary, thumbnails: Thumbnails
) -> Picture:
    """One photo of every keyword."""
    counts = {str(name): int(count) for name, count in keyword_counts(labelled, vocabulary).sum(axis=1).items()}
    chosen = pick_examples(labelled, findings)
    photos = fetch(chosen, thumbnails)
    keys = zip(chosen["shoot"], chosen["file"], strict=True)
    examples = {word: photos[key] for word, key in zip(chosen["keyword"], keys, strict=True) if key in photos}
    without = [name for name, count in counts.items() if not count]
    alt = f"An example photo of each of {len(counts) - len(without)} keywords."
    if without:
        more = f" and {len(without) - NAMED} more" if len(without) > NAMED else ""
        alt += f" Without any photo: {', '.join(without[:NAMED])}{more}."
    return Picture("An example of every keyword", alt, figures.example_sheet(counts, examples), chart=False)


def pick_examples(labelled: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """One photo per keyword (columns keyword, shoot, file): the middle one of those about which nothing was found.

    The first of a shoot is often a test frame; the middle one is typical, and stays while nothing is added.
    """
    used = labelled.loc[labelled["keyword"].notna(), ["keyword", "shoot", "file"]]
    doubted = set(zip(findings["shoot"], findings["file"], strict=True))
    keys = zip(used["shoot"], used["file"], strict=True)
    ranked = used.assign(doubted=[key in doubted for key in keys]).sort_values(["keyword", "shoot", "file"])
    rows = []
    for _, photos in ranked.groupby("keyword", sort=True):
        clean = photos[~photos["doubted"]]
        candidates = photos if clean.empty else clean
        rows.append(candidates.iloc[(len(candidates) - 1) // 2])
    return pd.DataFrame(rows, columns=["keyword", "shoot", "file"]).reset_index(drop=True)


def fetch(photos: pd.DataFrame, thumbnails: Thumbnails) -> dict[tuple[str, str], bytes]:
    """Thumbnails by (shoot, file); each shoot is asked once."""
    found: dict[tuple[str, str], bytes] = {}
    for shoot, rows in photos.groupby("shoot", sort=True):
        files = list(dict.fromkeys(str(file) for file in rows["file"]))
        found |= {(str(shoot), file): content for file, content in thumbnails(str(shoot), files).items()}
    return found


def reason_picture(labelled: pd.DataFrame) -> Picture:
    """Why photos have no keyword."""
    reasons = labelled.loc[labelled["keyword"].isna(), "reason"].astype("string")
    said = _said(reason_kind(reasons).value_counts())
    return Picture("Why photos have no keyword", said, figures.reason_bars(reasons))


def file_pictures(raw: pd.DataFrame) -> list[Picture]:
    """Sizes and formats; light and sharpness."""
    usable = raw[raw["problem"].isna()]
    sizes = usable.dropna(subset=["width", "height"]).value_counts(["width", "height"])
    sizes.index = pd.Index([f"{width} x {height}" for width, height in sizes.index])
    drawn = [Picture("Sizes, shapes and formats", _said(sizes), figures.size_chart(usable))]
    measured = [name for name in ("brightness", "sharpness") if name in usable and usable[name].notna().any()]
    if measured:
        medians = usable[measured].astype(float).median()
        said = ", ".join(f"median {name} {medians[name]:.3g}" for name in measured)
        alt = f"Box plots of {' and '.join(measured)} for {usable['shoot'].nunique()} shoots; over all, {said}."
        drawn.append(Picture("Light and sharpness by shoot", alt, figures.tone_boxes(usable)))
    return drawn


def split_picture(splits: pd.DataFrame) -> Picture:
    """Which keywords train, validate and test with how many photos."""
    alt = f"By split, {_said(splits['split'].value_counts())}"
    return Picture("Splits by keyword", alt, figures.split_bars(splits))


def _short(file: str) -> str:
    """A file's name without what most names of a shoot end in."""
    return PurePosixPath(file).stem.removesuffix("__original")


def finding_pictures(findings: pd.DataFrame, thumbnails: Thumbnails) -> list[Picture]:
    """Findings by kind, and the worst photos of each."""
    counts = findings["finding"].astype("string").map(kind_title).value_counts()
    titles = {name: kind.title for name, kind in KINDS.items()}
    drawn = [Picture("Findings by kind", _said(counts, "findings"), figures.finding_bars(findings, titles))]
    worst = worst_findings(findings)
    worst = worst[worst["file"].fillna("") != ""]  # a finding about a whole shoot has no file
    photos = fetch(worst, thumbnails)
    cells = []
    for row in worst.to_dict("records"):
        caption = f"{row['number']}. {kind_title(str(row['finding']))}\n{_short(str(row['file']))}"
        cells.append((caption, photos.get((row["shoot"], row["file"]), b"")))
    if cells:
        alt = f"The {len(cells)} worst photos by kind; a table below names them by the same numbers."
        drawn.append(Picture("The worst of each kind", alt, figures.contact_sheet(cells), chart=False))
    return drawn
