"""What may look on while photos are answered: metrics, the log of predictions, a shadow release.

Only the interface belongs here; who looks on lives in its own module. Nobody who looks on can change an answer.
"""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.serving.classified import Classified

CLIENT: ContextVar[str | None] = ContextVar("CLIENT", default=None)
"""The name of the key that the present request was sent with; None without keys."""

logger = logging.getLogger(__name__)


class Observer:
    """Is told what happens; does nothing about it unless a subclass overrides a method.

    All methods run on the event loop after the fact and must be quick. What they raise is logged and ignored.
    """

    needs_hash = True
    """Whether `answered` reads the photo's hash; where nobody does, none is computed: 8 MB take 8 ms."""

    def answered(self, classified: "Classified", photo_sha256: str, client: str | None) -> None:
        """A photo was answered.

        Args:
            classified: the answer with the release that gave it.
            photo_sha256: of the photo's bytes, in hexadecimal digits; empty where nobody `needs_hash`.
            client: the name of the caller's key; None without keys.
        """

    def stage(self, name: str, seconds: float) -> None:
        """An answered photo spent this long in a stage: "queue" (all its waiting), "decode" or "forward"."""

    def batch(self, size: int) -> None:
        """So many photos went through the graph together."""

    def shed(self, reason: str) -> None:
        """A photo got no answer for want of room, time or client: "queue", "draining", "deadline", "departed"."""

    def failed(self, kind: str) -> None:
        """A photo could not be answered: "unreadable", or the name of an unexpected error."""

    def reloaded(self, release_id: str) -> None:
        """Another release is served from now on."""

    def reload_failed(self, reason: str) -> None:
        """A look at the store, or a release in it, failed; the old release serves on."""


class Observers(list[Observer]):
    """All who look on; fill it before the first photo."""

    @property
    def need_hash(self) -> bool:
        """Whether anybody reads the hash of a photo."""
        return any(observer.needs_hash for observer in self)

    def tell(self, event: Callable[[Observer], None]) -> None:
        """Call each one; whoever fails is logged and harms neither the answer nor the others."""
        for observer in self:
            try:
                event(observer)
            except Exception:
                logger.exception("%s failed to look on", type(observer).__name__)
