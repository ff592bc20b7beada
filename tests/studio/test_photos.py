"""From any photo to pixels: the same pixels as CLIP's own processor, upright, in sRGB, or a clean refusal."""

import io
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.photos import (
    THUMBNAIL_SIDE,
    Preprocessing,
    open_photo,
    photo_size,
    pixel_values,
    preprocess,
    thumbnail,
)
from tests.studio.pictures import encode, picture

PILLOW_MAY_WARN = pytest.mark.filterwarnings("ignore::UserWarning")
"""Pillow warns of damaged tags in files that it reads all the same."""


def center(photo: Image.Image) -> tuple[int, ...]:
    return tuple(int(value) for value in np.asarray(photo)[photo.height // 2, photo.width // 2])


@pytest.mark.parametrize("side", [224, 112])
@pytest.mark.parametrize(
    "size", [(301, 199), (199, 301), (640, 427), (257, 256), (224, 224), (150, 400), (91, 77)]
)
def test_pixel_values_are_those_of_the_hugging_face_processor(size: tuple[int, int], side: int) -> None:
    photo = picture(3, size)
    processor = CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
    expected = processor(photo, return_tensors="np")["pixel_values"][0]
    found = pixel_values(photo, Preprocessing(size=side))
    assert found.dtype == expected.dtype == np.float32
    assert found.shape == expected.shape == (3, side, side)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    # Half a grey level is far more than 1e-6, so no pixel differs by even one of its 255 steps.


def test_mean_and_deviation_of_the_checkpoint_are_used() -> None:
    gray = Image.new("RGB", (40, 40), (51, 102, 204))
    values = pixel_values(gray, Preprocessing(size=8, mean=(0.2, 0.4, 0.6), std=(0.5, 0.5, 0.25)))
    np.testing.assert_allclose(values[:, 3, 3], [0, 0, 0.8], atol=1e-6)


@pytest.mark.parametrize(("size", "expected"), [((1200, 800), (384, 256)), ((800, 1200), (256, 384))])
def test_a_thumbnail_keeps_the_frame_at_a_short_side_of_256(size: tuple[int, int], expected: object) -> None:
    assert thumbnail(picture(0, size)).size == expected


def test_a_small_photo_is_not_blown_up() -> None:
    small = picture(0, (300, THUMBNAIL_SIDE))
    assert thumbnail(small) is small


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(kind: str, orientation: int) -> None:
    upright = Image.new("RGB", (48, 32), "white")
    upright.paste((255, 0, 0), (0, 0, 24, 16))
    upright.paste((0, 0, 255), (24, 16, 48, 32))
    turns = [None, None, 0, 3, 1, 5, 2, 6, 4]  # Pillow's operation that undoes the turn to come
    stored = upright if turns[orientation] is None else upright.transpose(Image.Transpose(turns[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = open_photo(encode(stored, kind, exif=exif, **({"quality": 95} if kind != "TIFF" else {})))
    assert photo.size == (48, 32)
    difference = np.abs(np.asarray(photo, np.int16) - np.asarray(upright, np.int16))
    assert difference[4:12, 4:20].max() < 40
    assert difference[20:28, 28:44].max() < 40


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


def adobe_like() -> bytes:
    """The profile of sRGB, but with the green of Adobe RGB, which lies further out."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    at = profile.index(b"gXYZ", 128)
    offset = struct.unpack(">I", profile[at + 4 : at + 8])[0]
    # Adobe RGB (1998), adapted to D50: green primary (0.2053, 0.6257, 0.0609) in s15Fixed16.
    green = struct.pack(">3i", *(round(value * 65536) for value in (0.2053, 0.6257, 0.0609)))
    return profile[: offset + 8] + green + profile[offset + 20 :]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_profile_is_converted_to_srgb(kind: str) -> None:
    """A wide-gamut green that is read as sRGB looks dull: the converted one is greener and less red."""
    image = Image.new("RGB", (64, 64), (90, 180, 90))
    plain = center(open_photo(encode(image, kind)))
    converted = center(open_photo(encode(image, kind, icc_profile=adobe_like())))
    assert converted[0] < plain[0] - 5
    source = ImageCms.ImageCmsProfile(io.BytesIO(adobe_like()))
    expected = center(ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB")))
    assert np.abs(np.subtract(converted, expected)).max() <= 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_srgbs_own_profile_changes_next_to_nothing(kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain, tagged = (open_photo(encode(picture(), kind, **o)) for o in ({}, {"icc_profile": profile}))
    assert np.abs(np.asarray(plain, np.int16) - np.asarray(tagged, np.int16)).max() <= 2


@pytest.mark.parametrize("profile", [b"\x00" * 200, b"garbage", adobe_like()[:300]])
def test_a_broken_profile_does_not_cost_the_photo(profile: bytes) -> None:
    image = Image.new("RGB", (64, 64), (90, 180, 90))
    found = center(open_photo(encode(image, icc_profile=profile)))
    assert np.abs(np.subtract(found, (90, 180, 90))).max() <= 4


def test_a_profile_of_another_color_space_does_not_cost_the_photo() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert open_photo(encode(picture(), icc_profile=lab)).size == (96, 64)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("CMYK", "JPEG"), ("CMYK", "TIFF"), ("L", "JPEG"), ("L", "PNG"), ("P", "PNG"), ("RGBA", "PNG"), ("LA", "PNG"),
     ("RGBA", "WEBP"), ("RGB", "WEBP"), ("YCbCr", "TIFF"), ("RGBA", "TIFF"), ("1", "TIFF"), ("LAB", "TIFF")],
)  # fmt: skip
def test_every_color_mode_becomes_rgb(mode: str, kind: str) -> None:
    source = ImageCms.createProfile("LAB") if mode == "LAB" else None
    image = Image.new("RGB", (64, 48), (200, 200, 200))
    if source:
        image = ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), source, outputMode="LAB")
    photo = open_photo(encode(image if source else image.convert(mode), kind))
    assert (photo.mode, photo.size) == ("RGB", (64, 48))
    if mode != "1":
        assert np.abs(np.subtract(center(photo), (200, 200, 200))).max() <= 6


@pytest.mark.parametrize("kind", ["TIFF", "PNG"])
def test_sixteen_bits_of_gray_keep_their_range(kind: str) -> None:
    """Clipping 16 bits to 8 instead of scaling turns such a photo white."""
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    found = np.asarray(open_photo(encode(Image.fromarray(ramp), kind)))
    assert np.abs(found[..., 0].astype(int) - (ramp >> 8)).max() <= 1
    assert np.array_equal(found[..., 0], found[..., 2])


def test_transparency_is_laid_on_white() -> None:
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    assert center(open_photo(encode(image, "PNG"))) == (255, 255, 255)
    palette = Image.new("P", (64, 64), 0)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    assert center(open_photo(encode(palette, "PNG", transparency=0))) == (255, 255, 255)
    assert center(open_photo(encode(palette, "PNG"))) == (255, 0, 0)


def test_a_large_jpeg_gives_the_same_thumbnail_whether_decoded_whole_or_at_a_fraction() -> None:
    photo = picture(5, (2400, 1600))
    whole = thumbnail(photo)
    fraction = thumbnail(open_photo(encode(photo, quality=95)))
    assert fraction.size == whole.size
    assert np.abs(np.asarray(fraction, np.int16) - np.asarray(whole, np.int16)).mean() < 2


def test_a_file_is_read_like_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "köks bild.jpg").write_bytes(encode(picture(2)))
    spec = Preprocessing(size=32)
    from_path = preprocess(tmp_path / "köks bild.jpg", spec)
    assert np.array_equal(from_path, preprocess(encode(picture(2)), spec))


def test_the_pixel_cap_refuses_before_decoding() -> None:
    photo = encode(Image.new("1", (3000, 2000)), "PNG")
    with pytest.raises(UnreadablePhotoError, match="3000x2000 pixels are over the cap of 5000000"):
        open_photo(photo, max_pixels=5_000_000)
    assert open_photo(photo, max_pixels=6_000_000).size == (3000, 2000)


def test_a_bomb_is_refused_from_its_header() -> None:
    bomb = bytearray(encode(Image.new("1", (8, 8)), "PNG"))
    bomb[16:24] = struct.pack(">II", 60_000, 60_000)
    with pytest.raises(UnreadablePhotoError):
        open_photo(bytes(bomb))
    with pytest.raises(UnreadablePhotoError):
        photo_size(bytes(bomb))


@pytest.mark.parametrize("size", [(20_000, 2), (1, 4000)])
def test_a_strip_is_refused_because_its_square_would_fill_the_memory(size: tuple[int, int]) -> None:
    """A PNG of 400 bytes, 20,000 pixels by 2, grew to 1.5 GB on its way to the model."""
    with pytest.raises(UnreadablePhotoError, match="a strip, not a photo"):
        open_photo(encode(Image.new("RGB", size), "PNG"))


def test_one_pixel_is_a_photo() -> None:
    assert preprocess(encode(Image.new("RGB", (1, 1), "red"), "PNG"), Preprocessing(size=8)).shape == (3, 8, 8)


@pytest.mark.parametrize("kind", ["GIF", "EPS", "BMP", "ICO", "PPM", "PDF"])
def test_other_formats_stay_shut(kind: str) -> None:
    with pytest.raises(UnreadablePhotoError, match="not a JPEG, PNG, TIFF or WebP image"):
        open_photo(encode(picture(), kind))


@pytest.mark.parametrize(
    "content", [b"", b"text", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"II*\x00", b"RIFF    WEBP", bytes(5000)]
)
def test_what_is_no_photo_is_refused_in_one_line(content: bytes) -> None:
    for read in (open_photo, photo_size):
        with pytest.raises(UnreadablePhotoError) as raised:
            read(content)
        assert "\n" not in str(raised.value)


@PILLOW_MAY_WARN
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_photo_cut_anywhere_is_whole_or_refused(kind: str) -> None:
    photo = encode(picture(7, (80, 60)), kind, exif=Image.Exif())
    refused = 0
    for end in np.linspace(0, len(photo) - 1, 60).astype(int):
        try:
            assert open_photo(photo[:end]).size == (80, 60)
        except UnreadablePhotoError:
            refused += 1
    assert refused >= 50
    assert open_photo(photo).size == (80, 60)


@PILLOW_MAY_WARN
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_photo_with_wrong_bytes_is_a_photo_or_refused(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Canon"
    photo = encode(picture(8, (40, 30)), kind, exif=exif)
    generator = np.random.default_rng(1)
    readable = 0
    for _ in range(300):
        damaged = bytearray(photo)
        for _ in range(int(generator.integers(1, 6))):
            damaged[int(generator.integers(min(len(damaged), 600)))] = int(generator.integers(256))
        with suppress(UnreadablePhotoError):
            readable += open_photo(bytes(damaged)).mode == "RGB"
    assert readable < 300


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_the_size_is_that_of_the_stored_picture(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    size = (64, 96) if kind == "TIFF" else (96, 64)  # Pillow turns a TIFF upright itself
    assert photo_size(encode(picture(), kind, exif=exif)) == (kind, *size)
