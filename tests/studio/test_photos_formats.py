"""Each format in its kinds: depths, color models, byte orders, packings, turns, first frames."""

import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.photos import decode_photo, open_photo
from tests.studio.heic import heic, turned_heic
from tests.studio.pictures import encode, picture
from tests.studio.writers import png, psd, tiff, without_segments, ycck

COLORS = np.asarray(picture(3, (120, 80)))
DEEP = COLORS.astype(np.uint16) * 257
INKS = np.asarray(picture(3, (120, 80)).convert("CMYK"))
GRAY = np.asarray(picture(3, (120, 80)).convert("L"))[..., None]


def difference(photo: bytes, expected: np.ndarray) -> int:
    """The largest difference of any channel of any pixel."""
    found = np.asarray(open_photo(photo), np.int16)
    assert found.shape == (*expected.shape[:2], 3)
    return int(np.abs(found - expected).max())


def as_rgb(gray: np.ndarray) -> np.ndarray:
    return np.repeat(gray, 3, axis=2)


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
    apart = np.abs(np.asarray(photo, np.int16) - np.asarray(upright, np.int16))
    assert apart[4:12, 4:20].max() < 40
    assert apart[20:28, 28:44].max() < 40


@pytest.mark.parametrize("quarters", range(4))
def test_a_heic_is_turned_by_its_own_box(quarters: int) -> None:
    plain = np.asarray(open_photo(heic()))
    assert np.abs(plain.astype(int) - np.asarray(picture(11, (120, 80)))).mean() < 6
    assert np.array_equal(np.asarray(open_photo(turned_heic(quarters))), np.rot90(plain, quarters))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("pixels", [COLORS, DEEP], ids=["8", "16"])
def test_tiff_in_every_byte_order_depth_and_layout(
    order: str, compression: int, planar: bool, pixels: np.ndarray
) -> None:
    """Pillow reads 16-bit channels that lie one after the other, uncompressed, as noise."""
    assert difference(tiff(pixels, 2, order, compression, 16, planar), COLORS) == 0


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits", "jpeg"])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_tiff_in_every_compression_that_is_read(compression: str, mode: str) -> None:
    image = picture(3, (120, 80), mode)
    expected = np.asarray(image.convert("RGB"))
    options = {"quality": 95} if compression == "jpeg" else {}
    photo = encode(image, "TIFF", compression=compression, **options)
    assert difference(photo, expected) <= (40 if compression == "jpeg" else 0)


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_gray_tiffs_count_from_black_or_from_white(photometric: int, depth: type[np.unsignedinteger]) -> None:
    """Pillow turns 8-bit pixels around that count from white, but leaves those of 16 bits as negatives."""
    pixels = GRAY.astype(depth) * np.array(1 if depth is np.uint8 else 257, depth)
    stored = pixels if photometric else np.iinfo(depth).max - pixels
    assert difference(tiff(stored, photometric), as_rgb(GRAY)) == 0


def test_inks_of_8_and_16_bits_in_a_tiff() -> None:
    assert difference(tiff(INKS, 5), COLORS) <= 1
    assert difference(tiff(INKS.astype(np.uint16) * 257, 5, ">", 8), COLORS) <= 1


def test_deep_pngs_with_and_without_opacity() -> None:
    solid = np.full_like(GRAY, 255)
    assert difference(png(DEEP, 2), COLORS) == 0
    assert difference(png(np.dstack([DEEP, solid.astype(np.uint16) * 257]), 6), COLORS) == 0
    assert difference(png(np.dstack([GRAY, solid]).astype(np.uint16) * 257, 4), as_rgb(GRAY)) == 0


@pytest.mark.parametrize("kind", ["TIFF", "PNG"])
@pytest.mark.parametrize("size", [(64, 64), (1100, 1000)])
def test_sixteen_bits_of_gray_keep_their_range(kind: str, size: tuple[int, int]) -> None:
    """Clipping 16 bits to 8 instead of scaling turns such a photo white."""
    ramp = np.linspace(0, 65535, size[0] * size[1]).reshape(size[::-1]).astype(np.uint16)
    found = np.asarray(open_photo(encode(Image.fromarray(ramp), kind)))
    part = size[1] // len(found)
    expected = (ramp >> 8).reshape(len(found), part, -1, part).mean((1, 3))
    assert np.abs(found[..., 0] - expected).max() <= 1
    assert np.array_equal(found[..., 0], found[..., 2])


@pytest.mark.parametrize("progressive", [False, True])
def test_inks_in_a_jpeg_are_not_turned_around(progressive: bool) -> None:
    inks = picture(3, (120, 80), "CMYK")
    assert difference(encode(inks, quality=95, progressive=progressive), COLORS) < 20
    assert difference(ycck(inks), COLORS) < 25
    # Without Adobe's mark the inks count upwards, as libjpeg and browsers have it.
    plain = encode(Image.eval(inks, lambda value: 255 - value), quality=95)
    assert difference(without_segments(plain, 0xEE), COLORS) < 20


def test_the_first_picture_of_several_counts() -> None:
    pages = [picture(seed, (60, 40)) for seed in (1, 2, 3)]
    for kind, options in (("TIFF", {}), ("PNG", {}), ("WEBP", {"lossless": True})):
        photo = encode(pages[0], kind, save_all=True, append_images=pages[1:], **options)
        assert difference(photo, np.asarray(pages[0])) == 0


def test_a_jpeg_with_a_preview_behind_it_is_a_jpeg() -> None:
    """Cameras add previews in the Multi-Picture Format, for which Pillow has another decoder and another name."""
    photo = decode_photo(encode(picture(1), "MPO", save_all=True, append_images=[picture(2, (48, 32))]))
    assert (photo.format, photo.image.size) == ("JPEG", (96, 64))


@pytest.mark.parametrize("packing", range(4))
@pytest.mark.parametrize("big", [False, True], ids=["PSD", "PSB"])
@pytest.mark.parametrize("pixels", [COLORS, DEEP], ids=["8", "16"])
def test_photoshop_files_in_every_packing(packing: int, big: bool, pixels: np.ndarray) -> None:
    opacity = np.zeros_like(pixels[..., :1])  # Photoshop has laid the colors on white already
    layers = b"any layers" * 1000
    assert difference(psd(pixels, "RGB", packing, big, layers=layers), COLORS) == 0
    assert difference(psd(np.dstack([pixels, opacity]), "RGB", packing, big), COLORS) == 0


def test_photoshop_files_in_every_color_mode() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    as_lab = ImageCms.profileToProfile(Image.fromarray(COLORS), srgb, lab, outputMode="LAB")
    # Pillow shows a and b as signed bytes, Photoshop counts from -128 up.
    lab_pixels = np.asarray(as_lab) ^ np.array([0, 128, 128], np.uint8)
    few = Image.fromarray(COLORS).quantize(200)
    palette = np.zeros((3, 256), np.uint8)
    palette[:, :200] = np.array(few.getpalette()[:600], np.uint8).reshape(-1, 3).T
    bits = np.packbits(GRAY[..., 0] < 128, axis=1)[..., None]
    assert difference(psd(lab_pixels, "LAB"), COLORS) < 35  # as far as 8 bits of Lab are from them
    assert np.abs(np.asarray(open_photo(psd(lab_pixels, "LAB")), int) - COLORS).mean() < 1.5
    assert difference(psd(255 - INKS, "CMYK"), COLORS) <= 1
    assert difference(psd(GRAY, "L"), as_rgb(GRAY)) == 0
    assert (
        difference(psd(np.asarray(few)[..., None], "P", palette=palette.tobytes()), np.asarray(few.convert("RGB")))
        == 0
    )
    # One bit a pixel: the width is told in pixels, the rows come in bytes.
    bitmap = bytearray(psd(bits, "1", 0, depth=1))
    bitmap[18:22] = struct.pack(">I", GRAY.shape[1])
    assert difference(bytes(bitmap), as_rgb(np.where(GRAY < 128, 0, 255))) == 0


def test_a_photoshop_file_without_its_palette_is_refused() -> None:
    with pytest.raises(UnreadablePhotoError, match="without its palette"):
        open_photo(psd(GRAY, "P"))
