"""Whatever bytes arrive: no crash, no hang, no memory beyond the cap, and a photo or a reason for each."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from recipe_assets.studio.photos import MEMORY_CAP
from tests.studio.damages import damaged_files, originals

COUNT = 2000


def test_two_thousand_damaged_files_give_photos_or_reasons_in_one_process() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.studio.damaged", str(COUNT)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert 200 << 20 < report["grown"] < MEMORY_CAP, report  # allowed ones among them do take much
    outcomes: Counter[str] = Counter(report["outcomes"])
    assert outcomes.total() == COUNT
    for kind in originals():
        assert outcomes[f"{kind}: refused"] >= 5, kind
    # Some damage leaves a whole picture: were all refused, the test would prove nothing.
    assert sum(count for name, count in outcomes.items() if name.endswith("photo")) > COUNT / 10


def test_the_damaged_files_are_the_same_at_every_run_and_differ_from_each_other() -> None:
    first, second = (list(damaged_files(200)) for _ in range(2))
    assert first == second
    assert len({photo for _, photo in first}) > 190
