"""Tables and the processes that write them: killed, out of disk, side by side, and in little memory."""

import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from recipe_assets.storage import TableStore

ROOT = Path(__file__).parents[1]
OLD = pd.DataFrame({"file": ["a.jpg"]})


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    return TableStore(tmp_path)


def run(code: str, *arguments: object) -> "subprocess.Popen[str]":
    """A Python process of its own that runs this code from the repository."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)


FULL_DISK = """
import resource, sys
from pathlib import Path
import pandas as pd
from recipe_assets.storage import TableStore
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
table = pd.DataFrame({"thumbnail": [bytes([n]) * 9 + n.to_bytes(2) * 30_000 for n in range(200)]})
try:
    TableStore(Path(sys.argv[1])).write_batches([table] * 50, "raw_images", "W43")
except OSError as error:
    print(error.strerror)
"""


def test_a_disk_without_room_leaves_the_old_table_and_no_junk(tables: TableStore) -> None:
    path = tables.write(OLD, "raw_images", "W43")
    with run(FULL_DISK, tables.root) as writer:
        assert writer.communicate()[0] == "File too large\n"
    assert tables.read("raw_images", "W43")["file"].tolist() == ["a.jpg"]
    assert list(path.parent.iterdir()) == [path]


SLOW_WRITER = """
import sys, time
from pathlib import Path
import pandas as pd
from recipe_assets.storage import TableStore
def batches():
    for number in range(100):
        yield pd.DataFrame({"thumbnail": [bytes([number]) * 200_000] * 5})
        print(number, flush=True)
        time.sleep(0.02)
TableStore(Path(sys.argv[1])).write_batches(batches(), "raw_images", "W43", {"files": "new"})
"""


def test_a_writer_killed_between_batches_leaves_the_old_table(tables: TableStore) -> None:
    path = tables.write(OLD, "raw_images", "W43", {"files": "old"})
    with run(SLOW_WRITER, tables.root) as writer:
        assert writer.stdout is not None
        assert [writer.stdout.readline() for _ in range(3)] == ["0\n", "1\n", "2\n"]
        writer.send_signal(signal.SIGKILL)
    assert tables.partitions("raw_images") == ["W43"]
    assert tables.read("raw_images", "W43")["file"].tolist() == ["a.jpg"]
    assert tables.attributes("raw_images", "W43") == {"files": "old"}
    (left,) = set(path.parent.iterdir()) - {path}
    assert left.stat().st_size > 4


RIVAL = """
import sys
from pathlib import Path
import pandas as pd
from recipe_assets.storage import TableStore
who, tables = sys.argv[2], TableStore(Path(sys.argv[1]))
table = pd.DataFrame({"file": [who] * 50, "thumbnail": [bytes([n]) * 3_000 for n in range(50)]})
print("ready", flush=True)
for _ in range(60):
    tables.write_batches([table, table], "raw_images", "W43", {"files": who})
"""


def test_two_writers_at_once_leave_a_whole_table_of_one_of_them(tables: TableStore) -> None:
    with run(RIVAL, tables.root, "a") as first, run(RIVAL, tables.root, "b") as second:
        for writer in (first, second):
            assert writer.stdout is not None
            writer.stdout.readline()
        reads = 0
        while reads == 0 or None in (first.poll(), second.poll()):
            if tables.path("raw_images", "W43").exists():
                found = tables.read("raw_images", "W43")
                assert (len(found), found["file"].nunique()) == (100, 1)
                reads += 1
    assert (first.returncode, second.returncode) == (0, 0)
    assert [path.name for path in (tables.root / "raw_images").iterdir()] == ["W43.parquet"]


BIG = r"""
import os, re, sys
from pathlib import Path
import pandas as pd
from recipe_assets.storage import TableStore
def peak():  # ru_maxrss would start with what the parent process has
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024
def batches(count):
    for number in range(count):
        yield pd.DataFrame({"thumbnail": [os.urandom(100_000) for _ in range(32)]})
tables, peaks = TableStore(Path(sys.argv[1])), []
for count in (6, 80):
    tables.write_batches(batches(count), "raw_images", "W43")
    peaks.append(peak())
    rows = sum(len(part) for part in tables.read_batches("raw_images", "W43", ["thumbnail"]))
    assert rows == 32 * count
    peaks.append(peak())
print(*peaks)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from Linux")
def test_memory_stays_flat_over_many_batches(tables: TableStore) -> None:
    """Eighty batches of 3 MB are 250 MB: written and read in about as much memory as six."""
    with run(BIG, tables.root) as writer:
        small_written, small_read, written, read = map(int, writer.communicate()[0].split())
    assert written < small_read + 40, f"{written} MB for 80 batches, {small_written} MB for 6"
    assert read < small_read + 40, f"{read} MB for 80 batches, {small_read} MB for 6"
