"""A studio as the tables that the report reads: shoots, photos, labels, splits and findings by the thousand."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from recipe_assets.studio.vocabulary import Keyword, Vocabulary
from tests.studio.pictures import encode, picture

HOSTILE = (
    "<script>document.title='owned'</script>\"'><img src=x onerror=alert(1)>&amp;\u202egpj.exe {{ 7 * 7 }}.jpg"
)
"""A file name that is many things, and must be a file name only."""


def vocabulary(count: int) -> Vocabulary:
    """As many keywords; the first has an alias."""
    words = [Keyword(f"keyword-{number}", f"thing {number}") for number in range(count)]
    return Vocabulary((Keyword("keyword-0", "thing 0", ("first",)), *words[1:]))


def raw_table(shoots: int, photos: int, seed: int = 0) -> pd.DataFrame:
    """Usable photos and, in every shoot, one empty file; two years, sizes and formats as in a studio."""
    generator = np.random.default_rng(seed)
    count = shoots * photos
    number = np.arange(count)
    raw = pd.DataFrame(
        {
            "shoot": [f"HF_Y{24 + n // photos % 2}_W{n // photos:03d}" for n in number],
            "file": [f"HF_Y24_R01_W01_SE_K{n // 6:05d}-1_{n % 6:02d}__original.jpg" for n in number],
            "sha256": [f"{n:064x}" for n in number],
            "bytes": generator.integers(10**6, 10**7, count),
            "format": generator.choice(["JPEG", "PNG"], count, p=[0.9, 0.1]),
            "width": generator.choice([6000, 4000], count),
            "height": 4000,
            "year": [2024 + n // photos % 2 for n in number],
            "recipe": [f"K{n // 6:05d}" for n in number],
            "tag": "original",
            "problem": pd.Series(pd.NA, index=number, dtype="string"),
            "brightness": generator.normal(140, 20, count).clip(0, 255),
            "sharpness": generator.lognormal(5, 1, count),
        }
    )
    raw.loc[raw["file"].str.contains("_00__") & (number % photos == 0), "problem"] = "empty file"
    return raw


def labelled_table(raw: pd.DataFrame, names: Sequence[str], seed: int = 0) -> pd.DataFrame:
    """Photos with a long tail of keywords; of 20, one has no word, one a strange word, one is a mask."""
    photos = raw[raw["problem"].isna()].reset_index(drop=True)
    weights = 1 / np.arange(1, len(names) + 1)
    generator = np.random.default_rng(seed)
    words = generator.choice(names, len(photos), p=weights / weights.sum())
    turn = np.arange(len(photos)) % 20
    raw_words = [[] if n == 7 else ["saus"] if n == 8 else [word] for n, word in zip(turn, words, strict=True)]
    labelled = photos[["shoot", "file", "sha256", "year", "recipe", "tag"]].assign(
        iptc_keywords=raw_words,
        xmp_keywords=[[] for _ in words],
        keyword=pd.Series(words, dtype="string").mask(np.isin(turn, [7, 8, 9])),
    )
    reasons = {7: "missing: the photo has no keyword", 8: "unknown: saus", 9: "mask: not trained on"}
    labelled["reason"] = pd.Series([reasons.get(n) for n in turn], dtype="string")
    labelled["suggestion"] = pd.Series(["sauce" if n == 8 else None for n in turn], dtype="string")
    labelled["tag"] = np.where(turn == 9, "mask", labelled["tag"])
    return labelled


def splits_table(labelled: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Nine sides of ten train."""
    used = labelled.loc[labelled["keyword"].notna(), ["shoot", "file", "keyword"]]
    sides = np.random.default_rng(seed).choice(["train", "val", "test"], len(used), p=[0.8, 0.1, 0.1])
    return used.assign(split=sides)


def findings_table(labelled: pd.DataFrame, count: int, seed: int = 0) -> pd.DataFrame:
    """As many findings of four kinds, one of which the report has never heard of."""
    photos = labelled.sample(count, random_state=seed)
    generator = np.random.default_rng(seed)
    return photos[["shoot", "file", "sha256"]].assign(
        finding=generator.choice(["dark", "blurry", "odd_size", "new_kind"], count),
        score=generator.random(count),
        detail="darker than 99 % of its shoot",
        suggestion=generator.choice(["", "drop"], count),
    )


def thumbnails(shoot: str, files: Sequence[str]) -> dict[str, bytes]:
    """A picture of its own for every file."""
    return {file: encode(picture(hash_of(shoot + file), (384, 256)), "PNG", compress_level=1) for file in files}


def hash_of(name: str) -> int:
    """The same number for a name in every process, unlike `hash`."""
    return sum(ord(letter) * 31**place for place, letter in enumerate(name[-24:])) % 2**32
