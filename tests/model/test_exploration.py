"""`docs/explore.py` runs on a small release, and its page says what it showed and what came out."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from recipe_assets.release.store import open_store
from recipe_assets.studio.metadata import write_keywords
from tests.model.conftest import Built
from tests.release import factory

DOCS = Path(__file__).parents[2] / "docs"
COLORS = {"red": "red", "lime": "green", "blue": "blue"}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script as a module, as it lies in docs."""
    found = importlib.util.spec_from_file_location("explore", DOCS / "explore.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page(
    script: ModuleType, built: Built, untrained_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What the script writes about a release that knows colors."""
    root = tmp_path_factory.mktemp("exploration")
    open_store(str(root / "store")).publish(built.folder, built.manifest, None)
    photos = root / "photos"
    photos.mkdir()
    names = [word.name for word in built.manifest.keywords]
    for color, start in COLORS.items():
        keyword = next(name for name in names if start in name)
        (photos / f"{color}.jpg").write_bytes(write_keywords(factory.photo(color), [keyword]))
    (photos / "unnamed.jpg").write_bytes(factory.photo("red"))
    (photos / "cut.jpg").write_bytes(write_keywords(factory.photo("red", (400, 300)), [names[0]])[:-900])
    script.explore(str(root / "store"), str(untrained_checkpoint), photos, "a red square", root / "docs")
    return root / "docs" / "exploration.md"


def test_the_page_compares_both_models_on_every_photo_that_can_be_used(page: Path, built: Built) -> None:
    text = page.read_text()
    assert f"Release `{built.manifest.release_id}`" in text
    assert re.search(r"Of 3 photos with one keyword of their own, zero-shot names [0-3] as the person did", text)
    assert "the release 3." in " ".join(text.split())
    rows = [line for line in text.splitlines() if re.match(r"\| `\w+\.jpg` \| ", line)]
    assert len(rows) == 3
    assert all(row.count("%") == 4 for row in rows)


def test_the_pictures_are_there_and_the_page_names_them(page: Path) -> None:
    named = re.findall(r"!\[[^]]+\]\(([^)]+)\)", page.read_text())
    assert named == ["images/exploration_answers.jpg", "images/exploration_neighbors.jpg"]
    for name in named:
        with Image.open(page.parent / name) as picture:
            picture.load()


def test_the_page_in_the_docs_shows_the_code_that_runs(page: Path) -> None:
    def code(text: str) -> list[str]:
        return re.findall(r"```python\n(.*?)```", text, re.DOTALL)

    written = (DOCS / "exploration.md").read_text()
    assert code(written) == code(page.read_text()), "run docs/explore.py again"
    for name in re.findall(r"!\[[^]]+\]\(([^)]+)\)", written):
        assert (DOCS / name).is_file()


def test_a_folder_without_keywords_is_said(
    script: ModuleType, built: Built, untrained_checkpoint: Path, tmp_path: Path
) -> None:
    open_store(str(tmp_path / "store")).publish(built.folder, built.manifest, None)
    with pytest.raises(SystemExit, match="has no photo with a keyword of this release"):
        script.explore(str(tmp_path / "store"), str(untrained_checkpoint), tmp_path, "red", tmp_path)
