"""One photo: whether it needs a keyword, which one, and writing it so that it can be undone.

A photo that carries our record is done, so a second run changes nothing. How a photo stands is `state`'s subject,
who is asked `service`'s, how files are replaced `files`', how originals are kept `journal`'s.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from recipe_assets.commands.keywording.answers import Answer
from recipe_assets.commands.keywording.errors import KeywordingError, PhotoChangedError, ServiceRefusedError
from recipe_assets.commands.keywording.files import (
    Seen,
    held,
    replace,
    require_unchanged,
    require_writable,
    sweep,
)
from recipe_assets.commands.keywording.journal import Journal
from recipe_assets.commands.keywording.outcomes import Kind, Outcome, failed
from recipe_assets.commands.keywording.photos import new_sidecar
from recipe_assets.commands.keywording.service import Service
from recipe_assets.commands.keywording.state import State, read_state
from recipe_assets.errors import RecipeError
from recipe_assets.studio.metadata import (
    Provenance,
    UnwritableFormatError,
    image_data_sha256,
    read_keywords,
    sidecar_packet,
    write_keywords,
)
from recipe_assets.studio.metadata.provenance import WrittenByUs
from recipe_assets.studio.names import parse_name
from recipe_assets.studio.photos import encode_thumbnail, open_photo, thumbnail
from recipe_assets.studio.vocabulary import Vocabulary, fold

_TRIES = 3


@dataclass(frozen=True)
class Rules:
    """What the caller asked for, and which words are keywords."""

    spellings: frozenset[str] = field(default_factory=frozenset)
    min_confidence: float = 0
    replace: bool = False
    update: bool = False
    dry_run: bool = False


class _Change(NamedTuple):
    """A file that is to be written: how it was read, and what it shall be."""

    target: Path
    before: Seen
    after: bytes


def known_spellings(served: Iterable[str], vocabulary: Vocabulary) -> frozenset[str]:
    """How the served keywords may be spelled: their names, and what the vocabulary says of them."""
    names = frozenset(served)
    return frozenset(map(fold, names)) | {word for word, name in vocabulary.spellings.items() if name in names}


def keyword_photo(path: Path, name: str, service: Service, rules: Rules) -> Outcome:
    """See what a photo needs, and do it; whatever is wrong with the photo is told, not raised.

    Args:
        path: the photo.
        name: what it is called in the outcome.
        service: is asked for the keyword.
        rules: what was asked for.

    Raises:
        ServiceRefusedError: if no photo at all will be answered.
    """
    try:
        if parse_name(path.name).tag == "mask":
            return Outcome(file=name, outcome="mask")
        for left in reversed(range(_TRIES)):
            try:
                return _keyworded(path, name, service, rules)
            except PhotoChangedError:
                if not left:
                    raise
    except ServiceRefusedError:
        raise
    except OSError as error:
        return failed(name, f"cannot be read or written: {error.strerror or error}")
    except RecipeError as error:
        return failed(name, str(error))
    raise AssertionError("unreachable")


def _keyworded(path: Path, name: str, service: Service, rules: Rules) -> Outcome:
    state = read_state(path)
    keywords = _keywords_of_people(state, rules)
    if keywords and not rules.replace:
        return Outcome(file=name, outcome="person", keyword=keywords[0])
    if state.ours and not rules.update and not keywords:
        return _told(name, "same", state.ours)
    answer = service.classify(encode_thumbnail(thumbnail(open_photo(state.photo.data or b""))))
    if state.ours and not keywords and state.ours.release == answer.release_id:
        return _told(name, "same", state.ours)
    if answer.confidence < rules.min_confidence:
        return _answered(name, "unsure", answer)
    changes = [one for one in _planned(path, state, keywords, answer) if one.after != one.before.data]
    for change in changes:
        require_writable(change.target)
    if not rules.dry_run:
        _write(changes, answer)
    return _answered(name, "keyworded", answer)


def _keywords_of_people(state: State, rules: Rules) -> tuple[str, ...]:
    """The words of people that are keywords; others, such as a client's name, do not keep us from adding one."""
    return tuple(word for word in state.persons if fold(word) in rules.spellings)


def _planned(path: Path, state: State, replaced: tuple[str, ...], answer: Answer) -> list[_Change]:
    """What is written: the photo, or the XMP file beside one that we do not rewrite; both where both are wrong."""
    photo = state.photo.data or b""
    try:
        written = _Change(path, state.photo, _written(photo, state, replaced, answer))
    except UnwritableFormatError:
        inside = read_keywords(photo)
        if set(replaced) & {*inside.iptc, *inside.xmp}:
            raise KeywordingError(
                f"'{replaced[0]}' stands inside a file whose metadata is not rewritten: change it in Photoshop"
            ) from None
        start = state.packet
        if replaced:
            start = sidecar_packet(start, _kept(state.persons, replaced), "replace-all")
        return [_beside(path, state, sidecar_packet(start, [answer.keyword], "replace-ours", _provenance(answer)))]
    words = tuple(word for word in read_keywords(b"", state.packet).sidecar if word in state.persons)
    if not set(replaced) & set(words):
        return [written]
    # The photo first: if this is killed in between, ours is there before theirs is gone.
    return [written, _beside(path, state, sidecar_packet(state.packet, _kept(words, replaced), "replace-all"))]


def _beside(path: Path, state: State, after: bytes) -> _Change:
    """A photo's own XMP file; a new one beside one that it shares, which is its own from then on."""
    return _Change(state.sidecar or new_sidecar(path), state.beside, after)


def _kept(words: Sequence[str], replaced: tuple[str, ...]) -> list[str]:
    return [word for word in words if word not in replaced]


def _written(photo: bytes, state: State, replaced: tuple[str, ...], answer: Answer) -> bytes:
    start = write_keywords(photo, _kept(state.persons, replaced), "replace-all") if replaced else photo
    after = write_keywords(start, [answer.keyword], "replace-ours", _provenance(answer))
    if image_data_sha256(after) != image_data_sha256(photo):
        raise KeywordingError(
            "writing the keyword would have changed the picture: please report this, with the photo"
        )
    return after


def _write(changes: Sequence[_Change], answer: Answer) -> None:
    if not changes:
        return
    folder = changes[0].target.parent
    with held(folder):
        for change in changes:
            require_unchanged(change.target, change.before)
        sweep(folder)
        journal = Journal(folder)
        for target, before, after in changes:
            older = journal.keep(target, before, after, answer.keyword, answer.release_id)
            replace(target, after, before.status)
            if older is not None:
                journal.drop(older)


def _provenance(answer: Answer) -> Provenance:
    return Provenance(answer.release_id, answer.confidence)


def _told(name: str, kind: Kind, ours: WrittenByUs) -> Outcome:
    keyword = ours.keywords[0] if ours.keywords else None
    return Outcome(file=name, outcome=kind, keyword=keyword, confidence=ours.confidence, release_id=ours.release)


def _answered(name: str, kind: Kind, answer: Answer) -> Outcome:
    return Outcome(
        file=name,
        outcome=kind,
        keyword=answer.keyword,
        confidence=answer.confidence,
        pipeline=answer.pipeline,
        needs_review=answer.needs_review,
        release_id=answer.release_id,
    )
