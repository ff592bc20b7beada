"""Which keywords a photo shall have, and which of them are ours: pure decisions about words.

Here: the three modes and undoing. How words stand in blocks is the subject of `iptc` and `xmp`.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

from recipe_assets.studio.metadata.errors import MetadataError
from recipe_assets.studio.metadata.iptc import cut
from recipe_assets.studio.metadata.provenance import Provenance, WrittenByUs, is_printable, record

Mode = Literal["add", "replace-ours", "replace-all"]
"""Keep all and add; take out what we wrote and add; let the given keywords be the only ones."""


class Plan(NamedTuple):
    """The keywords that shall stand in a photo, and our record of those that are ours."""

    words: tuple[str, ...]
    ours: WrittenByUs | None


def checked(keywords: Iterable[str]) -> tuple[str, ...]:
    """The keywords, trimmed and without repetition.

    Raises:
        MetadataError: if one is empty or cannot stand in a line of text.
    """
    words = tuple(dict.fromkeys(word.strip() for word in keywords))
    for word in words:
        if not word or not is_printable(word):
            raise MetadataError(f"{word!r} cannot be a keyword: use printable characters on one line")
    return words


def united(iptc: Sequence[str], xmp: Sequence[str]) -> tuple[str, ...]:
    """All keywords of a photo in order, IPTC first; where IPTC holds one cut to its 64 bytes, the whole one."""
    whole: dict[str, list[str]] = {}
    for word in xmp:
        whole.setdefault(cut(word), []).append(word)
    return tuple(dict.fromkeys([*(full for word in iptc for full in whole.get(word, [word])), *xmp]))


def decide(now: Plan, keywords: Sequence[str], mode: Mode, provenance: Provenance | None) -> Plan:
    """What shall stand in a photo that has `now`.

    A keyword that a person wrote stays a person's, also if we find the same: only what we add becomes ours.
    A keyword of ours that is written again keeps its place among them. Nothing changes if all is there already and
    our record, but for its time, would say the same.

    Raises:
        ValueError: if there is no such mode.
    """
    if mode not in get_args(Mode):
        raise ValueError(f"mode is one of {', '.join(get_args(Mode))}, not {mode!r}")
    mine = now.ours.keywords if now.ours else ()
    kept = {
        "add": now.words,
        "replace-ours": tuple(word for word in now.words if word not in mine or word in keywords),
        "replace-all": (),
    }[mode]
    words = tuple(dict.fromkeys([*kept, *keywords]))
    if mode == "add":
        return Plan(words, _added(now, words, keywords, provenance))
    persons = () if mode == "replace-all" else tuple(word for word in now.words if word not in mine)
    written = tuple(word for word in keywords if word not in persons)
    ours = record(written, provenance) if provenance and written else None
    return Plan(words, now.ours if ours and ours.says_the_same(now.ours) else ours)


def _added(
    now: Plan, words: tuple[str, ...], keywords: Sequence[str], provenance: Provenance | None
) -> WrittenByUs | None:
    mine = now.ours.keywords if now.ours else ()
    touched = [word for word in keywords if word in mine or word not in now.words]
    if not provenance or not touched:
        return now.ours
    ours = record(tuple(word for word in words if word in mine or word in touched), provenance)
    return now.ours if ours.says_the_same(now.ours) else ours
