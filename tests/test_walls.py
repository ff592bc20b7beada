"""The walls of the house: who may import whom, and what must stay out of memory until it is needed."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ["torch", "transformers", "mlflow", "dagster_mlflow", "matplotlib", "sklearn", "onnxruntime"]


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def importers(folder: str, *modules: str) -> list[str]:
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        for name in imports(path):
            if any(name == module or name.startswith(module + ".") for module in modules):
                found.append(f"{path.relative_to(ROOT).as_posix()} imports {name}")
    return found


def test_the_api_knows_nothing_of_the_graph() -> None:
    assert (
        importers("api", "recipe_assets.defs", "recipe_assets.definitions", "recipe_assets.model", "dagster") == []
    )


def test_dagster_is_known_in_defs_only() -> None:
    allowed = ("recipe_assets/defs/", "recipe_assets/definitions.py")
    dagster = importers("recipe_assets", "dagster", "dagster_aws", "dagster_mlflow")
    assert [line for line in dagster if not line.startswith(allowed)] == []


def test_defs_are_known_to_the_command_line_only() -> None:
    found = importers("recipe_assets", "recipe_assets.defs")
    assert [line for line in found if not line.startswith(("recipe_assets/defs/", "recipe_assets/cli.py"))] == []


@pytest.mark.parametrize("module", ["torch", "transformers"])
def test_torch_and_transformers_live_in_the_model_room(module: str) -> None:
    found = importers("recipe_assets", module) + importers("api", module)
    assert [line for line in found if not line.startswith("recipe_assets/model/")] == []


def test_the_release_room_stands_on_its_own() -> None:
    assert (
        importers("recipe_assets/release", "pandas", "pyarrow", "recipe_assets.model", "recipe_assets.defs") == []
    )


def loaded_after(code: str) -> dict[str, object]:
    script = (
        f"import json, sys, time; start = time.process_time(); {code}; seconds = time.process_time() - start\n"
    )
    script += f"print(json.dumps({{'seconds': seconds, 'heavy': [m for m in {HEAVY!r} if m in sys.modules]}}))"
    command = [sys.executable, "-W", "ignore", "-c", script]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    answer: dict[str, object] = json.loads(printed.splitlines()[-1])
    return answer


def test_definitions_load_quickly_and_without_heavy_libraries() -> None:
    """Every step of a run is a process that loads the definitions first; sensors have 60 seconds in all.

    Processor time and the better of two tries, so that a busy machine does not decide.
    """
    code = "from recipe_assets.definitions import defs; defs()"
    tries = [loaded_after(code) for _ in range(2)]
    assert tries[0]["heavy"] == []
    assert min(float(str(one["seconds"])) for one in tries) < 3


def test_the_command_line_starts_without_heavy_libraries() -> None:
    assert loaded_after("import recipe_assets.cli, recipe_assets.serving")["heavy"] == []
