"""The vocabulary file as people write and break it."""

from pathlib import Path

import pytest
import yaml

from recipe_assets.errors import VocabularyError
from recipe_assets.studio.vocabulary import DEFAULT_VOCABULARY, Vocabulary, fold, load_vocabulary

REAL = Path(__file__).parents[3] / "shared" / "real_studio" / "vocabulary.yaml"
SMALL = """
keywords:
  oven-tray: {prompt: oven tray, aliases: [oventray, baking sheet], pipeline: oven}
  pan: {prompt: frying pan, aliases: [frying-pan]}
"""


def load(folder: Path, content: str | bytes) -> Vocabulary:
    path = folder / "words.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_vocabulary(path)


@pytest.fixture
def small(tmp_path: Path) -> Vocabulary:
    return load(tmp_path, SMALL)


def test_the_default_has_the_seventeen_keywords_of_the_seed() -> None:
    vocabulary = load_vocabulary()
    assert len(vocabulary.names) == 17
    assert vocabulary["saucepan"].prompt == "small saucepan"
    assert vocabulary.known(["sauce-pan"]) == ["saucepan"]
    assert vocabulary.names == tuple(yaml.safe_load(DEFAULT_VOCABULARY.read_text("utf-8"))["keywords"])


@pytest.mark.skipif(not REAL.is_file(), reason="the real studio is not here")
def test_the_vocabulary_of_the_real_studio_loads() -> None:
    vocabulary = load_vocabulary(REAL)
    assert len(vocabulary.names) == 43
    assert vocabulary.known(["Apple"]) == ["apple"]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("keywords:\n  pan: {prompt: a}\n  pan: {prompt: b}\n", "'pan' stands twice .again in line 3."),
        ("keywords:\n  a: {prompt: x, aliases: [Pan_1]}\n  pan-1: {prompt: y}\n", "'pan-1'.*'a' and 'pan-1'"),
        ("keywords:\n  a: {prompt: x, prompt: y}\n", "'prompt' stands twice"),
        ("keywords:\n  pan: {pipeline: stove}\n", "'pan'.*prompt"),
        ("keywords:\n  pan: {prompt: x, promt: y}\n", "'pan'.*promt"),
        ("keywords:\n  pan: {prompt: x, name: pot}\n", "'pan'.*name"),
        ("keywords:\n  pan: frying pan\n", "'pan' needs a mapping"),
        ("keywords:\n  pan: {prompt: x, aliases: skillet}\n", "'pan'.*aliases"),
        ("keywords:\n  2024: {prompt: x}\n", "'2024'.*name"),
        ("keywords: [pan]\n", "no 'keywords:' mapping"),
        ("keywords: {}\n", "no 'keywords:' mapping"),
        ("keyword:\n  pan: {prompt: x}\n", "no 'keywords:' mapping"),
        ("", "no 'keywords:' mapping"),
        ("- pan\n", "no 'keywords:' mapping"),
        ("keywords:\n  pan: {prompt: x\n", "not valid YAML"),
        ("keywords:\n\tpan: {prompt: x}\n", "not valid YAML"),
        ("keywords: !!python/object:os.system {}\n", "not valid YAML"),
        ("keywords: &k\n  a: *k\n", "'a'"),
        ("? [pan, pot]\n: {prompt: x}\n", "pan.*stands as a key"),
        (b"keywords:\n  k\xf6ttbullar: {prompt: x}\n", "cannot be read"),
        (b"\x00\x01\x02", "not valid YAML"),
    ],
)  # fmt: skip
def test_a_broken_file_is_one_line_that_names_the_file_and_the_thing(
    tmp_path: Path, content: str | bytes, names: str
) -> None:
    with pytest.raises(VocabularyError, match=rf"words\.yaml.*{names}") as raised:
        load(tmp_path, content)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_a_path_that_is_no_file_names_it_and_the_setting(tmp_path: Path, kind: str) -> None:
    path = tmp_path if kind == "folder" else tmp_path / "words.yaml"
    with pytest.raises(VocabularyError, match=r"cannot be read .*set RECIPE_VOCABULARY") as raised:
        load_vocabulary(path)
    assert str(path) in str(raised.value)


def test_a_file_saved_by_a_windows_editor_loads(tmp_path: Path) -> None:
    assert load(tmp_path, b"\xef\xbb\xbfkeywords:\r\n  pan:\r\n    prompt: x\r\n").names == ("pan",)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Oven_Tray ", "oven-tray"),
        ("  OVEN   tray", "oven-tray"),
        ("oven - tray", "oven-tray"),
        ("-oven__tray-", "oven-tray"),
        ("KÖTTBULLAR", "köttbullar"),
        ("ko\u0308ttbullar", "k\u00f6ttbullar"),
        ("oven\u00a0tray", "oven-tray"),
    ],
)
def test_spellings_that_look_alike_fold_to_one(left: str, right: str) -> None:
    assert fold(left) == fold(right) == right


def test_folding_keeps_different_words_apart() -> None:
    assert len({fold(word) for word in ("oven-tray", "oventray", "oven-trays", "pan", "")}) == 5


@pytest.mark.parametrize(
    ("raw", "known"),
    [
        (["retouch", "Oven_Tray", "2024", " "], ["oven-tray"]),
        (["oventray", "Oven Tray", "oven-tray"], ["oven-tray"]),
        (["pan", "Baking Sheet"], ["oven-tray", "pan"]),
        (["wok", ""], []),
    ],
)
def test_words_stand_for_keywords_and_those_that_mean_nothing_are_passed_over(
    small: Vocabulary, raw: list[str], known: list[str]
) -> None:
    assert small.known(raw) == known


@pytest.mark.parametrize(
    ("raw", "nearest"),
    [
        (["ovn tray"], "oven-tray"),
        (["Baking  Sheets"], "oven-tray"),
        (["fryingpan"], "pan"),
        (["pann"], "pan"),
        (["retouch", "oven-trays"], "oven-tray"),
        (["wok"], None),
        (["x" * 5000], None),
        ([""], None),
        ([], None),
    ],
)
def test_an_unknown_spelling_gets_the_nearest_keyword_or_none(
    small: Vocabulary, raw: list[str], nearest: str | None
) -> None:
    assert small.nearest(raw) == nearest


def test_a_keyword_needs_five_photos_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    assert load(tmp_path, SMALL).min_photos == 5
    assert load(tmp_path, "min_photos: 12\n" + SMALL).min_photos == 12


@pytest.mark.parametrize("least", ["0", "-3", "few", "1.5", "true", "[]"])
def test_a_least_number_that_is_none_is_refused(tmp_path: Path, least: str) -> None:
    with pytest.raises(VocabularyError, match=r"min_photos: .* write a whole number from 1 on"):
        load(tmp_path, f"min_photos: {least}\nkeywords:\n  pan: {{prompt: x}}\n")


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("prompt: oven tray", "prompt: tray", True),
        ("pipeline: oven", "pipeline: x", True),
        ("oventray, ", "", False),
    ],
)
def test_only_spellings_decide_whether_keywords_are_standardized_again(
    tmp_path: Path, small: Vocabulary, old: str, new: str, same: bool
) -> None:
    assert old in SMALL
    assert (load(tmp_path, SMALL.replace(old, new)).spellings_sha256 == small.spellings_sha256) is same


def test_an_alias_may_repeat_its_own_keyword(tmp_path: Path) -> None:
    assert load(tmp_path, "keywords:\n  pan: {prompt: x, aliases: [Pan, PAN]}\n").spellings == {"pan": "pan"}


def test_the_hash_does_not_change_with_form(tmp_path: Path, small: Vocabulary) -> None:
    other = """
    # a comment
    keywords:
      "oven-tray":
        pipeline: oven
        aliases:
          - oventray
          - baking sheet
        prompt: 'oven tray'
      pan: {aliases: [frying-pan], prompt: frying pan, pipeline: default}
    """
    assert load(tmp_path, other).sha256 == small.sha256


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("prompt: oven tray", "prompt: oven trays"),
        ("pipeline: oven", "pipeline: stove"),
        ("oventray, ", ""),
        ("  pan:", "  skillet:"),
    ],
)
def test_the_hash_changes_with_meaning(tmp_path: Path, small: Vocabulary, old: str, new: str) -> None:
    assert old in SMALL
    assert load(tmp_path, SMALL.replace(old, new)).sha256 != small.sha256


@pytest.mark.parametrize("entry", ["pan: {prompt: ''}", "'-': {prompt: dash}", "' ': {prompt: space}"])
def test_a_keyword_without_a_name_or_words_for_the_model_is_refused(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "vocabulary.yaml"
    path.write_text(f"keywords:\n  {entry}\n")
    with pytest.raises(VocabularyError, match=r"keyword '.*'"):
        load_vocabulary(path)


def test_the_order_of_aliases_does_not_change_the_hash(tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("keywords:\n  pan: {prompt: pan, aliases: [a, b]}\n")
    second.write_text("keywords:\n  pan: {prompt: pan, aliases: [b, a]}\n")
    assert load_vocabulary(first).sha256 == load_vocabulary(second).sha256
