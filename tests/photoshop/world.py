"""What the plugin's tests under Node find: real APIs in several states, photos, and a folder for wishes.

A wish is a file that a test makes: `publish-N` has the changing API get release N, `release-for-empty` gives the
API without a release its first one.
"""

import io
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from api.settings import Settings
from tests.api.conftest import POLL_SECONDS, Running, Studio
from tests.release import factory
from tests.studio import profiles
from tests.studio.metadata_files import CONVERT
from tests.studio.pictures import encode, exiftool

KEY = "secret-of-photoshop"
MAX_BYTES = 200_000
PERSONS = ("köttbullar", "Stockholm")
"""What a person wrote into the 16-bit TIFF."""
_TINT = (180, 110, 60)


@dataclass
class World:
    """Addresses of the APIs, and folders."""

    steady: str
    changing: str
    keyed: str
    empty: str
    never: str
    photos: Path
    wishes: Path
    results: Path

    def told(self) -> dict[str, object]:
        """As the tests under Node read it."""
        fields = {name: str(value) for name, value in vars(self).items()}
        return fields | {"key": KEY, "persons": PERSONS}


@contextmanager
def opened(folder: Path) -> Iterator[World]:
    """Start the APIs and write the photos; all ends with the context."""
    names = ("steady", "changing", "keyed", "empty", "never")
    studios = {name: Studio(folder / name) for name in names}
    for name in ("steady", "changing", "keyed"):
        studios[name].publish(1)
    running = {name: _started(studio, name) for name, studio in studios.items()}
    for name in ("photos", "wishes", "results"):
        (folder / name).mkdir()
    write_photos(folder / "photos")
    over = threading.Event()
    granting = threading.Thread(target=_grant, args=(folder / "wishes", studios, over))
    granting.start()
    try:
        for name in ("steady", "changing", "keyed"):
            running[name].wait_for(studios[name].store.read_pointer().pointer.release_id)
        yield World(
            **{name: one.url for name, one in running.items()},
            **{name: folder / name for name in ("photos", "wishes", "results")},
        )
    finally:
        over.set()
        granting.join()
        for one in running.values():
            one.stop()


def _started(studio: Studio, name: str) -> Running:
    keyed = {"keys": f"photoshop={KEY}", "max_bytes": MAX_BYTES} if name == "keyed" else {}
    settings = Settings(
        releases=studio.url, cache=studio.folder / "cache", poll_seconds=POLL_SECONDS, prediction_log=False,
        cors_origins="*", **keyed,
    )  # fmt: skip
    running = Running(msgspec.structs.replace(settings, port=0))
    running.start()
    return running


def _grant(wishes: Path, studios: dict[str, Studio], over: threading.Event) -> None:
    granted: set[str] = set()
    while not over.wait(0.02):
        for wish in {path.name for path in wishes.iterdir()} - granted:
            granted.add(wish)
            if wish == "release-for-empty":
                studios["empty"].publish(1)
            else:
                studios["changing"].publish(int(wish.removeprefix("publish-")))


def write_photos(folder: Path) -> None:
    """The photos of the tests: small, Adobe RGB with its twins, and a 16-bit TIFF with a preview."""
    (folder / "small.jpg").write_bytes(factory.photo("lime"))
    (folder / "red.jpg").write_bytes(factory.photo("red", (96, 64)))
    numbers = np.array([[_TINT]], np.uint8)
    looks = profiles.in_srgb(numbers.reshape(1, 3), "ADOBE_RGB").round().astype(np.uint8)
    tagged, twin = _plain(_TINT), _plain(tuple(int(value) for value in looks[0]))
    (folder / "adobe.jpg").write_bytes(encode(tagged, quality=95, icc_profile=profiles.ADOBE_RGB))
    (folder / "untagged.jpg").write_bytes(encode(tagged, quality=95))
    (folder / "srgb.jpg").write_bytes(encode(twin, quality=95))
    _write_tiff(folder)


def _write_tiff(folder: Path) -> None:
    """`original.tif` as a raw converter leaves it, and `preview.jpg`, small, in sRGB, as Photoshop makes one."""
    generator = np.random.default_rng(6)
    grain = generator.integers(-9, 10, (900, 1350, 3)) + np.array(_TINT)
    stream = io.BytesIO()
    Image.fromarray(grain.clip(0, 255).astype(np.uint8)).save(stream, "PNG")
    for name, profile in (("adobe.icc", profiles.ADOBE_RGB), ("srgb.icc", profiles.SRGB)):
        (folder / name).write_bytes(profile)
    original = folder / "original.tif"
    deep = ["-depth", "16", "-compress", "LZW", "-profile", str(folder / "adobe.icc")]
    subprocess.run(
        [CONVERT, "png:-", *deep, str(original)], input=stream.getvalue(), check=True, capture_output=True
    )
    words = [f"-{name}={word}" for word in PERSONS for name in ("IPTC:Keywords", "XMP-dc:Subject")]
    exiftool("-q", "-overwrite_original", "-codedcharacterset=utf8", *words, str(original))
    preview = [str(original), "-profile", str(folder / "srgb.icc"), "-depth", "8", "-resize", "768x512", "-strip"]
    subprocess.run([CONVERT, *preview, str(folder / "preview.jpg")], check=True, capture_output=True)


def _plain(color: tuple[int, ...]) -> Image.Image:
    return Image.new("RGB", (96, 64), color)
