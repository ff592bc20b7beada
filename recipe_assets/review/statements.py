"""What the keywords of a file that somebody changed say: another keyword, the same one, or nothing that is clear.

Pure decisions about words; never a guess. Which files are read is `outbox_reading`'s subject, what becomes of a
statement `history`'s.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from recipe_assets.studio.labels import LONGEST, SHOWN
from recipe_assets.studio.metadata.iptc import cut
from recipe_assets.studio.vocabulary import Vocabulary, fold

MARK = "reviewed"
"""The keyword by which a person says, in any program, that the photo's keyword is right."""

Kind = Literal["keyword", "confirmed", "kept", "silent", "unclear"]


class Words(NamedTuple):
    """The words of a file, by where they stand."""

    iptc: tuple[str, ...] = ()
    xmp: tuple[str, ...] = ()
    sidecar: tuple[str, ...] = ()

    @property
    def together(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys(word for words in self for word in words))


class Statement(NamedTuple):
    """What a changed file says.

    "keyword": that another one is right. "confirmed": that the one that was shown is. "kept": the keyword was left
    as it was, which proves no look at it. "silent": all keywords are gone with our record, as after an export that
    strips metadata. "unclear": a person has to say, for the `reason`; `keyword` is then a suggestion or None.
    """

    kind: Kind
    keyword: str | None = None
    reason: str | None = None


def statement(said: Words, ours: tuple[str, ...], shown: str, before: Words, vocabulary: Vocabulary) -> Statement:
    """Judge the words of a file that is no longer as it was written.

    A keyword left in place is no confirmation: whoever saves a photo need not have looked at it, and labels made
    of silence would teach a model its own mistakes. Confirmed is what a person marks with the keyword "reviewed",
    or chooses by taking out all other keywords that stood beside it.

    Args:
        said: the words as they stand in the file now.
        ours: the keywords that the file says we wrote.
        shown: the keyword that it was sorted by.
        before: the words as they stood in the file when it was written.
        vocabulary: the studio's keywords.
    """
    sources, marked = _sources(said, vocabulary)
    stood, _ = _sources(before, vocabulary)
    if not sources:
        return _taken_out(ours or (shown,)) if ours or marked else Statement("silent")
    familiar = _familiar((*before.together, *ours, shown))
    strange = {name: _strange(words, familiar, vocabulary) for name, words in sources.items()}
    told = {name: vocabulary.known(words) for name, words in sources.items()}
    known_before = {name: vocabulary.known(stood.get(name, ())) for name in sources}
    if told == known_before and not any(strange.values()):
        return Statement("confirmed" if marked else "kept", shown)
    mine = set(vocabulary.known(ours)) or {shown}
    found = _changed(told, strange, mine, vocabulary)
    chose = len(vocabulary.known(before.together)) > 1 and sources.keys() == stood.keys()
    return Statement("confirmed", found.keyword) if found.kind == "kept" and (marked or chose) else found


def _changed(
    told: Mapping[str, list[str]], strange: Mapping[str, list[str]], mine: set[str], vocabulary: Vocabulary
) -> Statement:
    """The statement of words that were changed.

    Args:
        told: known keywords of each source.
        strange: words of each source that are new and mean nothing.
        mine: the keywords that are no news.
        vocabulary: the studio's keywords.
    """
    for name, keywords in told.items():
        if len(keywords) > 1:
            return Statement("unclear", None, f"ambiguous: {', '.join(keywords)} ({name})")
    unknown = list(dict.fromkeys(word for words in strange.values() for word in words))
    claims = {name: told[name][0] if told[name] else _quoted(strange[name]) for name in told}
    claims = {name: claim for name, claim in claims.items() if claim}
    if len(set(claims.values())) > 1:
        both = ", ".join(f"{name} says {claim}" for name, claim in claims.items())
        return Statement("unclear", vocabulary.nearest(unknown), f"conflicting: {both}")
    keyword = next((keywords[0] for keywords in told.values() if keywords), None)
    if keyword is None and not unknown:
        return _taken_out(sorted(mine))
    # A word that is put in beside a keyword left as it was may be meant in its place.
    if keyword is None or (unknown and keyword in mine):
        return Statement("unclear", vocabulary.nearest(unknown), f"unknown: {_quoted(unknown)}")
    return Statement("kept" if keyword in mine else "keyword", keyword)


def _taken_out(keywords: Iterable[str]) -> Statement:
    return Statement("unclear", None, f"removed: {', '.join(keywords)} was taken out, and no other put in")


def _sources(said: Words, vocabulary: Vocabulary) -> tuple[dict[str, tuple[str, ...]], bool]:
    """The words of each source that has any, without the mark, and whether the mark is there."""
    is_mark = fold(MARK) not in vocabulary.spellings
    found = {}
    for name, words in zip(("IPTC", "XMP", "sidecar"), said, strict=True):
        plain = [word[:LONGEST] for word in words if word.strip() and not (is_mark and fold(word) == MARK)]
        if plain:
            found[name] = tuple(plain)
    return found, is_mark and any(fold(word) == MARK for word in said.together)


def _familiar(words: Iterable[str]) -> set[str]:
    """Foldings of words that were in the file before; IPTC may hold them cut to its 64 bytes."""
    return {fold(form[:LONGEST]) for word in words for form in (word, cut(word))}


def _strange(words: Iterable[str], familiar: set[str], vocabulary: Vocabulary) -> list[str]:
    """Words that a person put in and that mean nothing in the vocabulary."""
    return [word for word in words if fold(word) not in familiar and fold(word) not in vocabulary.spellings]


def _quoted(words: list[str]) -> str:
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(f"'{word}'" for word in words[:SHOWN]) + more
