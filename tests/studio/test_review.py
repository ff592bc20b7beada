"""The review queue as people edit it: in text editors, in spreadsheets, and wrongly."""

from pathlib import Path

import pandas as pd
import pytest

from recipe_assets.errors import StudioError
from recipe_assets.studio.review import (
    COLUMNS,
    decisions,
    decisions_sha256,
    merge_queue,
    misunderstood,
    read_queue,
    write_queue,
)
from recipe_assets.studio.vocabulary import Keyword, Vocabulary

WORDS = Vocabulary((Keyword("pan", "frying pan", ("skillet",)), Keyword("oven-tray", "oven tray")))


def queue(*rows: tuple[str, ...]) -> pd.DataFrame:
    """Rows of file, finding and decision."""
    table = [("W43", file, f"sha of {file}", finding, "why", "pan", decision) for file, finding, decision in rows]
    return pd.DataFrame(table, columns=COLUMNS, dtype="string")


def test_there_is_no_queue_before_the_first_run(tmp_path: Path) -> None:
    found = read_queue(tmp_path / "queue.csv")
    assert found.empty
    assert list(found.columns) == COLUMNS


@pytest.mark.parametrize(
    "file", ["a.jpg", "=1+1.jpg", "'quoted'.jpg", "-x.jpg", "a,b;c.jpg", 'kött "3".jpg', "a\nb.jpg"]
)
def test_a_queue_comes_back_as_it_was_written_whatever_the_file_is_called(tmp_path: Path, file: str) -> None:
    written = queue((file, "label", "pan"), (file, "dark", ""))
    write_queue(written, tmp_path / "sub" / "queue.csv")
    pd.testing.assert_frame_equal(read_queue(tmp_path / "sub" / "queue.csv"), written)
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["queue.csv"]


def test_no_cell_is_a_formula_when_a_spreadsheet_opens_the_file(tmp_path: Path) -> None:
    write_queue(queue(("=cmd|' /C calc'!A0", "label", "")), tmp_path / "queue.csv")
    line = (tmp_path / "queue.csv").read_text(encoding="utf-8-sig").splitlines()[1]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line.split(","))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_spreadsheets_save_is_understood(tmp_path: Path, delimiter: str, end: str) -> None:
    names = [*COLUMNS[::-1], "my notes"]
    cells = ["drop", "pan", "why", "dark", "ab", "kött.jpg", "W43", "ugly"]
    text = delimiter.join(names) + end + delimiter.join(cells) + end
    (tmp_path / "queue.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (row,) = read_queue(tmp_path / "queue.csv").to_dict("records")
    assert (row["file"], row["decision"]) == ("kött.jpg", "drop")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"shoot,file\nW43,a.jpg\n", "lacks decision, detail, finding, sha256, suggestion in its first line"),
        (b"", "lacks decision"),
        (b"\xff\xfe\x00", "cannot be read"),
        (",".join(COLUMNS).encode() + b"\n" + b"x" * 200_000 + b"\n", "is no CSV in line"),
    ],
)
def test_a_broken_queue_is_an_error_that_names_file_and_cure_and_is_left_alone(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "queue.csv"
    path.write_bytes(content)
    with pytest.raises(StudioError, match=message) as raised:
        read_queue(path)
    assert str(path) in str(raised.value)
    assert path.read_bytes() == content


def test_decisions_are_kept_and_open_lines_follow_what_is_found_now() -> None:
    before = queue(("a.jpg", "dark", "keep"), ("b.jpg", "dark", ""), ("gone.jpg", "label", "pan"))
    found = queue(("c.jpg", "label", ""), ("a.jpg", "dark", ""), ("a.jpg", "label", "")).drop(columns="decision")
    merged = merge_queue(found, before)
    lines = list(zip(merged["file"], merged["finding"], merged["decision"], strict=True))
    assert lines == [
        ("c.jpg", "label", ""), ("a.jpg", "label", ""), ("a.jpg", "dark", "keep"), ("gone.jpg", "label", "pan"),
    ]  # fmt: skip


def test_a_photo_that_changed_is_a_new_case() -> None:
    before = queue(("a.jpg", "dark", "keep"))
    found = queue(("a.jpg", "dark", "")).assign(sha256="other").drop(columns="decision")
    assert merge_queue(found, before)["decision"].tolist() == ["", "keep"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("a.jpg", "dark", "")], {}),
        ([("a.jpg", "dark", "keep")], {}),
        ([("a.jpg", "dark", " Skillet ")], {"a.jpg": "pan"}),
        ([("a.jpg", "dark", "DROP")], {"a.jpg": "drop"}),
        ([("a.jpg", "dark", "pan"), ("a.jpg", "label", "oven_tray")], {"a.jpg": "oven-tray"}),
        ([("a.jpg", "dark", "drop"), ("a.jpg", "label", "pan")], {"a.jpg": "drop"}),
        ([("a.jpg", "dark", "pan"), ("a.jpg", "label", "keep")], {"a.jpg": "pan"}),
        ([("a.jpg", "dark", "wok")], {}),
    ],
)
def test_a_decision_is_a_keyword_in_any_spelling_or_drop(
    rows: list[tuple[str, ...]], expected: dict[str, str]
) -> None:
    found = decisions(queue(*rows), WORDS)
    assert {file: meaning for (_, file, _), meaning in found.items()} == expected


def test_a_decision_that_means_nothing_is_listed_with_the_nearest_keyword() -> None:
    rows = queue(
        ("a.jpg", "dark", "skilet"), ("b.jpg", "dark", "pan"), ("c.jpg", "dark", "keep"), ("d.jpg", "x", "")
    )
    (wrong,) = misunderstood(rows, WORDS).to_dict("records")
    assert (wrong["file"], wrong["nearest"]) == ("a.jpg", "pan")


def test_a_queue_without_decisions_has_no_misunderstood_ones() -> None:
    """A mask made of an empty list chose no columns instead of no rows."""
    assert list(misunderstood(queue(("a.jpg", "dark", "")), WORDS).columns) == [*COLUMNS, "nearest"]


def test_a_shoot_is_touched_by_its_own_decisions_only() -> None:
    one = decisions(queue(("a.jpg", "dark", "pan")), WORDS)
    other = one | {("W44", "a.jpg", "x"): "drop"}
    assert decisions_sha256({}, "W43") == ""
    assert decisions_sha256(one, "W43") == decisions_sha256(other, "W43") != ""
    assert decisions_sha256(one, "W44") == ""
    assert decisions_sha256(other, "W44") != decisions_sha256({("W44", "a.jpg", "x"): "pan"}, "W44")
