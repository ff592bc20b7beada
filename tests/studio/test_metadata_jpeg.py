"""What only JPEGs have: blocks cut over several segments, Extended XMP, an index of images behind the first."""

import hashlib
import re
import struct
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
from recipe_assets.studio.metadata.jpeg import EXTENDED_HEAD, MAX_PACKET, segments
from tests.studio import metadata_files as files
from tests.studio.metadata_files import (
    WORDS,
    dataset,
    extended_segments,
    iptc,
    listed,
    photoshop_segment,
    rdf,
    resource,
    seen,
    segment,
    tagged,
    untouched,
    warnings,
    with_segments,
    xmp_segment,
)
from tests.studio.pictures import EXIFTOOL, encode, picture

pytestmark = pytest.mark.skipif(not Path(EXIFTOOL).exists(), reason="ExifTool is not installed")

OURS = Provenance("r1", 80)
TITLE = '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Label="Red"/>'


def kinds(photo: bytes) -> list[str]:
    """Marker and beginning of every segment."""
    return [f"{one.marker:X} {photo[one.body : one.body + 6].decode('latin-1')}" for one in segments(photo)]


def test_new_segments_stand_behind_jfif_and_exif(tmp_path: Path) -> None:
    photo = tagged(tmp_path, encode(picture()), "-EXIF:Make=Canon")
    before, after = kinds(photo), kinds(write_keywords(photo, ["pan"]))
    assert before[:2] == ["E0 JFIF\x00\x01", "E1 Exif\x00\x00"]
    assert after == [*before[:2], "E1 http:/", "ED Photos", *before[2:]]


def test_a_block_that_spans_several_segments_is_read_and_written_whole(tmp_path: Path) -> None:
    block = resource(0x0FA0, bytes(range(256)) * 300) + resource(0x0404, iptc(b"lok")) + resource(0x0FA1, b"tail")
    parts = [block[at : at + 30_001] for at in range(0, len(block), 30_001)]
    photo = with_segments(encode(picture()), *map(photoshop_segment, parts))
    assert read_keywords(photo).iptc == ("lok",)
    written = write_keywords(photo, WORDS)
    assert read_keywords(written).iptc == ("lok", *WORDS)
    after = seen(tmp_path, written)
    assert listed(after["IPTC:Keywords"]) == ["lok", *WORDS]
    assert untouched(after) == untouched(seen(tmp_path, photo))
    assert after["Photoshop:IPTCDigest"] == after["File:CurrentIPTCDigest"]


def test_resources_keep_their_order_names_and_bytes() -> None:
    first, last = resource(0x07D0, b"path!", b"Path 1"), resource(0x2710, b"settings")
    photo = with_segments(encode(picture()), photoshop_segment(first + resource(0x0404, iptc(b"lok")) + last))
    written = write_keywords(photo, ["pan"])
    block = written[written.index(b"Photoshop 3.0\x00") + 14 :]
    new = iptc(b"lok", b"pan", before=dataset(1, 90, b"\x1b%G") + dataset(2, 0, b"\x00\x04"))
    digest = resource(0x0425, hashlib.md5(new, usedforsecurity=False).digest())
    assert block.startswith(first + resource(0x0404, new) + last + digest)


@pytest.mark.parametrize("odd", [b"12345", b"1234"])
def test_a_resource_whose_writer_forgot_to_pad_it_does_not_hide_the_next(odd: bytes) -> None:
    for block in (
        resource(0x0FA0, odd).rstrip(b"\x00") + resource(0x0404, iptc(b"lok")),
        resource(0x0404, iptc(b"lok")) + resource(0x0FA0, odd).rstrip(b"\x00"),
        resource(0x0404, iptc(b"loko")).rstrip(b"\x00"),
    ):
        written = write_keywords(with_segments(encode(picture()), photoshop_segment(block)), ["pan"])
        assert read_keywords(written).iptc[1:] == ("pan",)
        assert read_keywords(written).iptc[0].startswith("lok")


def test_extended_xmp_stays_as_it_is_while_the_main_packet_has_room(tmp_path: Path) -> None:
    photo = files.extended_jpeg()
    written = write_keywords(photo, ["pan"], provenance=OURS)
    chunks = [photo[one.start : one.end] for one in segments(photo) if photo[one.body :].startswith(EXTENDED_HEAD)]
    assert len(chunks) == 5
    assert all(chunk in written for chunk in chunks)
    assert seen(tmp_path, written)["XMP-xmpNote:HasExtendedXMP"]


def test_the_name_of_extended_xmp_keeps_its_spelling() -> None:
    """One in small letters became one in capitals, while its chunks kept theirs: others no longer found them."""
    photo = files.extended_jpeg()
    name = re.search(rb'HasExtendedXMP="(\w{32})', photo)
    assert name is not None
    photo = photo.replace(name[1], name[1].lower())
    written = write_keywords(photo, ["pan"], provenance=OURS)
    assert written.count(name[1].lower()) == photo.count(name[1].lower()) == 6
    assert name[1] not in written


def test_keywords_in_extended_xmp_are_read_and_come_over_into_the_main_packet(tmp_path: Path) -> None:
    photo = files.extended_jpeg(subject_in_extended=True)
    assert read_keywords(photo).xmp == ("grädde",)
    written = write_keywords(photo, ["pan"])
    assert read_keywords(written) == PhotoKeywords(("grädde", "pan"), ("grädde", "pan"))
    first = next(one for one in segments(written) if one.marker == 0xE1)
    assert "grädde".encode() in written[first.body : first.end]
    assert written.count("grädde".encode()) == 2  # one in IPTC, one in XMP
    after = seen(tmp_path, written)
    assert len(listed(after["XMP-photoshop:DocumentAncestors"])) == 600
    assert warnings(tmp_path, written) == set()


@pytest.mark.parametrize("harm", ["missing chunk", "changed text", "other guid"])
def test_extended_xmp_that_is_not_whole_is_neither_believed_nor_touched(harm: str) -> None:
    photo = files.extended_jpeg(subject_in_extended=True)
    if harm == "missing chunk":
        last = [one for one in segments(photo) if photo[one.body :].startswith(EXTENDED_HEAD)][-1]
        photo = photo[: last.start] + photo[last.end :]
    elif harm == "changed text":
        photo = photo.replace(b"step 17<", b"step xx<")
    else:
        photo = re.sub(rb'(HasExtendedXMP=")\w{6}', rb"\1ABCDEF", photo)
    assert read_keywords(photo).xmp == ()
    chunks = [photo[one.start : one.end] for one in segments(photo) if photo[one.body :].startswith(EXTENDED_HEAD)]
    written = write_keywords(photo, ["pan"])
    assert read_keywords(written).xmp == ("pan",)
    assert all(chunk in written for chunk in chunks)


def big_packet(size: int, properties: int = 6, padding: int = 0) -> str:
    """A packet with several large properties of another program."""
    each = size // properties
    texts = "".join(
        f"<crs:Note{number}>{chr(97 + number) * each}</crs:Note{number}>" for number in range(properties)
    )
    about = '<rdf:Description rdf:about="uuid:1" xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/">'
    return rdf(f"{about}{texts}</rdf:Description>", padding=padding)


@pytest.mark.parametrize("size", [64_000, 64_900])
@pytest.mark.parametrize("extended", [False, True])
def test_what_outgrows_a_segment_moves_to_extended_xmp(tmp_path: Path, size: int, extended: bool) -> None:
    packet = big_packet(size)
    chunks: list[bytes] = []
    if extended:
        guid, chunks = extended_segments(rdf(TITLE, wrapper=False).encode())
        note = f'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="{guid}" xmlns:crs='
        packet = packet.replace("xmlns:crs=", note)
    photo = with_segments(encode(picture()), xmp_segment(packet), *chunks)
    words = [f"keyword {number:03}" for number in range(40)]
    written = write_keywords(photo, words, provenance=OURS)
    assert read_keywords(written).xmp == tuple(words)
    assert read_provenance(written) is not None
    assert listed(seen(tmp_path, written)["XMP-dc:Subject"]) == words
    assert untouched(seen(tmp_path, written)) == untouched(seen(tmp_path, photo))
    assert warnings(tmp_path, written) <= warnings(tmp_path, photo)
    assert image_data_sha256(written) == image_data_sha256(photo)
    assert write_keywords(written, words, provenance=OURS) == written
    assert read_keywords(remove_ours(written)).effective == ()


def test_padding_goes_before_anything_is_moved() -> None:
    packet = big_packet(60_000, padding=4_000)
    photo = with_segments(encode(picture()), xmp_segment(packet))
    written = write_keywords(photo, [f"keyword {number:03}" for number in range(60)])
    assert EXTENDED_HEAD not in written
    main = next(one for one in segments(written) if one.marker == 0xE1)
    assert main.end - main.body <= MAX_PACKET + 29


def test_a_packet_too_large_to_be_split_is_refused() -> None:
    attribute = f'<rdf:Description rdf:about="" xmlns:crs="http://ns/crs" crs:Tone="{"x" * 65_000}"/>'
    photo = with_segments(encode(picture()), xmp_segment(rdf(attribute)))
    with pytest.raises(MetadataError, match="none of it can be moved: remove what it needs no longer"):
        write_keywords(photo, ["pan"], provenance=OURS)
    with pytest.raises(MetadataError, match="would take 70439 bytes where 65533 fit"):
        write_keywords(encode(picture()), ["x" * 70_000])


def test_images_behind_the_first_are_still_found(tmp_path: Path) -> None:
    photo = files.gain_map_jpeg()
    second = photo[photo.index(b"\xff\xd9") + 2 :].removesuffix(b"trailer of a phone")
    assert seen(tmp_path, photo)["MPImage2:MPImageLength"] == len(second)
    written = photo
    for words in (["lok"], WORDS):
        written = write_keywords(written, words, provenance=OURS)
        found = seen(tmp_path, written)
        at = int(str(found["MPImage2:MPImageStart"]))
        assert written[at : at + len(second)] == second
        assert found["MPImage1:Copy1:MPImageLength"] == at
        assert written.endswith(second + b"trailer of a phone")
        assert image_data_sha256(written) == image_data_sha256(photo)
        assert warnings(tmp_path, written) == warnings(tmp_path, photo)
    assert remove_ours(written) == photo


def test_images_are_still_found_when_xmp_behind_their_index_grows(tmp_path: Path) -> None:
    """What is added there moves the images away from their index: the one case where its offsets must follow."""
    photo = files.gain_map_jpeg()
    index = next(one for one in segments(photo) if one.marker == 0xE2)
    grown = xmp_segment(rdf(TITLE))
    photo = bytearray(photo[: index.end] + grown + photo[index.end :])
    entry = index.body + 4 + 50 + 16
    (offset,) = struct.unpack_from("<I", photo, entry + 8)
    struct.pack_into("<I", photo, entry + 8, offset + len(grown))
    before = seen(tmp_path, bytes(photo))
    second = photo[int(str(before["MPImage2:MPImageStart"])) :]
    assert second[:3] == b"\xff\xd8\xff"
    written = write_keywords(bytes(photo), WORDS, provenance=OURS)
    found = seen(tmp_path, written)
    assert written[int(str(found["MPImage2:MPImageStart"])) :] == second
    assert image_data_sha256(written) == image_data_sha256(bytes(photo))


def test_a_packet_that_cannot_be_parsed_is_refused_and_never_dropped() -> None:
    photo = with_segments(encode(picture()), xmp_segment("<x:xmpmeta xmlns:x='adobe:ns:meta/'><broken>"))
    with pytest.raises(MetadataError, match="no well-formed XML"):
        write_keywords(photo, ["pan"])
    assert read_keywords(photo) == PhotoKeywords((), ())


@pytest.mark.parametrize(
    "body",
    [
        b"8BIM\x04\x04\x00\x00\xff\xff\xff\xff",
        resource(0x0404, b"\x1c\x02\x19\xff\xff"),
        resource(0x0404, b"garbage"),
        resource(0x0FA0, b"fine") + b"no resource",
    ],
)
def test_damaged_photoshop_metadata_is_refused(body: bytes) -> None:
    photo = with_segments(encode(picture()), photoshop_segment(body))
    with pytest.raises(MetadataError, match=r"is damaged: .*; export the photo again and repeat"):
        write_keywords(photo, ["pan"])


def test_two_packets_and_two_iptc_blocks_all_say_the_same_afterwards() -> None:
    items = "<rdf:Description><dc:subject><rdf:Bag><rdf:li>{}</rdf:li></rdf:Bag></dc:subject></rdf:Description>"
    one, two = items.format("lok"), items.format("vatten")
    block = resource(0x0404, iptc(b"salt")) + resource(0x0404, iptc(b"peppar"))
    photo = with_segments(
        encode(picture()), xmp_segment(rdf(one)), xmp_segment(rdf(two)), photoshop_segment(block)
    )
    words = ("salt", "peppar", "lok", "vatten")
    assert read_keywords(photo) == PhotoKeywords(words[:2], words[2:])
    written = write_keywords(photo, ["pan"], "replace-all")
    assert b"vatten" not in written
    assert b"peppar" not in written
    assert read_keywords(write_keywords(photo, ["pan"])) == PhotoKeywords((*words, "pan"), (*words, "pan"))


def test_fill_bytes_and_unknown_segments_stay() -> None:
    photo = encode(picture())
    odd = photo[:2] + segment(0xEB, b"JUMBF box") + b"\xff\xff\xff" + segment(0xE5, b"RMETA")[1:] + photo[2:]
    written = write_keywords(odd, ["pan"])
    assert segment(0xEB, b"JUMBF box") + b"\xff\xff\xff" + segment(0xE5, b"RMETA")[1:] in written
    assert read_keywords(written).iptc == ("pan",)
