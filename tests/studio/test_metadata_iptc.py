"""IPTC-IIM blocks: datasets in odd forms, character sets, and what stands beside the keywords."""

import struct

import pytest

from recipe_assets.studio.metadata import MetadataError, read_keywords, write_keywords
from recipe_assets.studio.metadata.iim import datasets
from recipe_assets.studio.metadata.iptc import cut, edit_iptc, iptc_keywords
from tests.studio.metadata_files import dataset, iptc, photoshop_segment, resource, with_segments
from tests.studio.pictures import encode, picture

UTF8 = dataset(1, 90, b"\x1b%G")
VERSION = dataset(2, 0, b"\x00\x04")


def long_dataset(record: int, number: int, value: bytes, width: int = 4) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, 0x8000 | width) + len(value).to_bytes(width, "big") + value


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (iptc(b"pan", b"lok"), ["pan", "lok"]),
        (iptc(b" pan ", b"lok\x00\x00", b"pot  \x00 "), ["pan", "lok", "pot"]),
        (iptc(b"", b" ", b"\x00", b"pan"), ["pan"]),
        (iptc(b"pan") + bytes(7), ["pan"]),
        (iptc("kött".encode(), before=UTF8), ["kött"]),
        (iptc("kött".encode()), ["kött"]),
        (iptc(b"k\xf6tt"), ["kött"]),
        (iptc(b"k\xf6tt", "lök".encode()), ["kött", "lök"]),
        (iptc(b"\x93pan\x94", b"50 \x80"), ["“pan”", "50 €"]),
        (iptc(b"\x81x"), ["\x81x"]),
        (iptc(b"k\xf6tt", before=dataset(1, 90, b"\x1b-A")), ["kött"]),
        (iptc(b"k\xf6tt", before=dataset(1, 90, b"\x1b.A")), ["kött"]),
        (iptc(b"k\xf6tt", before=dataset(1, 90, b"\x1b/A\x00")), ["kött"]),
        (iptc(b"\xda\xde\xd0", before=dataset(1, 90, b"\x1b-L")), ["\u043a\u043e\u0430"]),
        (iptc(b"k\xf6tt", before=UTF8), ["k\ufffdtt"]),
        (long_dataset(2, 120, b"x" * 40_000) + iptc(b"pan"), ["pan"]),
        (long_dataset(2, 25, b"pan", width=2), ["pan"]),
        (dataset(2, 5, b"title") + iptc(b"pan") + dataset(7, 10, b"\x00") + dataset(8, 10, b"\x00" * 9), ["pan"]),
        (iptc(b"pan") + b"\x1c\x02\x19\x00\x09cut off", ["pan"]),
        (iptc(b"pan") + b"\x1c\x02\x19\xff\xff\x00", ["pan"]),
        (iptc(b"pan") + b"garbage", ["pan"]),
        (b"", []),
    ],
)
def test_keywords_are_read_in_every_form(block: bytes, words: list[str]) -> None:
    assert iptc_keywords(block, strict=False) == words
    photo = with_segments(encode(picture(size=(8, 8))), photoshop_segment(resource(0x0404, block)))
    assert read_keywords(photo).iptc == tuple(words)


def test_marks_and_version_stand_in_order_and_other_records_stay() -> None:
    envelope, title, caption = dataset(1, 0, b"\x00\x04"), dataset(2, 5, b"title"), dataset(2, 120, b"text")
    preview = dataset(8, 10, b"\x1c\x02\x19")
    new = edit_iptc(envelope + title + iptc(b"lok") + caption + preview, ["pan", "lök"])
    words = iptc(b"pan", "lök".encode())
    assert new == envelope + UTF8 + VERSION + title + words + caption + preview
    kept = dataset(1, 100, b"unique") + dataset(2, 0, b"\x00\x02") + caption
    assert edit_iptc(kept, ["pan"]) == UTF8 + kept[:11] + dataset(2, 0, b"\x00\x02") + iptc(b"pan") + caption


def test_text_is_translated_and_binary_datasets_are_not() -> None:
    binary = dataset(2, 125, b"\xe5\xe4\xf6") + dataset(2, 202, b"\xff\xd8\xe5") + dataset(3, 10, b"\xe5")
    new = edit_iptc(dataset(2, 120, b"Caf\xe9") + binary, ["pan"])
    found = {one[:2]: one.value for one in datasets(new)}
    assert found[2, 120] == "Café".encode()
    assert (found[2, 125], found[2, 202], found[3, 10]) == (b"\xe5\xe4\xf6", b"\xff\xd8\xe5", b"\xe5")


def test_a_long_caption_grows_beyond_the_short_form_when_it_is_translated() -> None:
    new = edit_iptc(dataset(2, 120, b"\xe9" * 20_000), ["pan"])
    assert {one[:2]: one.value for one in datasets(new)}[2, 120] == "é".encode() * 20_000


@pytest.mark.parametrize("text", [dataset(2, 120, b"\x1b$B\x25\xa1"), iptc(b"\xa1\xa2")])
def test_text_in_a_character_set_that_we_do_not_know_is_refused(text: bytes) -> None:
    mark = dataset(1, 90, b"\x1b$)B")
    with pytest.raises(MetadataError, match=r"cannot be translated \(1B \$ \) B\): save its metadata as UTF-8"):
        edit_iptc(mark + text, ["pan"])
    assert edit_iptc(mark + dataset(2, 120, b"plain"), ["pan"]).startswith(UTF8)


def test_what_says_the_same_already_is_left_as_it_is() -> None:
    for block in (iptc(b"k\xf6tt", b"pan\x00"), iptc(b"pan", b"pan") + bytes(3), iptc(b"x" * 80)):
        words = list(dict.fromkeys(iptc_keywords(block, strict=True)))
        assert edit_iptc(block, words) == block


def test_a_block_of_keywords_alone_goes_with_them_and_another_stays() -> None:
    assert edit_iptc(edit_iptc(b"", ["pan"]), []) == b""
    assert edit_iptc(iptc(b"pan", after=dataset(2, 120, b"text")), []) == UTF8 + VERSION + dataset(2, 120, b"text")
    assert edit_iptc(b"", []) == b""


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("pan", "pan"),
        ("x" * 64, "x" * 64),
        ("x" * 65, "x" * 64),
        ("ö" * 33, "ö" * 32),
        ("x" + "𠮷" * 16, "x" + "𠮷" * 15),
        ("x" * 63 + " y", "x" * 63),
    ],
)
def test_words_are_cut_between_characters(word: str, expected: str) -> None:
    assert cut(word) == expected


def test_writing_again_never_doubles_a_word_that_iptc_holds_cut() -> None:
    long, twin = "å" * 40, "å" * 32 + "b"
    photo = write_keywords(encode(picture(size=(8, 8))), [long, twin, "pan"])
    assert read_keywords(photo).iptc == ("å" * 32, "pan")
    assert read_keywords(photo).xmp == (long, twin, "pan")
    assert write_keywords(photo, [twin, long]) == photo
    again = write_keywords(photo, ["pot"])
    assert read_keywords(again).xmp == (long, twin, "pan", "pot")
