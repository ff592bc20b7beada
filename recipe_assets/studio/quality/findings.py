"""What a finding is: one schema for all of them, and what each kind means to the person who reads it.

The checks in Dagster, the report and the review queue are made from `KINDS`. How findings are found is elsewhere.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

FINDING_COLUMNS = ["shoot", "file", "sha256", "finding", "score", "detail", "suggestion"]
"""Columns of every findings table.

`finding` is a key of `KINDS`; `score` orders the offenders of one kind, 1 is worst; `detail` is one sentence for
people; `suggestion` is a keyword, "drop", or "" where only a person can tell. A finding about a whole shoot has
no `file` and no `sha256`.
"""
DROP = "drop"
"""The suggestion to remove the photo."""
KEY = ["shoot", "file"]
"""What names a photo in every table."""
PhotoName = tuple[str, str, str]
"""Shoot, file and sha256 of a photo: the head of a finding about it."""
_TYPES = dict.fromkeys(FINDING_COLUMNS, "string") | {"score": "Float64"}


class Kind(msgspec.Struct, frozen=True):
    """One kind of finding, in words.

    `severity` is "error" where something is certainly wrong, "warn" where a person should look.
    """

    title: str
    meaning: str
    severity: Literal["warn", "error"]
    action: str


KINDS: dict[str, Kind] = {
    "dark": Kind(
        "Dark photos",
        "Even the brightest parts are dark, compared with the rest of the shoot.",
        "warn",
        "Look at the exposure; deliver a brighter version, or remove the photo if it was a misfire.",
    ),
    "bright": Kind(
        "Bright photos",
        "Much brighter than the rest of the shoot, and washed out or clipped to white.",
        "warn",
        "Look at the exposure; deliver a darker version, or remove the photo if it was a misfire.",
    ),
    "blurry": Kind(
        "Blurry photos",
        "Nothing in the photo is sharp, compared with the rest of the shoot: out of focus or shaken.",
        "warn",
        "Use a sharper frame of the same step, or remove the photo.",
    ),
    "low_information": Kind(
        "Nearly empty photos",
        "Almost one single tone: a lens cap, a test frame or an empty table.",
        "warn",
        "Remove the photo if it shows no step.",
    ),
    "odd_size": Kind(
        "Odd sizes",
        "Much smaller or larger than the rest of the shoot, or of another shape.",
        "warn",
        "Look for a preview, a screenshot or a stray crop; deliver the original.",
    ),
    "exact_duplicate": Kind(
        "Exact copies",
        "The very same file stands in the studio under another name.",
        "warn",
        "Keep one of them and remove the others: copies count twice in training.",
    ),
    "near_duplicate": Kind(
        "Near-duplicates",
        "The same picture again: saved anew, recolored, resized or cropped.",
        "warn",
        "Keep the best one. Splits keep those with nearly equal hashes together; crops may leak.",
    ),
    "conflicting_labels": Kind(
        "Conflicting keywords",
        "The same picture carries different keywords, so at least one of them is wrong.",
        "error",
        "Decide which keyword is right and correct the others in the files.",
    ),
    "label_error": Kind(
        "Doubtful keywords",
        "A model that never saw the photo's recipe is confident that another keyword fits.",
        "warn",
        "Look at the photo; correct its keyword, or keep it if the model is wrong.",
    ),
    "odd_shoot": Kind(
        "Odd shoots",
        "The whole shoot looks unlike all others.",
        "warn",
        "Look for changed light, camera or export settings; the model may do worse on such photos.",
    ),
}
"""Every kind of finding, in the order in which people should see them."""


class Finding(NamedTuple):
    """One row of a findings table."""

    shoot: str
    file: str | None
    sha256: str | None
    finding: str
    score: float
    detail: str
    suggestion: str = ""


def photo_names(photos: pd.DataFrame) -> list[PhotoName]:
    """Shoot, file and sha256 of each row."""
    rows = zip(photos["shoot"], photos["file"], photos["sha256"], strict=True)
    return [(str(shoot), str(file), str(sha256)) for shoot, file, sha256 in rows]


def findings_table(rows: Sequence[Finding]) -> pd.DataFrame:
    """Rows as a table with the columns of `FINDING_COLUMNS`: kinds in the order of `KINDS`, worst first."""
    table = pd.DataFrame([*rows], columns=FINDING_COLUMNS).astype(_TYPES)
    return sorted_findings([table])


def sorted_findings(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Several findings tables as one: kinds in the order of `KINDS`, worst first, ties by shoot and file."""
    filled = [table for table in tables if len(table)]
    both = pd.concat(filled or list(tables[:1]), ignore_index=True)
    rank = both["finding"].map({kind: rank for rank, kind in enumerate(KINDS)})
    keys = both.assign(rank=rank, score=-both["score"]).sort_values(["rank", "score", "shoot", "file"])
    return both.loc[keys.index].reset_index(drop=True)


def excess_score(excess: NDArray[np.float64]) -> NDArray[np.float64]:
    """From "how many times over the threshold" (1 and more) to a score of 0.5 and more, below 1."""
    return 1 - 0.5 / np.maximum(excess, 1)
