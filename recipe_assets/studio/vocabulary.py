"""The studio's keywords: what they are called, how they are spelled, what the model reads, where they lead.

Reads the vocabulary file and looks words up in it. Which of a photo's words count is `labels`' subject.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml

from recipe_assets.errors import VocabularyError

DEFAULT_VOCABULARY = Path(__file__).with_name("vocabulary.yaml")


class Keyword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One keyword: its name, the words the model reads, other spellings, and its Photoshop pipeline."""

    name: Annotated[str, msgspec.Meta(pattern=r"[^\s_-]")]
    prompt: Annotated[str, msgspec.Meta(min_length=1)]
    aliases: tuple[str, ...] = ()
    pipeline: str = "default"


def fold(raw: str) -> str:
    """Fold case, spaces, "_", "-" and composed accents, so that "Oven_Tray " and "oven-tray" are one spelling."""
    return re.sub(r"[\s_-]+", "-", unicodedata.normalize("NFC", raw.strip().casefold())).strip("-")


MIN_PHOTOS = 5
"""A keyword with fewer photos is neither learned nor measured, unless the vocabulary file says otherwise."""


@dataclass(frozen=True)
class Vocabulary:
    """All keywords in file order, with the lookup from folded spellings to names.

    A keyword with fewer than `min_photos` photos is listed, and kept out of training and evaluation.
    """

    keywords: tuple[Keyword, ...]
    min_photos: int = MIN_PHOTOS

    @property
    def names(self) -> tuple[str, ...]:
        """Keyword names in file order."""
        return tuple(keyword.name for keyword in self.keywords)

    @cached_property
    def spellings(self) -> Mapping[str, str]:
        """Folded spelling -> keyword name.

        Raises:
            VocabularyError: if two keywords claim one spelling.
        """
        known: dict[str, str] = {}
        for keyword in self.keywords:
            for spelling in (keyword.name, *keyword.aliases):
                owner = known.setdefault(fold(spelling), keyword.name)
                if owner != keyword.name:
                    raise VocabularyError(
                        f"the spelling '{spelling}' belongs to both '{owner}' and '{keyword.name}' "
                        "(case, spaces, '_' and '-' do not count): keep it under one of them"
                    )
        return known

    @cached_property
    def sha256(self) -> str:
        """Hash of everything the vocabulary says; changes when and only when its meaning does."""
        meaning = [(word.name, word.prompt, sorted(word.aliases), word.pipeline) for word in self.keywords]
        return hashlib.sha256(msgspec.json.encode([meaning, self.min_photos])).hexdigest()

    @cached_property
    def spellings_sha256(self) -> str:
        """Hash of what decides a photo's keyword: a new prompt or pipeline standardizes nothing again."""
        return hashlib.sha256(msgspec.json.encode(sorted(self.spellings.items()))).hexdigest()

    def __getitem__(self, name: str) -> Keyword:
        return next(keyword for keyword in self.keywords if keyword.name == name)

    def known(self, raw: Iterable[str]) -> list[str]:
        """The keywords that raw words stand for, sorted; words that mean nothing here are passed over."""
        return sorted({self.spellings[fold(word)] for word in raw if fold(word) in self.spellings})

    def nearest(self, raw: Iterable[str]) -> str | None:
        """The keyword whose spelling is nearest to one of the unknown words, or None if none is near.

        Near is a similarity of at least 0.75 (Ratcliff and Obershelp 1988, as in Python's difflib): one slip in
        four letters, two in eight.
        """
        best: tuple[float, str] | None = None
        for word in sorted({fold(word) for word in raw}):
            for spelling in get_close_matches(word, self.spellings, n=1, cutoff=0.75):
                score = SequenceMatcher(None, spelling, word).ratio()
                best = max(best or (0.0, ""), (score, self.spellings[spelling]))
        return best[1] if best else None


class _UniqueKeyLoader(yaml.SafeLoader):
    """Refuses a mapping that names a key twice; plain YAML silently keeps the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict | set):
                raise VocabularyError(f"{key} stands as a key: write a plain word")
            if key in seen:
                line = key_node.start_mark.line + 1
                raise VocabularyError(f"'{key}' stands twice (again in line {line}): remove one")
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_vocabulary(path: Path = DEFAULT_VOCABULARY) -> Vocabulary:
    """Read a vocabulary file.

    Raises:
        VocabularyError: if the file is missing, is not YAML of the expected form, or contradicts itself.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeyLoader)  # noqa: S506 (a SafeLoader)
        vocabulary = _parse(content)
        _ = vocabulary.spellings
    except VocabularyError as error:
        raise VocabularyError(f"vocabulary {path}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise VocabularyError(
            f"vocabulary {path} cannot be read ({error}): set RECIPE_VOCABULARY to a YAML file"
        ) from error
    except yaml.YAMLError as error:
        raise VocabularyError(f"vocabulary {path} is not valid YAML: {' '.join(str(error).split())}") from error
    return vocabulary


def _parse(content: object) -> Vocabulary:
    entries = content.get("keywords") if isinstance(content, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise VocabularyError("has no 'keywords:' mapping: see the default file for the form")
    keywords = []
    for name, entry in entries.items():
        if not isinstance(entry, dict) or "name" in entry:
            raise VocabularyError(f"keyword '{name}' needs a mapping with 'prompt:' and without 'name:'")
        try:
            keywords.append(msgspec.convert({"name": name, **entry}, Keyword))
        except msgspec.ValidationError as error:
            raise VocabularyError(f"keyword '{name}': {error}") from None
    least = content.get("min_photos", MIN_PHOTOS) if isinstance(content, dict) else MIN_PHOTOS
    if not isinstance(least, int) or isinstance(least, bool) or least < 1:
        raise VocabularyError(f"'min_photos: {least}' is no number of photos: write a whole number from 1 on")
    return Vocabulary(tuple(keywords), least)
