"""Keywords in an IPTC-IIM block: read them, and set them with everything else left as it is.

Here: dataset 2:25 and what must stand beside it (1:90, 2:00). Other text is touched only to translate it, where
the block declares another character set than UTF-8.
Source: IPTC-NAA Information Interchange Model 4.2, chapters 5 and 6.
"""

import struct
from collections.abc import Sequence

from recipe_assets.studio.metadata.binary import Edit, splice, until_damage
from recipe_assets.studio.metadata.iim import (
    UTF8_MARK,
    Dataset,
    datasets,
    decode_text,
    encode_dataset,
    transcode,
)

KEYWORD, CHARSET, VERSION = (2, 25), (1, 90), (2, 0)
MAX_KEYWORD = 64
"""Bytes of a keyword (IIM 2:25)."""
IIM_VERSION = 4
_BINARY = {0, 125, 200, 201, 202}
"""Datasets of record 2 that are not text: version, rasterized caption, preview format, its version, preview."""
_PADDING = " \t\r\n\x00"


def cut(word: str) -> str:
    """A keyword as IPTC can hold it: at most 64 bytes of UTF-8, cut between two characters."""
    return word.encode("utf-8")[:MAX_KEYWORD].decode("utf-8", "ignore").strip(_PADDING)


def iptc_keywords(block: bytes, strict: bool) -> list[str]:
    """The keywords, trimmed; where not `strict`, those before the damage.

    Raises:
        MetadataError: if `strict` and the block is damaged.
    """
    found = list(until_damage(datasets(block), strict))
    mark = _mark(found)
    words = [decode_text(one.value, mark).strip(_PADDING) for one in found if one[:2] == KEYWORD]
    return [word for word in words if word]


def edit_iptc(block: bytes, words: Sequence[str]) -> bytes:
    """The block with these keywords and no others, in UTF-8.

    A block that says the same already is returned as it is; one that holds nothing but keywords is emptied
    when these go.

    Raises:
        MetadataError: if the block is damaged or in a character set that cannot be translated.
    """
    wanted = _distinct(words)
    if _distinct(iptc_keywords(block, strict=True)) == wanted:
        return block
    found = list(datasets(block))
    if not wanted and _is_shell(found):
        return b""
    edits = [Edit(one.start, one.end, b"") for one in found if one[:2] == KEYWORD]
    edits += _utf8_edits(found)
    if not any(one[:2] == VERSION for one in found):
        at = _place(found, VERSION)
        edits.append(Edit(at, at, encode_dataset(*VERSION, struct.pack(">H", IIM_VERSION))))
    at = _place(found, KEYWORD)
    edits.append(Edit(at, at, b"".join(encode_dataset(*KEYWORD, word.encode("utf-8")) for word in wanted)))
    padding_at = found[-1].end if found else 0
    return splice(block[:padding_at], edits)


def _distinct(words: Sequence[str]) -> list[str]:
    return [word for word in dict.fromkeys(map(cut, words)) if word]


def _utf8_edits(found: Sequence[Dataset]) -> list[Edit]:
    """Declare UTF-8, and translate the text of record 2 that is not."""
    mark, edits = _mark(found), []
    for one in found:
        if one.record == 2 and one.number not in _BINARY:
            text = transcode(one.value, mark)
            if text != one.value and one[:2] != KEYWORD:
                edits.append(Edit(one.start, one.end, encode_dataset(one.record, one.number, text)))
    declared = [one for one in found if one[:2] == CHARSET]
    new = encode_dataset(*CHARSET, UTF8_MARK)
    if not declared:
        at = _place(found, CHARSET)
        return [*edits, Edit(at, at, new)]
    return [*edits, *(Edit(one.start, one.end, new) for one in declared if one.value != UTF8_MARK)]


def _mark(found: Sequence[Dataset]) -> bytes:
    return next((one.value for one in found if one[:2] == CHARSET), b"")


def _place(found: Sequence[Dataset], dataset: tuple[int, int]) -> int:
    """Where a dataset belongs: records and their datasets stand in ascending order."""
    return max((one.end for one in found if one[:2] <= dataset), default=0)


def _is_shell(found: Sequence[Dataset]) -> bool:
    """Whether nothing but keywords and what we write along with them is there."""
    return all(one[:2] in (KEYWORD, CHARSET, VERSION) for one in found)
