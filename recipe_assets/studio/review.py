"""The review queue: one line per photo and finding, as a CSV file that a person edits and every run honors.

The person writes into the column `decision`: a keyword, "drop" (take the photo out), or "keep" (it is right as it
is). What is found is `quality`'s and `labels`' subject.
"""

import csv
import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import msgspec
import pandas as pd

from recipe_assets.errors import StudioError
from recipe_assets.studio.quality.findings import DROP, KINDS
from recipe_assets.studio.vocabulary import Vocabulary, fold

COLUMNS = ["shoot", "file", "sha256", "finding", "detail", "suggestion", "decision"]
KEY = ["shoot", "file", "sha256", "finding"]
KEEP = "keep"
_FORMULA = ("=", "+", "-", "@", "\t")

DOUBTS = ("conflicting_labels", "label_error")
"""Findings about a photo's keyword; they come first, since a wrong keyword is what a model learns."""
MENDED = ("exact_duplicate",)
"""Findings that nobody has to decide: all but one of equal photos are kept out by themselves."""

Decisions = Mapping[tuple[str, str, str], str]
"""Photo (shoot, file, sha256) -> keyword or "drop". A photo whose bytes changed is a new case."""


def read_queue(path: Path) -> pd.DataFrame:
    """The queue as it stands in the file; empty where there is none yet.

    Commas, semicolons and a byte-order mark are understood, since spreadsheets write all of them.

    Raises:
        StudioError: if the file cannot be read or lacks a column; it is never overwritten then.
    """
    if not path.exists():
        return pd.DataFrame(columns=COLUMNS, dtype="string")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise StudioError(
            f"the review queue {path} cannot be read ({error}): save it as UTF-8 text (CSV)"
        ) from error
    first = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    missing = sorted(set(COLUMNS) - set(rows.fieldnames or []))
    if missing:
        raise StudioError(f"the review queue {path} lacks {', '.join(missing)} in its first line: put it back")
    try:
        cells = [{name: _plain(row[name] or "") for name in COLUMNS} for row in rows]
    except csv.Error as error:
        raise StudioError(
            f"the review queue {path} is no CSV in line {rows.line_num} ({error}): mend it"
        ) from error
    return pd.DataFrame(cells, columns=COLUMNS, dtype="string")


def write_queue(queue: pd.DataFrame, path: Path) -> None:
    """Replace the file at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    guarded = queue[COLUMNS].fillna("").map(lambda cell: f"'{cell}" if cell.startswith((*_FORMULA, "'")) else cell)
    try:
        guarded.to_csv(part, index=False, encoding="utf-8-sig", lineterminator="\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _plain(cell: str) -> str:
    """Undo the apostrophe that keeps a spreadsheet from running a file's name as a formula."""
    return cell[1:] if cell.startswith("'") else cell


def open_cases(findings: pd.DataFrame, labelled: pd.DataFrame) -> pd.DataFrame:
    """What a person should look at: photos without keyword, doubtful keywords, then odd photos; no decisions.

    Args:
        findings: as `quality` makes them.
        labelled: tables of `labels.standardize_shoot`, all shoots together.
    """
    kinds = labelled["reason"].str.split(":").str[0]
    without = labelled[kinds.isin(["missing", "unknown", "ambiguous", "conflicting"])]
    unlabelled = without.assign(
        finding=kinds, detail=without["reason"], suggestion=without["suggestion"].fillna("")
    )
    shown = findings[findings["file"].notna() & ~findings["finding"].isin(MENDED)]
    order = [*DOUBTS, *(kind for kind in KINDS if kind not in DOUBTS)]
    rank = shown["finding"].map({kind: place for place, kind in enumerate(order)})
    doubtful = shown.loc[rank.sort_values(kind="stable").index]
    columns = [name for name in COLUMNS if name != "decision"]
    return pd.concat([unlabelled[columns], doubtful[columns]], ignore_index=True).astype("string")


def is_decided(queue: pd.DataFrame) -> pd.Series:
    """Which lines have a decision."""
    return queue["decision"].fillna("").str.strip() != ""


def settled_findings(findings: pd.DataFrame, queue: pd.DataFrame) -> pd.Series:
    """Which findings a person has decided already; all of a photo that was taken out."""
    decided = set(queue.loc[is_decided(queue), KEY].itertuples(index=False, name=None))
    dropped = {tuple(key[:3]) for key in decided & _with_decision(queue, DROP)}
    keys = findings[KEY].astype("string").itertuples(index=False, name=None)
    settled = [key in decided or tuple(key[:3]) in dropped for key in keys]
    return pd.Series(settled, index=findings.index, dtype=bool)


def _with_decision(queue: pd.DataFrame, word: str) -> set[tuple[object, ...]]:
    said = pd.Series([fold(text) == word for text in queue["decision"].fillna("")], queue.index, bool)
    return set(queue.loc[said, KEY].itertuples(index=False, name=None))


def merge_queue(found: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """What is found now, with the decisions made before; decided lines stay even when nothing is found any more.

    Args:
        found: columns of `COLUMNS` without `decision`, worst first.
        before: the queue as read.
    """
    decided = before[is_decided(before)].drop_duplicates(KEY, keep="last")
    open_now = found.drop_duplicates(KEY).merge(decided[KEY], on=KEY, how="left", indicator=True)
    fresh = open_now[open_now["_merge"] == "left_only"].assign(decision="")
    return pd.concat([fresh[COLUMNS], decided[COLUMNS]], ignore_index=True).astype("string")


def decisions(queue: pd.DataFrame, vocabulary: Vocabulary) -> dict[tuple[str, str, str], str]:
    """What the queue decides for each photo; of two lines about one photo the last word counts, "drop" first."""
    decided: dict[tuple[str, str, str], str] = {}
    for row in queue.itertuples():
        meaning = _meaning(str(row.decision or ""), vocabulary)
        photo = (str(row.shoot), str(row.file), str(row.sha256))
        if meaning in (None, KEEP) or decided.get(photo) == DROP:
            continue
        decided[photo] = str(meaning)
    return decided


def misunderstood(queue: pd.DataFrame, vocabulary: Vocabulary) -> pd.DataFrame:
    """Lines whose decision is none of the vocabulary's keywords, "drop" or "keep", with the nearest keyword."""
    written = queue[is_decided(queue)]
    unclear = pd.Series([_meaning(text, vocabulary) is None for text in written["decision"]], written.index, bool)
    unknown = written[unclear]
    nearest = [vocabulary.nearest([text]) for text in unknown["decision"]]
    return unknown.assign(nearest=pd.Series(nearest, index=unknown.index, dtype="string"))


def without_photo(queue: pd.DataFrame, labelled: pd.DataFrame) -> pd.DataFrame:
    """Lines that are about no photo of the studio as it is now."""
    photo = KEY[:3]
    known = set(labelled[photo].astype("string").itertuples(index=False, name=None))
    keys = queue[photo].astype("string").itertuples(index=False, name=None)
    return queue[pd.Series([key not in known for key in keys], queue.index, bool)]


def _meaning(text: str, vocabulary: Vocabulary) -> str | None:
    word = fold(text)
    if word in (DROP, KEEP):
        return word
    return vocabulary.spellings.get(word)


def decisions_sha256(decided: Decisions, shoot: str) -> str:
    """Hash of what was decided for one shoot; "" for nothing, so that a queue elsewhere changes nothing here."""
    own = sorted((photo, meaning) for photo, meaning in decided.items() if photo[0] == shoot)
    return hashlib.sha256(msgspec.json.encode(own)).hexdigest()[:16] if own else ""
