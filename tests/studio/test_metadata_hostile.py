"""Cut, flipped and crafted files: reading never raises and stays quick, writing refuses or leaves a whole file."""

import json
import random
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterable
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
    chunk,
    iptc,
    photoshop_segment,
    psd,
    raw_profile,
    rdf,
    resource,
    segment,
    with_chunks,
    with_segments,
    xmp_segment,
)
from tests.studio.pictures import EXIFTOOL, encode, exiftool, picture

THERE = ("köttbullar", "焼き肉 𠮷")
OURS = Provenance("r1", 80)
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def small(kind: str, **options: object) -> bytes:
    return write_keywords(encode(picture(size=(8, 6)), kind, **options), THERE, provenance=OURS)


def packed(photo: bytes) -> bytes:
    """The file without the padding of its XMP: two thousand cuts in blanks teach nothing."""
    return photo.replace(b" " * 2048, b"")


def avif() -> bytes:
    packet = rdf(f"<rdf:Description><dc:subject>{THERE[0]}</dc:subject></rdf:Description>")
    return encode(picture(size=(8, 6)), "AVIF", xmp=packet.encode())


PHOTOS = {
    "jpeg": lambda: small("JPEG"),
    "extended jpeg": lambda: small_extended(),
    "tiff": lambda: small("TIFF"),
    "big tiff": lambda: small("TIFF", big_tiff=True),
    "png": lambda: small("PNG"),
    "webp": lambda: small("WEBP"),
    "psd": lambda: psd(resource(0x0404, iptc(THERE[0].encode())) + resource(0x0BB7, b"name", b"odd")),
    "avif": avif,
    "sidecar": lambda: sidecar_packet(None, THERE, provenance=OURS).replace(b" " * 2048, b""),
}


def small_extended() -> bytes:
    content = f"<rdf:Description><dc:subject>{THERE[0]}</dc:subject></rdf:Description>"
    guid, chunks = files.extended_segments(rdf(content, wrapper=False).encode(), 100)
    note = f"<rdf:Description xmlns:n='http://ns.adobe.com/xmp/note/' n:HasExtendedXMP='{guid}'/>"
    return with_segments(encode(picture(size=(8, 6))), xmp_segment(rdf(note)), *chunks)


@pytest.fixture(params=PHOTOS)
def photo(request: pytest.FixtureRequest) -> bytes:
    return PHOTOS[request.param]()


def read_all(content: bytes) -> PhotoKeywords:
    """Everything that reads, with the bytes as a photo and as a sidecar."""
    found = read_keywords(content)
    beside = read_keywords(b"", content).sidecar if content[:1] in b"<\xef" else ()
    read_provenance(content, content)
    return found._replace(sidecar=beside)


def refused(call: Callable[[], bytes | str]) -> bytes | None:
    """What a call returns; None where it refuses with one line. Any other exception is a bug."""
    try:
        result = call()
    except MetadataError as error:
        problem = str(error)
    else:
        return result if isinstance(result, bytes) else result.encode()
    assert problem
    assert "\n" not in problem
    return None


def write_all(content: bytes) -> list[bytes]:
    """What all that writes returns, keywords into the photo first."""
    calls = (
        lambda: write_keywords(content, ["new"], "add", OURS),
        lambda: write_keywords(content, ["new"], "replace-all"),
        lambda: write_keywords(content, [], "replace-ours"),
        lambda: sidecar_packet(content, ["new"]),
        lambda: image_data_sha256(content),
    )
    results = [refused(call) for call in calls]
    return [result for result in results[:3] if result]


def test_cutting_a_file_anywhere_never_raises_and_never_invents_a_keyword(photo: bytes) -> None:
    for end in range(len(photo)):
        found = read_all(photo[:end])
        assert {*found.iptc, *found.xmp, *found.sidecar} <= set(THERE)


def test_writing_into_a_file_cut_anywhere_refuses_or_keeps_what_is_left(tmp_path: Path, photo: bytes) -> None:
    cuts = [photo[:end] for end in range(len(photo))]
    pairs = [(cut, results[0]) for cut in cuts if (results := write_all(cut))]
    check_readable(tmp_path, pairs)


def exiftool_on(folder: Path, contents: Iterable[bytes], *arguments: str) -> dict[int, dict[str, object]]:
    """What ExifTool reads in each of many files, in one call."""
    folder.mkdir()
    for number, content in enumerate(contents):
        (folder / f"{number:05}").write_bytes(content)
    printed = exiftool("-json", "-m", "-ext", "*", *arguments, str(folder))
    return {int(Path(one["SourceFile"]).name): one for one in json.loads(printed or "[]")}


def check_readable(folder: Path, pairs: list[tuple[bytes, bytes]]) -> None:
    """ExifTool reads the new keyword in every result, and the image is that of its source."""
    assert all(image_data_sha256(source) == image_data_sha256(result) for source, result in pairs)
    if pairs and Path(EXIFTOOL).exists():
        found = exiftool_on(folder / "results", (result for _, result in pairs), "-a", "-G4", "-XMP-dc:Subject")
        missing = [number for number in range(len(pairs)) if "new" not in str(found[number])]
        assert [pairs[number][0] for number in missing] == []


FLIPS = 400


def flipped(photo: bytes, draw: random.Random) -> bytes:
    """Some bits flipped, bytes set, or a stretch zeroed, doubled or taken out, mostly where metadata is."""
    content = bytearray(photo)
    for _ in range(draw.choice([1, 1, 1, 2, 5])):
        at = draw.randrange(len(content))
        match draw.randrange(6):
            case 0 | 1:
                content[at] ^= 1 << draw.randrange(8)
            case 2:
                content[at] = draw.choice([0, 0xFF, 0x7F, 0x80, ord("<"), ord("&")])
            case 3:
                content[at : at + 4] = draw.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00"])
            case 4:
                content[at:at] = content[at : at + draw.randrange(1, 40)]
            case _:
                del content[at : at + draw.randrange(1, 8)]
    return bytes(content)


def test_random_damage_never_raises_and_what_is_written_is_readable(tmp_path: Path, photo: bytes) -> None:
    draw = random.Random(len(photo))
    photo, pairs = packed(photo), []
    for _ in range(FLIPS):
        broken = flipped(photo, draw)
        read_all(broken)
        for result in write_all(broken):
            read_all(result)
            assert refused(lambda result=result: write_keywords(result, ["more"])) is not None
            if "new" in read_keywords(result).xmp:
                pairs.append((broken, result))
    pairs = pairs[::3]
    if pairs and Path(EXIFTOOL).exists():
        # What ExifTool makes nothing of before, it need not understand afterwards.
        sources = exiftool_on(
            tmp_path / "sources", (source for source, _ in pairs), "-error", "-warning", "-ImageWidth"
        )
        whole = {number for number, one in sources.items() if one.keys() == {"SourceFile", "ImageWidth"}}
        assert len(whole) > len(pairs) / 4
        check_readable(tmp_path, [pairs[number] for number in sorted(whole)])


BOMB = "".join(f"<!ENTITY z{n} '{('&a;' if n == 0 else f'&z{n - 1};') * 10}'>" for n in range(10))
LAUGHS = (
    f"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>{BOMB}]><rdf:RDF xmlns:rdf='{RDF}'><rdf:Description>&z9;"
    "</rdf:Description></rdf:RDF>"
)
DEEP = f"<rdf:RDF xmlns:rdf='{RDF}'><rdf:Description>{'<a>' * 400_000}".encode()
WITHIN = (
    f"<rdf:RDF xmlns:rdf='{RDF}' xmlns:dc='http://purl.org/dc/elements/1.1/'><rdf:Description><dc:subject>"
    f"{'<rdf:Description><rdf:value>' * 15_000}pan{'</rdf:value></rdf:Description>' * 15_000}"
    "</dc:subject></rdf:Description></rdf:RDF>"
).encode()
PAIRS = " ".join(f"a{number}=''" for number in range(900_000))
ATTRIBUTES = f"<rdf:RDF xmlns:rdf='{RDF}'><rdf:Description {PAIRS}/></rdf:RDF>".encode()
JPEG, PNG = encode(picture(size=(8, 6))), encode(picture(size=(8, 6)), "PNG")
HEAD = b"XML:com.adobe.xmp\x00\x01\x00\x00\x00"


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def heif_of_many_parts() -> bytes:
    """An item list that names the same item again and again, each of as many parts as there can be."""
    infe = b"\x02\x00\x00\x00\x00\x01\x00\x00mime\x00application/rdf+xml\x00"
    iinf = struct.pack(">IH", 0, 1) + box(b"infe", infe)
    item = struct.pack(">HHH", 1, 0, 0xFFFF)
    iloc = struct.pack(">IBBH", 0, 0, 0, 0xFFFF) + item * 0xFFFF
    boxes = b"".join(
        struct.pack(">I", len(body) + 8) + kind + body for kind, body in ((b"iinf", iinf), (b"iloc", iloc))
    )
    meta = bytes(4) + boxes
    return struct.pack(">I", 16) + b"ftypavif" + bytes(4) + struct.pack(">I", len(meta) + 8) + b"meta" + meta


CRAFTED = {
    "billion laughs": with_segments(JPEG, xmp_segment(LAUGHS)),
    "deep nesting": with_chunks(PNG, chunk(b"iTXt", HEAD + zlib.compress(DEEP))),
    "deep nesting within a keyword": with_chunks(PNG, chunk(b"iTXt", HEAD + zlib.compress(WITHIN))),
    "attributes": with_chunks(PNG, chunk(b"iTXt", HEAD + zlib.compress(ATTRIBUTES))),
    "zip bombs": with_chunks(PNG, *[chunk(b"iTXt", HEAD + zlib.compress(b" " * 100_000_000))] * 40),
    "zip bombs in profiles": with_chunks(
        PNG, *[chunk(b"zTXt", b"Raw profile type iptc\x00\x00" + zlib.compress(b"\n" * 50_000_000))] * 40
    ),
    "blank profile": with_chunks(PNG, chunk(b"tEXt", b"Raw profile type iptc\x00" + b"\n \n" * 1_000_000)),
    "many chunks": PNG[:33] + chunk(b"teSt", b"") * 150_000 + PNG[33:],
    "many segments": JPEG[:2] + b"\xff\xe5\x00\x02" * 1_500_000 + JPEG[2:],
    "fill bytes": JPEG[:2] + b"\xff" * 8_000_000 + JPEG[3:],
    "many resources": with_segments(JPEG, *[photoshop_segment(resource(1, b"") * 5_000)] * 100),
    "many datasets": with_segments(JPEG, *[photoshop_segment(resource(0x0404, iptc(*[b"x"] * 10_000)))] * 15),
    "zeros among resources": psd(resource(1, b"") + bytes(20_000_000)),
    "giant resource": with_segments(JPEG, photoshop_segment(b"8BIM\x04\x04\x00\x00\x7f\xff\xff\xff")),
    "giant dataset": with_segments(
        JPEG, photoshop_segment(resource(0x0404, b"\x1c\x02\x19\x80\x08" + b"\xff" * 8 + b"x"))
    ),
    "giant length of length": with_segments(
        JPEG, photoshop_segment(resource(0x0404, b"\x1c\x02\x19\xff\xff" + b"x" * 90))
    ),
    "giant PNG chunk": PNG[:33] + b"\x7f\xff\xff\xffiTXt" + PNG[33:],
    "giant TIFF": b"MM\x00*\x00\x00\x00\x08\xff\xff" + b"\x02\xbc\x00\x04\xff\xff\xff\xff\x00\x00\x00\x00" * 9_000,
    "giant BigTIFF": b"II+\x00\x08\x00\x00\x00" + b"\x10" + bytes(7) + b"\xff" * 8 + bytes(100),
    "giant WebP": b"RIFF\xff\xff\xff\xffWEBPXMP \xff\xff\xff\xff" + bytes(50),
    "giant PSD": b"8BPS" + bytes(22) + b"\xff\xff\xff\xff" * 2,
    "HEIF of many parts": heif_of_many_parts(),
    "HEIF of empty boxes": b"\x00\x00\x00\x08ftyp" + b"\x00\x00\x00\x08free" * 1_000_000,
    "every segment": JPEG[:2] + b"".join(segment(kind, b"Photoshop 3.0\x00") for kind in range(0xE0, 0xF0)),
    "zero bytes": bytes(8_000_000),
    "JPEG of zeros": JPEG[:3] + bytes(8_000_000),
    "TIFF of zeros": b"II*\x00" + bytes(8_000_000),
    "sidecar of blanks": b"<" + b" " * 8_000_000,
    "raw profile of odd length": with_chunks(PNG, raw_profile("8bim", b"8BIM")[:-30]),
}  # fmt: skip


@pytest.mark.parametrize("content", CRAFTED.values(), ids=CRAFTED)
def test_a_crafted_file_is_read_without_harm_and_quickly(content: bytes) -> None:
    start = time.process_time()
    found = read_all(content)
    assert time.process_time() - start < 8  # the slowest takes one second
    assert {*found.iptc, *found.xmp, *found.sidecar} <= {"x"}
    results = write_all(content)
    assert time.process_time() - start < 60
    assert all("new" in read_keywords(result).xmp for result in results[:2])


@pytest.mark.parametrize(
    "name", ["attributes", "deep nesting", "zip bombs", "zip bombs in profiles", "many datasets"]
)
def test_a_crafted_file_is_read_within_bounded_memory(name: str) -> None:
    tracemalloc.start()
    try:
        read_keywords(CRAFTED[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 400_000_000
