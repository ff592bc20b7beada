"""The report's tables: each as plain cells with a caption and a note on what is left out. Knows no HTML."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from recipe_assets.studio.labels import REASONS, reason_kind
from recipe_assets.studio.quality.findings import KINDS
from recipe_assets.studio.vocabulary import Vocabulary

SHOWN_FILES = 8
"""Photos that a row names."""
SHOWN_REASONS = 40
SHOWN_SHOOTS = 300
SHOWN_FINDINGS = 6
"""Findings of one kind that are listed, the worst first."""
FEW_PHOTOS = 20
"""A keyword with fewer photos has about two for its test: its accuracy is then right or wrong by halves."""

Cell = str | int | tuple[str, ...]
"""A word, a number, or a list of names."""


class Table(NamedTuple):
    """Rows under column titles; the first cell of a row names it. `note` says what is not shown."""

    caption: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    note: str = ""


def photo_names(photos: pd.DataFrame, most: int = SHOWN_FILES) -> tuple[str, ...]:
    """`shoot/file` of the first photos, and how many more there are."""
    pairs = zip(photos["shoot"].head(most), photos["file"].head(most), strict=True)
    names = tuple(f"{shoot}/{file}" for shoot, file in pairs)
    return (*names, f"and {len(photos) - most:,} more") if len(photos) > most else names


def _left_out(count: int, what: str) -> str:
    return f"{count:,} more {what} not shown." if count > 0 else ""


def rejects_table(raw: pd.DataFrame) -> Table:
    """Files that are no usable photos, by kind of problem."""
    rejects = raw[raw["problem"].notna()]
    groups = _by_size(rejects, reason_kind(rejects["problem"].astype("string")))
    rows: list[tuple[Cell, ...]] = [
        (kind, len(files), photo_names(files)) for kind, files in groups[:SHOWN_REASONS]
    ]
    note = _left_out(len(groups) - SHOWN_REASONS, "kinds of problems")
    return Table("Files that are no usable photos", ("Problem", "Files", "Which"), rows, note)


def _by_size(photos: pd.DataFrame, keys: pd.Series) -> list[tuple[str, pd.DataFrame]]:
    """Groups, largest first; equal ones in order of their names."""
    groups = [(str(key), group) for key, group in photos.groupby(keys, sort=True)]
    return sorted(groups, key=lambda group: -len(group[1]))


def unlabelled_table(labelled: pd.DataFrame) -> Table:
    """Photos without keyword by reason, with the keyword that was probably meant and what to do. Masks aside."""
    kinds = reason_kind(labelled["reason"].astype("string")).fillna("")
    photos = labelled[labelled["keyword"].isna() & (kinds != "mask")]
    groups = _by_size(photos, photos["reason"].astype("string").fillna("no reason given"))
    rows: list[tuple[Cell, ...]] = []
    for reason, group in groups[:SHOWN_REASONS]:
        todo = REASONS.get(reason.split(":")[0], "")
        rows.append((reason, len(group), _suggested(group), todo, photo_names(group)))
    columns = ("Reason", "Photos", "Probably meant", "What to do", "Which")
    return Table("Photos without keyword", columns, rows, _left_out(len(groups) - SHOWN_REASONS, "reasons"))


def _suggested(photos: pd.DataFrame) -> str:
    if "suggestion" not in photos:
        return ""
    counts = photos["suggestion"].dropna().value_counts()
    named = [f"{keyword} ({count:,})" if len(counts) > 1 else str(keyword) for keyword, count in counts.items()]
    return ", ".join(named[:3])


def rare_table(labelled: pd.DataFrame, splits: pd.DataFrame, vocabulary: Vocabulary) -> Table:
    """Keywords with few photos or none in the test split, rarest first, and what each needs."""
    used = labelled[labelled["keyword"].notna()]
    photos, shoots = used.groupby("keyword").size(), used.groupby("keyword")["shoot"].nunique()
    sides = pd.crosstab(splits["keyword"], splits["split"])
    rows: list[tuple[Cell, ...]] = []
    for name in sorted(vocabulary.names, key=lambda name: (int(photos.get(name, 0)), name)):
        count = int(photos.get(name, 0))
        dealt = {side: int(sides[side].get(name, 0)) if side in sides else 0 for side in ("train", "val", "test")}
        if count < FEW_PHOTOS or not dealt["test"]:
            need = _need(count, dealt["test"], vocabulary.min_photos)
            rows.append((name, count, int(shoots.get(name, 0)), *dealt.values(), need))
    columns = ("Keyword", "Photos", "Shoots", "Train", "Val", "Test", "What it needs")
    return Table("Rare keywords", columns, rows)


def _need(photos: int, tested: int, least: int) -> str:
    if photos == 0:
        return "Photos, or to be taken out of the vocabulary: it has none."
    if photos < least:
        return f"{least - photos} more photos: below {least} it is neither trained nor measured."
    if not tested:
        return "Photos of another recipe: none is left for the test, so its accuracy is unknown."
    return f"More photos: below {FEW_PHOTOS} its accuracy is hardly known."


def shoots_table(raw: pd.DataFrame, labelled: pd.DataFrame, findings: pd.DataFrame) -> Table:
    """One row a shoot: what arrived, what has a keyword, and how much was found."""
    labels, found = dict(list(labelled.groupby("shoot"))), findings["shoot"].value_counts()
    rows: list[tuple[Cell, ...]] = []
    for shoot, files in raw.groupby("shoot", sort=True):
        rejects = int(files["problem"].notna().sum())
        photos = labels.get(shoot, labelled.iloc[:0])
        masks = int((photos["tag"].fillna("") == "mask").sum())
        named = int(photos["keyword"].notna().sum())
        facts = (rejects, masks, named, len(photos) - masks - named, photos["keyword"].nunique())
        counts = (int(files["recipe"].nunique()), int(found.get(shoot, 0)))
        rows.append((str(shoot), len(files), len(files) - rejects, *facts, *counts))
    columns = (
        "Shoot", "Files", "Photos", "Rejects", "Masks", "With keyword", "Without", "Keywords", "Recipes",
        "Findings",
    )  # fmt: skip
    return Table("Shoots", columns, rows[:SHOWN_SHOOTS], _left_out(len(rows) - SHOWN_SHOOTS, "shoots"))


def kinds_table(findings: pd.DataFrame) -> Table:
    """Findings by kind: how many, what it means, what to do."""
    rows: list[tuple[Cell, ...]] = []
    for name, count in findings["finding"].value_counts().items():
        kind = KINDS.get(str(name))
        words = (kind.meaning, kind.action) if kind else ("", "")
        rows.append((kind_title(str(name)), int(count), *words))
    return Table("Findings by kind", ("Finding", "Number", "What it means", "What to do"), rows)


def kind_title(kind: str) -> str:
    """A kind of finding as people call it."""
    return KINDS[kind].title if kind in KINDS else kind.replace("_", " ")


def worst_findings(findings: pd.DataFrame, most: int = SHOWN_FINDINGS) -> pd.DataFrame:
    """The worst findings of each kind, most frequent kind first, numbered in `number` from 1."""
    order = {str(kind): place for place, kind in enumerate(findings["finding"].value_counts().index)}
    ranked = findings.assign(place=findings["finding"].map(order))
    ranked = ranked.sort_values(["place", "score", "shoot", "file"], ascending=[True, False, True, True])
    worst = ranked.groupby("place", sort=False).head(most)
    return worst.assign(number=range(1, len(worst) + 1))


def worst_table(findings: pd.DataFrame) -> Table:
    """The worst findings of each kind by photo, with the detail and the suggestion."""
    worst = worst_findings(findings)
    rows: list[tuple[Cell, ...]] = []
    for row in worst.to_dict("records"):
        said = (_text(row["detail"]), _text(row["suggestion"]))
        title = f"{row['number']}. {kind_title(str(row['finding']))}"
        rows.append((title, _photo(row["shoot"], row["file"]), *said))
    left = len(findings) - len(worst)
    note = f"{left:,} more findings; the review queue has all of them." if left else ""
    return Table("The worst of each kind", ("Finding", "Photo", "What was found", "Suggestion"), rows, note)


def _photo(shoot: object, file: object) -> tuple[str, ...]:
    return (f"{shoot}/{file}" if _text(file) else f"{shoot} (the whole shoot)",)


def _text(cell: object) -> str:
    return str(cell) if isinstance(cell, str) else ""


def numeric_columns(table: Table) -> Sequence[bool]:
    """Which columns hold numbers, and stand to the right."""
    return [any(isinstance(row[index], int) for row in table.rows) for index in range(len(table.columns))]
