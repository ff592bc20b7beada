"""Which commit the running code is from."""

import subprocess
from pathlib import Path


def git_sha(checkout: Path = Path(__file__).parents[1]) -> str | None:
    """The commit that the code is from, or None outside a checkout and where git is missing."""
    if not (checkout / ".git").exists():
        return None  # an installed package: the checkout around it, if any, is somebody else's
    try:
        command = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 (our words)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() if found.returncode == 0 else None
