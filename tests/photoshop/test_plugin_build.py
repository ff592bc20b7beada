"""The plugin as a folder for Adobe's tools: complete, true to its manifest, within what UXP can."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from api.photoshop.building import SCRIPT, SOURCE, PluginError, build, script

MODULES = sorted(path.name for path in SOURCE.glob("*.js"))
ASK_PHOTOSHOP = {name for name in MODULES if name.startswith("photoshop_")} | {"main.js"}
NOT_EVERYWHERE = (
    "URLSearchParams", "new URL(", "TextEncoder", "TextDecoder", "FormData", "structuredClone", "DOMException",
    "getElementsByClassName", "replaceChildren", "dataset", "innerHTML", "insertAdjacentHTML", "Intl.", "eval(",
    "new Function", "import ", "export ",
)  # fmt: skip
"""What some UXP since 6.0 lacks, and what no text of strangers may meet."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build") / "photoshop"
    build(folder)
    return folder


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def test_the_manifest_is_one_that_photoshop_23_3_takes(built: Path) -> None:
    found = manifest(built)
    assert found["manifestVersion"] == 5
    assert found["host"]["app"] == "PS"
    assert found["host"]["minVersion"] == "23.3.0"
    assert re.fullmatch(r"\d{1,2}\.\d{1,2}\.\d{1,2}", found["version"])
    assert found["requiredPermissions"] == {"network": {"domains": "all"}, "localFileSystem": "fullAccess"}


def test_every_entry_point_is_set_up_by_the_entry(built: Path) -> None:
    entry = (built / manifest(built)["main"]).read_text()
    assert '<script src="main.js">' in entry
    code = (built / "main.js").read_text()
    for entrypoint in manifest(built)["entrypoints"]:
        assert re.search(rf"\b{entrypoint['id']}: ", code[code.index(f"{entrypoint['type']}s: {{") :])


def test_every_icon_is_there_in_each_scale_and_size(built: Path) -> None:
    found = manifest(built)
    icons = found["icons"] + [icon for one in found["entrypoints"] for icon in one.get("icons", [])]
    assert len(icons) == 4
    for icon in icons:
        for scale in icon["scale"]:
            name = icon["path"].replace(".png", f"@{scale}x.png")
            with Image.open(built / name) as image:
                assert image.size == (icon["width"] * scale, icon["height"] * scale)
                assert image.mode == "RGBA"
                assert image.getextrema()[3] == (0, 255), "nothing is drawn, or nothing is transparent"


def test_every_module_that_is_asked_for_is_there(built: Path) -> None:
    for name in MODULES:
        for wanted in re.findall(r'require\("\./([^"]+)"\)', (built / name).read_text()):
            assert (built / wanted).exists(), f"{name} asks for {wanted}"
    for source in re.findall(r'(?:src|href)="([^"]+)"', (built / "index.html").read_text()):
        assert (built / source).exists()


@pytest.mark.parametrize("name", MODULES)
def test_only_thin_modules_ask_photoshop(name: str) -> None:
    asks = re.search(r'require\("(photoshop|uxp)"\)', (SOURCE / name).read_text())
    assert bool(asks) == (name in ASK_PHOTOSHOP)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_keeps_to_what_every_supported_uxp_has(name: str) -> None:
    code = re.sub(r"/\*.*?\*/|//.*$", "", (SOURCE / name).read_text(), flags=re.DOTALL | re.MULTILINE)
    assert [word for word in NOT_EVERYWHERE if word in code] == []


def test_a_studios_server_is_the_only_one_that_its_plugin_may_reach(tmp_path: Path) -> None:
    folder = tmp_path / "photoshop"
    build(folder, "https://Keywords.Studio.example:8443/api")
    assert manifest(folder)["requiredPermissions"]["network"] == {
        "domains": ["https://keywords.studio.example:8443"]
    }
    printed = "console.log(require(process.argv[1]).FIRST_ADDRESS)"
    command = ["node", "-e", printed, str(folder / "first_address.js")]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    assert outcome.stdout.strip() == "https://Keywords.Studio.example:8443/api"


@pytest.mark.parametrize(
    "server",
    ["http://studio.example", "studio.example", "https://", "https://a:b", "https://user:secret@studio.example"],
)
def test_a_server_that_is_not_safe_to_ask_is_refused(tmp_path: Path, server: str) -> None:
    with pytest.raises(PluginError, match="https"):
        build(tmp_path / "photoshop", server)
    assert not (tmp_path / "photoshop").exists()


def test_building_again_leaves_nothing_of_before(tmp_path: Path) -> None:
    folder = tmp_path / "photoshop"
    build(folder)
    (folder / "old.js").write_text("old")
    build(folder)
    assert not (folder / "old.js").exists()


@pytest.mark.parametrize("content", [None, "{}", "[", '{"id": "another.plugin"}'])
def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "precious.txt").write_text("precious")
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(PluginError, match="something else"):
        build(tmp_path)
    assert (tmp_path / "precious.txt").read_text() == "precious"


def test_the_script_is_one_file_with_all_that_it_includes(built: Path) -> None:
    whole = (built.parent / SCRIPT).read_text(encoding="utf-8")
    assert whole == script()
    assert "@include" not in whole
    for name in ("recipeMerge", "recipeSettings", "recipeRequest", "recipeMain"):
        assert whole.count(f"function {name}(") == 1


def test_the_command_says_where_things_are_and_what_is_wrong(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "api.photoshop", str(tmp_path / "photoshop")]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    assert str(tmp_path / "photoshop") in outcome.stdout
    wrong = subprocess.run([*command, "--server", "studio"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("Error: the server 'studio'")
