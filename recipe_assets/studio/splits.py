"""Which photos train, validate and test. A group (a recipe with its near-duplicates) never stands on two sides.

A photo that has a side keeps it for ever. New groups are dealt in the order of a stable hash, each to the side
that most needs its rarest keyword: stratified as far as groups allow.
"""

import hashlib

import numpy as np
import pandas as pd

from recipe_assets.studio.labels import MAX_UNMAPPED, unmapped_shares
from recipe_assets.studio.quality import connected_groups, near_duplicate_pairs

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
COLUMNS = ["shoot", "file", "sha256", "recipe_id", "phash", "keyword", "group", "split", "dealt"]
BRIDGE, COPY, RARE, BLOCKED, GONE = "bridge", "copy", "rare", "blocked", "gone"
KEPT_OUT = {
    BLOCKED: "its shoot has too many photos whose words say no keyword",
    COPY: "the same bytes stand under another name, which is used",
    RARE: "its keyword has fewer photos than the vocabulary's min_photos",
    BRIDGE: "its near-duplicates already stand on two sides",
    GONE: "it has no keyword any more, or is no longer there; its side is remembered",
}
"""Why a labelled photo neither trains nor measures."""


def split_photos(
    labelled: pd.DataFrame, previous: pd.DataFrame | None = None, min_photos: int = 1
) -> pd.DataFrame:
    """Deal every labelled photo to "train", "val" or "test", or say why it is kept out: one of `KEPT_OUT`.

    Args:
        labelled: tables of `labels.standardize_shoot`, all shoots together; photos without keyword are left out.
        previous: the last result; its photos keep their split. Photos are known by shoot and file.
        min_photos: a keyword with fewer photos is kept out.

    Returns:
        One row per labelled photo, and per photo that had a side before, with the columns of `COLUMNS`, sorted by
        shoot and file. `dealt` is the side that a photo was ever given: it comes back to it when it is no longer
        kept out.
    """
    photos = labelled[labelled["keyword"].notna()].sort_values(["shoot", "file"], ignore_index=True)
    photos["group"] = _groups(photos)
    photos["dealt"] = _remembered(photos, previous)
    shares = unmapped_shares(labelled)
    photos["split"] = _kept_out(photos, min_photos, set(shares.index[shares > MAX_UNMAPPED]))
    used = photos[photos["split"].isna()].copy()
    used["split"] = used["dealt"]
    _inherit(used, photos)
    _deal(used)
    photos.loc[used.index, "split"] = used["split"]
    photos["dealt"] = photos["dealt"].fillna(photos["split"].where(photos["split"].isin(list(SHARES))))
    both = [table for table in (photos[COLUMNS], _gone(photos, previous)) if len(table)]
    return pd.concat(both or [photos[COLUMNS]]).sort_values(["shoot", "file"], ignore_index=True)


def _kept_out(photos: pd.DataFrame, min_photos: int, blocked: set[str]) -> pd.Series:
    """Why each photo is kept out, for reasons of its own; missing for those that are used."""
    kept_out = pd.Series(pd.NA, index=photos.index, dtype="string").mask(photos["shoot"].isin(blocked), BLOCKED)
    # Of equal photos the one stays that has a side already, so that a copy in a new shoot moves nothing.
    by_age = photos.assign(new=photos["dealt"].isna())[kept_out.isna()]
    by_age = by_age.sort_values(["new", "shoot", "file"], kind="stable")
    kept_out[by_age.index[by_age.duplicated("sha256")]] = COPY
    counts = photos.loc[kept_out.isna(), "keyword"].value_counts()
    rare = photos["keyword"].isin(counts.index[counts < min_photos])
    return kept_out.mask(rare & kept_out.isna(), RARE)


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


def _remembered(photos: pd.DataFrame, previous: pd.DataFrame | None) -> pd.Series:
    if previous is None or previous.empty:
        return pd.Series(pd.NA, index=photos.index, dtype="string")
    sides = previous["dealt"] if "dealt" in previous else previous["split"]
    keys = list(zip(previous["shoot"], previous["file"], strict=True))
    here = set(zip(photos["shoot"], photos["file"], strict=True))
    known = {key: side for key, side in zip(keys, sides, strict=True) if side in SHARES}
    # A renamed photo is known by its bytes; one whose keyword was corrected in the file is known by its name.
    by_bytes = {
        sha: side
        for key, sha, side in zip(keys, previous["sha256"], sides, strict=True)
        if side in SHARES and key not in here
    }
    rows = zip(photos["shoot"], photos["file"], photos["sha256"], strict=True)
    remembered = [known.get((shoot, file), by_bytes.get(sha, pd.NA)) for shoot, file, sha in rows]
    return pd.Series(remembered, index=photos.index, dtype="string")


def _gone(photos: pd.DataFrame, previous: pd.DataFrame | None) -> pd.DataFrame:
    """Rows of photos that had a side and have no keyword now, kept so that they come back to it."""
    if previous is None or previous.empty:
        return photos[COLUMNS].head(0)
    before = previous if "dealt" in previous else previous.assign(dealt=previous["split"])
    here = set(zip(photos["shoot"], photos["file"], strict=True))
    missing = [key not in here for key in zip(before["shoot"], before["file"], strict=True)]
    renamed = before["sha256"].isin(photos["sha256"])
    gone = before[pd.Series(missing, before.index, bool) & ~renamed & before["dealt"].isin(list(SHARES))]
    return gone.assign(split=GONE)[COLUMNS]


def _inherit(used: pd.DataFrame, photos: pd.DataFrame) -> None:
    """New photos follow the side of their group; where a group has two sides, they are kept out."""
    sides = photos[photos["dealt"].notna()].groupby("group")["dealt"].unique()
    new = used["split"].isna() & used["group"].isin(sides.index)
    for index in used.index[new]:
        group_sides = sides[used.loc[index, "group"]]
        used.loc[index, "split"] = group_sides[0] if len(group_sides) == 1 else BRIDGE


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
