"""Which base checkpoint a name stands for now, without loading it. No torch here: sensors ask on every tick."""

import hashlib
from pathlib import Path

from recipe_assets.release.manifest import checkpoint_name

BUILTIN = {"builtin:tiny": Path(__file__).with_name("tiny")}
WEIGHTS = ("config.json", "preprocessor_config.json", "processor_config.json", "*.safetensors", "*.bin")


def checkpoint_identity(name: str) -> str:
    """The name, and what tells one state of the checkpoint from another: changes when the weights do.

    A built-in checkpoint is known by its content, so that another checkout of the project has the same one; a
    local folder, which may hold gigabytes, by names, sizes and times; a hub id by the commit that the cache has
    for its revision, and before its first download by its name alone.
    """
    folder = BUILTIN.get(name, Path(name))
    if not folder.is_dir():
        commit = _commit(name)
        return f"{checkpoint_name(name)} {commit[:12]}" if commit else checkpoint_name(name)
    found = sorted(path for pattern in WEIGHTS for path in folder.glob(pattern))
    listing: list[tuple[str, object]] = [
        (path.name, hashlib.sha256(path.read_bytes()).hexdigest() if name in BUILTIN else _stamp(path))
        for path in found
    ]
    return f"{checkpoint_name(name)} {hashlib.sha256(repr(listing).encode()).hexdigest()[:12]}"


def _commit(name: str) -> str | None:
    from recipe_assets.model.hub import HubId  # the hub's client takes a moment to import; folders need none of it

    hub_id = HubId.parse(name)
    return hub_id.commit() if hub_id else None


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
