"""Real photographs with real dirt: every kind that the README lists is found, and nothing clean is lost."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from recipe_assets.studio.folder import FolderStudio
from recipe_assets.studio.labels import reason_kind, standardize_shoot
from recipe_assets.studio.reading import read_shoot
from recipe_assets.studio.splits import COPY, SHARES, split_photos
from recipe_assets.studio.vocabulary import Vocabulary, load_vocabulary
from tests.studio.pictures import exiftool

REAL = Path(__file__).parents[3] / "shared" / "real_studio"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real studio is not here")
DIRT = ".txt"


@pytest.fixture(scope="module")
def words() -> Vocabulary:
    return load_vocabulary(REAL / "vocabulary.yaml")


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    studio = FolderStudio(REAL / "shoots")
    tables = [read_shoot(studio, shoot).drop(columns="thumbnail") for shoot in studio.shoots()]
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="module")
def labelled(raw: pd.DataFrame, words: Vocabulary) -> pd.DataFrame:
    return standardize_shoot(raw, words)


@pytest.fixture(scope="module")
def dealt(labelled: pd.DataFrame, words: Vocabulary) -> pd.DataFrame:
    return split_photos(labelled, None, words.min_photos)


def on_disk() -> dict[tuple[str, str], bytes]:
    """Every file, read without any of our code."""
    return {
        (path.parent.name, path.name): path.read_bytes()
        for path in sorted((REAL / "shoots").glob("*/*"))
        if not path.name.startswith(".")
    }


def test_every_file_is_listed_once_with_its_own_bytes(raw: pd.DataFrame) -> None:
    listed = {(row.shoot, row.file): row.sha256 for row in raw.itertuples()}
    assert listed == {key: hashlib.sha256(content).hexdigest() for key, content in on_disk().items()}


def test_just_the_files_that_are_no_whole_jpeg_are_rejected_with_a_reason(raw: pd.DataFrame) -> None:
    """A whole JPEG begins with SOI and ends with EOI; this studio has nothing else but faults."""
    broken = {
        key
        for key, content in on_disk().items()
        if not (content[:2] == b"\xff\xd8" and b"\xff\xd9" in content[-32:])
    }
    rejected = raw[raw["problem"].notna()]
    assert set(zip(rejected["shoot"], rejected["file"], strict=True)) == broken
    kinds = rejected["problem"].str.split(":").str[0].value_counts()
    assert {"empty file", "damaged"} <= set(kinds.index)
    assert rejected["file"].str.endswith(DIRT).any()


def test_a_name_outside_the_convention_is_found_and_its_photo_used(raw: pd.DataFrame, dealt: pd.DataFrame) -> None:
    odd = raw[raw["problem"].isna() & raw["recipe"].isna()]
    assert len(odd) >= 1
    assert not odd["file"].str.match(r"^[A-Z]{2}_Y\d\d_").any()
    assert set(odd["file"]) <= set(dealt["file"])


def test_just_the_exact_copies_are_kept_out_and_one_of_each_is_used(
    raw: pd.DataFrame, dealt: pd.DataFrame
) -> None:
    copies = dealt[dealt["split"] == COPY]
    twice = dealt[dealt.duplicated("sha256", keep=False)]
    assert len(copies) >= 1
    assert len(copies) == len(twice) - twice["sha256"].nunique()
    used = dealt[dealt["split"].isin(list(SHARES))]
    assert not used.duplicated("sha256").any()
    assert set(copies["sha256"]) <= set(used["sha256"])


def test_keywords_are_those_that_exiftool_reads(raw: pd.DataFrame) -> None:
    """The referee reads every photo of one shoot."""
    shoot = raw["shoot"].iloc[0]
    rows = raw[(raw["shoot"] == shoot) & raw["problem"].isna()].set_index("file")
    paths = [str(REAL / "shoots" / shoot / file) for file in rows.index]
    found = json.loads(exiftool("-json", "-G1", "-struct", "-IPTC:Keywords", "-XMP-dc:Subject", *paths))
    assert len(found) == len(rows)
    for tags in found:
        row = rows.loc[Path(tags["SourceFile"]).name]
        for tag, column in (("IPTC:Keywords", "iptc_keywords"), ("XMP-dc:Subject", "xmp_keywords")):
            words = tags.get(tag, [])
            spoken = [words] if isinstance(words, str) else words
            assert list(row[column]) == [word.strip() for word in spoken]


def test_photos_without_keyword_are_just_those_with_none_or_with_two(
    labelled: pd.DataFrame, words: Vocabulary
) -> None:
    without = labelled[labelled["keyword"].isna()]
    assert set(reason_kind(without["reason"])) == {"missing", "ambiguous"}
    said = [[*iptc, *xmp] for iptc, xmp in zip(without["iptc_keywords"], without["xmp_keywords"], strict=True)]
    assert all(len(words.known(spoken)) != 1 for spoken in said)
    kept = labelled[labelled["keyword"].notna()]
    said = [[*iptc, *xmp] for iptc, xmp in zip(kept["iptc_keywords"], kept["xmp_keywords"], strict=True)]
    assert [words.known(spoken) for spoken in said] == [[keyword] for keyword in kept["keyword"]]


def test_spelling_variants_and_words_that_mean_nothing_cost_no_photo(labelled: pd.DataFrame) -> None:
    kept = labelled[labelled["keyword"].notna()]
    words = [[*iptc, *xmp] for iptc, xmp in zip(kept["iptc_keywords"], kept["xmp_keywords"], strict=True)]
    variants = sum(keyword not in spoken for spoken, keyword in zip(words, kept["keyword"], strict=True))
    stray = sum(len(spoken) > 1 for spoken in words)
    assert variants > 10
    assert stray > 10


def test_nothing_clean_is_kept_out(labelled: pd.DataFrame, dealt: pd.DataFrame) -> None:
    assert len(dealt) == labelled["keyword"].notna().sum()
    assert set(dealt["split"]) == {*SHARES, COPY}
