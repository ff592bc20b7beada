"""Which keyword and pipeline a photo gets, from whom and why: a person's own keyword first, else the model's.

Pure decisions about one photo. What becomes of them in the outbox is `planning`'s and `delivering`'s subject.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from recipe_assets.outbox.layout import checked_pipeline
from recipe_assets.outbox.rows import Origin, Row
from recipe_assets.release.predictor import Prediction, Predictor
from recipe_assets.studio.vocabulary import Vocabulary

CONTRADICTORY = ("ambiguous", "conflicting")
"""Reasons of photos in which people wrote several keywords: one more from us would settle nothing."""
NOBODY = "mask: Recipe Cropper's data, no photo to work on"


def is_contradictory(reason: str | None) -> bool:
    """Whether a reason is that people wrote several keywords."""
    return (reason or "").partition(":")[0] in CONTRADICTORY


class Photo(NamedTuple):
    """What is known of a photo before anything is decided.

    `keyword`, `source` and `why_none` are those of standardized_keywords; None where it does not say. `words` are
    all keywords in the file and in its sidecar.
    """

    shoot: str
    file: str
    sha256: str
    bytes: int
    step: str | None
    tag: str | None
    problem: str | None
    keyword: str | None
    source: str | None
    why_none: str | None
    words: tuple[str, ...] = ()

    @property
    def contradicts_itself(self) -> bool:
        """Whether people wrote several keywords into it."""
        return is_contradictory(self.why_none)

    @property
    def why_unwritten(self) -> str | None:
        """Why the model's keyword is not written into it; None if it is."""
        return f"{self.why_none}; nothing is written into it" if self.contradicts_itself else None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a photo is to be; see `rows.Row` for what stands in the table.

    `writes` says whether the keyword goes into the copy; where not, it is passed through byte for byte. `words`
    are all keywords of the copy, where a person's review outranks those of the file; None where one is added.
    """

    keyword: str | None = None
    pipeline: str | None = None
    origin: Origin = "none"
    writes: bool = False
    needs_review: bool = False
    release_id: str | None = None
    confidence: float | None = None
    reason: str | None = None
    second: str | None = None
    second_confidence: float | None = None
    third: str | None = None
    third_confidence: float | None = None
    words: tuple[str, ...] | None = None

    def row(self, photo: Photo) -> Row:
        """The row of a photo that was decided and is not written yet."""
        facts = {name: getattr(self, name) for name in self.__struct_fields__ if name in Row.__struct_fields__}
        return Row(shoot=photo.shoot, file=photo.file, sha256=photo.sha256, **facts)


class Pipelines:
    """Where each keyword leads: as the vocabulary says now, else as a release said when it was trained."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._of = {word.name: checked_pipeline(word.pipeline) for word in vocabulary.keywords}

    def of(self, keyword: str, otherwise: str) -> str:
        """The pipeline of a keyword.

        Raises:
            OutboxError: if it cannot name a folder.
        """
        return self._of.get(keyword) or checked_pipeline(otherwise)

    def reviewed_words(self, photo: Photo) -> tuple[str, ...]:
        """All keywords of a photo as its review says: others of the vocabulary give way, what is none stays."""
        known = [(word, self._vocabulary.known([word])) for word in photo.words]
        keep = [word for word, meant in known if not meant or meant == [photo.keyword]]
        has_it = any(meant == [photo.keyword] for _, meant in known)
        return tuple(keep) if has_it or photo.keyword is None else (*keep, photo.keyword)

    @property
    def names(self) -> Mapping[str, str]:
        """Pipeline of each keyword of the vocabulary."""
        return self._of


def without_model(photo: Photo, pipelines: Pipelines) -> Decision | None:
    """The decision where no model is needed: no photo, taken out, or keyworded by a person. None where it is."""
    if photo.problem:
        return Decision(reason=f"unreadable: {photo.problem}")
    if photo.tag == "mask":
        return Decision(reason=NOBODY)
    if photo.keyword:
        pipeline = pipelines.of(photo.keyword, "default")
        reviewed = pipelines.reviewed_words(photo) if photo.source == "review" else photo.words
        changes = set(reviewed) != set(photo.words)
        return Decision(
            keyword=photo.keyword,
            pipeline=pipeline,
            origin="person",
            writes=changes,
            words=reviewed if changes else None,
        )
    if photo.source == "review":
        return Decision(reason=photo.why_none)
    return None


def by_model(photo: Photo, ranked: Sequence[Prediction], predictor: Predictor, pipelines: Pipelines) -> Decision:
    """The decision by the model's ranked keywords, best first.

    A photo into which people wrote several keywords is routed by the model, and a person looks.
    """
    first, second, third = (*ranked, None, None)[:3]
    if first is None:
        raise ValueError("a model gives at least one keyword")
    unclear = photo.contradicts_itself
    return Decision(
        keyword=first.keyword,
        pipeline=pipelines.of(first.keyword, predictor.pipeline(first.keyword)),
        origin="model",
        writes=not unclear,
        needs_review=unclear or predictor.needs_review(first),
        release_id=predictor.manifest.release_id,
        confidence=first.confidence,
        reason=photo.why_unwritten,
        second=second.keyword if second else None,
        second_confidence=second.confidence if second else None,
        third=third.keyword if third else None,
        third_confidence=third.confidence if third else None,
    )
