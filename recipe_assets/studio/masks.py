"""Originals and their masks: who belongs to whom, and which half is missing.

Masks are Recipe Cropper's data: kept whole here, and never trained on (that is `labels`' doing).
"""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from recipe_assets.studio.names import pair_name

COLUMNS = ["shoot", "photo", "mask", "problem"]


def mask_pairs(raw: pd.DataFrame) -> pd.DataFrame:
    """Match the originals and masks of one shoot by name, whatever their file types.

    Args:
        raw: the shoot's table: shoot, file, tag, width, height, problem.

    Returns:
        One row per pair or half with `COLUMNS`, sorted; `problem` says what is wrong. In a shoot without any mask
        no original misses one, so the table is empty.
    """
    rows = raw.assign(pair=[pair_name(file) for file in raw["file"]])
    is_mask = rows["tag"].eq("mask").fillna(False)
    masks = _best(rows[is_mask])
    if masks.empty:
        return pd.DataFrame(columns=COLUMNS, dtype="string")
    originals = rows[~is_mask & (rows["tag"].eq("original").fillna(False) | rows["pair"].isin(masks["pair"]))]
    both = _best(originals).merge(masks, on=["shoot", "pair"], how="outer", suffixes=("", "_mask"))
    both["photo"], both["mask"] = both["file"], both["file_mask"]
    both["problem"] = pd.Series([_problem(row) for row in both.to_dict("records")], dtype="string")
    return both[COLUMNS].astype("string").sort_values(["shoot", "photo", "mask"], ignore_index=True)


def _best(halves: pd.DataFrame) -> pd.DataFrame:
    """Halves without those that are no photo where the pair has another that is one: a note, a raw file."""
    usable = halves["problem"].isna()
    return halves[usable | ~halves["pair"].isin(halves.loc[usable, "pair"])]


def _problem(row: Mapping[Hashable, Any]) -> str | None:
    if pd.isna(row["file_mask"]):
        return "the mask is missing"
    if pd.isna(row["file"]):
        return "the original is missing"
    for half, name in (("problem", "original"), ("problem_mask", "mask")):
        if pd.notna(row[half]):
            return f"the {name} is no usable photo ({row[half]})"
    if (row["width"], row["height"]) != (row["width_mask"], row["height_mask"]):
        return (
            f"the mask has {row['width_mask']}x{row['height_mask']} pixels, "
            f"the original {row['width']}x{row['height']}"
        )
    return None
