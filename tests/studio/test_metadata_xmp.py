"""XMP packets in every form that programs write: what is read, what is changed, and what must not change."""

import codecs
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from recipe_assets.studio.metadata import (
    MetadataError,
    PhotoKeywords,
    Provenance,
    read_keywords,
    read_provenance,
    sidecar_packet,
    write_keywords,
)
from tests.studio.metadata_files import WORDS, listed, rdf, seen, with_segments, xmp_segment
from tests.studio.pictures import EXIFTOOL, encode, exiftool, picture

OURS = Provenance("r1", 80)


def described(content: str, attributes: str = "") -> str:
    return f'<rdf:Description rdf:about=""{attributes}>{content}</rdf:Description>'


def items(*words: str, kind: str = "Bag") -> str:
    return f"<rdf:{kind}>{''.join(f'<rdf:li>{word}</rdf:li>' for word in words)}</rdf:{kind}>"


def subject(*words: str, kind: str = "Bag") -> str:
    return f"<dc:subject>{items(*words, kind=kind)}</dc:subject>"


def within(content: str) -> str:
    return described(f"<dc:subject><rdf:Bag>{content}</rdf:Bag></dc:subject>")


DC = "http://purl.org/dc/elements/1.1/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
BOTH = ("pan", "lök")
FORMS = {
    "bag": (described(subject(*BOTH)), BOTH),
    "seq": (described(subject(*BOTH, kind="Seq")), BOTH),
    "alt": (described(subject("pan", kind="Alt").replace("li>p", "li xml:lang='x-default'>p")), ("pan",)),
    "literal": (described("<dc:subject> pan </dc:subject>"), ("pan",)),
    "attribute": (described("", " dc:subject='pan'"), ("pan",)),
    "several descriptions": (described(subject("pan")) + described(subject("lök")), BOTH),
    "attribute and element": (described(subject("lök"), " dc:subject='pan'"), BOTH),
    "numbered members": (within("<rdf:_1>pan</rdf:_1><rdf:_2>lök</rdf:_2>"), BOTH),
    "qualified": (
        within("<rdf:li rdf:parseType='Resource'><rdf:value>pan</rdf:value><dc:type>x</dc:type></rdf:li>"),
        ("pan",),
    ),
    "qualified at length": (
        within("<rdf:li><rdf:Description><rdf:value>pan</rdf:value></rdf:Description></rdf:li>"),
        ("pan",),
    ),
    "other prefixes": (
        f"<r:Description xmlns:r='{RDF}' xmlns:k='{DC}'><k:subject><r:Bag><r:li>pan</r:li></r:Bag></k:subject>"
        "</r:Description>",
        ("pan",),
    ),
    "default namespace": (described(f"<subject xmlns='{DC}'>{items('pan')}</subject>"), ("pan",)),
    "about without prefix": (f"<rdf:Description about=''>{subject('pan')}</rdf:Description>", ("pan",)),
    "escapes and sections": (
        described(subject("sauce &amp; pan", "&#x6C;&#246;k", "<![CDATA[<2>]]>")),
        ("sauce & pan", "lök", "<2>"),
    ),
    "comments": (f"<!-- a -->{within('<!-- b --><rdf:li>p<!-- c -->an</rdf:li>')}", ("pan",)),
    "repeated, blank and empty": (described(subject(" pan ", "pan", "", "  ", "\n lök\t")), BOTH),
}


def jpeg(packet: str | bytes) -> bytes:
    return with_segments(encode(picture(size=(16, 16))), xmp_segment(packet))


@pytest.mark.parametrize(("content", "words"), FORMS.values(), ids=FORMS)
def test_every_form_of_subject_is_read_and_written(tmp_path: Path, content: str, words: tuple[str, ...]) -> None:
    photo = jpeg(rdf(content))
    assert read_keywords(photo).xmp == words
    written = write_keywords(photo, WORDS, provenance=OURS)
    assert read_keywords(written).xmp == (*words, *WORDS)
    assert write_keywords(written, WORDS, provenance=OURS) == written
    assert read_keywords(write_keywords(written, (), "replace-ours")).xmp == words
    assert read_keywords(write_keywords(written, ["pot"], "replace-all")).xmp == ("pot",)
    # ExifTool reads XMP by patterns: comments within words, blanks around them and default namespaces escape it.
    if Path(EXIFTOOL).exists() and not re.search("<!--|xmlns=|> pan", content):
        assert listed(seen(tmp_path, written)["XMP-dc:Subject"]) == [*words, *WORDS]


def test_keywords_of_ingredients_and_other_lists_are_not_the_photos() -> None:
    """A composite carries the metadata of its layers in xmpMM:Pantry, dc:subject included."""
    pantry = f"<xmpMM:Pantry><rdf:Bag><rdf:li>{described(subject('other'))}</rdf:li></rdf:Bag></xmpMM:Pantry>"
    creator = "<dc:creator><rdf:Seq><rdf:li>Ann</rdf:li></rdf:Seq></dc:creator>"
    photo = jpeg(
        rdf(described(pantry + creator + subject("pan"), " xmlns:xmpMM='http://ns.adobe.com/xap/1.0/mm/'"))
    )
    assert read_keywords(photo).xmp == ("pan",)
    written = write_keywords(photo, ["pot"], "replace-all")
    assert b"<rdf:li>other</rdf:li>" in written


OLD_WRAPPER = (
    "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d' bytes='670'?><?adobe-xap-filters esc=\"CR\"?>"
    "<x:xapmeta xmlns:x='adobe:ns:meta/' x:xaptk='XMP toolkit 2.8.2'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-"
    "rdf-syntax-ns#' xmlns:iX='http://ns.adobe.com/iX/1.0/'><rdf:Description about='uuid:1' xmlns='http://purl.org/dc/"
    "elements/1.1/' xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:subject><rdf:Bag><rdf:li>pan</rdf:li></rdf:Bag>"
    "</dc:subject></rdf:Description></rdf:RDF></x:xapmeta>\n   <?xpacket end='w'?>"
)


@pytest.mark.parametrize(
    "packet",
    [
        OLD_WRAPPER,
        rdf(described(subject("pan")), wrapper=False),
        "\n \n" + rdf(described(subject("pan"))) + "\x00\x00",
        '<?xml version="1.0" encoding="UTF-8"?>\n' + rdf(described(subject("pan")), wrapper=False),
        rdf(described(subject("pan"))).replace("\ufeff", ""),
        rdf(described(subject("pan"))).replace('end="w"', "end='r'"),
        rdf(described(subject("pan"))).replace("><", ">\r\n<"),
    ],
    ids=["XMP 1.1", "bare", "blanks and zeros", "XML declaration", "no mark", "read-only", "lines"],
)
def test_every_wrapper_is_read_and_kept(packet: str) -> None:
    assert read_keywords(jpeg(packet), packet.encode()) == PhotoKeywords((), ("pan",), ("pan",))
    written = sidecar_packet(packet.encode(), ["lök"], provenance=OURS).decode()
    assert read_keywords(b"", written.encode()).sidecar == ("pan", "lök")
    head, tail = packet.split("<rdf:li>")[0], re.sub(r"\s", "", packet.split("</rdf:RDF>")[1])
    assert written.startswith(head)
    assert re.sub(r"\s", "", written.split("</rdf:RDF>")[1]) == tail


ENCODINGS = {
    "utf-8 with mark": (codecs.BOM_UTF8, "utf-8"),
    "utf-16-le": (b"", "utf-16-le"), "utf-16-le with mark": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "utf-16-be": (b"", "utf-16-be"), "utf-16-be with mark": (codecs.BOM_UTF16_BE, "utf-16-be"),
    "utf-32-le": (b"", "utf-32-le"), "utf-32-le with mark": (codecs.BOM_UTF32_LE, "utf-32-le"),
    "utf-32-be": (b"", "utf-32-be"), "utf-32-be with mark": (codecs.BOM_UTF32_BE, "utf-32-be"),
}  # fmt: skip


@pytest.mark.parametrize("wrapper", [True, False])
@pytest.mark.parametrize(("mark", "encoding"), ENCODINGS.values(), ids=ENCODINGS)
def test_every_encoding_is_read_and_kept(tmp_path: Path, mark: bytes, encoding: str, wrapper: bool) -> None:
    raw = mark + rdf(described(subject("köttbullar", "焼き肉")), wrapper, padding=3000).encode(encoding)
    assert read_keywords(b"", raw).sidecar == ("köttbullar", "焼き肉")
    written = sidecar_packet(raw, ["lök"], provenance=OURS)
    assert read_keywords(b"", written).sidecar == ("köttbullar", "焼き肉", "lök")
    assert read_keywords(b"", sidecar_packet(raw, ["𠮷"])).sidecar == ("köttbullar", "焼き肉", "𠮷")
    assert written.startswith(mark)
    assert written[len(mark) :].decode(encoding).count("lök") == 2  # in dc:subject and in our record
    assert sidecar_packet(written, ["lök"], provenance=OURS) == written
    if wrapper and Path(EXIFTOOL).exists():
        assert listed(seen(tmp_path, jpeg(written))["XMP-dc:Subject"]) == ["köttbullar", "焼き肉", "lök"]


LIGHTROOM = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0-c000 1.000000">\n'
    ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
    '  <rdf:Description rdf:about="uuid:7"\n'
    '    xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:foo="http://ns.example.com/foo/1.0/"\n'
    '    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"\n'
    '   crs:Tone="0, 0&#xA;255, 255"\n'
    "   crs:Profile='a \"quoted\" > name'>\n"
    "   <!-- by hand -->\n"
    "   <dc:subject>\n    <rdf:Bag>\n     <rdf:li>pan</rdf:li>\n    </rdf:Bag>\n   </dc:subject>\n"
    "   <foo:note xml:lang='sv'>a&#xD;b</foo:note>\n"
    "  </rdf:Description>\n"
    " </rdf:RDF>\n"
    "</x:xmpmeta>\n" + " " * 300 + '\n<?xpacket end="w"?>'
)


def test_not_a_byte_of_other_programs_changes_in_a_packet() -> None:
    written = sidecar_packet(LIGHTROOM.encode(), ["lök"]).decode()
    assert written.replace("\n     <rdf:li>lök</rdf:li>", "") == LIGHTROOM.replace(" " * 300, " " * 273)
    assert len(written.encode()) == len(LIGHTROOM.encode())


def test_undoing_returns_the_very_packet() -> None:
    packet = LIGHTROOM.replace(" " * 300, " " * 900).encode()
    written = sidecar_packet(packet, ["lök"], provenance=OURS)
    assert len(written) == len(packet)
    assert sidecar_packet(written, (), "replace-ours") == packet


def test_what_we_add_says_that_it_is_about_the_same_thing() -> None:
    written = sidecar_packet(LIGHTROOM.encode(), ["lök"], provenance=OURS)
    found = ElementTree.fromstring(written.split(b"?>", 1)[1].rsplit(b"<?", 1)[0])
    about = {one.get("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about") for one in found[0]}
    assert about == {"uuid:7"}
    assert len(found[0]) == 2


def test_a_packet_that_outgrows_its_padding_gets_new_padding() -> None:
    packet = rdf(described(subject("pan")), padding=10).encode()
    written = sidecar_packet(packet, ["lök " + "x" * 40])
    assert re.search(rb">\s{2000,}<\?xpacket end", written)


@pytest.mark.parametrize(
    "root", ["<rdf:RDF {}/>", "<rdf:RDF {}></rdf:RDF>", "<rdf:RDF {}>\n</rdf:RDF>", "<RDF {}/>"]
)
def test_an_empty_packet_takes_keywords(root: str) -> None:
    name = "xmlns" if root.startswith("<RDF") else "xmlns:rdf"
    packet = root.format(f"{name}='http://www.w3.org/1999/02/22-rdf-syntax-ns#'").encode()
    written = sidecar_packet(packet, WORDS, provenance=OURS)
    assert read_keywords(b"", written).sidecar == WORDS
    assert read_keywords(b"", sidecar_packet(written, ["pot"], "replace-all")).sidecar == ("pot",)


def test_a_new_sidecar_is_one_that_exiftool_reads(tmp_path: Path) -> None:
    path = tmp_path / "photo.xmp"
    path.write_bytes(sidecar_packet(None, WORDS, provenance=OURS))
    assert sidecar_packet(b"", WORDS) == sidecar_packet(None, WORDS)
    if Path(EXIFTOOL).exists():
        assert exiftool("-s3", "-sep", "|", "-XMP-dc:Subject", str(path)).strip() == "|".join(WORDS)
        assert exiftool("-s3", "-validate", str(path)).strip() == "OK"
        exiftool("-q", "-overwrite_original", "-XMP-dc:Subject+=lök", "-XMP-dc:Title=Mat", str(path))
        ours = read_provenance(b"", path.read_bytes())
        assert ours is not None
        assert ours.keywords == WORDS


def test_a_sidecar_that_loses_its_last_keyword_is_still_a_packet() -> None:
    empty = sidecar_packet(sidecar_packet(None, ["pan"], provenance=OURS), (), "replace-ours")
    assert b"rdf:RDF" in empty
    assert read_keywords(b"", empty).sidecar == ()
    assert read_keywords(b"", sidecar_packet(empty, ["pot"])).sidecar == ("pot",)


ENTITY = b"<!DOCTYPE x [<!ENTITY a 'pan'>]>" + rdf(described(subject("&a;")), wrapper=False).encode()
OUTSIDE = b"<!DOCTYPE x SYSTEM 'file:///etc/hostname'>" + rdf(described(""), wrapper=False).encode()
MANY = f"<r:RDF xmlns:r='{RDF}'>{'<r:Description/>' * 100_001}</r:RDF>".encode()


@pytest.mark.parametrize(
    ("packet", "problem"),
    [
        (ENTITY, "document type"),
        (OUTSIDE, "document type"),
        (rdf(described(subject("pan"))).encode()[:-60], "well-formed"),
        (rdf(described(subject("&undefined;"))).encode(), "well-formed"),
        (rdf(described("<unbound:name/>")).encode(), "well-formed"),
        (rdf(described(subject("p\x01an"))).encode(), "well-formed"),
        (b"<x/>", "rdf:RDF"),
        (rdf(described(subject("k\xf6k"))).encode("latin-1", "replace"), "no text"),
        (b"plain words", "well-formed"),
        (b"\xff\xfe<\x00x\x00/\x00>", "no text"),
        (MANY, "more than 100000 properties"),
        (b"<x>" + b"<a/>" * 1_000_001 + b"</x>", "larger than XMP is"),
    ],
)
def test_a_packet_that_cannot_be_trusted_is_refused_and_has_no_keywords(packet: bytes, problem: str) -> None:
    with pytest.raises(MetadataError, match=problem):
        sidecar_packet(packet, ["pan"])
    assert read_keywords(b"", packet).sidecar in ((), ("k\ufffdk",))


def test_our_record_is_read_in_the_forms_that_others_make_of_it() -> None:
    namespace = " xmlns:q='https://recipe-classifier.dev/xmp/1.0/'"
    attributes = " q:releaseId='r7' q:confidence='88.5' q:writtenAt='2026-11-20T10:00:00Z'"
    packet = rdf(
        described(f"<q:writtenKeywords>{items('pan', 'lök')}</q:writtenKeywords>", namespace + attributes)
    )
    ours = read_provenance(b"", packet.encode())
    assert ours is not None
    assert (ours.keywords, ours.release, ours.confidence, ours.model) == (("pan", "lök"), "r7", 88.5, None)
    assert str(ours.time) == "2026-11-20 10:00:00+00:00"
    written = sidecar_packet(
        packet.replace("</rdf:RDF>", described(subject("pan")) + "</rdf:RDF>").encode(), (), "replace-ours"
    )
    assert b"recipe-classifier.dev" not in written.replace(namespace.encode(), b"")
    assert read_provenance(b"", written) is None


@pytest.mark.parametrize(
    ("confidence", "time"), [("high", "yesterday"), ("-3", ""), ("nan", "2026"), ("1e999", "0")]
)
def test_a_record_with_nonsense_in_it_is_read_as_far_as_it_makes_sense(confidence: str, time: str) -> None:
    content = (
        f"<q:releaseId>r7</q:releaseId><q:confidence>{confidence}</q:confidence><q:writtenAt>{time}</q:writtenAt>"
    )
    ours = read_provenance(
        b"", rdf(described(content, " xmlns:q='https://recipe-classifier.dev/xmp/1.0/'")).encode()
    )
    assert ours == ((), "r7", None, None, None)


def test_a_confidence_of_many_digits_survives_when_the_record_moves() -> None:
    content = "<q:releaseId>r7</q:releaseId><q:confidence>88.123456789</q:confidence>"
    packet = rdf(described(content, " xmlns:q='https://recipe-classifier.dev/xmp/1.0/'")).encode()
    photo = with_segments(
        encode(picture(size=(8, 8))), xmp_segment(rdf(described(subject("pan")))), xmp_segment(packet)
    )
    written = write_keywords(photo, ["pot"])
    assert written.count(b"88.123456789") == 2
    assert read_provenance(written) == ((), "r7", 88.123456789, None, None)


def test_a_history_of_a_hundred_thousand_documents_is_no_reason_to_refuse() -> None:
    """Photoshop piles up photoshop:DocumentAncestors; only what is ours to read is kept in memory."""
    ancestors = f"<p:DocumentAncestors>{items(*['uuid:' + 'x' * 16] * 120_000)}</p:DocumentAncestors>"
    packet = rdf(described(ancestors + subject("pan"), " xmlns:p='http://ns.adobe.com/photoshop/1.0/'")).encode()
    written = sidecar_packet(packet, ["pot"])
    assert read_keywords(b"", written).sidecar == ("pan", "pot")
    assert len(written) > len(packet)
