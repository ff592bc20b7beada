"""Copies among the photos: the same file twice, the same picture again, and the same picture with other keywords.

Hashes alone are compared in `hashing`, embeddings alone in `neighbors`; here both decide what a copy is.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recipe_assets.studio.quality.findings import DROP, KEY, Finding, PhotoName, findings_table, photo_names
from recipe_assets.studio.quality.hashing import (
    NEAR_DUPLICATE_BITS,
    connected_groups,
    near_duplicate_pairs,
)
from recipe_assets.studio.quality.neighbors import embedding_rows, nearest_neighbors

LOOSE_BITS = 18
"""Bits of the hash that a crop, a turn or a caption may change: nine tenths of 10 % crops stay within 22, most
within 18. Two different pictures differ in 32 on average."""
LEAST_COSINE = 0.9
"""A copy is at least this close: so are three quarters of crops by 10 %, turns by 5 degrees and captions."""
NEIGHBORS = 10
CLOSENESS = 0.7
"""A copy is this much closer (chord length) than the tenth nearest photo on both sides. Without such a ratio test
(Lowe, IJCV 2004) one cosine cannot serve every model: some put all photos of a keyword within 0.98."""


class Pair(NamedTuple):
    """Two photos that show the same picture: positions in the table (left < right) and why.

    `bits` is the distance of their hashes; `cosine` that of their embeddings, None where hashes said enough.
    """

    left: int
    right: int
    bits: int
    cosine: float | None = None


def exact_duplicates(raw: pd.DataFrame) -> pd.DataFrame:
    """Files whose bytes another file has; the one with the most telling name, then the first, is kept.

    Args:
        raw: one row per file; unusable files are left out.
    """
    usable = raw[raw["problem"].isna()]
    copies = usable[usable.duplicated("sha256", keep=False)]
    rows = []
    for _, members in copies.assign(unnamed=copies["recipe"].isna()).groupby("sha256"):
        first, *others = photo_names(members.sort_values(["unnamed", *KEY]))
        detail = f"the same bytes as {first[0]}/{first[1]}"
        rows += [Finding(*other, "exact_duplicate", 1.0, detail, DROP) for other in others]
    return findings_table(rows)


def near_duplicate_photos(labelled: pd.DataFrame, embeddings: pd.DataFrame | None = None) -> list[Pair]:
    """Pairs of photos that show the same picture; exact copies are not among them.

    Hashes first: within 4 bits two photos are one picture (saved anew, recolored, resized). Embeddings second find
    crops, turned and captioned copies, whose hashes differ in up to 18 bits, and only across recipes: the steps of
    one recipe look alike because they are steps of one recipe.

    Args:
        labelled: usable photos with `phash`, `recipe_id`, `sha256` and `tag`; masks have no part in it.
        embeddings: unit vectors of a model that was not trained on these keywords, or None.
    """
    # One photo stands for all its exact copies, so that copies do not multiply pairs or fill the neighborhood;
    # masks are silhouettes, alike by nature.
    first = np.flatnonzero(~labelled["sha256"].duplicated() & (labelled["tag"].fillna("") != "mask"))
    photos = labelled.iloc[first]
    hashes = photos["phash"].to_numpy(dtype=np.uint64)
    pairs = {
        (left, right): Pair(left, right, (int(hashes[left]) ^ int(hashes[right])).bit_count())
        for left, right in near_duplicate_pairs(hashes, NEAR_DUPLICATE_BITS)
    }
    if embeddings is not None:
        for pair in _look_alikes(photos, hashes, embeddings):
            pairs.setdefault((pair.left, pair.right), pair)
    return [
        pair._replace(left=int(first[pair.left]), right=int(first[pair.right]))
        for _, pair in sorted(pairs.items())
    ]


def _look_alikes(photos: pd.DataFrame, hashes: NDArray[np.uint64], embeddings: pd.DataFrame) -> Iterator[Pair]:
    known, vectors = embedding_rows(photos, embeddings)
    if len(known) <= NEIGHBORS:
        return
    neighbors, cosines = nearest_neighbors(vectors, NEIGHBORS)
    reach = CLOSENESS * _chord(cosines[:, -1])
    recipes, shoots = photos["recipe_id"].to_numpy(dtype=object), photos["shoot"].to_numpy(dtype=object)
    close = (cosines >= LEAST_COSINE) & (_chord(cosines) <= np.minimum(reach[:, None], reach[neighbors]))
    for row, column in np.argwhere(close):
        left, right = int(known[row]), int(known[neighbors[row, column]])
        bits = (int(hashes[left]) ^ int(hashes[right])).bit_count()
        if left < right and bits <= LOOSE_BITS and not _may_be_steps(left, right, recipes, shoots):
            yield Pair(left, right, bits, float(cosines[row, column]))


def _chord(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.sqrt(np.maximum(2 - 2 * cosines, 0))


def _may_be_steps(left: int, right: int, recipes: NDArray[np.object_], shoots: NDArray[np.object_]) -> bool:
    """Whether two photos may be steps of one recipe; where neither name tells, those of one shoot may."""
    if pd.isna(recipes[left]) and pd.isna(recipes[right]):
        return bool(shoots[left] == shoots[right])
    return not pd.isna(recipes[left]) and not pd.isna(recipes[right]) and bool(recipes[left] == recipes[right])


def near_duplicates(labelled: pd.DataFrame, pairs: list[Pair]) -> pd.DataFrame:
    """Findings for `near_duplicate_photos`: one row per photo that shows an earlier photo's picture again."""
    closest: dict[int, Pair] = {}
    for pair in pairs:
        if pair.right not in closest or _score(pair) > _score(closest[pair.right]):
            closest[pair.right] = pair
    names = photo_names(labelled)
    return findings_table([
        Finding(*names[right], "near_duplicate", _score(pair), _sentence(pair, names))
        for right, pair in closest.items()
    ])  # fmt: skip


def _score(pair: Pair) -> float:
    """1 for equal hashes, 0.8 for hashes 4 bits apart; 0.4 to 0.8 where the embeddings decided."""
    if pair.cosine is None:
        return 1 - 0.05 * pair.bits
    return 0.4 + 4 * (min(pair.cosine, 1.0) - LEAST_COSINE)


def _sentence(pair: Pair, names: list[PhotoName]) -> str:
    shoot, file, _ = names[pair.left]
    measure = f"{pair.bits} of 64 hash bits differ"
    if pair.cosine is not None:
        measure += f", embeddings agree to {pair.cosine:.2f}"
    return f"the same picture as {shoot}/{file}: {measure}"


def conflicting_labels(labelled: pd.DataFrame, pairs: list[Pair]) -> pd.DataFrame:
    """Photos whose keyword differs from that of a near-duplicate; photos without keyword have no say.

    Where most photos of a group agree, the others are found, with the agreed keyword as suggestion; where no
    keyword has a majority, all that contradict each other are found, without one.
    """
    keywords = labelled["keyword"].fillna("").astype(str).to_numpy()
    voting = [(left, right) for left, right, *_ in pairs if keywords[left] and keywords[right]]
    groups = connected_groups(len(labelled), voting)
    votes: dict[int, Counter[str]] = {}
    for photo in {photo for pair in voting for photo in pair}:
        votes.setdefault(groups[photo], Counter())[keywords[photo]] += 1
    partners: dict[int, int] = {}
    for left, right in voting:
        if keywords[left] != keywords[right]:
            partners.setdefault(left, right)
            partners.setdefault(right, left)
    names = photo_names(labelled)
    rows = []
    for photo, partner in partners.items():
        counts = votes[groups[photo]]
        majority = _majority(counts)
        if keywords[photo] != majority:
            other = f"{names[partner][0]}/{names[partner][1]}"
            detail = f"the same picture as {other}, which says '{keywords[partner]}', not '{keywords[photo]}'"
            score = 1 - counts[keywords[photo]] / counts.total()
            rows.append(Finding(*names[photo], "conflicting_labels", score, detail, majority))
    return findings_table(rows)


def _majority(counts: Counter[str]) -> str:
    keyword, most = counts.most_common(1)[0]
    return keyword if most > counts.total() / 2 else ""
