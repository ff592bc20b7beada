"""What it takes for a renamed file to be there after a power cut."""

import os
from contextlib import suppress
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Have the disk remember the names in a folder; where that cannot be asked for, nothing happens."""
    if os.name == "nt":
        return  # Windows cannot open folders
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some mounted folders cannot be synced
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
