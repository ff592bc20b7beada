"""From a file to a decoded photo: what comes with it, what is refused, and in which words."""

import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.photos import (
    FORMATS,
    Preprocessing,
    decode_photo,
    format_titles,
    open_photo,
    photo_size,
    preprocess,
)
from tests.studio.heic import heic
from tests.studio.pictures import encode, picture
from tests.studio.writers import psd

PILLOW_MAY_WARN = pytest.mark.filterwarnings("ignore::UserWarning")
"""Pillow warns of damaged tags in files that it reads all the same."""


def small_photo(kind: str, turned: int = 1) -> bytes:
    """A small photo of every format, with EXIF where the format has it."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = turned, "Canon"
    if kind == "PSD":
        return psd(np.asarray(picture(7, (80, 60))), "RGB")
    return heic() if kind == "HEIC" else encode(picture(7, (80, 60)), kind, exif=exif)


EVERY_FORMAT = [photo_format.name for photo_format in FORMATS]


@pytest.mark.parametrize("kind", EVERY_FORMAT)
def test_a_photo_comes_with_its_format_size_and_color(kind: str) -> None:
    photo = decode_photo(small_photo(kind))
    size = (120, 80) if kind == "HEIC" else (80, 60)
    assert (photo.format, photo.width, photo.height, photo.color, photo.notes) == (kind, *size, "sRGB", ())
    assert (photo.image.mode, photo.image.size) == ("RGB", size)
    assert photo_size(small_photo(kind)) == (kind, *size)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_sizes_are_those_of_the_upright_photo(kind: str) -> None:
    photo = decode_photo(small_photo(kind, turned=6))
    assert (photo.width, photo.height) == photo.image.size == (60, 80)
    assert photo_size(small_photo(kind, turned=6)) == (kind, 60, 80)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_large_photo_tells_its_whole_size_and_keeps_no_more_pixels_than_needed(kind: str) -> None:
    photo = decode_photo(encode(picture(1, (3000, 2001)), kind))
    assert (photo.width, photo.height) == (3000, 2001)
    assert photo.image.size == (750, 501)


@pytest.mark.parametrize("kind", EVERY_FORMAT)
def test_a_file_is_read_like_its_bytes_whatever_its_name(kind: str, tmp_path: Path) -> None:
    (tmp_path / "köks bild.gif").write_bytes(small_photo(kind))
    spec = Preprocessing(size=32)
    from_path = preprocess(tmp_path / "köks bild.gif", spec)
    assert np.array_equal(from_path, preprocess(small_photo(kind), spec))
    assert decode_photo(tmp_path / "köks bild.gif").format == kind


def test_the_image_does_not_hold_on_to_the_file() -> None:
    for kind in EVERY_FORMAT:
        assert not isinstance(open_photo(small_photo(kind)), ImageFile.ImageFile)


def test_one_pixel_is_a_photo() -> None:
    assert preprocess(encode(Image.new("RGB", (1, 1), "red"), "PNG"), Preprocessing(size=8)).shape == (3, 8, 8)


def test_the_formats_in_words_are_those_of_the_table() -> None:
    assert format_titles() == "JPEG, PNG, TIFF, WebP, Photoshop (PSD) or HEIC"
    extensions = [extension for kind in FORMATS for extension in kind.extensions]
    assert len(extensions) == len(set(extensions))
    assert {".jpg", ".png", ".tif", ".webp", ".psd", ".heic"} <= set(extensions)
    assert all(kind.reading and kind.media_type.startswith("image/") for kind in FORMATS)


def test_no_decoder_of_another_format_is_even_registered_by_reading_photos() -> None:
    """Pillow's registry is not asked: a HEIC is read, and Pillow on its own still knows none."""
    for kind in EVERY_FORMAT:
        open_photo(small_photo(kind))
    assert "HEIF" not in Image.OPEN
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(Path(__file__).parent / "golden" / "picture.heic")


@PILLOW_MAY_WARN
@pytest.mark.parametrize("kind", EVERY_FORMAT)
def test_a_photo_cut_anywhere_is_whole_or_refused(kind: str) -> None:
    photo = small_photo(kind)
    size, refused = open_photo(photo).size, 0
    for end in np.linspace(0, len(photo) - 1, 60).astype(int):
        try:
            assert open_photo(photo[:end]).size == size
        except UnreadablePhotoError:
            refused += 1
    assert refused >= (60 if kind in ("JPEG", "PSD") else 50)


@PILLOW_MAY_WARN
@pytest.mark.parametrize("kind", EVERY_FORMAT)
def test_a_photo_with_wrong_bytes_is_a_photo_or_refused(kind: str) -> None:
    photo = small_photo(kind, turned=6)
    generator = np.random.default_rng(1)
    readable = 0
    for _ in range(200):
        damaged = bytearray(photo)
        for _ in range(int(generator.integers(1, 6))):
            damaged[int(generator.integers(min(len(damaged), 600)))] = int(generator.integers(256))
        with suppress(UnreadablePhotoError):
            readable += open_photo(bytes(damaged)).mode == "RGB"
    assert readable < 200


@PILLOW_MAY_WARN
def test_damaged_exif_does_not_cost_the_photo() -> None:
    """Rewriting EXIF that holds a wrong type raised struct.error: one such file stopped its whole shoot."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Canon"
    jpeg = encode(picture(), exif=exif)
    start, tag = jpeg.index(b"Exif") + 6, jpeg.index(struct.pack(">HH", 0x010F, 2))
    damaged = [jpeg[: tag + 2] + struct.pack(">H", kind) + jpeg[tag + 4 :] for kind in range(14)]
    damaged += [
        jpeg[:at] + value + jpeg[at + 1 :] for at in range(start, tag + 30) for value in (b"\x00", b"\xff")
    ]
    assert {open_photo(photo).size for photo in damaged} == {(64, 96), (96, 64)}
