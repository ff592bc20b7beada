"""A folder keyworded while releases change and the API is killed: `python -m tests.commands.keyword_run`.

Everything is real: `recipe keyword` and `python -m api` are processes, the API dies by SIGKILL and comes back on
its port. The test of the same scenario is `test_keyword_run`.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click
import msgspec
import numpy as np
from PIL import Image

from recipe_assets.commands.keywording.files import held
from recipe_assets.commands.keywording.outcomes import Outcome
from recipe_assets.release.predictor import Predictor
from recipe_assets.release.store import open_store
from recipe_assets.studio.metadata import image_data_sha256, read_keywords, read_provenance
from tests.release import factory
from tests.studio.pictures import encode, picture

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
KINDS = (("JPEG", "jpg"), ("JPEG", "JPG"), ("PNG", "png"), ("TIFF", "tif"), ("WEBP", "webp"))
COLORS = ("red", "lime", "blue", "gray", "orange", "teal")


@dataclass
class Photos:
    """A folder of photos and how it was."""

    folder: Path
    before: dict[Path, bytes] = field(default_factory=dict)
    times: dict[Path, int] = field(default_factory=dict)

    def draw(self, count: int, size: tuple[int, int] = (300, 280)) -> None:
        """Noise around some color in several formats and shoots; now and then a file that is cut short."""
        generator = np.random.default_rng(count)
        for number in range(count):
            kind, suffix = KINDS[number % len(KINDS)]
            flat = Image.new("RGB", size, COLORS[int(generator.integers(len(COLORS)))])
            photo = encode(Image.blend(picture(number, size), flat, 0.7), kind)
            path = self.folder / f"shoot-{number % 3}" / f"step {number:03}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(photo[: len(photo) // 3] if number % 50 == 7 else photo)
        self.remember()

    def remember(self) -> None:
        """Note bytes and times as they are now."""
        self.before = {path: path.read_bytes() for path in self.files()}
        self.times = {path: path.stat().st_mtime_ns for path in self.files()}

    def files(self) -> list[Path]:
        """The photos and XMP files, hidden ones left out."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file() and "/." not in path.as_posix())

    def hidden(self) -> list[Path]:
        """What lies hidden in the folder."""
        return [path for path in self.folder.rglob("*") if "/." in path.relative_to(self.folder.parent).as_posix()]

    def keyworded(self) -> int:
        """How many photos were written so far, told by their undo entries."""
        return len(list(self.folder.rglob("*.undo")))

    def is_as_before(self) -> bool:
        """Whether every byte and every time is as it was remembered, and no file came or went."""
        now = {path: path.read_bytes() for path in self.files()}
        return now == self.before and {path: path.stat().st_mtime_ns for path in now} == self.times


class Api:
    """`python -m api` over a store, on one port, whatever happens to the process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = open_store(str(folder / "store"))
        self.published: dict[str, Path] = {}
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port = found.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._predictors: dict[str, Predictor] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def publish(self, number: int) -> str:
        """Release `number`, told from others by what it calls gray."""
        built = self.folder / f"built-{number}"
        manifest = factory.build(built, number, bias=number % 7 / 2)
        found = self.store.read_pointer()
        self.published[manifest.release_id] = built
        return self.store.publish(built, manifest, found.token if found else None).release_id

    def start(self) -> None:
        """Start the process; it is ready some time later."""
        environ = os.environ | {
            "RECIPE_RELEASES": str(self.folder / "store"), "RECIPE_API_PORT": str(self.port),
            "RECIPE_API_CACHE": str(self.folder / "cache"), "DAGSTER_HOME": str(self.folder),
            "RECIPE_API_POLL_SECONDS": "0.1", "RECIPE_API_PREDICTION_LOG": "off",
        }  # fmt: skip
        with (self.folder / "api.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "api"], cwd=ROOT, env=environ, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """As a machine that loses power."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def expected(self, release_id: str, photo: bytes) -> str:
        """What the release says of a photo, asked without the API."""
        if release_id not in self._predictors:
            folder = self.folder / "fetched" / release_id
            self.store.fetch(release_id, folder)
            self._predictors[release_id] = Predictor.load(folder, threads=1)
        return self._predictors[release_id].rank(photo, 1)[0].keyword


@dataclass
class Run:
    """What `recipe keyword` said and how it ended."""

    status: int
    outcomes: list[Outcome]
    errors: str
    seconds: float


def recipe(*arguments: str, **environ: str) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "recipe_assets", "keyword", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | environ, text=True, **pipes)


def ended(process: subprocess.Popen[str], started: float) -> Run:
    """Wait for a command that prints JSON."""
    output, errors = process.communicate(timeout=10 * PATIENCE)
    outcomes = [msgspec.json.decode(line, type=Outcome) for line in output.splitlines()]
    return Run(process.returncode, outcomes, errors, time.monotonic() - started)


def keyworded_under_fire(photos: Photos, api: Api, releases: int, workers: int = 4) -> Run:
    """Keyword the folder; releases change all the time, and the API is killed on the way, and then restarted."""
    total, started = len(photos.files()), time.monotonic()
    done = threading.Event()
    api.publish(1)
    api.start()
    publishing = threading.Thread(target=_publish_on, args=(api, releases, done))
    publishing.start()
    options = ["--json", "--api", api.url, "--workers", str(workers), "--patience", "600"]
    process = recipe(str(photos.folder), *options)
    try:
        with held(photos.folder / "shoot-2"):  # the last of the shoots: it cannot be over before the API is killed
            until(lambda: photos.keyworded() >= total // 3 or process.poll() is not None)
            api.kill()
        assert process.poll() is None, "it ended early"
        time.sleep(2)  # a while without any API
        api.start()
        return ended(process, started)
    finally:
        done.set()
        publishing.join(PATIENCE)
        process.kill()
        process.wait(PATIENCE)


def _publish_on(api: Api, releases: int, done: threading.Event) -> None:
    for number in range(2, releases + 2):
        if done.wait(0.4):
            return
        api.publish(number)


def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def verified(photos: Photos, api: Api, run: Run) -> Counter[str]:
    """Make sure that each photo is keyworded once, as a release says, or named as failed; counts by release."""
    by_file = {Path(one.file).name: one for one in run.outcomes}
    assert len(by_file) == len(run.outcomes) == len(photos.before)
    for path, original in photos.before.items():
        one, now = by_file[path.name], path.read_bytes()
        if one.outcome == "failed":
            assert now == original
            assert one.detail
            continue
        found, record = read_keywords(now), read_provenance(now)
        assert one.outcome == "keyworded"
        assert record is not None
        assert record.release in api.published
        assert record.keywords == (one.keyword,) == found.xmp == (found.iptc or found.xmp)
        assert image_data_sha256(now) == image_data_sha256(original)
        assert one.keyword == api.expected(record.release, original)
    return Counter(one.release_id for one in run.outcomes if one.outcome == "keyworded")


@click.command(help=__doc__)
@click.option("--photos", "count", default=300, show_default=True)
@click.option("--pixels", default=900, show_default=True, help="Width of a photo; its height is two thirds of it.")
def main(count: int, pixels: int) -> None:
    """Run the scenario, again, and undo it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos, api = Photos(folder / "photos"), Api(folder)
        photos.draw(count, (pixels, pixels * 2 // 3))
        megabytes = sum(map(len, photos.before.values())) / 1e6
        run = keyworded_under_fire(photos, api, releases=200)
        releases = verified(photos, api, run)
        kinds = Counter(one.outcome for one in run.outcomes)
        click.echo(
            f"{count} photos of {megabytes:.0f} MB in {run.seconds:.1f} s: {dict(kinds)}, status {run.status}"
        )
        click.echo(f"by {len(releases)} releases, of {len(api.published)} that were published; API killed once")
        undo = sum(path.stat().st_size for path in photos.folder.rglob("*.undo"))
        click.echo(f"what the undo keeps: {undo / 1e6:.2f} MB")
        before = dict(photos.before), dict(photos.times)
        photos.remember()
        again = ended(recipe(str(photos.folder), "--json", "--api", api.url), time.monotonic())
        kinds = Counter(one.outcome for one in again.outcomes)
        click.echo(f"again: {dict(kinds)} in {again.seconds:.1f} s; nothing changed: {photos.is_as_before()}")
        photos.before, photos.times = before
        back = ended(recipe(str(photos.folder), "--json", "--undo"), time.monotonic())
        kinds = Counter(one.outcome for one in back.outcomes)
        click.echo(
            f"undo: {dict(kinds)} in {back.seconds:.1f} s; bytes and times as before: {photos.is_as_before()}"
        )
        click.echo(f"left behind: {photos.hidden() or 'nothing'}")
        api.kill()


if __name__ == "__main__":
    main()
