"""The plugin as a folder that Adobe's UXP Developer Tool loads and packages as .ccx, and the script as one file.

`python -m api.photoshop FOLDER [--server URL]`, or `make plugin`. What the files do is not decided here; icons are
drawn by `icons`.
"""

import json
import re
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from api.photoshop.icons import write_icons
from recipe_assets.errors import RecipeError

SOURCE = Path(__file__).parent
SCRIPT = "RecipeKeyword.jsx"
_PLUGIN_FILES = ("*.js", "*.css", "index.html")
_INCLUDE = re.compile(r'^//@include "([\w.]+)"$', re.MULTILINE)


class PluginError(RecipeError):
    """The plugin cannot be built as asked."""


def build(folder: Path, server: str | None = None) -> None:
    """Write the plugin into a folder of its own, and the script beside it; what stood there before goes.

    Args:
        folder: where `manifest.json` is to stand.
        server: the address of the API, https://host[:port][/path]. The plugin then may reach that host only, and
            asks it without any setting. None: any host, which people set in the panel.

    Raises:
        PluginError: if the address cannot be used, or the folder is something else than a plugin.
    """
    manifest = _manifest(server)
    _clear(folder, manifest["id"])
    for pattern in _PLUGIN_FILES:
        for path in sorted(SOURCE.glob(pattern)):
            shutil.copyfile(path, folder / path.name)
    if server:
        (folder / "first_address.js").write_text(f"module.exports = {{ FIRST_ADDRESS: {json.dumps(server)} }};\n")
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    write_icons(folder / "icons")
    (folder.parent / SCRIPT).write_text(script(), encoding="utf-8")


def script(name: str = SCRIPT) -> str:
    """The script for older versions with all that it includes: one file is what Photoshop's menu takes."""
    text = (SOURCE / name).read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda found: script(found[1]), text)


def _manifest(server: str | None) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((SOURCE / "manifest.json").read_text())
    manifest["version"] = version("recipe-classifier")
    if server:
        manifest["requiredPermissions"]["network"]["domains"] = [_origin(server)]
    return manifest


def _origin(server: str) -> str:
    try:
        parts = urlsplit(server)
        parts.port  # noqa: B018 (raises where it is no number)
    except ValueError as error:
        raise PluginError(f"the server '{server}' is no address: {error}") from None
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        raise PluginError(f"the server '{server}' cannot be used: it begins with https:// and a host")
    return f"https://{parts.netloc.lower()}"


def _clear(folder: Path, plugin_id: str) -> None:
    if folder.exists() and any(folder.iterdir()) and _id_in(folder) != plugin_id:
        raise PluginError(f"{folder} holds something else than this plugin: give another folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _id_in(folder: Path) -> str | None:
    try:
        found = json.loads((folder / "manifest.json").read_text())
        return str(found["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
