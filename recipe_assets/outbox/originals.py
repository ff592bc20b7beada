"""Originals fetched again from the studio, by the names that tables have, with their sidecars.

Only to be copied: what a model sees are the stored thumbnails.
"""

from dataclasses import dataclass
from functools import cached_property

from recipe_assets.outbox.copies import Original, sha256_of
from recipe_assets.outbox.deciding import Photo
from recipe_assets.studio.shoots import Shoot, Studio, StudioFile, printable
from recipe_assets.studio.sidecars import Sidecars, sidecars

MAX_SIDECAR_BYTES = 1 << 24
"""Real sidecars have a few kilobytes; reading leaves a larger one out, too."""


class UnusableOriginalError(Exception):
    """An original cannot be copied; the message is the reason, for the photo's row."""


@dataclass(frozen=True)
class Originals:
    """The files of one shoot as they were listed."""

    studio: Studio
    shoot: Shoot

    @cached_property
    def _files(self) -> dict[str, StudioFile]:
        return {printable(file.name): file for file in self.shoot.files}

    @cached_property
    def _sidecars(self) -> Sidecars:
        return sidecars(self.shoot.files)

    @cached_property
    def names(self) -> frozenset[str]:
        """All files but sidecars, as tables name them."""
        return frozenset(name for name, file in self._files.items() if file.name not in self._sidecars.attached)

    def read(self, photo: Photo) -> Original:
        """The original that a table's row is about.

        Raises:
            UnusableOriginalError: if it is gone, another one, or cannot be read.
            StudioError: if the studio is out of reach, or is changing right now.
        """
        file = self._files.get(photo.file)
        if file is None:
            raise UnusableOriginalError("the original is no longer in the studio")
        try:
            content = self.studio.read(self.shoot.name, file)
        except OSError as error:
            raise UnusableOriginalError(f"the original cannot be read: {error.strerror}") from error
        if sha256_of(content) != photo.sha256:
            raise UnusableOriginalError(
                "the original changed since its shoot was read: materialize raw_images again"
            )
        return Original(content, *self._sidecar(file))

    def _sidecar(self, file: StudioFile) -> tuple[bytes | None, str | None]:
        note = self._sidecars.of.get(file.name)
        if note is None or note.bytes > MAX_SIDECAR_BYTES:
            return None, None
        # Two photos may share one ("a.heic" and "a.jpg"); in the outbox each has its own, since they may part.
        shared = sum(other.name == note.name for other in self._sidecars.of.values()) > 1
        try:
            return self.studio.read(self.shoot.name, note), printable(f"{file.name}.xmp" if shared else note.name)
        except OSError:
            return None, None
