"""Benchmarks, each a ratio of two ways to do the same work, measured side by side in one run: `make bench`.

Ratios hold on a busy or slow machine, where seconds do not.
"""

import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
from PIL import Image

from recipe_assets.studio.photos import THUMBNAIL_SIDE, Preprocessing, open_photo, pixel_values, thumbnail

ROUNDS = 7


def ratio(name: str, ours: Callable[[], object], other: Callable[[], object], than: str) -> None:
    """Run both in turn and print the median ratio with its range."""
    ours(), other()
    ratios = []
    for _ in range(ROUNDS):
        first, second = seconds(ours), seconds(other)
        ratios.append(second / first)
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    click.echo(f"{name:<44} {middle:5.1f} times as fast as {than} ({low:.1f} to {high:.1f})")


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


def bench_stored_thumbnail() -> None:
    """Reading a stored thumbnail against decoding the original again."""
    photo = large_photo()
    stored = io.BytesIO()
    thumbnail(open_photo(photo)).save(stored, "PNG", compress_level=1)
    png, spec = stored.getvalue(), Preprocessing()

    def from_thumbnail() -> None:
        with Image.open(io.BytesIO(png)) as image:
            pixel_values(image.convert("RGB"), spec)

    def from_original() -> None:
        pixel_values(thumbnail(open_photo(photo)), spec)

    ratio("a training photo from its stored thumbnail", from_thumbnail, from_original, "from the original")


def bench_forward() -> None:
    """The exported graph against torch, one photo at a time."""
    import torch

    from recipe_assets.model.clip import KeywordModel, load_base
    from recipe_assets.model.export import export_onnx
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
    bench_stored_thumbnail()
    bench_forward()
