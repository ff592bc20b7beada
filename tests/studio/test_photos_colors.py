"""Every color space comes out as sRGB: against published matrices in floating point."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from recipe_assets.studio.photos import decode_photo, open_photo
from tests.studio.heic import heic, heic_with_profile
from tests.studio.pictures import encode, picture
from tests.studio.profiles import ADOBE_RGB, P3, PROPHOTO, SRGB, gray_profile, in_srgb, press_colors, press_profile
from tests.studio.writers import png, psd, tiff

PROFILES = {"ADOBE_RGB": ADOBE_RGB, "P3": P3, "PROPHOTO": PROPHOTO}
COLORS = np.random.default_rng(4).integers(0, 256, (60, 70, 3), dtype=np.uint8)


def expected(space: str, colors: np.ndarray = COLORS) -> np.ndarray:
    return in_srgb(colors.reshape(-1, 3), space).reshape(colors.shape)


def apart(photo: bytes, colors: np.ndarray) -> float:
    return float(np.abs(np.asarray(open_photo(photo), np.float64) - colors).max())


@pytest.mark.parametrize("space", PROFILES)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_a_profile_is_converted_to_srgb(space: str, kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    photo = encode(Image.fromarray(COLORS), kind, icc_profile=PROFILES[space], **options)
    assert apart(photo, expected(space)) < 1.6


@pytest.mark.parametrize("space", PROFILES)
def test_a_profile_counts_in_deep_transparent_and_unusual_files_too(space: str) -> None:
    profile, deep = PROFILES[space], COLORS.astype(np.uint16) * 257
    half = np.full_like(COLORS[..., :1], 128)
    on_white = 255 + (expected(space) - 255) * 128 / 255
    photos = {
        "16-bit TIFF": (tiff(deep, 2, ">", tags={34675: (7, profile)}), expected(space)),
        "16-bit PSD": (psd(deep, "RGB", resources={1039: profile}), expected(space)),
        "RGBA": (encode(Image.fromarray(np.dstack([COLORS, half])), "PNG", icc_profile=profile), on_white),
    }
    for name, (photo, colors) in photos.items():
        assert apart(photo, colors) < 1.8, name


@pytest.mark.parametrize("kind", ["JPEG", "HEIC"])
def test_a_profile_counts_in_lossy_files_too(kind: str) -> None:
    def write(profile: bytes | None) -> bytes:
        if kind == "HEIC":
            return heic_with_profile(profile) if profile else heic()
        return encode(picture(9, (90, 60)), quality=90, icc_profile=profile)

    plain = np.asarray(open_photo(write(None)))
    assert apart(write(ADOBE_RGB), expected("ADOBE_RGB", plain)) < 1.6
    assert decode_photo(write(ADOBE_RGB)).color == "Adobe RGB (1998)"


def test_a_palette_under_a_profile_is_converted() -> None:
    few = Image.fromarray(COLORS).quantize(250)
    colors = np.asarray(few.convert("RGB"))
    assert apart(encode(few, "PNG", icc_profile=ADOBE_RGB), expected("ADOBE_RGB", colors)) < 1.6


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_gray_under_a_gray_profile(mode: str) -> None:
    ramp = np.arange(256, dtype=np.uint8)[None].repeat(8, axis=0)
    light = (ramp / 255.0) ** 1.8
    colors = 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    photo = encode(Image.fromarray(ramp).convert(mode), "PNG", icc_profile=gray_profile(1.8))
    assert apart(photo, colors[..., None]) < 2


def test_gray_pixels_under_an_rgb_profile_are_converted_as_its_grays() -> None:
    ramp = np.arange(256, dtype=np.uint8)[None].repeat(8, axis=0)
    photo = decode_photo(encode(Image.fromarray(ramp), "TIFF", icc_profile=PROPHOTO))
    assert photo.notes == ()
    assert np.abs(np.asarray(photo.image) - expected("PROPHOTO", np.dstack([ramp] * 3))).max() < 1.6


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_are_converted_by_the_presses_tables(kind: str) -> None:
    used = np.array([list(press_colors())], np.uint8).repeat(16, axis=0).repeat(16, axis=1) * 255
    photo = decode_photo(encode(Image.fromarray(used, "CMYK"), kind, icc_profile=press_profile()))
    found = np.asarray(photo.image)[8, 8::16].astype(int)
    assert np.array_equal(found[0], (255, 255, 255))  # relative to the paper
    for color, inked in zip(found[1:], list(press_colors().values())[1:], strict=True):
        assert np.abs(color - inked).max() <= 12
    assert photo.color == "a test's profile"


@pytest.mark.parametrize(
    ("photo", "color"),
    [
        (encode(picture()), "sRGB"),
        (encode(picture(), icc_profile=SRGB), "sRGB"),
        (encode(picture(), icc_profile=ADOBE_RGB), "Adobe RGB (1998)"),
        (encode(picture(), "PNG", icc_profile=PROPHOTO), "ProPhoto RGB"),
        (encode(picture(mode="CMYK")), "CMYK"),
        (encode(picture(mode="L")), "gray"),
        (png(np.zeros((9, 9, 1), np.uint16), 0), "gray"),
        (psd(np.full((9, 9, 3), 128, np.uint8), "LAB"), "Lab"),
    ],
)
def test_the_color_space_is_named(photo: bytes, color: str) -> None:
    assert decode_photo(photo).color == color


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_srgbs_own_profile_changes_nothing(kind: str) -> None:
    plain, tagged = (open_photo(encode(picture(), kind, **o)) for o in ({}, {"icc_profile": SRGB}))
    assert plain.tobytes() == tagged.tobytes()


@pytest.mark.parametrize(
    ("profile", "note"),
    [
        (b"\x00" * 200, "color profile is broken: read as sRGB"),
        (b"garbage", "color profile is broken: read as sRGB"),
        (ADOBE_RGB[:300], "color profile is broken: read as sRGB"),
        (ADOBE_RGB[:140], "color profile is broken: read as sRGB"),
        (press_profile(), "color profile is for CMYK, not for sRGB: read as sRGB"),
        (gray_profile(2.2), "color profile is for GRAY, not for sRGB: read as sRGB"),
        (b"\0" * (9 << 20), "color profile is larger than any real one: read as sRGB"),
    ],
)
def test_a_broken_or_foreign_profile_costs_a_note_and_not_the_photo(profile: bytes, note: str) -> None:
    image = Image.fromarray(COLORS)
    photo = decode_photo(encode(image, "TIFF", icc_profile=profile))
    assert (photo.color, photo.notes) == ("sRGB", (note,))
    assert photo.image.tobytes() == image.tobytes()


def test_inks_without_a_profile_say_that_they_are_a_guess() -> None:
    assert decode_photo(encode(picture(mode="CMYK"))).notes == (
        "CMYK without a color profile: read as plain CMYK",
    )


@pytest.mark.parametrize(
    ("interoperability", "space", "adobe"),
    [("R03", 65535, True), ("R98", 65535, False), ("R03", 1, False), (None, 2, True)],
)
def test_a_camera_that_names_adobe_rgb_in_exif_only_is_believed(
    interoperability: str | None, space: int, adobe: bool
) -> None:
    """Cameras write Adobe RGB without a profile; read as sRGB, greens and reds turn dull."""
    exif = Image.Exif()
    exif[0x8769] = {0xA001: space} | ({0xA005: {1: interoperability}} if interoperability else {})
    photo = encode(picture(9, (90, 60)), "PNG", exif=exif)
    plain = np.asarray(picture(9, (90, 60)))
    assert apart(photo, expected("ADOBE_RGB", plain) if adobe else plain) < 1.6
    assert apart(encode(picture(9, (90, 60)), "PNG", exif=exif, icc_profile=SRGB), plain) == 0


def test_transparency_is_laid_on_white() -> None:
    def center(photo: bytes) -> tuple[int, ...]:
        return open_photo(photo).getpixel((32, 32))  # type: ignore[return-value]

    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    assert center(encode(image, "PNG")) == center(encode(image, "WEBP")) == (255, 255, 255)
    palette = Image.new("P", (64, 64), 0)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    assert center(encode(palette, "PNG", transparency=0)) == (255, 255, 255)
    assert center(encode(palette, "PNG")) == (255, 0, 0)


def test_threads_share_conversions_and_get_the_same_colors() -> None:
    photos = [
        encode(picture(seed, (300, 200)), "PNG", icc_profile=profile)
        for seed in range(6)
        for profile in (ADOBE_RGB, P3, PROPHOTO)
    ]
    alone = [open_photo(photo).tobytes() for photo in photos]
    with ThreadPoolExecutor(8) as pool:
        together = [image.tobytes() for image in pool.map(open_photo, photos * 6)]
    assert together == alone * 6
