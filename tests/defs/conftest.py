"""The `recipe` command as a user runs it, on a small studio in a temporary folder."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.defs.colors import VOCABULARY, write_shoot

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Place:
    """A studio with everything around it, and the environment that points to it."""

    root: Path
    checkpoint: Path
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def studio(self) -> Path:
        return self.root / "studio"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def vocabulary(self) -> Path:
        return self.root / "vocabulary.yaml"

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("RECIPE_", "AWS_"))}
        return clean | {
            "DAGSTER_HOME": str(self.root / "home"),
            "RECIPE_STUDIO": str(self.studio),
            "RECIPE_VOCABULARY": str(self.vocabulary),
            "RECIPE_RELEASES": self.releases.as_uri(),
            "RECIPE_BASE_CHECKPOINT": str(self.checkpoint),
            **self.extra,
        }

    def recipe(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end; its output is one text."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-W", "ignore", "-m", "recipe_assets", *arguments]

    def released(self) -> list[str]:
        """Ids of the releases that are stored."""
        folder = self.releases / "releases"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def make_place(root: Path, checkpoint: Path, shoots: int = 2) -> Place:
    place = Place(root, checkpoint)
    place.studio.mkdir(parents=True)
    place.vocabulary.write_text(VOCABULARY)
    for number in range(1, shoots + 1):
        write_shoot(place.studio, f"shoot-{number}", number)
    return place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, untrained_checkpoint: Path) -> Place:
    """Two shoots, shared by the tests of a module."""
    return make_place(tmp_path_factory.mktemp("place"), untrained_checkpoint)


@pytest.fixture
def own_place(tmp_path: Path, untrained_checkpoint: Path) -> Place:
    """Two shoots for one test alone."""
    return make_place(tmp_path / "place", untrained_checkpoint)
