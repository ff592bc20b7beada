"""Which photos train, validate and test. A group (a recipe with its near-duplicates) never stands on two sides.

A photo that has a side keeps it for ever. New groups are dealt in the order of a stable hash, each to the side
that most needs its rarest keyword: stratified as far as groups allow.
"""

import hashlib

import numpy as np
import pandas as pd

from recipe_assets.storage import StorageError, TableStore
from recipe_assets.studio.quality import connected_groups, near_duplicate_pairs

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
COLUMNS = ["shoot", "file", "sha256", "recipe_id", "phash", "keyword", "group", "split"]
BRIDGE = "bridge"
"""The split of a new photo whose near-duplicates already stand on two sides: it is kept out of all of them."""


def split_photos(labelled: pd.DataFrame, previous: pd.DataFrame | None = None) -> pd.DataFrame:
    """Deal every labelled photo to "train", "val" or "test".

    Args:
        labelled: tables of `labels.standardize_shoot`, all shoots together; photos without keyword are left out.
        previous: the last result; its photos keep their split. A photo is known again by shoot and file.

    Returns:
        One row per labelled photo with the columns of `COLUMNS`, sorted by shoot and file.
    """
    photos = labelled[labelled["keyword"].notna()].sort_values(["shoot", "file"], ignore_index=True)
    photos["group"] = _groups(photos)
    photos["split"] = _kept_splits(photos, previous)
    _inherit(photos)
    _deal(photos)
    return photos[COLUMNS]


def _groups(photos: pd.DataFrame) -> list[str]:
    pairs = near_duplicate_pairs(photos["phash"].to_numpy(dtype=np.uint64))
    first_of_recipe: dict[str, int] = {}
    for index, recipe in enumerate(photos["recipe_id"]):
        if pd.notna(recipe):
            pairs.append((first_of_recipe.setdefault(recipe, index), index))
    # A group is named by its smallest photo hash, so its name depends on its photos alone.
    members: dict[int, list[str]] = {}
    roots = connected_groups(len(photos), pairs)
    for root, sha256 in zip(roots, photos["sha256"], strict=True):
        members.setdefault(root, []).append(sha256)
    return [min(members[root])[:16] for root in roots]


def _kept_splits(photos: pd.DataFrame, previous: pd.DataFrame | None) -> pd.Series:
    if previous is None or previous.empty:
        return pd.Series(pd.NA, index=photos.index, dtype="string")
    known = previous.set_index(["shoot", "file"])["split"].to_dict()
    keys = zip(photos["shoot"], photos["file"], strict=True)
    return pd.Series([known.get(key, pd.NA) for key in keys], index=photos.index, dtype="string")


def _inherit(photos: pd.DataFrame) -> None:
    """New photos follow the side of their group; where a group has two sides, they are kept out."""
    dealt = photos[photos["split"].isin(list(SHARES))]
    sides = dealt.groupby("group")["split"].unique()
    new = photos["split"].isna() & photos["group"].isin(sides.index)
    for index in photos.index[new]:
        group_sides = sides[photos.loc[index, "group"]]
        photos.loc[index, "split"] = group_sides[0] if len(group_sides) == 1 else BRIDGE


def _deal(photos: pd.DataFrame) -> None:
    """Iterative stratification (Sechidis et al. 2011) over whole groups: the rarest keyword is dealt first."""
    needs = _needs(photos)
    held = pd.crosstab(photos["split"], photos["keyword"]).reindex_like(needs).fillna(0)
    open_groups = pd.crosstab(photos.loc[photos["split"].isna(), "group"], photos["keyword"])
    sizes = open_groups.sum(axis=1)
    open_groups = open_groups.loc[sorted(open_groups.index, key=lambda group: (-sizes[group], _order(group)))]
    while not open_groups.empty:
        left = open_groups.sum()
        rarest = left[left > 0].idxmin()
        for group, counts in open_groups[open_groups[rarest] > 0].iterrows():
            side = _neediest(needs, held, [str(rarest), *map(str, counts.index[counts > 0])])
            needs.loc[side] = needs.loc[side].sub(counts, fill_value=0)
            held.loc[side] = held.loc[side].add(counts, fill_value=0)
            photos.loc[photos["group"] == group, "split"] = side
        open_groups = open_groups[open_groups[rarest] == 0]


def _neediest(needs: pd.DataFrame, held: pd.DataFrame, keywords: list[str]) -> str:
    """The side that still has none of a group's keywords, the rarest asked first; else what the rarest needs."""
    for keyword in keywords:
        without = needs.loc[(held[keyword] == 0) & (needs[keyword] > 0), keyword]
        if len(without):
            return str(without.idxmax())
    return str(needs[keywords[0]].idxmax())


def _needs(photos: pd.DataFrame) -> pd.DataFrame:
    """Photos that each side (rows) still needs of each keyword (columns); train first, so that it wins ties.

    A side that measures needs one whole group of a keyword at least, where the keyword has enough of them:
    otherwise the accuracy of rare keywords would never be measured.
    """
    groups = photos.groupby("keyword")["group"].nunique()
    totals = photos["keyword"].value_counts().astype(float)
    test = np.maximum(SHARES["test"] * totals, (totals / groups).where(groups >= 2, 0))
    val = np.maximum(SHARES["val"] * totals, (totals / groups).where(groups >= 3, 0))
    wanted = pd.DataFrame({"train": totals - test - val, "test": test, "val": val}).T
    held = pd.crosstab(photos["split"], photos["keyword"]).reindex_like(wanted).fillna(0)
    return wanted - held


def _order(group: object) -> str:
    return hashlib.sha256(str(group).encode()).hexdigest()


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


def data_fingerprint(splits: pd.DataFrame, vocabulary_sha256: str) -> str:
    """Hash of what a model learns from and is measured on: photos, keywords, splits and the vocabulary."""
    rows = splits[["shoot", "file", "sha256", "keyword", "split"]].sort_values(["shoot", "file"])
    content = vocabulary_sha256 + rows.to_csv(index=False)
    return hashlib.sha256(content.encode()).hexdigest()


def previous_splits(tables: TableStore) -> pd.DataFrame | None:
    """The stored splits, or None if there never were any.

    Raises:
        StorageError: if they are damaged: dealing anew would move photos between splits.
    """
    if not tables.path("splits").is_file():
        return None
    try:
        return tables.read("splits")
    except StorageError as error:
        raise StorageError(f"{error}; photos keep their split, so restore that file or delete it") from None


def pending_fingerprint(tables: TableStore, vocabulary_sha256: str) -> str | None:
    """The fingerprint that training on all stored shoots would have now, or None without any photo."""
    found = [tables.read("standardized_keywords", shoot) for shoot in tables.partitions("standardized_keywords")]
    if not found:
        return None
    dealt = split_photos(pd.concat(found, ignore_index=True), previous_splits(tables))
    return data_fingerprint(dealt, vocabulary_sha256)
