"""Which file goes where in the outbox: photos by pipeline and shoot, and what is said of a shoot in `_tables/`."""

import re
import unicodedata

from recipe_assets.outbox.errors import OutboxError
from recipe_assets.outbox.places import checked_path

TABLES = "_tables"
"""The folder beside the pipelines' folders; no pipeline may have its name."""
CSV, PARQUET, HANDOVER = "decisions.csv", "decisions.parquet", "handover.jsonl"
_FOLDER = re.compile(r'[^\x00-\x1f\x7f/\\:*?"<>|]{1,100}')


def photo_path(pipeline: str, shoot: str, file: str) -> str:
    """Where a photo goes; it keeps its path inside of the shoot.

    Raises:
        OutboxPathError: if the file's name cannot be a path there.
    """
    return checked_path(f"{pipeline}/{shoot}/{file}")


def table_path(shoot: str, name: str) -> str:
    """Where a list about a shoot goes."""
    return checked_path(f"{TABLES}/{shoot}/{name}")


def checked_pipeline(pipeline: str) -> str:
    """The pipeline's name if it can name a folder on every system that may mount the outbox.

    Raises:
        OutboxError: if it cannot.
    """
    plain = _FOLDER.fullmatch(pipeline) and pipeline == unicodedata.normalize("NFC", pipeline)
    if not plain or pipeline.casefold() == TABLES or pipeline[0] in ". " or pipeline[-1] in ". ":
        raise OutboxError(
            f"the pipeline {pipeline[:100]!r} cannot name a folder of the outbox: rename it in the vocabulary"
        )
    return pipeline
