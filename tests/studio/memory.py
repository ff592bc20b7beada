"""How much memory this process has held at most. Linux only."""

from pathlib import Path


def peak_bytes() -> int:
    """Peak resident memory since the program started.

    `resource.getrusage` will not do: its peak outlives fork and exec, so that a child of a large test run has
    the parent's, and nothing that it does is seen.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
