"""The README keeps its promises: the settings, assets, commands and files that it names are there."""

import re
from pathlib import Path

import pytest

from api.settings import Settings, variable
from tests.defs.test_definitions import BLOCKING, GRAPH

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def settings_in_code() -> set[str]:
    sources = [path for folder in ("recipe_assets", "api") for path in (ROOT / folder).rglob("*.py")]
    read = {name for path in sources for name in re.findall(r'"(RECIPE_[A-Z_]+[A-Z])"', path.read_text())}
    return read | {variable(field) for field in Settings.__struct_fields__}


def test_every_setting_is_in_the_table() -> None:
    table = README.partition("## Settings")[2].partition("## ")[0]
    assert {name for name in settings_in_code() if f"`{name}`" not in table} == set()


def test_every_setting_in_the_readme_exists() -> None:
    assert set(re.findall(r"RECIPE_[A-Z_]+[A-Z]", README)) <= settings_in_code()


def test_every_asset_and_blocking_check_is_described() -> None:
    assert [name for name in GRAPH if f"| `{name}` |" not in README] == []
    assert [name for name in BLOCKING if f"`{name.partition(':')[2]}`" not in README] == []


def test_every_make_target_is_in_the_readme() -> None:
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [name for name in targets if name not in {"help", "setup"} and f"make {name}" not in README] == []


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_every_linked_file_exists(link: str) -> None:
    assert (ROOT / link).exists()
