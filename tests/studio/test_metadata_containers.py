"""PNG, WebP, PSD and HEIF: where each keeps its blocks, what else is in it, and how it can be damaged."""

import re
import struct
import zlib
from pathlib import Path

import pytest

from recipe_assets.studio.metadata import (
    MetadataError,
    PhotoKeywords,
    Provenance,
    image_data_sha256,
    read_keywords,
    read_provenance,
    sidecar_packet,
    write_keywords,
)
from tests.studio import metadata_files as files
from tests.studio.metadata_files import (
    CONVERT,
    WORDS,
    chunk,
    iptc,
    listed,
    magick,
    raw_profile,
    rdf,
    resource,
    seen,
    tagged,
    untouched,
    warnings,
    with_chunks,
)
from tests.studio.pictures import EXIFTOOL, encode, picture

pytestmark = pytest.mark.skipif(
    not (Path(EXIFTOOL).exists() and Path(CONVERT).exists()), reason="ExifTool or ImageMagick is not installed"
)

OURS = Provenance("r1", 80)
PNG = encode(picture(1), "PNG")
SUBJECT = (
    "<rdf:Description rdf:about=''><dc:subject><rdf:Bag><rdf:li>grädde</rdf:li></rdf:Bag></dc:subject>"
    "</rdf:Description>"
)


XMP_CHUNK = b"XML:com.adobe.xmp\x00"
PNGS = {
    "plain iTXt": (chunk(b"iTXt", XMP_CHUNK + b"\x00\x00\x00\x00" + rdf(SUBJECT).encode()), "xmp"),
    "compressed iTXt": (
        chunk(b"iTXt", XMP_CHUNK + b"\x01\x00\x00\x00" + zlib.compress(rdf(SUBJECT).encode())), "xmp"),
    "raw xmp": (raw_profile("xmp", rdf(SUBJECT).encode()), "xmp"),
    "raw iptc with resources": (raw_profile("iptc", resource(0x0404, iptc(b"gr\xe4dde"))), "iptc"),
    "raw iptc, bare": (raw_profile("iptc", iptc(b"gr\xe4dde"), b"tEXt"), "iptc"),
    "raw 8bim": (raw_profile("8bim", resource(0x0404, iptc(b"gr\xe4dde")), b"tEXt"), "iptc"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "where"), PNGS.values(), ids=PNGS)
def test_every_form_of_png_text_is_read_and_keeps_its_form(tmp_path: Path, text: bytes, where: str) -> None:
    photo = with_chunks(PNG, text)
    assert read_keywords(photo) == PhotoKeywords((), ())._replace(**{where: ("grädde",)})
    written = write_keywords(photo, WORDS)
    assert read_keywords(written) == PhotoKeywords(("grädde", *WORDS), ("grädde", *WORDS))
    assert write_keywords(written, WORDS) == written
    assert image_data_sha256(written) == image_data_sha256(photo)
    assert written.count(text[4:26]) == 1  # the type and the keyword: still one such chunk
    after = seen(tmp_path, written)
    assert listed(after["XMP-dc:Subject"]) == ["grädde", *WORDS]
    assert listed(after["IPTC:Keywords"]) == ["grädde", *WORDS]
    assert warnings(tmp_path, written) <= warnings(tmp_path, photo)


def test_what_imagemagick_makes_of_our_photos_is_read(tmp_path: Path) -> None:
    source = write_keywords(encode(picture(1)), ["pan", "köttbullar"])
    png = tmp_path / "photo.jpg"
    png.write_bytes(source)
    for kind in ("png", "tiff"):  # of IPTC in a TIFF it stores a quarter, and a whole copy elsewhere
        made = magick(PNG, kind, str(png), "-delete", "0")
        assert read_keywords(made) == read_keywords(source)
        written = write_keywords(made, ["pot"])
        assert listed(seen(tmp_path, written)["IPTC:Keywords"]) == ["pan", "köttbullar", "pot"]
        before, after = (seen(tmp_path, one) for one in (made, written))
        assert warnings(tmp_path, written) <= warnings(tmp_path, made)
        second = [value for key, value in after.items() if re.match("IPTC2.*Keywords", key)]
        assert second == [["pan", "köttbullar", "pot"]]
        skipped = ("IPTC2", "ExifTool:Warning")
        before, after = (
            {k: v for k, v in untouched(one).items() if not k.startswith(skipped)} for one in (before, after)
        )
        assert before == after


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (chunk(b"iTXt", XMP_CHUNK), "ends within its language"),
        (chunk(b"iTXt", XMP_CHUNK + b"\x01\x00\x00\x00" + zlib.compress(b"<x/>" * 9)[:-5]), "cut off"),
        (chunk(b"iTXt", XMP_CHUNK + b"\x01\x00\x00\x00" + zlib.compress(bytes(9_000_000))), "longer than 8388608"),
        (raw_profile("xmp", b"<x/>")[:-1] + b"!", "checksum"),
        (chunk(b"tEXt", b"Raw profile type iptc\x00no profile"), "hexadecimal"),
        (chunk(b"tEXt", b"Raw profile type iptc\x00\niptc\n 3\n1c\n"), "has 1 bytes and should have 3"),
        (chunk(b"tEXt", b"Raw profile type iptc\x00\niptc\n 1\n1c0\n"), "hexadecimal"),
    ],
)
def test_a_damaged_png_text_is_refused_and_counts_as_not_there(text: bytes, problem: str) -> None:
    photo = with_chunks(PNG, text)
    assert read_keywords(photo) == PhotoKeywords((), ())
    with pytest.raises(MetadataError, match=problem):
        write_keywords(photo, ["pan"])


def test_other_png_texts_and_what_follows_the_end_stay() -> None:
    photo = with_chunks(
        PNG, chunk(b"tEXt", b"Comment\x00by hand"), chunk(b"iTXt", b"Title\x00\x00\x00\x00\x00Mat")
    )
    photo += b"trailer"
    written = write_keywords(photo, ["pan"])
    at, end = written.index(b"IDAT") - 4, photo.index(b"IDAT") - 4
    assert written[:at].startswith(photo[:end])
    assert written.endswith(photo[end:])
    assert len(photo) - end > 200


def test_webp_without_room_for_xmp_gets_the_header_that_announces_it(tmp_path: Path) -> None:
    for options in ({"quality": 80}, {"lossless": True}):
        written = write_keywords(encode(picture(size=(97, 61)), "WEBP", **options), ["pan"])
        assert written[12:16] == b"VP8X"
        assert written[20] == 0x04
        found = seen(tmp_path, written)
        assert (found["RIFF:ImageWidth"], found["RIFF:ImageHeight"]) == (97, 61)
        assert struct.unpack("<I", written[4:8])[0] == len(written) - 8


@pytest.mark.parametrize("padding", [1, 0])
def test_webp_whose_last_chunk_lacks_its_padding_is_mended_when_xmp_follows(padding: int) -> None:
    photo = encode(picture(), "WEBP", exif=b"Exif\x00\x00II*\x00\x08" + bytes(10))
    assert photo[-20:-15] == b"\x0f\x00\x00\x00I"
    photo = photo[: len(photo) - 1 + padding]
    written = write_keywords(photo, ["pan"])
    assert read_keywords(written).xmp == ("pan",)
    assert struct.unpack("<I", written[4:8])[0] == len(written) - 8
    assert image_data_sha256(written) == image_data_sha256(photo)


def test_psd_is_read_from_both_of_its_blocks() -> None:
    block = resource(0x03ED, bytes(16)) + resource(0x0404, iptc(b"gr\xe4dde", b"pan"))
    assert read_keywords(files.psd(block)) == PhotoKeywords(("grädde", "pan"), ())
    block += resource(0x0424, rdf(SUBJECT).encode())
    assert read_keywords(files.psd(block)) == PhotoKeywords(("grädde", "pan"), ("grädde",))


def test_we_read_the_psd_that_exiftool_wrote_and_the_sidecar_that_we_write_beside_it(tmp_path: Path) -> None:
    photo = tagged(tmp_path, files.psd(b""), "-XMP-dc:Subject=köttbullar", "-IPTC:Keywords=pan")
    assert read_keywords(photo) == PhotoKeywords(("pan",), ("köttbullar",))
    beside = sidecar_packet(None, ["oven-tray"], provenance=OURS)
    assert read_keywords(photo, beside).sidecar == ("oven-tray",)
    assert read_keywords(files.psd(b""), beside).effective == ("oven-tray",)
    ours = read_provenance(photo, beside)
    assert ours is not None
    assert ours.keywords == ("oven-tray",)


@pytest.mark.parametrize("words", [("köttbullar",), WORDS])
def test_we_read_the_avif_that_exiftool_and_pillow_wrote(tmp_path: Path, words: tuple[str, ...]) -> None:
    plain = encode(picture(), "AVIF")
    assert read_keywords(plain) == PhotoKeywords((), ())
    photo = tagged(tmp_path, plain, *(f"-XMP-dc:Subject={word}" for word in words))
    assert read_keywords(photo) == PhotoKeywords((), words)
    items = "".join(f"<rdf:li>{number}</rdf:li>" for number in range(3))
    packet = rdf(f"<rdf:Description><dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject></rdf:Description>")
    assert read_keywords(encode(picture(), "AVIF", xmp=packet.encode())).xmp == ("0", "1", "2")


CHARSETS = (
    ("-IPTC:CodedCharacterSet=UTF8",),
    ("-charset", "iptc=Latin", "-IPTC:CodedCharacterSet="),
    ("-charset", "iptc=Latin", "-IPTC:CodedCharacterSet=ESC - A"),
    ("-charset", "iptc=Latin2", "-IPTC:CodedCharacterSet=ESC - B"),
)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG"])
@pytest.mark.parametrize("charset", CHARSETS)
def test_we_read_and_rewrite_what_exiftool_wrote_in_every_charset(
    tmp_path: Path, kind: str, charset: tuple[str, ...]
) -> None:
    words = ("köttbullar", "Łódż" if "iptc=Latin2" in charset else "crème brûlée")
    added = [f"-IPTC:Keywords={word}" for word in words]
    photo = tagged(tmp_path, encode(picture(), kind), *charset, *added, f"-IPTC:Headline={words[1]}")
    assert read_keywords(photo) == PhotoKeywords(words, ())
    after = seen(tmp_path, write_keywords(photo, ["焼き肉"]))
    assert listed(after["IPTC:Keywords"]) == [*words, "焼き肉"]
    assert after["IPTC:Headline"] == words[1]
    assert after["IPTC:CodedCharacterSet"] == "UTF8"


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG", "WEBP", "AVIF"])
def test_we_read_xmp_as_exiftool_writes_it(tmp_path: Path, kind: str) -> None:
    words = (*WORDS, "x" * 70)
    photo = tagged(tmp_path, encode(picture(), kind), *(f"-XMP-dc:Subject={word}" for word in words))
    assert read_keywords(photo) == PhotoKeywords((), words)
