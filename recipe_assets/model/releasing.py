"""From stored tables and a tuned model to a release's folder: what `packaging` needs, gathered.

Where a release is published, and what people are shown of it, is decided by the release assets.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from recipe_assets.model.assessment import assess
from recipe_assets.model.export import Agreement
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.neighbors import collect_training_photos
from recipe_assets.model.packaging import build_release
from recipe_assets.model.pipeline import validation_photos
from recipe_assets.release.manifest import Manifest
from recipe_assets.storage import TableStore


class Evidence(NamedTuple):
    """The tables of predictions that a release's numbers come from."""

    tuned: pd.DataFrame
    zero_shot: pd.DataFrame
    linear_probe: pd.DataFrame


def release_from_tables(
    tables: TableStore,
    splits: pd.DataFrame,
    model_folder: Path,
    evidence: Evidence,
    git_sha: str | None,
    folder: Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Manifest, Agreement]:
    """Fill an empty folder with a release.

    Args:
        tables: raw tables with thumbnails.
        splits: which photos trained, validate and test.
        model_folder: what `fine_tuned_model` stored.
        evidence: predictions of validation and test photos.
        git_sha: the commit of the code.
        folder: an empty folder.
        on_progress: called with (training photos collected, in all).

    Raises:
        ModelError: if the exported graph disagrees with the model, or there is nothing to measure it on.
        StorageError: if a thumbnail is missing.
    """
    neighbors = collect_training_photos(tables, splits, KeywordModel.load(model_folder), on_progress)
    photos = validation_photos(tables, splits, model_folder)
    return build_release(model_folder, photos, assess(*evidence), neighbors, git_sha, folder)
