"""Write the sample studio to disk: draw every planned photo on all cores and put keywords and dirt on it.

Seeded: the same seed gives the same photos. For trying and testing; a real studio brings its own.
"""

import io
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from recipe_assets.studio.metadata import add_iptc_keywords, add_xmp_subject, sidecar_packet, write_keywords
from recipe_assets.studio.sample.cookware import Cupboard
from recipe_assets.studio.sample.dirt import PlannedPhoto
from recipe_assets.studio.sample.look import CAMERA_HEIGHT, RecipeLook
from recipe_assets.studio.sample.plan import LATER, plan_photos
from recipe_assets.studio.sample.steps import draw_step

SEED = 1843
SIZE = (1200, 800)
CUPBOARD = 1_000_000
"""Seeds the studio's cookware: a number that no recipe has."""
STIRRING = 0.4
"""The studio's cooks mostly take the spoon out for the picture; its camera hangs where it hangs."""
ARRIVED = "shoots"
WAITING = "later"


def write_sample(
    root: Path, seed: int = SEED, on_progress: Callable[[int, int], None] | None = None, only: int | None = None
) -> int:
    """Draw the sample studio into `root/shoots`, and the shoot that arrives later into `root/later`.

    A sample that is there already is left alone; one that was cut short is drawn anew.

    Args:
        root: the sample's folder.
        seed: of every random choice.
        on_progress: called with (photos written, photos in all).
        only: write just the first so many files of each shoot; for tests.

    Returns:
        How many photos were written, beside their sidecars; 0 if the sample was there.
    """
    if (root / ARRIVED).is_dir():
        return 0
    part = root.with_name(root.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    planned = _first(plan_photos(seed), only)
    for shoot in {photo.shoot for photo in planned}:
        (part / _place(shoot) / shoot).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for done, _ in enumerate(pool.map(partial(_write_photo, part, seed), planned, chunksize=4), 1):
            if on_progress:
                on_progress(done, len(planned))
    root.mkdir(parents=True, exist_ok=True)
    # The shoots move last: their presence says that the sample is whole.
    for name in (WAITING, ARRIVED):
        shutil.rmtree(root / name, ignore_errors=True)
        (part / name).replace(root / name)
    shutil.rmtree(part, ignore_errors=True)
    return len(planned)


def deliver_later(root: Path) -> list[str]:
    """Let the waiting shoots arrive, as a photographer's copy would; returns their names."""
    waiting = sorted((root / WAITING).glob("*")) if (root / WAITING).is_dir() else []
    for shoot in waiting:
        shoot.replace(root / ARRIVED / shoot.name)
    return [shoot.name for shoot in waiting]


def _place(shoot: str) -> str:
    return WAITING if shoot == LATER else ARRIVED


def _first(planned: list[PlannedPhoto], only: int | None) -> list[PlannedPhoto]:
    if only is None:
        return planned
    taken: dict[str, int] = {}
    kept = []
    for photo in planned:
        taken[photo.shoot] = taken.get(photo.shoot, 0) + 1
        if taken[photo.shoot] <= only:
            kept.append(photo)
    return kept


def _write_photo(root: Path, seed: int, photo: PlannedPhoto) -> None:
    path = root / _place(photo.shoot) / photo.shoot / photo.file
    path.write_bytes(photo_bytes(seed, photo))
    if photo.fault == "sidecar":
        path.with_suffix(".xmp").write_bytes(sidecar_packet(None, photo.written))


def photo_bytes(seed: int, photo: PlannedPhoto) -> bytes:
    """The bytes of one planned file."""
    if photo.fault == "empty":
        return b""
    if photo.fault == "text":
        return b"Call the stylist about the blue plates.\n"
    if photo.fault == "lonely-sidecar":
        return sidecar_packet(None, photo.written)
    generator = np.random.default_rng([seed, photo.recipe, photo.step])
    picture = _spoiled(_scene(seed, photo, generator), photo.fault)
    if photo.fault in ("tiff", "png"):
        return write_keywords(_lossless(picture, photo.fault), photo.written)
    jpeg = _with_keywords(_encode(picture, generator), photo)
    return jpeg[: len(jpeg) * 2 // 3] if photo.fault == "truncated" else jpeg


def _scene(seed: int, photo: PlannedPhoto, generator: np.random.Generator) -> Image.Image:
    drawn = RecipeLook.draw(np.random.default_rng([seed, photo.recipe]))
    cupboard = Cupboard.draw(np.random.default_rng([seed, CUPBOARD]))
    look = replace(drawn, cupboard=cupboard, camera_height=CAMERA_HEIGHT, stirring=STIRRING)
    return draw_step(photo.keyword, generator, look, SIZE)


def _spoiled(picture: Image.Image, fault: str | None) -> Image.Image:
    if fault == "near-copy":
        return ImageEnhance.Brightness(picture).enhance(1.06).resize((SIZE[0] * 3 // 4, SIZE[1] * 3 // 4))
    if fault in ("mask", "lonely-mask"):
        return picture.convert("L").point(lambda value: 255 if value > 128 else 0)
    if fault == "dark":
        return ImageEnhance.Brightness(picture).enhance(0.08)
    if fault == "blurred":
        return picture.filter(ImageFilter.GaussianBlur(14))
    return picture


def _lossless(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    options = {"compression": "tiff_lzw"} if kind == "tiff" else {}
    picture.save(buffer, kind.upper(), **options)
    return buffer.getvalue()


def _encode(picture: Image.Image, generator: np.random.Generator) -> bytes:
    """A JPEG as cameras differ: quality varies, some are stored lying on their side with an EXIF orientation."""
    buffer = io.BytesIO()
    exif = Image.Exif()
    if generator.random() < 0.05:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
        exif[0x0112] = 6
    picture.save(buffer, "JPEG", quality=int(generator.integers(84, 95)), exif=exif)
    return buffer.getvalue()


def _with_keywords(jpeg: bytes, photo: PlannedPhoto) -> bytes:
    if not photo.written or photo.fault == "sidecar":
        return jpeg
    if photo.fault == "conflict":
        other = "pan" if photo.keyword != "pan" else "oven-tray"
        return add_xmp_subject(add_iptc_keywords(jpeg, photo.written), [other])
    return add_xmp_subject(jpeg, photo.written) if photo.in_xmp else add_iptc_keywords(jpeg, photo.written)
