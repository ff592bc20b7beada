"""The studio report: one page with all facts, readable anywhere, that no file name turns against its reader."""

import base64
import io
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from recipe_assets.studio.report import pick_examples, raw_spellings, studio_report
from recipe_assets.studio.report.tables import (
    rare_table,
    rejects_table,
    shoots_table,
    unlabelled_table,
    worst_table,
)
from recipe_assets.studio.vocabulary import Vocabulary
from tests.studio import report_studio
from tests.studio.report_studio import HOSTILE, thumbnails

CHROMIUM = Path("/usr/bin/chromium")
WRITTEN = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
LONG = "x" * 9000 + ".jpg"


class Reader(HTMLParser):
    """What a browser makes of a page: its elements with attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


class Studio:
    """Three shoots with everything that studios have, in the tables that the report reads."""

    def __init__(self, shoots: int = 3, photos: int = 60, keywords: int = 12, findings: int = 20) -> None:
        self.vocabulary: Vocabulary = report_studio.vocabulary(keywords)
        self.raw = report_studio.raw_table(shoots, photos)
        self.labelled = report_studio.labelled_table(self.raw, self.vocabulary.names[:-1])
        self.splits = report_studio.splits_table(self.labelled)
        self.findings: pd.DataFrame | None = report_studio.findings_table(self.labelled, findings)

    def report(self) -> str:
        return studio_report(
            self.raw, self.labelled, self.splits, self.findings, self.vocabulary, thumbnails, written=WRITTEN
        )


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio()


@pytest.fixture(scope="module")
def page(studio: Studio) -> str:
    return studio.report()


@pytest.fixture(scope="module")
def hostile_page() -> str:
    """A page on which every name that comes from outside attacks the reader."""
    studio = Studio()
    raw, labelled = studio.raw.copy(), studio.labelled.copy()
    raw.loc[raw["problem"].notna(), ["file", "problem"]] = [HOSTILE, f"damaged: {HOSTILE}"]
    raw.loc[3, ["file", "problem"]] = [LONG, LONG]
    nameless = labelled["keyword"].isna()
    labelled.loc[nameless, ["file", "reason", "suggestion"]] = [HOSTILE, f"unknown: {HOSTILE}", HOSTILE]
    labelled.loc[nameless, "shoot"] = HOSTILE.replace("/", "")
    labelled["iptc_keywords"] = [[HOSTILE] for _ in labelled["file"]]
    findings = report_studio.findings_table(labelled, 9).assign(file=HOSTILE, detail=HOSTILE, finding=HOSTILE)
    return studio_report(
        raw, labelled, studio.splits, findings, studio.vocabulary, thumbnails, title=HOSTILE, written=WRITTEN
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def pictures(page: str) -> list[Image.Image]:
    found = []
    for image in Reader(page).all("img"):
        kind, encoded = re.fullmatch(r"data:image/(png|jpeg);base64,(.+)", str(image["src"])).groups()  # type: ignore[union-attr]
        with Image.open(io.BytesIO(base64.b64decode(encoded, validate=True))) as picture:
            picture.load()
        assert picture.format == kind.upper()
        found.append(picture)
    return found


def test_the_header_states_the_facts(studio: Studio, page: str) -> None:
    text = Reader(page).text
    named = int(studio.labelled["keyword"].notna().sum())
    rejects = int(studio.raw["problem"].notna().sum())
    masks = int((studio.labelled["tag"] == "mask").sum())
    assert 0 not in (named, rejects, masks)
    facts = {
        "Shoots": 3, "Photos": 180 - rejects, "Rejected files": rejects, "With keyword": named, "Masks": masks,
        "Without keyword": 180 - rejects - masks - named, "Keywords in use": "11 of 12", "Findings": 20,
    }  # fmt: skip
    assert [f"{name}{value}" for name, value in facts.items() if f"{name}{value}\n" not in text] == []
    assert "2026-11-23 08:30 UTC" in text
    assert studio.vocabulary.sha256[:12] in text


def test_pictures_are_in_the_page_and_sharp_on_a_good_screen(page: str) -> None:
    images = Reader(page).all("img")
    for picture, shown in zip(pictures(page), images, strict=True):
        assert (int(str(shown["width"])) * 2 - picture.width) in (0, 1)
        assert (int(str(shown["height"])) * 2 - picture.height) in (0, 1)
    assert len(images) == 11


def test_the_page_needs_nothing_from_anywhere(page: str) -> None:
    reader = Reader(page)
    addresses = [
        value for _, attributes in reader.elements for key, value in attributes.items() if key in ("src", "href")
    ]
    assert [one for one in addresses if not str(one).startswith(("#", "data:"))] == []
    without_pictures = re.sub(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+", "", page)
    assert re.findall(r"(?i)https?:|url\(|@import|//[a-z]", without_pictures) == []
    policy = next(meta["content"] for meta in reader.all("meta") if "http-equiv" in meta)
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_readers_who_cannot_see_are_told_as_much(page: str) -> None:
    reader = Reader(page)
    assert [attributes["lang"] for attributes in reader.all("html")] == ["en"]
    assert len(reader.all("h1")) == 1
    assert all(len(str(image["alt"])) > 15 for image in reader.all("img"))
    assert len(reader.all("caption")) == len(reader.all("table")) > 4
    assert all(cell["scope"] in ("col", "row") for cell in reader.all("th"))
    ids = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = [attributes["aria-labelledby"] for _, attributes in reader.elements if "aria-labelledby" in attributes]
    links = [str(link["href"])[1:] for link in reader.all("a")]
    assert set(named) | set(links) <= set(ids)


def test_the_same_studio_makes_the_same_page(studio: Studio, page: str) -> None:
    assert studio.report() == page


def test_names_of_files_stay_names(page: str, hostile_page: str) -> None:
    honest, attacked = Reader(page), Reader(hostile_page)
    kinds = {tag for tag, _ in honest.elements}
    assert {tag for tag, _ in attacked.elements} <= kinds
    assert "script" not in kinds
    assert not [key for _, attributes in attacked.elements for key in attributes if key.startswith("on")]
    assert attacked.text.count("<script>document.title='owned'</script>\"'><img src=x onerror=alert(1)>&amp;") > 8
    assert "{{ 7 * 7 }}.jpg" in attacked.text
    assert "\u202e" not in hostile_page
    assert LONG not in hostile_page
    assert "x" * 100 + "…" in attacked.text


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("attack", [False, True], ids=["honest", "hostile"])
def test_the_page_reads_well_in_a_browser(
    browser: Browser, page: str, hostile_page: str, tmp_path: Path, scheme: str, width: int, attack: bool
) -> None:
    shown = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    complaints, requests = watch(shown)
    (tmp_path / "report.html").write_text(hostile_page if attack else page, encoding="utf-8")
    shown.goto((tmp_path / "report.html").as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    assert shown.evaluate("[...document.images].filter(one => !one.naturalWidth).length") == 0
    assert shown.evaluate("document.scripts.length") == 0
    assert shown.title() == (HOSTILE.replace("\u202e", " ") if attack else "Studio report")
    assert contrast(shown) > 7
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    shown.close()


def watch(shown: Page) -> tuple[list[str], list[str]]:
    """What the page complains of or pops up, and what it asks for."""
    complaints: list[str] = []
    requests: list[str] = []
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
    shown.on("request", lambda request: requests.append(request.url))
    return complaints, requests


def contrast(shown: Page) -> float:
    """Contrast of text to page as WCAG 2 defines it; the best level asks for 7."""
    style = "(name) => getComputedStyle(document.body)[name]"
    colors = [re.findall(r"\d+", shown.evaluate(style, name)) for name in ("color", "backgroundColor")]
    linear = [[((int(one) / 255 + 0.055) / 1.055) ** 2.4 for one in color[:3]] for color in colors]
    light = sorted(0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05 for red, green, blue in linear)
    return light[1] / light[0]


def test_the_page_fits_on_paper(browser: Browser, hostile_page: str, tmp_path: Path) -> None:
    a4 = {"width": 718, "height": 1047}  # CSS pixels inside of margins of 1 cm
    shown = browser.new_page(viewport=a4, color_scheme="dark")  # type: ignore[arg-type]
    (tmp_path / "report.html").write_text(hostile_page, encoding="utf-8")
    shown.goto((tmp_path / "report.html").as_uri())
    shown.emulate_media(media="print", color_scheme="dark")
    assert shown.evaluate("document.documentElement.scrollWidth") == a4["width"]
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert shown.evaluate("getComputedStyle(document.querySelector('img.chart')).filter") == "none"
    assert shown.pdf(format="A4").startswith(b"%PDF")
    shown.close()


def test_ten_thousand_photos_make_a_file_that_can_be_mailed() -> None:
    large = Studio(shoots=100, photos=100, keywords=60, findings=2000)
    asked: list[str] = []

    def counting(shoot: str, files: Sequence[str]) -> dict[str, bytes]:
        asked.extend(files)
        return thumbnails(shoot, files)

    report = studio_report(large.raw, large.labelled, large.splits, large.findings, large.vocabulary, counting)
    assert len(report.encode()) < 6_000_000
    assert len(asked) <= 60 + 4 * 6


@pytest.mark.parametrize("findings", [None, pd.DataFrame()], ids=["none", "empty"])
def test_a_studio_in_which_nothing_was_found_has_a_report(studio: Studio, findings: pd.DataFrame | None) -> None:
    report = studio_report(studio.raw, studio.labelled, studio.splits, findings, studio.vocabulary, thumbnails)
    assert "Nothing was found" in report
    assert len(pictures(report)) == 9


def test_a_studio_without_any_photo_has_a_report(studio: Studio) -> None:
    tables = [table.iloc[:0] for table in (studio.raw, studio.labelled, studio.splits, studio.findings)]
    report = studio_report(*tables, studio.vocabulary, thumbnails)
    assert "Keywords in use0 of 12" in Reader(report).text.replace("\n", "")
    assert len(pictures(report)) == 7


def test_measurements_that_were_never_made_are_left_out(studio: Studio) -> None:
    raw = studio.raw.drop(columns=["brightness", "sharpness"])
    report = studio_report(raw, studio.labelled, studio.splits, None, studio.vocabulary, thumbnails)
    assert "Light and sharpness" not in report


def test_progress_names_each_section_before_it_is_made(studio: Studio) -> None:
    names: list[str] = []
    studio_report(
        studio.raw, studio.labelled, studio.splits, None, studio.vocabulary, thumbnails, on_progress=names.append
    )
    assert names == ["Keywords", "Photos without keyword", "Files", "Splits", "Findings", "Shoots"]


def test_raw_words_are_counted_as_written_with_what_becomes_of_them(studio: Studio) -> None:
    words = [["keyword-0", "studio"], ["Keyword 0"], ["FIRST"], ["keyword-0", "keyword-0 "], [], ["keyword-0"]]
    labelled = pd.DataFrame({"iptc_keywords": words, "xmp_keywords": [["keyword-0"], [], None, [], [], []]})
    labelled["tag"] = [None, "original", "original", "original", "original", "mask"]
    table = raw_spellings(labelled, studio.vocabulary).set_index("word")
    assert table.loc["keyword-0"].tolist() == ["keyword-0", "name", 2]
    assert table.loc["Keyword 0"].tolist() == ["keyword-0", "variant", 1]
    assert table.loc["FIRST"].tolist() == ["keyword-0", "alias", 1]
    assert table.loc["studio", "how"] == "unknown"
    assert pd.isna(table.loc["studio", "keyword"])
    assert table.loc["keyword-5"].tolist() == ["keyword-5", "name", 0]


def test_an_example_is_a_photo_about_which_nothing_was_found() -> None:
    labelled = pd.DataFrame({"keyword": ["pan"] * 5 + ["pot", None], "shoot": "W1", "file": list("abcdefg")})
    findings = pd.DataFrame({"shoot": "W1", "file": ["a", "b", "f"]})
    assert pick_examples(labelled, findings).to_numpy().tolist() == [["pan", "W1", "d"], ["pot", "W1", "f"]]


def test_rejects_are_grouped_by_problem_with_some_names() -> None:
    problems = ["damaged: 13 bytes", "damaged: 2 bytes"] * 10 + ["empty file", None]
    raw = pd.DataFrame({"shoot": "W1", "file": [f"{n}.jpg" for n in range(22)], "problem": problems})
    damaged, empty = rejects_table(raw).rows
    assert damaged[:2] == ("damaged", 20)
    assert damaged[2] == (*(f"W1/{n}.jpg" for n in range(8)), "and 12 more")
    assert empty == ("empty file", 1, ("W1/20.jpg",))


def test_photos_without_keyword_come_with_what_was_meant_and_what_to_do(studio: Studio) -> None:
    rows = {str(row[0]): row for row in unlabelled_table(studio.labelled).rows}
    assert set(rows) == {"missing: the photo has no keyword", "unknown: saus"}
    unknown = rows["unknown: saus"]
    assert unknown[2] == "sauce"
    assert "alias" in str(unknown[3])
    assert unknown[1] == int((studio.labelled["reason"] == "unknown: saus").sum())


def test_rare_keywords_are_listed_with_what_they_need() -> None:
    words = ["keyword-0"] * 30 + ["keyword-1"] * 2 + ["keyword-2"] * 25
    labelled = pd.DataFrame({"keyword": words, "shoot": "W1"})
    splits = pd.DataFrame(
        {"keyword": words, "split": ["test"] * 10 + ["train"] * 20 + ["rare"] * 2 + ["train"] * 25}
    )
    table = rare_table(labelled, splits, report_studio.vocabulary(4))
    assert [row[0] for row in table.rows] == ["keyword-3", "keyword-1", "keyword-2"]
    assert [row[1] for row in table.rows] == [0, 2, 25]
    needs = [str(row[-1]) for row in table.rows]
    assert "it has none" in needs[0]
    assert needs[1].startswith("3 more photos")
    assert "none is left for the test" in needs[2]


def test_a_shoot_is_summed_up_in_one_row(studio: Studio) -> None:
    table = shoots_table(studio.raw, studio.labelled, studio.findings)
    sums = {name: sum(int(row[n]) for row in table.rows) for n, name in enumerate(table.columns) if n}  # type: ignore[arg-type]
    assert [row[0] for row in table.rows] == sorted(studio.raw["shoot"].unique())
    assert sums["Files"] == 180 == sums["Photos"] + sums["Rejects"]
    assert sums["Photos"] == sums["With keyword"] + sums["Without"] + sums["Masks"]
    assert sums["Findings"] == 20


def test_a_finding_about_a_whole_shoot_has_no_photo_and_breaks_nothing(studio: Studio) -> None:
    whole = {"shoot": "HF_Y24_W000", "file": pd.NA, "sha256": pd.NA, "finding": "odd_shoot", "score": 1.0}
    findings = pd.concat([studio.findings, pd.DataFrame([whole | {"detail": "darker", "suggestion": pd.NA}])])
    report = studio_report(studio.raw, studio.labelled, studio.splits, findings, studio.vocabulary, thumbnails)
    assert "HF_Y24_W000 (the whole shoot)" in report


def test_the_worst_findings_come_first_and_the_rest_is_counted() -> None:
    findings = pd.DataFrame(
        {"shoot": "W1", "file": [f"{n}.jpg" for n in range(12)], "finding": ["dark"] * 10 + ["blurry"] * 2}
    ).assign(score=[n / 12 for n in range(12)], detail="", suggestion="")
    table = worst_table(findings)
    assert [row[1] for row in table.rows] == [(f"W1/{n}.jpg",) for n in (9, 8, 7, 6, 5, 4, 11, 10)]
    assert str(table.rows[0][0]).startswith("1. ")
    assert table.note.startswith("4 more findings")
