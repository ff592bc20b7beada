"""A real API that never changes, photos of plain colors, and the command line in this process."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from api.settings import Settings
from recipe_assets.cli import main
from recipe_assets.commands.keywording.outcomes import Outcome
from tests.api.conftest import Running, Studio
from tests.release import factory


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An API with one release of red-pan, green-bowl, blue-pot and gray-tray."""
    studio = Studio(tmp_path_factory.mktemp("api"))
    pointer = studio.publish(1)
    settings = Settings(releases=studio.url, cache=studio.folder / "cache", prediction_log=False)
    running = Running(msgspec.structs.replace(settings, port=0))
    running.start()
    running.wait_for(pointer.release_id)
    yield running
    running.stop()


class Desk:
    """A folder of photos and the command on it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        folder.mkdir()

    def put(self, name: str, photo: bytes | None = None) -> Path:
        """A photo; red if nothing is said."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(factory.photo() if photo is None else photo)
        return path

    def recipe(self, *arguments: str) -> Result:
        """`recipe keyword` as people call it."""
        return CliRunner().invoke(main, ["keyword", "--api", self.url, *arguments])

    def keyword(self, *arguments: str) -> dict[str, Outcome]:
        """The outcomes by file name."""
        output = self.recipe(str(self.folder), "--json", *arguments).stdout
        found = (msgspec.json.decode(line, type=Outcome) for line in output.splitlines())
        return {Path(one.file).name: one for one in found}

    def kinds(self, *arguments: str) -> dict[str, str]:
        """What became of each file."""
        return {name: one.outcome for name, one in self.keyword(*arguments).items()}

    def state(self) -> dict[str, tuple[bytes, int]]:
        """Bytes and time of every file, hidden ones included."""
        return {
            path.relative_to(self.folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def desk(api: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in ("RECIPE_API_URLS", "RECIPE_API_KEY", "RECIPE_VOCABULARY"):
        monkeypatch.delenv(name, raising=False)
    return Desk(tmp_path / "photos", api.url)
