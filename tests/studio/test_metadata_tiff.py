"""TIFF: values in every type and byte order, pages and strips that must not move, and directories that mislead."""

import struct
from pathlib import Path

import pytest

from recipe_assets.studio.metadata import (
    MetadataError,
    PhotoKeywords,
    Provenance,
    image_data_sha256,
    read_keywords,
    remove_ours,
    write_keywords,
)
from recipe_assets.studio.metadata.tiff import directory, first_directory, layout_of
from tests.studio import metadata_files as files
from tests.studio.metadata_files import (
    CONVERT,
    WORDS,
    iptc,
    listed,
    rdf,
    resource,
    seen,
    tagged,
)
from tests.studio.pictures import EXIFTOOL, encode, picture

pytestmark = pytest.mark.skipif(
    not (Path(EXIFTOOL).exists() and Path(CONVERT).exists()), reason="ExifTool or ImageMagick is not installed"
)

OURS = Provenance("r1", 80)
SUBJECT = (
    "<rdf:Description rdf:about=''><dc:subject><rdf:Bag><rdf:li>grädde</rdf:li></rdf:Bag></dc:subject>"
    "</rdf:Description>"
)


def tiff(*entries: tuple[int, int, int, bytes], order: str = "<", big: bool = False) -> bytes:
    """A TIFF of one black pixel row with further entries: tag, type, number of values, value."""
    word, width = ("Q", 8) if big else ("I", 4)
    basic = {256: 4, 257: 1, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: 1, 279: 4}
    values = [(tag, 3, 1, struct.pack(order + "H", number)) for tag, number in basic.items()]
    table = sorted([*values, *entries])
    head = 16 if big else 8
    at = head + 4 + struct.calcsize("=" + ("Q" if big else "H")) + len(table) * (12 + 8 * big) + width
    body = b"\x00" * 4
    packed = struct.pack(order + ("Q" if big else "H"), len(table))
    for tag, kind, count, value in table:
        value = struct.pack(order + "H", head) if tag == 273 else value
        packed += struct.pack(f"{order}HH{word}", tag, kind, count)
        if len(value) > width:
            packed += struct.pack(order + word, at + len(body) - 4)
            body += value
        else:
            packed += value.ljust(width, b"\x00")
    mark = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    mark += struct.pack(order + "HHQ", 8, 0, head + 4) if big else struct.pack(order + "I", head + 4)
    return mark + body[:4] + packed + struct.pack(order + word, 0) + body[4:]


def swapped(block: bytes) -> bytes:
    block += bytes(-len(block) % 4)
    return b"".join(block[at : at + 4][::-1] for at in range(0, len(block), 4))


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("kind", "swap"), [(1, False), (7, False), (4, False), (4, True)], ids=["byte", "undefined", "long", "swapped"]
)
def test_iptc_in_a_tiff_is_read_in_every_type_and_byte_order(order: str, big: bool, kind: int, swap: bool) -> None:
    block = iptc(b"gr\xe4dde", b"pan")
    block = swapped(block) if swap else block + bytes(-len(block) % 4)
    photo = tiff((33723, kind, len(block) // (4 if kind == 4 else 1), block), order=order, big=big)
    assert read_keywords(photo) == PhotoKeywords(("grädde", "pan"), ())
    written = write_keywords(photo, WORDS)
    assert read_keywords(written).iptc == ("grädde", "pan", *WORDS)
    assert image_data_sha256(written) == image_data_sha256(photo)
    assert write_keywords(written, WORDS) == written


def test_exiftool_agrees_on_a_swapped_block_that_we_rewrote(tmp_path: Path) -> None:
    block = swapped(iptc(b"pan"))
    written = write_keywords(tiff((33723, 4, len(block) // 4, block), order=">"), ["pot"])
    assert listed(seen(tmp_path, written)["IPTC:Keywords"]) == ["pan", "pot"]


def test_not_a_byte_of_the_old_tiff_changes_but_the_pointer_in_its_header(tmp_path: Path) -> None:
    photo = files.pages(tmp_path)
    written = write_keywords(photo, WORDS, provenance=OURS)
    assert written[:4] + photo[4:8] + written[8 : len(photo)] == photo
    assert first_directory(written).at >= len(photo)
    assert first_directory(written).next == first_directory(photo).next
    tags = [entry.tag for entry in first_directory(written).entries]
    assert tags == sorted(tags)
    assert first_directory(written).at % 2 == 0


def test_a_second_page_keeps_keywords_of_its_own_out_of_the_first(tmp_path: Path) -> None:
    photo = write_keywords(files.pages(tmp_path), ["first"])
    second = directory(photo, layout_of(photo), first_directory(photo).next)
    assert {700, 33723}.isdisjoint(entry.tag for entry in second.entries)


def test_resources_in_a_tiff_say_the_same_as_its_iptc_tag(tmp_path: Path) -> None:
    """ImageMagick stores IPTC twice: in a tag of its own and within Photoshop's resources."""
    block = iptc(b"gradde")
    both = resource(0x03ED, bytes(16)) + resource(0x0404, block)
    photo = tiff((33723, 1, len(block), block), (34377, 1, len(both), both))
    written = write_keywords(photo, ["pan"])
    assert written.count(files.dataset(2, 25, b"pan")) == 2
    after = seen(tmp_path, written)
    assert listed(after["IPTC:Keywords"]) == ["gradde", "pan"]
    assert after["Photoshop:IPTCDigest"] == after["File:CurrentIPTCDigest"]
    only = tiff((34377, 1, len(both), both))
    assert read_keywords(only).iptc == ("gradde",)
    assert read_keywords(write_keywords(only, ["pan"], "replace-all")).iptc == ("pan",)


def test_a_tiff_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    """What is appended to it would come to stand where its missing strips should be."""
    photo = files.pages(tmp_path)
    for end in (len(photo) // 3, len(photo) // 2, len(photo) - 1):
        with pytest.raises(MetadataError, match="the TIFF"):
            write_keywords(photo[:end], ["pan"])


@pytest.mark.parametrize("loop", ["next page", "EXIF"])
def test_directories_in_a_loop_are_refused_and_the_first_is_read(loop: str) -> None:
    packet = rdf(SUBJECT).encode()
    photo = bytearray(tiff((700, 1, len(packet), packet), (34665, 4, 1, bytes(4))))
    first = first_directory(bytes(photo))
    exif = first.at + 2 + 12 * [entry.tag for entry in first.entries].index(34665) + 8
    struct.pack_into("<I", photo, exif if loop == "EXIF" else first.at + 2 + 12 * len(first.entries), first.at)
    assert read_keywords(bytes(photo)).xmp == ("grädde",)
    with pytest.raises(MetadataError, match="loop"):
        write_keywords(bytes(photo), ["pan"])


def test_tags_that_share_one_large_value_do_not_keep_us_busy() -> None:
    entries = [(40_000 + number, 1, 4_000_000, b"") for number in range(3_000)]
    photo = bytearray(tiff(*entries) + bytes(4_000_000))
    layout, first = layout_of(bytes(photo)), first_directory(bytes(photo))
    for number, entry in enumerate(first.entries):
        if entry.tag >= 40_000:
            struct.pack_into("<I", photo, first.at + 2 + number * layout.entry_size + 8, 1000)
    with pytest.raises(MetadataError, match="lie upon each other"):
        write_keywords(bytes(photo), ["pan"])


def test_garbage_behind_an_exif_directory_is_no_directory(tmp_path: Path) -> None:
    photo = bytearray(tagged(tmp_path, encode(picture(), "TIFF"), "-EXIF:ISO=100"))
    entry = next(entry for entry in first_directory(bytes(photo)).entries if entry.tag == 34665)
    (at,) = struct.unpack("<I", entry.raw[8:])
    exif = directory(bytes(photo), layout_of(bytes(photo)), at)
    struct.pack_into("<I", photo, at + 2 + 12 * len(exif.entries), 0xFFFFFFF0)
    assert read_keywords(write_keywords(bytes(photo), ["pan"])).xmp == ("pan",)


def test_canon_raw_is_read_and_not_rewritten() -> None:
    photo = bytearray(tiff((700, 1, len(rdf(SUBJECT).encode()), rdf(SUBJECT).encode())))
    photo[8:10] = b"CR"
    assert read_keywords(bytes(photo)).xmp == ("grädde",)
    with pytest.raises(MetadataError, match="camera raw"):
        write_keywords(bytes(photo), ["pan"])


def test_undoing_a_tiff_leaves_its_tags_as_they_were(tmp_path: Path) -> None:
    photo = files.pages(tmp_path, big_endian=True)
    undone = remove_ours(write_keywords(photo, WORDS, provenance=OURS))
    assert [entry.raw for entry in first_directory(undone).entries] == [
        entry.raw for entry in first_directory(photo).entries
    ]


def test_entries_that_are_out_of_order_stay_so() -> None:
    photo = bytearray(tiff((40_000, 3, 1, b"\x01\x00"), (40_001, 3, 1, b"\x02\x00")))
    first = first_directory(bytes(photo))
    a, b = (first.at + 2 + 12 * (len(first.entries) + number) for number in (-2, -1))
    photo[a : a + 12], photo[b : b + 12] = photo[b : b + 12], photo[a : a + 12]
    written = write_keywords(bytes(photo), ["pan"])
    assert [entry.tag for entry in first_directory(written).entries if entry.tag >= 40_000] == [40_001, 40_000]
    assert image_data_sha256(written) == image_data_sha256(bytes(photo))


def test_numbers_that_only_look_like_places_are_not_taken_for_them(tmp_path: Path) -> None:
    """GPS tag 0, the version 2.3.0.0, was read as sizes of image data at the place that other tags named."""
    photo = tagged(tmp_path, encode(picture(), "TIFF"), "-GPSLatitude=59.33", "-GPSLatitudeRef=N")
    assert read_keywords(write_keywords(photo, ["pan"])).xmp == ("pan",)


def test_image_data_in_the_header_is_refused() -> None:
    """A strip there would change with the pointer to the first directory."""
    photo = bytearray(tiff())
    entry = first_directory(bytes(photo)).entries
    place = first_directory(bytes(photo)).at + 2 + 12 * [one.tag for one in entry].index(273) + 8
    struct.pack_into("<H", photo, place, 4)
    with pytest.raises(MetadataError, match="in its header"):
        write_keywords(bytes(photo), ["pan"])
