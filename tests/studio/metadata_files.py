"""Photos as programs leave them, built byte by byte where no program is at hand, and ExifTool's view of them."""

import hashlib
import json
import struct
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageCms

from tests.studio.pictures import encode, exiftool, picture

CONVERT = "/usr/bin/convert"
WORDS = ("köttbullar", "oven-tray", "sauce & pan <2>", "焼き肉", "𠮷野家")
"""Letters beyond ASCII, XML's own characters, CJK, and a character of four bytes in UTF-8."""
CONCERNED = ("IPTC:Keywords", "IPTC:CodedCharacterSet", "IPTC:ApplicationRecordVersion", "XMP-dc:Subject")
DIGESTS = ("Photoshop:IPTCDigest", "File:CurrentIPTCDigest", "XMP-xmpNote:HasExtendedXMP")


def magick(image: bytes, kind: str, *arguments: str) -> bytes:
    """What ImageMagick makes of a PNG."""
    command = [CONVERT, "png:-", *arguments, f"{kind}:-"]
    return subprocess.run(command, input=image, check=True, capture_output=True).stdout


def tagged(folder: Path, photo: bytes, *arguments: str) -> bytes:
    """The photo after ExifTool wrote into it."""
    path = folder / "tagged"
    path.write_bytes(photo)
    exiftool("-q", "-m", "-overwrite_original", *arguments, str(path))
    return path.read_bytes()


def seen(folder: Path, photo: bytes, suffix: str = "") -> dict[str, object]:
    """All that ExifTool reads, binary values too, but for the facts of the file system."""
    path = folder / f"seen{suffix}"
    path.write_bytes(photo)
    found = json.loads(exiftool("-json", "-G1:4", "-a", "-struct", "-U", "-b", str(path)))[0]
    skipped = ("System", "SourceFile", "ExifTool:ExifToolVersion", "Composite")
    return {key: value for key, value in found.items() if not key.startswith(skipped)}


def untouched(found: dict[str, object]) -> dict[str, object]:
    """What writing keywords must leave as it is."""
    ours = (*CONCERNED, *DIGESTS, "XMP-recipe")
    return {key: value for key, value in found.items() if not key.startswith(ours)}


def warnings(folder: Path, photo: bytes) -> set[str]:
    """What ExifTool's validation finds wrong."""
    path = folder / "validated"
    path.write_bytes(photo)
    report = exiftool("-validate", "-warning", "-error", "-a", "-s3", str(path)).splitlines()
    return {line for line in report if line != "OK" and not line.endswith(("Warning", "Warnings", "minor)"))}


def listed(value: object) -> list[object]:
    """A list, as ExifTool's JSON gives one only from two items on."""
    return value if isinstance(value, list) else [value]


def segment(marker: int, body: bytes) -> bytes:
    """A JPEG segment."""
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """The JPEG with segments behind those that it begins with (JFIF, EXIF)."""
    at = 2
    while jpeg[at + 1] in (0xE0, 0xE1):
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return jpeg[:at] + b"".join(segments) + jpeg[at:]


def xmp_segment(packet: str | bytes) -> bytes:
    """A JPEG segment with an XMP packet."""
    return segment(
        0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + (packet.encode() if isinstance(packet, str) else packet)
    )


def photoshop_segment(block: bytes) -> bytes:
    """A JPEG segment with image resources."""
    return segment(0xED, b"Photoshop 3.0\x00" + block)


def resource(number: int, data: bytes, name: bytes = b"") -> bytes:
    """An image resource with a Pascal name."""
    packed = bytes([len(name)]) + name
    packed += b"\x00" * (len(packed) % 2)
    return (
        b"8BIM"
        + struct.pack(">H", number)
        + packed
        + struct.pack(">I", len(data))
        + data
        + b"\x00" * (len(data) % 2)
    )


def dataset(record: int, number: int, value: bytes) -> bytes:
    """An IPTC dataset."""
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def iptc(*words: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    """An IPTC block with these keywords."""
    return before + b"".join(dataset(2, 25, word) for word in words) + after


def rdf(content: str, wrapper: bool = True, padding: int = 0) -> str:
    """An XMP packet around rdf:Description elements."""
    core = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/">{content}</rdf:RDF></x:xmpmeta>'
    )
    if not wrapper:
        return core
    begin = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    return f'{begin}{core}{" " * padding}<?xpacket end="w"?>'


def extended_segments(packet: bytes, size: int = 4000) -> tuple[str, list[bytes]]:
    """The GUID of an extended packet, and its segments."""
    guid = hashlib.md5(packet, usedforsecurity=False).hexdigest().upper()
    chunks = [
        guid.encode() + struct.pack(">II", len(packet), at) + packet[at : at + size]
        for at in range(0, len(packet), size)
    ]
    return guid, [segment(0xE1, b"http://ns.adobe.com/xmp/extension/\x00" + chunk) for chunk in chunks]


def photoshop_jpeg() -> bytes:
    """A JPEG as Photoshop saves it: resolution, IPTC in Latin-1, digest, thumbnail, clipping path, copyright."""
    block = iptc(b"gr\xe4dde", before=dataset(2, 0, b"\x00\x02") + dataset(2, 5, b"Sm\xf6rg\xe5s"),
                 after=dataset(2, 120, b"Caf\xe9 au lait"))  # fmt: skip
    thumbnail = encode(picture(7, (32, 24)))
    head = struct.pack(">IIIIIIHH", 1, 32, 24, 96, 96 * 24, len(thumbnail), 24, 1)
    resources = [
        resource(0x03ED, struct.pack(">IHHIHH", 300 << 16, 1, 1, 300 << 16, 1, 1)),
        resource(0x0404, block),
        resource(0x0425, hashlib.md5(block, usedforsecurity=False).digest()),
        resource(0x040C, head + thumbnail),
        resource(0x07D0, struct.pack(">H24x", 6) * 3, b"Path 1"),
        resource(0x040A, b"\x01"),
        resource(0x0BB7, b"\x06Path 1"),
    ]
    return with_segments(encode(picture(2)), photoshop_segment(b"".join(resources)))


def cmyk_jpeg() -> bytes:
    """A progressive CMYK JPEG as Adobe writes it, with an ICC profile in several segments."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return encode(picture(3, mode="CMYK"), progressive=True, icc_profile=profile + bytes(70_000))


def gain_map_jpeg() -> bytes:
    """A JPEG with a second image behind it, an MPF index that points there, and a trailer."""
    first, second = encode(picture(4)), encode(picture(5, (48, 32)))
    size = 8 + 2 + 3 * 12 + 4 + 32
    at = 2 + int.from_bytes(first[4:6], "big") + 2
    total = len(first) + 4 + 4 + size
    base = at + 4 + 4
    entries = struct.pack("<IIIHH", 0x20030000, total, 0, 0, 0)
    entries += struct.pack("<IIIHH", 0, len(second), total - base, 0, 0)
    index = b"II*\x00" + struct.pack("<IH", 8, 3)
    index += struct.pack("<HHI4s", 0xB000, 7, 4, b"0100") + struct.pack("<HHII", 0xB001, 4, 1, 2)
    index += struct.pack("<HHIII", 0xB002, 7, 32, 50, 0) + entries
    return first[:at] + segment(0xE2, b"MPF\x00" + index) + first[at:] + second + b"trailer of a phone"


def camera_jpeg(folder: Path) -> bytes:
    """A JPEG tagged by people: EXIF with GPS, IPTC in Latin-1, and XMP of several programs."""
    photo = encode(picture(1), quality=90, comment=b"shot by hand", dpi=(300, 300))
    return tagged(
        folder, photo, "-charset", "iptc=Latin", "-EXIF:Make=Canon", "-EXIF:Model=EOS R5", "-EXIF:Orientation#=6",
        "-GPSLatitude=59.33", "-GPSLatitudeRef=N", "-EXIF:UserComment=på bordet", "-IPTC:Keywords=grädde",
        "-IPTC:By-line=Åsa Öberg", "-IPTC:Caption-Abstract=Köttbullar på fat", "-XMP-dc:Creator=Åsa Öberg",
        "-XMP-dc:Title-sv=Köttbullar", "-XMP-lr:HierarchicalSubject=mat|kött", "-XMP-xmp:Rating=4",
        "-XMP-photoshop:Urgency=3", "-XMP-crs:Exposure2012=0.35",
    )  # fmt: skip


def extended_jpeg(subject_in_extended: bool = False) -> bytes:
    """A JPEG whose editing history stands in Extended XMP, its chunks not in order."""
    words = "<dc:subject><rdf:Bag><rdf:li>grädde</rdf:li></rdf:Bag></dc:subject>"
    steps = "".join(f"<rdf:li>saved, step {step}</rdf:li>" for step in range(600))
    history = (
        '<rdf:Description rdf:about="" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">'
        f"<photoshop:DocumentAncestors><rdf:Bag>{steps}</rdf:Bag></photoshop:DocumentAncestors>"
        f"{words if subject_in_extended else ''}</rdf:Description>"
    )
    guid, chunks = extended_segments(rdf(history, wrapper=False).encode())
    main = (
        '<rdf:Description rdf:about="" xmlns:xmpNote="http://ns.adobe.com/xmp/note/" '
        f'xmpNote:HasExtendedXMP="{guid}">'
        f"{'' if subject_in_extended else words}</rdf:Description>"
    )
    return with_segments(encode(picture(6)), xmp_segment(rdf(main, padding=400)), *reversed(chunks))


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """The PNG with chunks before its end."""
    return png[:-12] + b"".join(chunks) + png[-12:]


def raw_profile(name: str, block: bytes, kind: bytes = b"zTXt") -> bytes:
    """A PNG chunk with a block in hexadecimal digits, as ImageMagick writes it."""
    digits = block.hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    text = f"\n{name}\n{len(block):8d}\n{lines}\n".encode()
    head = f"Raw profile type {name}".encode() + b"\x00"
    return chunk(kind, head + (b"\x00" + zlib.compress(text) if kind == b"zTXt" else text))


def psd(resources: bytes) -> bytes:
    """A PSD of one pixel with these image resources."""
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 1, 1, 8, 3)
    return (
        head
        + struct.pack(">I", 0)
        + struct.pack(">I", len(resources))
        + resources
        + struct.pack(">IH", 0, 0)
        + b"abc"
    )


def pages(folder: Path, *, big_endian: bool = False, count: int = 3) -> bytes:
    """A TIFF of several pages by ImageMagick, in 16 bits, with a resolution."""
    names = []
    for number in range(count):
        names.append(str(folder / f"page{number}.png"))
        Path(names[-1]).write_bytes(encode(picture(number, (40 + number, 30)), "PNG"))
    endian = ["-define", f"tiff:endian={'msb' if big_endian else 'lsb'}"]
    command = [CONVERT, *names, "-depth", "16", "-units", "PixelsPerInch", "-density", "300", *endian, "tiff:-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def frames(photo: Path) -> list[bytes]:
    """The pixels of every page."""
    with Image.open(photo) as image:
        found = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            found.append(f"{image.mode} {image.size} ".encode() + image.tobytes())
        return found


def unique(words: Sequence[str]) -> list[str]:
    """The words in order, each once."""
    return list(dict.fromkeys(words))
