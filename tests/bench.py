"""Benchmarks, each a ratio of two ways to do the same work, measured side by side in one run: `make bench`.

Ratios hold on a busy or slow machine, where seconds do not.
"""

import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import numpy as np
import pandas as pd
from PIL import Image

from recipe_assets.storage import TableStore
from recipe_assets.studio.arrivals import Wanted, pending_work, raw_attributes
from recipe_assets.studio.folder import FolderStudio
from recipe_assets.studio.photos import (
    THUMBNAIL_SIDE,
    Preprocessing,
    encode_thumbnail,
    open_photo,
    pixel_values,
    thumbnail,
)
from recipe_assets.studio.reading import SCHEMA, read_batches
from recipe_assets.studio.vocabulary import load_vocabulary
from tests.bench_api import bench_api
from tests.bench_model import bench_model

ROUNDS = 7


def ratio(name: str, ours: Callable[[], object], other: Callable[[], object], than: str) -> None:
    """Run both in turn and print the median ratio with its range."""
    ours(), other()
    ratios = []
    for _ in range(ROUNDS):
        first, second = seconds(ours), seconds(other)
        ratios.append(second / first)
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    click.echo(f"{name:<44} {middle:5.2f} times as fast as {than} ({low:.2f} to {high:.2f})")


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def large_photo() -> bytes:
    """A JPEG of 24 megapixels with the detail of a photo."""
    small = np.random.default_rng(1).integers(0, 256, (375, 500, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(small).resize((6000, 4000), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def full_decode(photo: bytes) -> Image.Image:
    """What a service does that decodes every pixel before it makes the photo small."""
    with Image.open(io.BytesIO(photo)) as image:
        return image.convert("RGB").resize((THUMBNAIL_SIDE * 3 // 2, THUMBNAIL_SIDE), Image.Resampling.BICUBIC)


def bench_decode() -> None:
    """A drafted decode against a full one."""
    photo = large_photo()
    ratio(
        "decode a 24-megapixel JPEG to its thumbnail",
        lambda: thumbnail(open_photo(photo)),
        lambda: full_decode(photo),
        "a full decode",
    )


def drafted_decode(path: Path) -> None:
    """The least that anything can do to see a large JPEG: Pillow's decode at the fraction we use, nothing kept."""
    with Image.open(path) as image:
        image.draft(None, (720, 480))
        image.load()


def large_photos(count: int) -> dict[str, bytes]:
    """So many JPEGs of 24 megapixels that differ from each other in a comment only."""
    photo = large_photo()
    comments = (b"\xff\xfe\x00\x06" + number.to_bytes(4, "big") for number in range(count))
    return {f"{number:02}.jpg": photo[:2] + comment + photo[2:] for number, comment in enumerate(comments)}


def bench_ingest() -> None:
    """Reading and storing a shoot, with everything that its table holds, against a bare decode of its files."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(os.cpu_count()) as pool:
        files = []
        (Path(name) / "shoot").mkdir()
        for file, content in large_photos(24).items():
            files.append(Path(name) / "shoot" / file)
            files[-1].write_bytes(content)
        studio = FolderStudio(Path(name))
        ratio(
            "read a shoot of 24-megapixel JPEGs",
            lambda: store_shoot(studio, TableStore(Path(name) / "tables"), "shoot"),
            lambda: list(pool.map(drafted_decode, files)),
            "a bare drafted decode of its files",
        )


def store_shoot(studio: FolderStudio, tables: TableStore, shoot: str) -> None:
    """What the asset does to one shoot: read every file, write the table."""
    tables.write_batches(read_batches(studio, studio.shoot(shoot)), "raw_images", shoot, {}, SCHEMA)


def bench_one_more_shoot() -> None:
    """Finding and reading one new shoot in a studio of two shoots, against the same in a studio of two hundred."""
    photo = io.BytesIO()
    full_decode(large_photo()).save(photo, "JPEG")
    with tempfile.TemporaryDirectory() as name:
        small, large = (a_studio(Path(name) / str(count), count, photo.getvalue()) for count in (2, 200))
        ratio("one more shoot after 200 others", large, small, "after two others")


def a_studio(root: Path, count: int, photo: bytes) -> Callable[[], None]:
    """A studio with so many shoots that are read already; calling it finds and reads one more."""
    for number in range(count + 1):
        folder = root / "studio" / f"shoot-{number:03d}"
        folder.mkdir(parents=True)
        for step in range(50):
            (folder / f"{step}.jpg").write_bytes(photo)
    studio, tables = FolderStudio(root / "studio"), TableStore(root / "tables")
    shoots = studio.shoots()
    new = f"shoot-{count:03d}"
    for name, shoot in shoots.items():
        if name != new:
            table = pd.DataFrame({"file": [file.name for file in shoot.files]})
            tables.write(table, "raw_images", name, raw_attributes(shoot.fingerprint))

    def one_more() -> None:
        wanted = Wanted(load_vocabulary())
        assert list(pending_work(studio.shoots(), tables, wanted).read) == [new]
        store_shoot(studio, tables, new)

    return one_more


def bench_thumbnail() -> None:
    """Our encoder of thumbnails against Pillow's fastest compression."""
    photo = thumbnail(open_photo(large_photo()))
    ratio(
        "store a thumbnail without loss",
        lambda: [encode_thumbnail(photo) for _ in range(50)],
        lambda: [photo.save(io.BytesIO(), "PNG", compress_level=1) for _ in range(50)],
        "Pillow's level 1",
    )


def bench_stored_thumbnail() -> None:
    """Reading a stored thumbnail against decoding the original again."""
    photo = large_photo()
    png, spec = encode_thumbnail(thumbnail(open_photo(photo))), Preprocessing()

    def from_thumbnail() -> None:
        with Image.open(io.BytesIO(png)) as image:
            pixel_values(image.convert("RGB"), spec)

    def from_original() -> None:
        pixel_values(thumbnail(open_photo(photo)), spec)

    ratio("a training photo from its stored thumbnail", from_thumbnail, from_original, "from the original")


def bench_forward() -> None:
    """The exported graph against torch, one photo at a time."""
    import torch

    from recipe_assets.model.checkpoints import load_base
    from recipe_assets.model.export import export_onnx
    from recipe_assets.model.keyword_model import KeywordModel
    from recipe_assets.release.manifest import ReleasedKeyword

    names = ("pan", "oven-tray", "chopping-board")
    model = KeywordModel.from_base(load_base("builtin:tiny"), [ReleasedKeyword(name, name, "x") for name in names])
    pixels = torch.rand((1, 3, model.base.preprocessing.size, model.base.preprocessing.size))
    with tempfile.TemporaryDirectory() as folder:
        import onnxruntime

        path = Path(folder) / "graph.onnx"
        export_onnx(model, path)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

        def served() -> None:
            session.run(["logits"], {"pixel_values": pixels.numpy()})

        def trained() -> None:
            with torch.inference_mode():
                model(pixels)

        ratio("classify one photo, ONNX Runtime", served, trained, "torch")


if __name__ == "__main__":
    bench_decode()
    bench_ingest()
    bench_one_more_shoot()
    bench_thumbnail()
    bench_stored_thumbnail()
    bench_forward()
    bench_model(ratio, large_photo())
    bench_api()
