"""What the review page shows of a photo: its picture, what the released model says, the training photos near it.

Predictions come from stored thumbnails, as everywhere; only the picture is made from the original, once for good.
Which photos are shown is `asking`'s subject.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recipe_assets.errors import StudioError, UnreadablePhotoError
from recipe_assets.release.neighbors import Neighbor, Neighbors
from recipe_assets.release.objects import Objects
from recipe_assets.release.views import views
from recipe_assets.review.asking import Case
from recipe_assets.review.journal import Photo
from recipe_assets.review.queue_file import (
    Guess,
    NearPicture,
    QueuedPhoto,
    picture_name,
    put_picture,
    stored_pictures,
)
from recipe_assets.storage import StorageError, TableStore
from recipe_assets.studio.photos import open_photo
from recipe_assets.studio.shoots import Shoot, Studio, printable
from recipe_assets.studio.thumbnails import thumbnails

if TYPE_CHECKING:
    from recipe_assets.release.predictor import Predictor

LONGEST = 1280
"""Of a picture's sides, in pixels."""
QUALITY = 85
NEAREST = 3


class Near(NamedTuple):
    """A training photo with its small picture, a JPEG."""

    photo: Neighbor
    picture: bytes


class Seen(NamedTuple):
    """What the released model says of a photo; nothing before the first release."""

    guesses: tuple[Guess, ...] = ()
    nearest: Sequence[Near] = ()


@dataclass
class Illustrator:
    """Makes queued photos of cases.

    Attributes:
        tables: where thumbnails and labels are stored.
        studio: where originals are.
        objects: the release store, which gets the pictures.
        predictor: of the current release; None before the first.
        left_out: shoots without what is needed, with the reason.
    """

    tables: TableStore
    studio: Studio
    objects: Objects
    predictor: "Predictor | None"
    left_out: dict[str, str] = field(default_factory=dict)

    def illustrate(
        self, cases: Sequence[Case], report: Callable[[int, int], None] = lambda done, total: None
    ) -> list[QueuedPhoto]:
        """The photos in the order of the cases; shoots whose tables are missing or damaged are left out.

        Raises:
            ReleaseError: if the release store cannot be used.
        """
        stored = stored_pictures(self.objects)
        by_shoot: dict[str, list[Case]] = {}
        for case in cases:
            by_shoot.setdefault(case.photo.shoot, []).append(case)
        found: dict[Case, QueuedPhoto] = {}
        for shoot, some in by_shoot.items():
            try:
                for case, photo in self._of_shoot(shoot, some, stored):
                    found[case] = photo
                    report(len(found), len(cases))
            except StorageError as error:
                self.left_out[shoot] = str(error)
        return [found[case] for case in cases if case in found]

    def _of_shoot(self, shoot: str, cases: list[Case], stored: set[str]) -> Iterator[tuple[Case, QueuedPhoto]]:
        there = self._photos(shoot)
        cases = [case for case in cases if case.photo in there]  # others changed, or went, since the doubt arose
        small = thumbnails(self.tables, shoot, [case.photo.file for case in cases])
        labels, seen = self._labels(shoot), self._seen(small)
        originals = _Originals(self.studio, shoot)
        for case in cases:
            photo = case.photo
            name = f"{photo.sha256}.jpg"
            if name not in stored:
                put_picture(self.objects, name, originals.picture(photo.file, photo.sha256, small[photo.file]))
                stored.add(name)
            said = seen.get(photo.file, Seen())
            yield (
                case,
                QueuedPhoto(
                    **photo._asdict(),
                    reason=case.reason,
                    detail=case.detail,
                    label=labels.get(photo.file),
                    picture=name,
                    known=case.known,
                    predictions=said.guesses,
                    nearest=tuple(self._stored(near, stored) for near in said.nearest),
                ),
            )

    def _photos(self, shoot: str) -> set[Photo]:
        frame = self.tables.read("raw_images", shoot, [*Photo._fields, "problem"])
        usable = frame.loc[frame["problem"].isna(), list(Photo._fields)].astype(str)
        return {Photo(*row) for row in usable.itertuples(index=False, name=None)}

    def _labels(self, shoot: str) -> dict[str, str]:
        frame = self.tables.read("standardized_keywords", shoot, ["file", "keyword"]).dropna()
        return dict(zip(frame["file"].astype(str), frame["keyword"].astype(str), strict=True))

    def _seen(self, small: Mapping[str, bytes]) -> dict[str, Seen]:
        if self.predictor is None:
            return {}
        neighbors = self.predictor.neighbors
        return {
            file: Seen(
                tuple(Guess(one.keyword, one.confidence) for one in view.ranked),
                self._nearest(neighbors, view.embedding),
            )
            for file, view in views(self.predictor, small.items())
        }

    @staticmethod
    def _nearest(neighbors: Neighbors | None, embedding: NDArray[np.float32] | None) -> list[Near]:
        """The training photos near an embedding; none for a release that carries none."""
        if neighbors is None or embedding is None:
            return []
        return [Near(one, neighbors.thumbnail(one.place)) for one in neighbors.nearest(embedding, NEAREST)]

    def _stored(self, near: Near, stored: set[str]) -> NearPicture:
        neighbor, name = near.photo, picture_name(near.picture)
        if name not in stored:
            put_picture(self.objects, name, near.picture)
            stored.add(name)
        return NearPicture(neighbor.shoot, neighbor.file, neighbor.keyword, neighbor.similarity, name)


class _Originals:
    """The originals of one shoot, listed once; whatever is wrong with one, its thumbnail is shown instead."""

    def __init__(self, studio: Studio, shoot: str) -> None:
        self._studio = studio
        self._shoot: Shoot | None = None
        with suppress(StudioError):
            self._shoot = studio.shoot(shoot)

    def picture(self, file: str, sha256: str, small: bytes) -> bytes:
        """A JPEG of the original, or else of the thumbnail."""
        with suppress(StudioError, UnreadablePhotoError, OSError):
            content = self._read(file)
            # Another photo under this name: showing it would make people answer about the wrong one.
            if content is not None and picture_name(content) == f"{sha256}.jpg":
                return _jpeg(open_photo(content))
        return _jpeg(open_photo(small))

    def _read(self, file: str) -> bytes | None:
        listed = self._shoot.files if self._shoot else ()
        entry = next((one for one in listed if printable(one.name) == file), None)
        return self._studio.read(self._shoot.name, entry) if self._shoot and entry else None


def _jpeg(image: Image.Image) -> bytes:
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY, optimize=True)
    return stream.getvalue()
