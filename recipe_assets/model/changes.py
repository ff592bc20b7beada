"""What would change if a tuned model replaced the released one: every readable photo, answered by both.

Only compares; whether the change is for the better is measured on held-out photos by `assessment` and the gates.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recipe_assets.model.calibration import softmax
from recipe_assets.model.checkpoints import device
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.photo_data import load_squares, normalize
from recipe_assets.model.predicting import predict_logits
from recipe_assets.model.records import TrainingRecord
from recipe_assets.release.manifest import ReleasedKeyword
from recipe_assets.release.predictor import Predictor
from recipe_assets.storage import TableStore
from recipe_assets.studio.splits import GONE
from recipe_assets.studio.thumbnails import thumbnail_batches

COLUMNS = [
    "shoot", "file", "sha256", "label", "split", "outcome",
    "old", "old_confidence", "new", "new_confidence", "shift",
]  # fmt: skip
RIGHT, WRONG, NEITHER, UNKNOWN = "becomes right", "becomes wrong", "wrong either way", "no keyword to compare"
OUTCOMES = (RIGHT, WRONG, NEITHER, UNKNOWN)
BATCH = 32

Shares = NDArray[np.float64]


@dataclass(frozen=True)
class _Models:
    """Both models as they answer: the tuned one in torch, the released one as its graph is served."""

    tuned: KeywordModel
    temperature: float
    released: Predictor

    @classmethod
    def load(cls, model_folder: Path, release_folder: Path) -> Self:
        tuned = KeywordModel.load(model_folder).to(device()).eval()
        return cls(tuned, TrainingRecord.read(model_folder).temperature, Predictor.load(release_folder))

    @property
    def names(self) -> list[str]:
        """All keywords that either knows, the tuned one's first."""
        both = [*self.tuned.keywords, *self.released.manifest.keywords]
        return list(dict.fromkeys(word.name for word in both))

    def answers(self, thumbnails: Sequence[bytes]) -> tuple[Shares, Shares]:
        """Calibrated probabilities (N, K) over `names` by the released and by the tuned model."""
        spec, served = self.tuned.base.preprocessing, self.released.manifest.preprocessing
        squares = load_squares(thumbnails, spec)
        new = softmax(predict_logits(self.tuned, squares).float().numpy(), self.temperature)
        if served.size != spec.size:
            squares = load_squares(thumbnails, served)
        old = self.released.probabilities(normalize(squares, served).numpy())
        return self._aligned(old, self.released.manifest.keywords), self._aligned(new, self.tuned.keywords)

    def _aligned(self, shares: Shares, keywords: Sequence[ReleasedKeyword]) -> Shares:
        place = {name: index for index, name in enumerate(self.names)}
        wide = np.zeros((len(shares), len(place)))
        wide[:, [place[word.name] for word in keywords]] = shares
        return wide


def changed_keywords(
    tables: TableStore,
    splits: pd.DataFrame,
    model_folder: Path,
    release_folder: Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """The photos of all shoots that the tuned model gives another keyword than the released one.

    Works from stored thumbnails, shoot by shoot and some at a time; masks and unreadable files are left out.

    Args:
        tables: raw tables with thumbnails.
        splits: keyword and side of labelled photos.
        model_folder: what `fine_tuned_model` stored.
        release_folder: a verified copy of the released model.
        on_progress: called with (photos done, photos in all).

    Returns:
        `COLUMNS`, the largest change first: `label` and `split` are missing for photos without keyword; `outcome`
        is one of `OUTCOMES`; confidences are calibrated, 0-1; `shift` is the total variation distance between both
        models' probabilities, 0-1. `attrs["photos"]` says how many photos were looked at.

    Raises:
        StorageError: if a stored thumbnail is missing.
        ReleaseError: if the released model cannot be used.
    """
    models = _Models.load(model_folder, release_folder)
    photos = {shoot: _readable(tables, shoot) for shoot in tables.partitions("raw_images")}
    total = sum(len(found) for found in photos.values())
    rows: list[pd.DataFrame] = []
    done = 0
    for shoot, found in photos.items():
        for answered in _answered(tables, shoot, found, models):
            done += len(answered)
            rows.append(answered[answered["old"] != answered["new"]])
            if on_progress:
                on_progress(done, total)
    changed = _judged(pd.concat(rows, ignore_index=True), splits) if rows else no_changes()
    changed.attrs["photos"] = str(total)
    return changed


def no_changes() -> pd.DataFrame:
    """The table without rows, with the types that it has with rows."""
    numbers = {"old_confidence", "new_confidence", "shift"}
    kinds = {name: "float64" if name in numbers else "string" for name in COLUMNS}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def _readable(tables: TableStore, shoot: str) -> pd.DataFrame:
    raw = tables.read("raw_images", shoot, ["file", "sha256", "tag", "problem"])
    return raw.loc[raw["problem"].isna() & (raw["tag"].fillna("") != "mask"), ["file", "sha256"]]


def _answered(tables: TableStore, shoot: str, photos: pd.DataFrame, models: _Models) -> Iterator[pd.DataFrame]:
    """Both models' answers, at most `BATCH` photos at a time."""
    names, hashes = np.array(models.names), photos.set_index("file")["sha256"]
    for files, thumbnails in thumbnail_batches(tables, shoot, photos["file"]):
        for start in range(0, len(files), BATCH):
            some = files[start : start + BATCH]
            old, new = models.answers(thumbnails[start : start + BATCH])
            yield pd.DataFrame(
                {
                    "shoot": shoot,
                    "file": some,
                    "sha256": hashes[some].to_numpy(),
                    "old": names[old.argmax(axis=1)],
                    "old_confidence": old.max(axis=1),
                    "new": names[new.argmax(axis=1)],
                    "new_confidence": new.max(axis=1),
                    "shift": np.abs(new - old).sum(axis=1) / 2,
                }
            )


def _judged(changed: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Add each photo's own keyword, its side, and whether the change is right by it; the largest change first."""
    known = splits.loc[splits["split"] != GONE, ["shoot", "file", "keyword", "split"]]
    both = changed.merge(known.rename(columns={"keyword": "label"}), on=["shoot", "file"], how="left")
    label = both["label"].astype("string")
    outcome = np.select(
        [label.isna(), (label == both["new"]).fillna(False), (label == both["old"]).fillna(False)],
        [UNKNOWN, RIGHT, WRONG],
        NEITHER,
    )
    ordered = both.assign(outcome=outcome).sort_values(
        ["shift", "shoot", "file"], ascending=[False, True, True], ignore_index=True
    )
    return ordered[COLUMNS].astype(no_changes().dtypes.to_dict())


def outcome_counts(changes: pd.DataFrame) -> pd.DataFrame:
    """Photos per outcome (row) and split (column): train photos were learned, only val and test ones prove."""
    counts = pd.crosstab(changes["outcome"], changes["split"].fillna("no keyword"))
    sides = ["test", "val", "train", *sorted(set(counts.columns) - {"test", "val", "train"})]
    table = counts.reindex(index=list(OUTCOMES), columns=sides, fill_value=0)
    return table.assign(photos=table.sum(axis=1)).rename_axis(index="outcome", columns=None).reset_index()


def moves(changes: pd.DataFrame) -> pd.DataFrame:
    """Photos per move (old, new) with a column per outcome, the most frequent move first."""
    counts = pd.crosstab([changes["old"], changes["new"]], changes["outcome"]).reindex(
        columns=list(OUTCOMES), fill_value=0
    )
    counts.insert(0, "photos", counts.sum(axis=1))
    ordered = counts.sort_values("photos", ascending=False, kind="stable")
    return ordered.rename_axis(columns=None).reset_index()
