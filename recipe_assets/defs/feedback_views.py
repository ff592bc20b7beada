"""What people see of feedback in the UI: words about keywords, files that wait for a person, live accuracy.

Only shows; reading and measuring are done in `recipe_assets.review`.
"""

from collections import Counter
from typing import get_args

import dagster as dg
import pandas as pd

from recipe_assets.defs.reporting import percent, picture, table
from recipe_assets.figures import contact_sheet
from recipe_assets.figures.feedback import live_accuracy_chart, verdict_chart
from recipe_assets.review.accuracy import FEWEST, FEWEST_RECIPES
from recipe_assets.review.history import words_that_count
from recipe_assets.review.readings import FileState
from recipe_assets.review.reviewed import Look
from recipe_assets.storage import StorageError, TableStore
from recipe_assets.studio.thumbnails import thumbnails

SHOWN = 24
SAID = [
    "at",
    "shoot",
    "file",
    "original_keyword",
    "shown_keyword",
    "keyword",
    "verdict",
    "origin",
    "by",
    "release_id",
]
BIASED = (
    "people look at doubtful photos first and correct more readily than they confirm: the low end counts only "
    "what they confirmed of what they judged, the high end everything that nobody corrected"
)


def review_metadata(
    found: Look, history: pd.DataFrame, tables: TableStore, queue: str
) -> dict[str, dg.MetadataValue]:
    """Counts, the newest words, what they move, and which files wait or went away."""
    count = words_that_count(found.history).values()
    counted = history[history["answer_id"].isin([entry.answer_id for entry in count])]
    unclear = [(case.shoot, case.file, case.detail, case.suggestion) for case in found.unclear]
    facts: dict[str, dg.MetadataValue] = {
        "new_words": dg.MetadataValue.int(found.new),
        "photos_reviewed": dg.MetadataValue.int(len(counted)),
        "verdicts": table(counted["verdict"].value_counts().rename_axis("verdict").reset_index(name="photos")),
        "corrections": table(_moves(counted)),
        "newest": table(history.sort_values("at", ascending=False, kind="stable")[SAID]),
        "unclear": table(pd.DataFrame(unclear, columns=["shoot", "file", "detail", "suggestion"])),
        "review_queue": dg.MetadataValue.path(queue),
        **_files(found),
        "left_out": table(pd.DataFrame(found.left_out.items(), columns=["shoot", "problem"])),
    }
    corrected = counted[counted["verdict"] == "corrected"]
    newest = corrected.sort_values("at", ascending=False, kind="stable").head(SHOWN)
    if len(newest):
        facts["newest_corrections_shown"] = picture(_sheet(newest, tables))
    return facts


def _files(found: Look) -> dict[str, dg.MetadataValue]:
    """What became of the files of the outbox: how many are as written, changed or gone, and which were moved."""
    states = Counter(reading.state for reading in found.readings)
    moved = [(one.shoot, one.file, one.path) for one in found.readings if one.moved and one.state != "missing"]
    return {
        **{f"files_{state}": dg.MetadataValue.int(states[state]) for state in get_args(FileState)},
        "files_moved": table(pd.DataFrame(moved, columns=["shoot", "file", "lies_at"])),
    }


def _moves(counted: pd.DataFrame) -> pd.DataFrame:
    """From which shown keyword to which, the most frequent first."""
    corrected = counted[counted["verdict"] == "corrected"]
    moves = corrected.groupby(["shown_keyword", "keyword"], dropna=False).size().rename("photos").reset_index()
    return moves.sort_values("photos", ascending=False, kind="stable", ignore_index=True)


def _sheet(shown: pd.DataFrame, tables: TableStore) -> bytes:
    pictures: dict[tuple[str, str], bytes] = {}
    for shoot, files in shown.groupby("shoot")["file"]:
        pictures |= {(str(shoot), file): png for file, png in _small(tables, str(shoot), set(files)).items()}
    captions = shown["shown_keyword"].fillna("?") + "\n→ " + shown["keyword"]
    photos = zip(captions, shown["shoot"], shown["file"], strict=True)
    return contact_sheet([(caption, pictures.get((shoot, file))) for caption, shoot, file in photos])


def _small(tables: TableStore, shoot: str, files: set[str]) -> dict[str, bytes]:
    """Thumbnails of those photos that the studio still has; a picture is never worth a failed run."""
    try:
        here = set(tables.read("raw_images", shoot, ["file"])["file"])
        return thumbnails(tables, shoot, files & here)
    except StorageError:
        return {}


def accuracy_metadata(found: pd.DataFrame) -> dict[str, dg.MetadataValue]:
    """The figure in words, plots and tables; the first row is that of all photos."""
    whole = found.iloc[0]
    return {
        "release_id": dg.MetadataValue.text(str(whole["release_id"])),
        "live_accuracy": dg.MetadataValue.text(in_words(found, found.head(0))),
        "photos": dg.MetadataValue.int(int(whole["photos"])),
        "confirmed": dg.MetadataValue.int(int(whole["confirmed"])),
        "corrected": dg.MetadataValue.int(int(whole["corrected"])),
        "low": dg.MetadataValue.float(float(whole["low"])),
        "high": dg.MetadataValue.float(float(whole["high"])),
        "how_to_read": dg.MetadataValue.text(BIASED),
        "chart": picture(live_accuracy_chart(found)),
        "verdicts": picture(verdict_chart(found)),
        "shares": table(found.drop(columns="release_id")),
    }


def in_words(found: pd.DataFrame, wrong: pd.DataFrame) -> str:
    """Where the truth lies, what was promised, and what to do if that is not kept."""
    if found.empty:
        return "there is no release yet"
    whole = found.iloc[0]
    if whole["photos"] < FEWEST or whole["recipes"] < FEWEST_RECIPES:
        return (
            f"the release keyworded {whole['photos']} photos of {whole['recipes']} recipes: {FEWEST} of "
            f"{FEWEST_RECIPES} are needed to judge it"
        )
    said = (
        f"between {percent(whole['low'])} and {percent(whole['high'])} of {whole['photos']} photos are right "
        f"(95 % interval; {whole['confirmed']} confirmed, {whole['corrected']} corrected), "
        f"promised were {percent(whole['promised'])}"
    )
    if wrong.empty:
        return said
    parts = [f"{percent(row['high'])} of {row['part']}" for row in wrong.to_dict("records")]
    return f"{said}; at most {', '.join(parts)} are right: train again with the corrected photos"
