"""Reads the files of `damages` in one process, under limits on memory and time, and prints what happened."""

import json
import resource
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.metadata import read_keywords
from recipe_assets.studio.photos import MEMORY_CAP, decode_photo
from tests.studio.damages import damaged_files, originals
from tests.studio.memory import peak_bytes

SECONDS_EACH = 10
SLACK = 256 << 20
"""Bytes for what is no decode: the interpreter's own growth and the file itself."""


def read(photo: bytes, folder: Path, number: int) -> str:
    """Decode and read keywords, every tenth time from a file under a wrong name: "photo" or "refused"."""
    keywords = read_keywords(photo)
    assert all(isinstance(word, str) for word in (*keywords.iptc, *keywords.xmp))
    source: bytes | Path = photo
    if number % 10 == 0:
        source = folder / f"wrong.{('jpg', 'png', 'tif', 'webp', 'psd', 'heic')[number // 10 % 6]}"
        source.write_bytes(photo)
    try:
        found = decode_photo(source)
    except UnreadablePhotoError as error:
        reason = str(error)
        assert len(reason) > 5, reason
        assert reason.isprintable(), reason
        assert "this machine" not in reason, reason
        return "refused"
    part = max(1, round(found.width / found.image.width))
    assert found.image.mode == "RGB"
    assert found.image.size == (-(-found.width // part), -(-found.height // part))
    assert len(found.image.tobytes()) == 3 * found.image.width * found.image.height
    return "photo"


def limit_memory() -> None:
    """No more address space than now, the cap and some slack."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    allowed = pages * resource.getpagesize() + MEMORY_CAP + SLACK
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))


def main(count: int) -> None:
    """Read that many files and print outcomes, the slowest, and the growth of the process."""
    files = list(damaged_files(count))
    with tempfile.TemporaryDirectory() as name:
        for number, photo in enumerate(originals().values()):
            assert read(photo, Path(name), number) == "photo"
        limit_memory()
        before = peak_bytes()
        outcomes: Counter[str] = Counter()
        slowest = (0.0, "")
        for number, (kind, photo) in enumerate(files):
            sys.stderr.write(f"{number} {kind}\n")  # the last line names the file that ended the process
            signal.setitimer(signal.ITIMER_REAL, SECONDS_EACH)  # nothing catches the alarm: it ends the process
            outcomes[f"{kind}: {read(photo, Path(name), number)}"] += 1
            slowest = max(slowest, (SECONDS_EACH - signal.setitimer(signal.ITIMER_REAL, 0)[0], f"{number} {kind}"))
    grown = peak_bytes() - before
    sys.stdout.write(json.dumps({"outcomes": outcomes, "slowest": slowest, "grown": grown}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
