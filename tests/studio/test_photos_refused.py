"""What is no photo, cut off, or of a kind that is not read: refused in one line that says what to do."""

from pathlib import Path

import numpy as np
import pytest

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.photos import format_titles, open_photo, photo_size
from tests.studio.pictures import encode, picture
from tests.studio.writers import psd, tiff

BLACK = np.zeros((9, 9, 3), np.uint8)


@pytest.mark.parametrize("kind", ["GIF", "EPS", "BMP", "ICO", "PPM", "PDF", "JPEG2000", "AVIF", "TGA"])
def test_other_formats_stay_shut_and_the_message_lists_those_that_are_read(kind: str) -> None:
    with pytest.raises(UnreadablePhotoError) as raised:
        open_photo(encode(picture(), kind))
    assert str(raised.value) == f"not a {format_titles()} image"


@pytest.mark.parametrize(
    "content",
    [b"", b"text", b"\xff\xd8", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\x00", b"RIFF    WEBP", b"8BPS",
     b"\0\0\0\x18ftypheic", bytes(5000)],
)  # fmt: skip
def test_what_is_no_photo_is_refused_in_one_line(content: bytes) -> None:
    for read in (open_photo, photo_size):
        with pytest.raises(UnreadablePhotoError) as raised:
            read(content)
        assert "\n" not in str(raised.value)
        assert len(str(raised.value)) > 10


@pytest.mark.parametrize("number", [2**63 - 1, 2**64 - 1])
def test_offsets_beyond_what_a_file_can_have_are_damage(number: int) -> None:
    """BigTIFF and PSB count in 64 bits; Python cannot seek that far and raises OverflowError."""
    far = number.to_bytes(8, "little")
    psb = bytearray(psd(np.zeros((9, 9, 3), np.uint8), "RGB", big=True))
    psb[34:42] = far[::-1]
    for photo in (bytes(psb), b"II+\0\x08\0\0\0" + far + bytes(40)):
        with pytest.raises(UnreadablePhotoError, match=r"is truncated|nowhere"):
            open_photo(photo)


def test_a_missing_file_is_told_apart_from_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePhotoError, match="cannot be read: No such file or directory"):
        open_photo(tmp_path / "gone.jpg")
    with pytest.raises(UnreadablePhotoError, match="cannot be read: Is a directory"):
        open_photo(tmp_path)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("filling", [b"", b"\0" * 20_000])
def test_a_jpeg_that_a_failed_copy_cut_off_is_refused(progressive: bool, filling: bytes) -> None:
    """Filled up with zeros it decodes without an error: half a photo, and a gray or smeared rest."""
    photo = encode(picture(7, (400, 300)), quality=95, progressive=progressive)
    for share in (0.5, 0.9, 0.99):
        cut = photo[: int(len(photo) * share)]
        with pytest.raises(UnreadablePhotoError, match="the JPEG is truncated: copy or export it again"):
            open_photo(cut + filling)
    assert open_photo(photo + filling).size == (400, 300)  # padding behind a whole photo is common


@pytest.mark.parametrize(
    ("photo", "reason"),
    [
        (tiff(BLACK.astype(np.float32), 2), "32-bit floating-point RGB is not read: export it with 8 or 16 bits"),
        (tiff(BLACK[..., :1].astype(np.float32), 1), "32-bit floating-point gray is not read"),
        (tiff(BLACK.astype(np.uint16), 8), "16-bit Lab in 3 channels is not read: export it as 8- or 16-bit"),
        (tiff(BLACK, 2, tags={259: (3, b"\x74\x87")}), "TIFF compression 34676 is not read: save it with LZW"),
        (tiff(BLACK, 2, tags={50706: (1, b"\1\4\0\0")}), "a camera's raw file"),
        (tiff(BLACK, 2, tags={254: (4, b"\1\0\0\0"), 330: (4, b"\x08\0\0\0")}), "a camera's raw file"),
        (psd(BLACK.astype(np.float32), "RGB", 0), r"32 bits per channel \(HDR\): convert it to 8 or 16"),
        (psd(BLACK, "RGB", resources={1057: b"\0\0\0\1\0"}), "without 'Maximize Compatibility'"),
    ],
)  # fmt: skip
def test_what_is_whole_but_not_read_says_so_and_what_to_do(photo: bytes, reason: str) -> None:
    with pytest.raises(UnreadablePhotoError, match=reason):
        open_photo(photo)
