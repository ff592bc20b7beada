"""What must hold of splits, recomputed from the tables alone: nothing on two sides, nobody moved.

Dealing is `splits`' subject; these find what it got wrong.
"""

import numpy as np
import pandas as pd

from recipe_assets.studio.quality import near_duplicate_pairs
from recipe_assets.studio.splits import SHARES


def leaks(splits: pd.DataFrame) -> pd.DataFrame:
    """Recipes, exact copies and near-duplicates that stand on two sides: one row each, with both sides and photos.

    Recomputed from the table's own hashes and recipes, so that it can find what the dealing got wrong.
    """
    used = splits[splits["split"].isin(list(SHARES))].reset_index(drop=True)
    rows = []
    for kind in ("recipe_id", "sha256"):
        for value, members in used.groupby(kind):
            if members["split"].nunique() > 1:
                rows.append({"kind": kind, "what": value, "sides": _sides(members), "photos": _photos(members)})
    for left, right in near_duplicate_pairs(used["phash"].to_numpy(dtype=np.uint64)):
        pair = used.loc[[left, right]]
        if pair["split"].nunique() > 1:
            rows.append({"kind": "near-duplicate", "what": "", "sides": _sides(pair), "photos": _photos(pair)})
    return pd.DataFrame(rows, columns=["kind", "what", "sides", "photos"])


def _sides(members: pd.DataFrame) -> str:
    return ", ".join(sorted(set(members["split"])))


def _photos(members: pd.DataFrame) -> str:
    return ", ".join((members["shoot"] + "/" + members["file"]).head(4))


def moved(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Photos that had a side and have another one now, or train or measure on another: shoot, file, both sides."""
    columns = ["shoot", "file", "dealt", "split"]
    if "dealt" not in before:  # splits of an earlier version
        before = before.assign(dealt=before["split"])
    both = before[columns].merge(after[columns], on=["shoot", "file"], suffixes=("_before", "_after"))
    had = both["dealt_before"].isin(list(SHARES))
    other = both["dealt_before"] != both["dealt_after"]
    elsewhere = both["split_after"].isin(list(SHARES)) & (both["split_after"] != both["dealt_before"])
    return both[had & (other | elsewhere)].reset_index(drop=True)
