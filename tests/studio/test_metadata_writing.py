"""Keywords in photos of many programs: ExifTool reads what we write; all else, and all pixels, are as before."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from recipe_assets.studio.metadata import (
    MetadataError,
    PhotoKeywords,
    Provenance,
    image_data_sha256,
    read_keywords,
    read_provenance,
    remove_ours,
    write_keywords,
)
from tests.studio import metadata_files as files
from tests.studio.metadata_files import CONVERT, WORDS, frames, listed, magick, seen, tagged, untouched, warnings
from tests.studio.pictures import EXIFTOOL, encode, picture

pytestmark = pytest.mark.skipif(
    not (Path(EXIFTOOL).exists() and Path(CONVERT).exists()), reason="ExifTool or ImageMagick is not installed"
)

OURS = Provenance("2026-11-20-a1", 97.3, "clip-tiny")
PNG = encode(picture(1), "PNG")
Maker = Callable[[Path], bytes]

PHOTOS: dict[str, Maker] = {
    "pillow.jpg": lambda _: encode(picture(1), dpi=(300, 300), comment=b"hello"),
    "magick.jpg": lambda _: magick(PNG, "jpeg", "-set", "comment", "by magick", "-interlace", "JPEG"),
    "camera.jpg": files.camera_jpeg,
    "photoshop.jpg": lambda _: files.photoshop_jpeg(),
    "cmyk.jpg": lambda _: files.cmyk_jpeg(),
    "extended.jpg": lambda _: files.extended_jpeg(),
    "extended subject.jpg": lambda _: files.extended_jpeg(subject_in_extended=True),
    "pillow.tif": lambda _: encode(picture(1), "TIFF", compression="tiff_lzw"),
    "pillow big.tif": lambda _: encode(picture(1), "TIFF", big_tiff=True),
    "cmyk.tif": lambda _: encode(picture(1, mode="CMYK"), "TIFF", compression="tiff_adobe_deflate"),
    "pages.tif": files.pages,
    "pages motorola.tif": lambda folder: files.pages(folder, big_endian=True),
    "tagged.tif": lambda folder: tagged(
        folder, files.pages(folder, big_endian=True), "-charset", "iptc=Latin", "-IPTC:Keywords=grädde",
        "-IPTC:Caption-Abstract=på fat", "-XMP-dc:Title=Köttbullar", "-EXIF:Make=Canon", "-GPSLatitude=59.33",
    ),
    "pillow.png": lambda _: encode(picture(1), "PNG", dpi=(300, 300)),
    "magick.png": lambda _: magick(PNG, "png", "-depth", "16", "-set", "Title", "by magick"),
    "tagged.png": lambda folder: tagged(
        folder, PNG, "-IPTC:Keywords=gradde", "-IPTC:Headline=pa fat", "-XMP-dc:Title=Köttbullar", "-z"
    ),
    "pillow.webp": lambda _: encode(picture(1), "WEBP", exif=b"Exif\x00\x00II*\x00\x08" + bytes(9)),
    "simple.webp": lambda _: encode(picture(1), "WEBP", quality=80),
    "lossless.webp": lambda _: encode(picture(1, mode="RGBA"), "WEBP", lossless=True),
    "tagged.webp": lambda folder: tagged(folder, encode(picture(1), "WEBP"), "-XMP-dc:Title=Köttbullar"),
}  # fmt: skip


@pytest.fixture(params=PHOTOS)
def photo(request: pytest.FixtureRequest, tmp_path: Path) -> bytes:
    return PHOTOS[request.param](tmp_path)


def keeps_iptc(photo: bytes) -> bool:
    return not photo.startswith(b"RIFF")


def webp_header(found: dict[str, object]) -> dict[str, object]:
    """A simple WebP has to become an extended one to hold XMP: its type, flags, and the size said twice."""
    keys = ("File:FileType", "RIFF:WebP_Flags", "RIFF:Copy1:ImageWidth", "RIFF:Copy1:ImageHeight")
    return {key: found[key] for key in keys if key in found and found.get("File:FileType") == "Extended WEBP"}


def test_exiftool_reads_the_keywords_and_everything_else_as_before(tmp_path: Path, photo: bytes) -> None:
    there = list(read_keywords(photo).effective)
    before, after = seen(tmp_path, photo), seen(tmp_path, written := write_keywords(photo, WORDS, provenance=OURS))
    assert listed(after["XMP-dc:Subject"]) == [*there, *WORDS]
    assert untouched(after) == untouched(before) | webp_header(after)
    assert warnings(tmp_path, written) <= warnings(tmp_path, photo)
    if keeps_iptc(photo):
        assert listed(after["IPTC:Keywords"]) == [*there, *WORDS]
        assert after["IPTC:CodedCharacterSet"] == "UTF8"
        digest = after["Photoshop:IPTCDigest"]
        assert digest == after.get("File:CurrentIPTCDigest", digest if photo.startswith(b"\x89PNG") else None)


def test_pixels_and_image_data_stay_and_we_read_what_we_wrote(tmp_path: Path, photo: bytes) -> None:
    there = read_keywords(photo).effective
    written = write_keywords(photo, WORDS, provenance=OURS)
    (tmp_path / "before").write_bytes(photo)
    (tmp_path / "after").write_bytes(written)
    assert frames(tmp_path / "before") == frames(tmp_path / "after")
    assert image_data_sha256(photo) == image_data_sha256(written)
    both = (*there, *WORDS)
    assert read_keywords(written) == PhotoKeywords(both if keeps_iptc(photo) else (), both)
    ours = read_provenance(written)
    assert ours is not None
    assert (ours.keywords, ours.release, ours.confidence, ours.model) == (
        WORDS,
        "2026-11-20-a1",
        97.3,
        "clip-tiny",
    )


def test_adding_what_is_there_returns_the_same_bytes(photo: bytes) -> None:
    written = write_keywords(photo, WORDS, provenance=OURS)
    assert write_keywords(written, WORDS, provenance=OURS) == written
    assert write_keywords(written, WORDS[::-1]) == written
    assert write_keywords(written, WORDS, "replace-ours", OURS) == written
    assert write_keywords(written, []) == written
    assert write_keywords(photo, []) == photo


def test_undoing_leaves_what_was_there(tmp_path: Path, photo: bytes) -> None:
    there = read_keywords(photo).effective
    undone = remove_ours(write_keywords(photo, WORDS, provenance=OURS))
    assert read_keywords(undone).effective == there
    assert read_provenance(undone) is None
    assert untouched(seen(tmp_path, undone)) == untouched(seen(tmp_path, photo))
    assert image_data_sha256(undone) == image_data_sha256(photo)
    assert remove_ours(undone) == undone
    assert remove_ours(photo) == photo


@pytest.mark.parametrize(
    "name", ["pillow.jpg", "magick.jpg", "cmyk.jpg", "magick.png", "simple.webp", "lossless.webp"]
)
def test_undoing_on_a_photo_without_metadata_returns_its_very_bytes(tmp_path: Path, name: str) -> None:
    photo = PHOTOS[name](tmp_path)
    undone = remove_ours(write_keywords(photo, WORDS, provenance=OURS))
    assert undone == photo


@pytest.mark.parametrize("name", [name for name in PHOTOS if "big" not in name])  # it does not write BigTIFF
def test_exiftool_can_edit_what_we_wrote_and_we_still_know_our_keywords(tmp_path: Path, name: str) -> None:
    photo = PHOTOS[name](tmp_path)
    written = write_keywords(photo, WORDS, provenance=OURS)
    edited = tagged(tmp_path, written, "-XMP-dc:Title=Mat", "-XMP-dc:Subject+=lök", "-IPTC:Keywords+=lök")
    ours = read_provenance(edited)
    assert ours is not None
    assert ours.keywords == WORDS
    assert set(read_keywords(remove_ours(edited)).effective) == {*read_keywords(photo).effective, "lök"}


@pytest.mark.parametrize("name", ["photoshop.jpg", "camera.jpg", "tagged.tif"])
def test_text_in_latin_1_is_translated_when_the_block_becomes_utf_8(tmp_path: Path, name: str) -> None:
    photo = PHOTOS[name](tmp_path)
    before, after = seen(tmp_path, photo), seen(tmp_path, write_keywords(photo, ["焼き肉"]))
    key = "IPTC:Caption-Abstract"
    assert re.search("[^ -~]", str(before[key]))
    assert after[key] == before[key]


def test_a_long_keyword_is_whole_in_xmp_and_cut_between_characters_in_iptc() -> None:
    word = "x" + "焼" * 30
    for kind in ("JPEG", "TIFF", "PNG"):
        written = write_keywords(encode(picture(), kind), [word, "pan"])
        assert read_keywords(written) == PhotoKeywords(("x" + "焼" * 21, "pan"), (word, "pan"))
        assert write_keywords(written, ["pan", word]) == written
        assert read_keywords(write_keywords(written, ["pot"])).xmp == (word, "pan", "pot")


@pytest.mark.parametrize("word", ["", "  ", "a\nb", "a\x00b", "\ud800", "bell\x07"])
def test_what_is_no_keyword_is_refused(word: str) -> None:
    with pytest.raises(MetadataError, match="cannot be a keyword"):
        write_keywords(encode(picture()), ["pan", word])


@pytest.mark.parametrize(
    "content", [b"", b"text", encode(picture(), "GIF"), encode(picture(), "AVIF"), files.psd(b"")]
)
def test_another_format_is_refused_with_the_way_out(content: bytes) -> None:
    with pytest.raises(MetadataError, match="keywords are written into JPEG, TIFF, PNG, WebP; use an XMP sidecar"):
        write_keywords(content, ["pan"])
    with pytest.raises(MetadataError, match="sidecar"):
        image_data_sha256(content)


def test_the_hash_sees_every_change_of_the_image() -> None:
    for kind in ("JPEG", "TIFF", "PNG", "WEBP"):
        photo = encode(picture(), kind)
        for place in (len(photo) // 2, len(photo) * 2 // 3):
            changed = photo[:place] + bytes([photo[place] ^ 1]) + photo[place + 1 :]
            assert image_data_sha256(changed) != image_data_sha256(photo)
