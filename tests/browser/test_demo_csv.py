"""Results as CSV: what the API said, for what is shown, and safe in a spreadsheet."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.api.conftest import Running
from tests.browser.demo_page import DemoPage

Photos = Callable[..., list[Path]]
COLUMNS = [
    "file", "keyword", "confidence", "pipeline", "needs_review",
    "keyword_2", "confidence_2", "keyword_3", "confidence_3", "release_id", "error",
]  # fmt: skip


def test_results_as_csv_say_what_the_api_says(
    page: DemoPage, demo: Running, photos: Photos, tmp_path: Path
) -> None:
    red, gray = photos("red", "gray")
    broken = red.with_name('broken, "really".jpg')
    broken.write_bytes(b"nothing")
    page.add(red, gray, broken)
    page.finished(3)
    path = page.save(page.button("CSV"), tmp_path)
    raw = path.read_bytes()
    header, *rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert raw.startswith("\ufeff".encode())
    assert raw.count(b"\r\n") == raw.count(b"\n") == 4
    assert header == COLUMNS
    for row, photo in zip(rows, (red, gray), strict=False):
        answer = demo.client.post("/api/v1/predict?detail=true", files={"file": photo.read_bytes()}).json()
        ranked = [str(part) for one in answer["predictions"] for part in (one["keyword"], one["confidence"])]
        needs_review = str(answer["needs_review"]).lower()
        assert row == [photo.name, *ranked[:2], "stove", needs_review, *ranked[2:], answer["release_id"], ""]
    assert rows[2][:-1] == [broken.name, *[""] * 9]
    assert rows[2][-1].startswith("not a JPEG")


def test_csv_holds_what_the_filter_shows(page: DemoPage, photos: Photos, tmp_path: Path) -> None:
    page.add(*photos("red", "gray", "blue"))
    page.finished(3)
    page.page.get_by_label("Needs review 1").check()
    text = page.save(page.button("CSV"), tmp_path).read_text("utf-8-sig")
    assert [row["file"] for row in csv.DictReader(io.StringIO(text))] == ["gray.jpg"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain.jpg", "plain.jpg"),
        ('=HYPERLINK("http://x")', '"\'=HYPERLINK(""http://x"")"'),
        ("+1", "'+1"),
        ("-1_01.jpg", "'-1_01.jpg"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", '"\'\rx"'),
        ("a,b", '"a,b"'),
        ("two\nlines", '"two\nlines"'),
        ('say "hi"', '"say ""hi"""'),
        ("Kürbis 南瓜", "Kürbis 南瓜"),
        (-1.5, "-1.5"),
        (0, "0"),
        (False, "false"),
        (None, ""),
    ],
)
def test_a_field_of_csv_is_quoted_and_runs_as_no_formula(
    shared_page: DemoPage, value: object, written: str
) -> None:
    assert shared_page.call("csv.js", "m.field(a[0])", value) == written
