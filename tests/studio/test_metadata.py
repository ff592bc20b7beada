"""Keywords in files, with ExifTool as the referee in both directions."""

import json
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from recipe_assets.studio.metadata import PhotoKeywords, add_iptc_keywords, add_xmp_subject, read_keywords
from tests.studio.pictures import EXIFTOOL, encode, exiftool, picture

pytestmark = pytest.mark.skipif(not Path(EXIFTOOL).exists(), reason="ExifTool is not installed")

WORDS = ("köttbullar", "oven-tray", "sauce & pan <2>", "焼き肉")
NONE = PhotoKeywords((), ())


@pytest.fixture
def camera_jpeg() -> bytes:
    """A JPEG with the EXIF that a camera writes."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Canon", "EOS R5", 6
    return encode(picture(1), exif=exif, quality=90, comment=b"shot by hand")


def seen_by_exiftool(path: Path) -> dict[str, object]:
    """All that ExifTool reads, but for the file system's own facts."""
    (found,) = json.loads(exiftool("-json", "-G1", "-struct", str(path)))
    return {key: value for key, value in found.items() if not key.startswith(("System", "SourceFile", "ExifTool"))}


def written_by_exiftool(folder: Path, photo: bytes, *arguments: str) -> bytes:
    path = folder / "photo"
    path.write_bytes(photo)
    exiftool("-q", "-overwrite_original", *arguments, str(path))
    return path.read_bytes()


@pytest.mark.parametrize("words", [WORDS, ("pan",)])
def test_exiftool_reads_what_we_write_and_everything_else_as_before(
    tmp_path: Path, camera_jpeg: bytes, words: tuple[str, ...]
) -> None:
    before, after = tmp_path / "before.jpg", tmp_path / "after.jpg"
    before.write_bytes(camera_jpeg)
    after.write_bytes(add_xmp_subject(add_iptc_keywords(camera_jpeg, words), words))
    found = seen_by_exiftool(after)
    assert found["IPTC:Keywords"] == (list(words) if len(words) > 1 else words[0])
    assert found["XMP-dc:Subject"] == list(words)
    kept = seen_by_exiftool(before)
    assert "IFD0:Make" in kept
    assert {key: found[key] for key in kept} == kept
    assert "Warning" not in json.dumps(found)


@pytest.mark.parametrize("add", [add_iptc_keywords, add_xmp_subject])
def test_writing_inserts_one_segment_and_changes_no_other_byte(camera_jpeg: bytes, add: object) -> None:
    changed = add(camera_jpeg, WORDS)
    extra = len(changed) - len(camera_jpeg)
    start = next(i for i, (a, b) in enumerate(zip(camera_jpeg, changed, strict=False)) if a != b)
    # The segment may begin with the bytes that the next one begins with, so its start is known within two.
    assert any(changed[:at] + changed[at + extra :] == camera_jpeg for at in range(start - 2, start + 1))
    assert changed[-2000:] == camera_jpeg[-2000:]


def test_what_we_write_we_read(camera_jpeg: bytes) -> None:
    photo = add_iptc_keywords(camera_jpeg, WORDS)
    assert read_keywords(photo) == PhotoKeywords(WORDS, ())
    assert read_keywords(add_xmp_subject(photo, ("pan",))) == PhotoKeywords(WORDS, ("pan",))
    assert read_keywords(add_xmp_subject(photo, ("pan",))).effective == WORDS
    assert read_keywords(add_xmp_subject(camera_jpeg, ("pan",))).effective == ("pan",)


@pytest.mark.parametrize("add", [add_iptc_keywords, add_xmp_subject])
def test_writing_refuses_what_it_cannot_do_whole(camera_jpeg: bytes, add: object) -> None:
    with pytest.raises(ValueError, match="already has"):
        add(add(camera_jpeg, ["pan"]), ["pan"])
    with pytest.raises(ValueError, match="not a JPEG"):
        add(encode(picture(), "PNG"), ["pan"])
    with pytest.raises(ValueError, match="do not fit"):
        add(camera_jpeg, ["pan" * 1000] * 40)


IPTC = ("-IPTC:Keywords=köttbullar", "-IPTC:Keywords=oven tray")
XMP = ("-XMP-dc:Subject=köttbullar", "-XMP-dc:Subject=oven tray")


@pytest.mark.parametrize(
    ("kind", "arguments", "where"),
    [
        ("JPEG", IPTC, "iptc"),
        ("JPEG", (*IPTC, "-IPTC:CodedCharacterSet=UTF8"), "iptc"),
        ("JPEG", ("-charset", "iptc=Latin", *IPTC, "-IPTC:CodedCharacterSet="), "iptc"),
        ("JPEG", XMP, "xmp"),
        ("TIFF", IPTC, "iptc"),
        ("TIFF", XMP, "xmp"),
        ("PNG", XMP, "xmp"),
        ("WEBP", XMP, "xmp"),
    ],
)
def test_we_read_what_exiftool_writes(tmp_path: Path, kind: str, arguments: tuple[str, ...], where: str) -> None:
    photo = written_by_exiftool(tmp_path, encode(picture(), kind), *arguments)
    expected = ("köttbullar", "oven tray")
    assert read_keywords(photo) == NONE._replace(**{where: expected})


def test_iptc_stands_before_xmp(tmp_path: Path) -> None:
    photo = written_by_exiftool(tmp_path, encode(picture()), "-IPTC:Keywords=pan", *XMP)
    assert read_keywords(photo).effective == ("pan",)


def test_other_lists_in_xmp_are_no_keywords(tmp_path: Path) -> None:
    photo = written_by_exiftool(tmp_path, encode(picture()), "-XMP-dc:Creator=Ann", "-XMP-dc:Subject=pan")
    assert read_keywords(photo) == PhotoKeywords((), ("pan",))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_photo_without_keywords_has_none(kind: str) -> None:
    assert read_keywords(encode(picture(), kind)) == NONE


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    return jpeg[:2] + b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%s]>
<x xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<dc:subject><rdf:Bag><rdf:li>&z9;</rdf:li></rdf:Bag></dc:subject></x>""" % b"".join(
    b'<!ENTITY z%d "%s">' % (n, (b"&a;" if n == 0 else b"&z%d;" % (n - 1)) * 10) for n in range(10)
)
SPY = b"""<!DOCTYPE x [<!ENTITY s SYSTEM "file:///etc/hostname">]>
<x xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<dc:subject><rdf:Bag><rdf:li>&s;</rdf:li></rdf:Bag></dc:subject></x>"""
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\x00"
IPTC_HEAD = b"Photoshop 3.0\x00"


@pytest.mark.parametrize(
    ("marker", "body"),
    [
        (0xE1, XMP_HEAD + BOMB),
        (0xE1, XMP_HEAD + SPY),
        (0xE1, XMP_HEAD),
        (0xE1, XMP_HEAD + b"<x:xmpmeta"),
        (0xE1, XMP_HEAD + b"\xff\xfe\x00\x00garbage"),
        (0xE1, XMP_HEAD + b"<a>" * 3000),
        (0xED, IPTC_HEAD),
        (0xED, IPTC_HEAD + b"8BIM"),
        (0xED, IPTC_HEAD + b"8BIM\x04\x04\x00\x00\xff\xff\xff\xff"),
        (0xED, IPTC_HEAD + b"8BIM\x04\x04\x00\x00\x00\x00\x00\x05\x1c\x02\x19\xff\xff"),
        (0xED, IPTC_HEAD + b"8BIM\x04\x04\x00\x00\x00\x00\x00\x06garbage"),
    ],
)
def test_a_damaged_or_hostile_block_gives_no_keywords_and_no_error(marker: int, body: bytes) -> None:
    photo = with_segment(encode(picture()), marker, body)
    assert read_keywords(photo) == NONE


def test_a_damaged_iptc_block_leaves_the_keywords_of_xmp() -> None:
    photo = add_xmp_subject(encode(picture()), ["pan"])
    photo = with_segment(photo, 0xED, IPTC_HEAD + b"8BIM\x04\x04\x00\x00\x00\x00\x00\x05\x1c\x02\x19\xff\xff")
    assert read_keywords(photo).effective == ("pan",)


def test_cutting_a_file_anywhere_never_raises_and_never_invents_a_keyword() -> None:
    photo = add_xmp_subject(add_iptc_keywords(encode(picture(size=(32, 24))), WORDS), ("pan",))
    for end in range(len(photo)):
        found = read_keywords(photo[:end])
        assert set(found.iptc) <= set(WORDS)
        assert set(found.xmp) <= {"pan"}


@pytest.mark.parametrize("content", [b"", b"text", b"\xff\xd8\xff", b"GIF89a" + bytes(20), zlib.compress(b"x")])
def test_what_is_no_photo_has_no_keywords(content: bytes) -> None:
    assert read_keywords(content) == NONE


def test_a_photo_of_a_hundred_megapixels_is_read_without_a_warning() -> None:
    """Pillow warns of a "decompression bomb" from 89 megapixels on; medium-format backs shoot 100 to 150."""
    path = encode(Image.new("1", (10_000, 10_000)), "PNG")
    assert read_keywords(path) == NONE
