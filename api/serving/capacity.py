"""How many processors this API may really use, and how its pools are sized from that.

The CPU quota of a container or a service counts, which `os.cpu_count` does not see. Who uses the pools is
`pipeline`'s subject.
"""

import math
import os
from pathlib import Path

import msgspec

from api.settings import Settings

_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")


def cpu_budget(groups: Path = _CONTROL_GROUPS, own: Path = _OWN_GROUP) -> int:
    """Processors of this process: those it may be scheduled on, no more than its control groups' quotas pay for.

    Sources: sched_getaffinity(2); Linux' cgroup-v2.rst ("cpu.max") and sched-bwc.rst ("cpu.cfs_quota_us").
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, math.ceil(min(_quotas(groups, own), default=allowed))))


def sized(settings: Settings) -> Settings:
    """The settings with every pool size that is 0 replaced by what fits the processors.

    One thread for each forward pass and as many passes as processors give the highest throughput: threads of one
    pass wait for each other, passes do not.
    """
    budget = cpu_budget()
    forwards = settings.forwards or budget
    return msgspec.structs.replace(
        settings,
        decoders=settings.decoders or budget,
        forwards=forwards,
        threads=settings.threads or max(1, budget // forwards),
    )


def _quotas(groups: Path, own: Path) -> list[float]:
    """The quota, in processors, of this process's control group and of each above it, where there is one."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return []
    found = []
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = groups / "cpu" if controllers else groups
        # Inside a container the path is often that of the host, which is not mounted: then only the top exists.
        inner = top / path.lstrip("/")
        steps = (folder for folder in (inner, *inner.parents) if folder.is_relative_to(top))
        found += [quota for folder in steps if (quota := _quota(folder)) is not None]
    return found


def _quota(folder: Path) -> float | None:
    try:
        if (folder / "cpu.max").exists():
            amount, period = (folder / "cpu.max").read_text().split()
        else:
            amount = (folder / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu.cfs_period_us").read_text()
        return int(amount) / int(period) if amount not in ("max", "-1") else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
