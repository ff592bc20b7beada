"""A publisher that errs: releases that are whole, spoiled, half there or late, brought into a folder store.

Who asks for answers meanwhile is `reload_load`'s subject.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from recipe_assets.release.folder_store import FolderObjects
from recipe_assets.release.manifest import Manifest, encode_manifest
from recipe_assets.release.pointer import POINTER, encode_pointer, point_at
from recipe_assets.release.predictor import Predictor
from recipe_assets.release.store import open_store
from tests.release import factory

GOOD, LATE = "good", "late"
SERVED = (GOOD, LATE)
"""A late release is whole only after it was pointed at; all other kinds never are."""
PHOTOS = tuple(factory.photo(color) for color in ("gray", "silver", "red", "teal"))


class Publisher:
    """Builds numbered releases aside, and brings them into a folder store as an unreliable publisher would."""

    def __init__(self, folder: Path, megabytes: int = 0) -> None:
        self._folder = folder
        self._megabytes = megabytes
        self._objects = FolderObjects(folder / "store")
        self.url = self._objects.url
        self.expected: dict[str, list[object]] = {}
        """What each release that can be served answers to each of `PHOTOS`."""

    def build(self, number: int, kind: str) -> Manifest:
        """A release that differs from all others in every answer."""
        folder = self._built(number)
        golden: factory.GoldenSet = "wrong" if kind == "golden" else "true"
        manifest = factory.build(folder, number, number / 10, golden, self._megabytes)
        if kind in ("garbage", "misfit"):
            content = b"no graph" if kind == "garbage" else factory.graph(keywords=3).SerializeToString()
            (folder / "image_encoder.onnx").write_bytes(content)
            manifest = factory.manifest_of(folder, number)
        if kind in SERVED:
            (folder / "manifest.json").write_bytes(encode_manifest(manifest))
            predictor = Predictor.load(folder, threads=1)
            self.expected[manifest.release_id] = [msgspec.to_builtins(predictor.rank(photo)) for photo in PHOTOS]
            (folder / "manifest.json").unlink()
        return manifest

    def publish(self, number: int, kind: str, manifest: Manifest) -> Callable[[], None]:
        """Store a release, spoil it, point at it; what is returned mends a late one."""
        sha256 = open_store(self.url).store(self._built(number), manifest)
        place = self._folder / "store" / "releases" / manifest.release_id
        encoder, listing = place / "image_encoder.onnx", place / "manifest.json"
        content = encoder.read_bytes()
        if kind in ("flipped", "short", LATE):
            middle = len(content) // 2
            bad = {"flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]}
            encoder.write_bytes(bad.get(kind, content[:middle]))
        elif kind == "missing":
            (place / "checkpoint" / "model.safetensors").unlink()
        elif kind == "no manifest":
            listing.unlink()
        elif kind == "half manifest":
            listing.write_bytes(listing.read_bytes()[:300])
        current = self._objects.read(POINTER)
        pointer = point_at(manifest.release_id, sha256, None)
        assert self._objects.swap(POINTER, encode_pointer(pointer), current.token if current else None)
        return lambda: _replace(encoder, content)

    def _built(self, number: int) -> Path:
        return self._folder / f"built-{number}"


def _replace(path: Path, content: bytes) -> None:
    path.with_suffix(".arriving").write_bytes(content)
    path.with_suffix(".arriving").replace(path)
