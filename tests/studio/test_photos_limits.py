"""What a photo may cost: refused from the header where it is too much, held in memory where it is allowed."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.photos import MEMORY_CAP, decode_photo, open_photo, photo_size
from tests.studio import bombs
from tests.studio.pictures import encode, picture
from tests.studio.writers import png, psd, tiff

ROOT = Path(__file__).parents[2]
MEASURE = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from recipe_assets.studio.photos import decode_photo
from recipe_assets.studio.decoding.formats import recognize
from tests.studio.memory import peak_bytes
path, warm_up, threads = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
decode_photo(warm_up)
with path.open("rb") as stream:
    estimate = recognize(stream).read_header(stream).memory
before = peak_bytes()
with ThreadPoolExecutor(threads) as pool:
    photo, *_ = pool.map(decode_photo, [path] * threads)
grown = peak_bytes() - before
print(json.dumps({"estimate": estimate, "grown": grown, "size": [photo.width, photo.height]}))
"""
"""Decodes one file in so many threads; prints how far the process grew, and what the header promised."""
LARGEST_ALLOWED = {
    "PNG of 199 megapixels": lambda: bombs.large_png(17_000, 11_700),
    "16-bit TIFF of 151 megapixels in one ZIP strip": lambda: bombs.large_tiff(14_204, 10_652),
    "progressive JPEG of 196 megapixels": lambda: bombs.jpeg_of(16_000, 12_250, progressive=True, subsampling=0),
    "baseline JPEG of 196 megapixels": lambda: bombs.jpeg_of(16_000, 12_250),
    "16-bit PSD of 151 megapixels": lambda: bombs.large_psd(14_204, 10_652),
    "WebP of 64 megapixels": lambda: encode(
        Image.new("RGBA", (9000, 7111), (90, 140, 200, 99)), "WEBP", lossless=True, quality=0, method=0
    ),
    "PNG of 959 by 47,900 pixels": lambda: bombs.large_png(47_900, 959, 8, 6),
}


def growth(photo: bytes, folder: Path, threads: int) -> dict[str, int]:
    """Peak resident memory of a process of its own, above what it has without the photo, and its estimate."""
    (folder / "photo").write_bytes(photo)
    (folder / "small").write_bytes(encode(picture()))
    command = [sys.executable, "-W", "ignore", "-c", MEASURE, str(folder / "photo"), str(folder / "small")]
    done = subprocess.run([*command, str(threads)], cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, int] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("kind", LARGEST_ALLOWED)
def test_the_largest_allowed_photos_stay_within_their_estimate_and_the_cap(kind: str, tmp_path: Path) -> None:
    found = growth(LARGEST_ALLOWED[kind](), tmp_path, threads=1)
    assert found["grown"] <= found["estimate"] <= MEMORY_CAP, found


@pytest.mark.parametrize("kind", ["PNG of 199 megapixels", "progressive JPEG of 196 megapixels"])
def test_threads_together_stay_within_the_cap(kind: str, tmp_path: Path) -> None:
    """Three of the first took 2.3 GiB, even one after the other: each thread's allocator kept its own."""
    found = growth(LARGEST_ALLOWED[kind](), tmp_path, threads=3)
    assert found["estimate"] / 2 < found["grown"] <= MEMORY_CAP, found


def test_the_pixel_cap_refuses_before_decoding() -> None:
    photo = encode(Image.new("1", (3000, 2000)), "PNG")
    with pytest.raises(UnreadablePhotoError, match="3000x2000 pixels are over the cap of 5000000"):
        open_photo(photo, max_pixels=5_000_000)
    assert decode_photo(photo, max_pixels=6_000_000).width == 3000


def told_larger(kind: str, width: int, height: int) -> bytes:
    """A file of a few kilobytes that tells of this size."""
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    if kind == "PNG":
        photo = bytearray(png(np.zeros((9, 9, 3), np.uint8), 2))
        photo[16:24] = size
    elif kind == "PSD":
        photo = bytearray(psd(np.zeros((9, 9, 3), np.uint8), "RGB"))
        photo[14:22] = size[4:] + size[:4]
    elif kind == "WEBP":
        photo = bytearray(b"RIFF\x16\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0")
        photo += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    elif kind == "JPEG":
        return bombs.jpeg_of(width, height)
    else:
        fields = {256: (4, width.to_bytes(4, "little")), 257: (4, height.to_bytes(4, "little"))}
        return tiff(np.zeros((9, 9, 3), np.uint8), 2, compression=8, tags=fields)
    return bytes(photo)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "PSD"])
def test_a_bomb_is_refused_from_its_header(kind: str) -> None:
    for read in (open_photo, photo_size):
        with pytest.raises(UnreadablePhotoError, match="16000x16000 pixels are over the cap of 200000000"):
            read(told_larger(kind, 16_000, 16_000))
        with pytest.raises(UnreadablePhotoError, match="16000x20 pixels are a strip, not a photo"):
            read(told_larger(kind, 16_000, 20))


@pytest.mark.parametrize("size", [(20_000, 2), (1, 4000)])
def test_a_strip_is_refused_because_its_square_would_fill_the_memory(size: tuple[int, int]) -> None:
    """A PNG of 400 bytes, 20,000 pixels by 2, grew to 1.5 GB on its way to the model."""
    with pytest.raises(UnreadablePhotoError, match="a strip, not a photo"):
        open_photo(encode(Image.new("RGB", size), "PNG"))


def test_what_would_need_more_memory_than_the_cap_is_refused_with_what_to_do() -> None:
    for photo in (told_larger("WEBP", 14_000, 14_000), bombs.large_tiff(9, 9, told=(14_100, 14_100))):
        with pytest.raises(
            UnreadablePhotoError, match=r"needs \d\.\d GiB of memory .* the cap is 1\.5: export it"
        ):
            open_photo(photo)


@pytest.mark.parametrize(("scans", "size"), [(200, (64, 48)), (90, (12_000, 9000))])
def test_a_jpeg_that_is_slow_by_its_many_scans_is_refused_at_once(scans: int, size: tuple[int, int]) -> None:
    photo = bombs.jpeg_of_scans(scans, *size)
    start = time.process_time()
    with pytest.raises(UnreadablePhotoError, match="scans, made to be slow: export it again"):
        open_photo(photo)
    assert time.process_time() - start < 0.5
    assert open_photo(bombs.jpeg_of_scans(20)).size == (64, 48)


@pytest.mark.parametrize("kind", ["zTXt", "iTXt", "iCCP"])
def test_texts_and_profiles_that_unpack_without_end_are_refused_or_left_packed(kind: str) -> None:
    """300 MB from 300 kB: Pillow stops at its limit of a megabyte."""
    with pytest.raises(UnreadablePhotoError, match="Decompressed data too large"):
        open_photo(bombs.text_bombs()[kind])


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("many tags", "a directory of 60000 tags"),
        ("many strips", "a TIFF of 200000 pieces"),
        ("unpacks to less", "decoder error"),
        ("huge tile", "needs .* GiB"),
        ("circular EXIF", None),
        ("large tags", None),
        ("unpacks to more", None),
    ],
)
def test_directories_that_claim_too_much_are_refused_or_cost_nothing(kind: str, reason: str | None) -> None:
    photo = bombs.directory_bombs()[kind]
    start = time.process_time()
    if reason is None:
        assert min(open_photo(photo).size) >= 30
    else:
        with pytest.raises(UnreadablePhotoError, match=reason):
            open_photo(photo)
    assert time.process_time() - start < 1
