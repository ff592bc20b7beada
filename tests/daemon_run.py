"""Two shoots dropped into an empty studio, and nothing else done: `python -m tests.daemon_run FOLDER`.

A real dagster-daemon works on an empty DAGSTER_HOME. The first shoot must end in the outbox by a first model, then
both by one that was retrained after the second arrived. Prints what happened when; some of the photos have no
keyword, so that there is something to keyword. Stopped, it goes on in the same FOLDER. Not a test of the suite:
two trainings take a quarter of an hour.
"""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
from PIL import Image

from recipe_assets.outbox.rows import NAME
from recipe_assets.outbox.standing import RELEASE
from recipe_assets.release.store import ReleaseStore, open_store
from recipe_assets.storage import TableStore
from recipe_assets.studio.sample.writing import write_sample

ROOT = Path(__file__).parents[1]
PATIENCE = 3600
UNLABELLED = 5
"""Every fifth photo arrives without a keyword."""


@dataclass
class Watch:
    """What has been seen of the instance, told with the time since the start."""

    instance: dg.DagsterInstance
    began: float = field(default_factory=time.monotonic)
    seen: dict[str, str] = field(default_factory=dict)

    def say(self, text: str) -> None:
        seconds = int(time.monotonic() - self.began)
        sys.stdout.write(f"{seconds // 60:3d}:{seconds % 60:02d}  {text}\n")
        sys.stdout.flush()

    def look(self) -> None:
        """Tell of runs that began or ended since the last look."""
        for record in reversed(self.instance.get_run_records(limit=100)):
            run = record.dagster_run
            if self.seen.get(run.run_id) == run.status.value:
                continue
            self.seen[run.run_id] = run.status.value
            if run.status.value in ("STARTED", "SUCCESS", "FAILURE", "CANCELED"):
                about = run.tags.get("dagster/partition") or run.tags.get("recipe/requested_by") or ""
                self.say(f"run {run.run_id[:8]} {run.status.value.lower():8} {_job(run)} {about}")

    def until(self, what: str, holds: Callable[[], bool]) -> None:
        self.say(f"waiting until {what}")
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                raise SystemExit(f"gave up waiting until {what}")
            self.look()
            time.sleep(2)
        self.look()
        self.say(what)


def _job(run: dg.DagsterRun) -> str:
    return run.job_name if not run.job_name.startswith("__") else f"{len(run.asset_selection or ())} assets"


@dataclass(frozen=True)
class Place:
    """An empty installation in one folder."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "DAGSTER_HOME": str(self.root / "home"),
            "RECIPE_STUDIO": str(self.root / "studio"),
            "RECIPE_OUTBOX": str(self.root / "outbox"),
            "RECIPE_RELEASES": (self.root / "releases").as_uri(),
            "RECIPE_RETRAIN_AFTER": "100",
            "RECIPE_OUTBOX_ON_RELEASE": "write",
            "PYTHONWARNINGS": "ignore",
        }
        return {name: value for name, value in os.environ.items() if not name.startswith("RECIPE_")} | own

    @property
    def store(self) -> ReleaseStore:
        return open_store((self.root / "releases").as_uri())

    def tables(self) -> TableStore:
        found = sorted((self.root / "home" / "data").glob("studio-*"))
        return TableStore(found[0] if found else self.root / "none")

    def prepare(self) -> list[str]:
        """The shoots that will arrive, drawn beforehand."""
        for name in ("home", "studio"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "dagster_home" / "dagster.yaml", self.root / "home" / "dagster.yaml")
        write_sample(self.root / "sample")
        return sorted(path.name for path in (self.root / "sample" / "shoots").iterdir())

    def drop(self, shoot: str) -> tuple[int, int]:
        """Copy a shoot into the studio, some photos without their keywords; all of them, and how many of these."""
        files = sorted(path for path in (self.root / "sample" / "shoots" / shoot).rglob("*") if path.is_file())
        bare = 0
        for number, path in enumerate(files):
            target = self.root / "studio" / shoot / path.relative_to(self.root / "sample" / "shoots" / shoot)
            target.parent.mkdir(parents=True, exist_ok=True)
            stripped = _without_keywords(path) if number % UNLABELLED == 0 else None
            target.write_bytes(stripped or path.read_bytes())
            bare += stripped is not None
        return len(files), bare

    def current(self) -> str | None:
        found = self.store.read_pointer()
        return found.pointer.release_id if found else None

    def keyworded_by(self, shoot: str) -> str | None:
        """The release that a shoot's table in the outbox was last made by."""
        return (self.tables().attributes(NAME, shoot) or {}).get(RELEASE)

    def outbox(self, shoot: str) -> Iterator[str]:
        """What is in the outbox of a shoot, in words."""
        rows = self.tables().read(NAME, shoot)
        for pipeline, photos in sorted(rows[rows["path"].notna()].groupby("pipeline")):
            whose = Counter((photos["origin"] + " " + photos["release_id"].fillna("")).str.strip())
            files = list((self.root / "outbox" / str(pipeline) / shoot).rglob("*"))
            on_disk = sum(path.is_file() for path in files)
            counted = ", ".join(f"{count} by {name}" for name, count in sorted(whose.items()))
            yield f"  {pipeline}/{shoot}: {len(photos)} photos in the table, {on_disk} files; {counted}"
        for reason, count in Counter(rows.loc[rows["path"].isna(), "reason"]).items():
            yield f"  in no pipeline: {count} ({reason})"


def _without_keywords(path: Path) -> bytes | None:
    """The photo as a camera leaves it, or None where it is no whole JPEG."""
    buffer = io.BytesIO()
    try:
        with Image.open(path) as photo:
            photo.save(buffer, "JPEG", quality="keep")
    except (OSError, ValueError):
        return None
    return buffer.getvalue()


@contextmanager
def daemon(place: Place) -> Iterator[subprocess.Popen[bytes]]:
    program = Path(sys.executable).with_name("dagster-daemon")
    with (place.root / "daemon.log").open("wb") as log:
        process = subprocess.Popen(
            [str(program), "run", "-w", "workspace.yaml"],
            cwd=ROOT,
            env=place.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def main(folder: str) -> None:
    place = Place(Path(folder).absolute())
    first, second, *_ = place.prepare()
    os.environ["DAGSTER_HOME"] = place.environment["DAGSTER_HOME"]
    with dg.DagsterInstance.get() as instance, daemon(place):
        watch = Watch(instance)
        watch.say("the daemon runs on an empty studio and an empty DAGSTER_HOME")
        drop(watch, place, first)
        watch.until("a first release is out", lambda: place.current() is not None)
        before = str(place.current())
        watch.say(f"release {before}")
        watch.until(f"{first} is in the outbox, by the first model", lambda: place.keyworded_by(first) == before)
        tell(watch, place, [first])
        drop(watch, place, second)
        watch.until(f"{second} is in the outbox", lambda: place.keyworded_by(second) is not None)
        tell(watch, place, [second])
        watch.until("a retrained release is out", lambda: place.current() != before)
        after = str(place.current())
        watch.say(f"release {after}")
        for shoot in (first, second):
            watch.until(f"{shoot} is in the outbox, by the retrained model", _by(place, shoot, after))
        tell(watch, place, [first, second])
        watch.say("done without one click")


def drop(watch: Watch, place: Place, shoot: str) -> None:
    if (place.root / "studio" / shoot).exists():
        watch.say(f"shoot {shoot} was dropped before this run was stopped")
        return
    photos, bare = place.drop(shoot)
    watch.say(f"shoot {shoot} dropped: {photos} files, {bare} of them without keyword")


def _by(place: Place, shoot: str, release_id: str) -> Callable[[], bool]:
    return lambda: place.keyworded_by(shoot) == release_id


def tell(watch: Watch, place: Place, shoots: list[str]) -> None:
    for shoot in shoots:
        for line in place.outbox(shoot):
            watch.say(line)


if __name__ == "__main__":
    main(sys.argv[1])
