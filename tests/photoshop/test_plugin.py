"""The Photoshop plugin's modules under Node: against real APIs over real sockets, and Adobe's own XMP toolkit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recipe_assets.studio.metadata import image_data_sha256, read_keywords, read_provenance
from tests.photoshop import world
from tests.studio.metadata_files import warnings

HERE = Path(__file__).parent
PATIENCE = 120
SUITES = sorted(path.name for path in HERE.glob("*.test.js"))


def run(suite: str, around: world.World) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PLUGIN_WORLD": json.dumps(around.told()), "PYTHON": sys.executable}
    command = ["node", "--test", "--test-reporter=tap", str(HERE / suite)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize("suite", SUITES)
def test_the_modules_pass_under_node(plugin_world: world.World, suite: str) -> None:
    outcome = run(suite, plugin_world)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "\n# fail 0\n" in outcome.stdout
    assert "\n# pass 0\n" not in outcome.stdout


@pytest.fixture(scope="module")
def written(plugin_world: world.World) -> world.World:
    """After the plugin wrote into files."""
    assert run("files.test.js", plugin_world).returncode == 0
    return plugin_world


@pytest.mark.parametrize("name", ["small.jpg", "adobe.jpg", "original.tif"])
def test_a_photo_that_the_plugin_keyworded_reads_as_one_that_we_keyworded(
    written: world.World, tmp_path: Path, name: str
) -> None:
    before, after = (written.photos / name).read_bytes(), (written.results / name).read_bytes()
    assert image_data_sha256(after) == image_data_sha256(before)
    keywords, ours = read_keywords(after), read_provenance(after)
    assert ours is not None
    assert len(ours.keywords) == 1
    assert ours.release
    assert ours.confidence is not None
    persons = world.PERSONS if name == "original.tif" else ()
    assert keywords.iptc == keywords.xmp == (*persons, *ours.keywords)
    # Adobe's toolkit writes XMP and IPTC into a TIFF as "undef"; ExifTool expects other formats.
    found = {warning for warning in warnings(tmp_path, after) if "Non-standard format (undef)" not in warning}
    assert found <= warnings(tmp_path, before)


def test_a_keyword_that_a_person_chose_in_the_panel_is_a_persons(written: world.World) -> None:
    chosen = (written.results / "chosen.jpg").read_bytes()
    assert read_keywords(chosen).iptc == read_keywords(chosen).xmp == ("blue-pot",)
    assert read_provenance(chosen) is None
