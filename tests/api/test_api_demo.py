"""The files of the demo and the review page over HTTP: complete, typed, cached with care, and nothing else."""

import re
import tomllib
from pathlib import Path

import pytest

from recipe_assets.studio.decoding.formats import FORMATS
from tests.api.conftest import ROOT, Running

DEMO = ROOT / "api" / "demo"
FILES = sorted(path.relative_to(DEMO).as_posix() for path in DEMO.rglob("*") if path.is_file())
PAGES = {"/": "index.html", "/review": "review.html"}
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
LINKED = re.compile(r"""(?:(?:href|src)=["']|`)demo/([\w./-]+)""")
IMPORTED = re.compile(r"""from ["'](\.[\w./-]+)["']""")


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_served_with_its_type(steady: Running, name: str) -> None:
    answer = steady.client.get(f"/demo/{name}")
    assert answer.status_code == 200
    assert answer.content == (DEMO / name).read_bytes()
    assert answer.headers["Content-Type"].split(";")[0] == TYPES[Path(name).suffix]


@pytest.mark.parametrize(("path", "name"), PAGES.items())
def test_each_page_stands_at_its_address(steady: Running, path: str, name: str) -> None:
    answer = steady.client.get(path)
    assert answer.status_code == 200
    assert answer.content == (DEMO / name).read_bytes()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert path not in steady.client.get("/docs/openapi.json").json()["paths"]


@pytest.mark.parametrize("path", ["/", "/review", "/demo/main.js", "/demo/review/main.js"])
def test_a_file_is_asked_for_anew_but_sent_only_when_it_changed(steady: Running, path: str) -> None:
    first = steady.client.get(path)
    assert first.headers["Cache-Control"] == "no-cache"
    again = steady.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    changed = steady.client.get(path, headers={"If-None-Match": '"of yesterday"'})
    assert changed.content == first.content


def test_an_unchanged_page_keeps_its_security_policy(steady: Running) -> None:
    # A browser puts the headers of a 304 over those it has stored: another policy there would lock the page out.
    first = steady.client.get("/")
    again = steady.client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert again.headers.get("Content-Security-Policy") == first.headers.get("Content-Security-Policy")


@pytest.mark.parametrize("path", ["/", "/review", "/demo/main.js", "/demo/review/main.js"])
def test_head_says_what_get_would_without_the_content(steady: Running, path: str) -> None:
    head, get = steady.client.head(path), steady.client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == get.headers["ETag"]


@pytest.mark.parametrize(
    "name",
    ["nothing.js", "..%2Fdemo_routes.py", "../demo_routes.py", "%2e%2e/app.py", "..%5Capp.py", "main.js%00", "."],
)
def test_nothing_else_can_be_asked_for(steady: Running, name: str) -> None:
    assert steady.client.get(f"/demo/{name}").status_code == 404


def test_whatever_a_file_refers_to_is_there() -> None:
    for name in FILES:
        text = (DEMO / name).read_text("utf-8")
        found = [DEMO / link for link in LINKED.findall(text)]
        found += [(DEMO / name).parent / link for link in IMPORTED.findall(text)]
        assert [path for path in found if not path.is_file()] == [], name


def test_every_icon_that_is_named_is_drawn() -> None:
    drawn = set(re.findall(r'id="(\w+)"', (DEMO / "icons.svg").read_text()))
    scripts = "".join(path.read_text("utf-8") for path in DEMO.rglob("*.js"))
    named = set(re.findall(r'icon\("(\w+)"\)', scripts)) | {"alert", "info"}  # notices choose between these two
    pages = "".join((DEMO / name).read_text("utf-8") for name in PAGES.values())
    named |= set(re.findall(r"icons\.svg#(\w+)", pages))
    assert named == drawn


SHARED = ("announce", "dom", "errors", "frame", "keys", "notices", "patience", "photos", "service", "words")
"""The scripts of the demo page that the review page uses, too."""


@pytest.mark.parametrize(
    ("page", "scripts"),
    [
        ("index.html", sorted(DEMO.glob("*.js"))),
        ("review.html", [*sorted((DEMO / "review").glob("*.js")), *(DEMO / f"{name}.js" for name in SHARED)]),
    ],
)
def test_every_id_that_a_script_asks_for_is_on_the_page(page: str, scripts: list[Path]) -> None:
    ids = set(re.findall(r'id="([\w-]+)"', (DEMO / page).read_text("utf-8")))
    for path in scripts:
        assert set(re.findall(r'byId\("([\w-]+)"\)', path.read_text("utf-8"))) <= ids, path.name


def test_the_page_sends_from_a_folder_what_the_api_reads() -> None:
    listed = re.search(r"EXTENSIONS = \[(.*?)\]", (DEMO / "photos.js").read_text("utf-8"), re.DOTALL)
    assert listed is not None
    assert set(re.findall(r'"(\.\w+)"', listed[1])) == {end for one in FORMATS for end in one.extensions}


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".svg")])
def test_nothing_is_written_as_markup_inline_or_loaded_from_elsewhere(name: str) -> None:
    text = (DEMO / name).read_text("utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text)
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", text)
    assert not re.search(r"(src|href|url|from|import)[=( ]*[\"'(]*(https?:)?//", text)


def test_an_installed_api_brings_every_kind_of_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packed = project["tool"]["setuptools"]["package-data"]["api"]
    assert {f"**/*{Path(name).suffix}" for name in FILES} <= set(packed)
