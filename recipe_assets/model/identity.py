"""Which base checkpoint a name stands for now, without loading it. No torch here: sensors ask on every tick."""

import hashlib
from pathlib import Path

from recipe_assets.release.manifest import checkpoint_name

BUILTIN = {"builtin:tiny": Path(__file__).with_name("tiny")}
WEIGHTS = ("*.json", "*.safetensors", "*.bin")


def checkpoint_identity(name: str) -> str:
    """The name, and for a folder a hash of its files' names, sizes and times: changes when the weights do.

    A hub id stands for itself; its revision is known only once it is loaded.
    """
    folder = BUILTIN.get(name, Path(name))
    if not folder.is_dir():
        return checkpoint_name(name)
    found = sorted(path for pattern in WEIGHTS for path in folder.glob(pattern))
    listing = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in found]
    return f"{checkpoint_name(name)} {hashlib.sha256(repr(listing).encode()).hexdigest()[:12]}"
