"""Who looks at which photo now, so that several people at once do not answer the same ones.

One small object in the release store, moved by compare-and-swap, so that all APIs over it know. A lease is a
courtesy, not a lock: it runs out by itself, and an answer counts with or without one.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from threading import Lock

import msgspec

from recipe_assets.release.objects import Objects

LEASES = "review/leases.json"
LEASE_SECONDS = 300.0
_TRIES = 20


class Lease(msgspec.Struct, frozen=True, array_like=True):
    """Who looks at a photo, and until when, in seconds since 1970."""

    by: str
    until: float


class Leases:
    """The leases of one store. Safe to share between threads."""

    def __init__(self, objects: Objects, clock: Callable[[], float] = time.time) -> None:
        self._objects = objects
        self._clock = clock
        self._turn = Lock()  # threads of one API would only take the object from each other

    def offer(self, by: str, choose: Callable[[Mapping[str, str]], Sequence[str]]) -> None:
        """Let somebody choose photos in the light of who has which, and lease them what they chose.

        Args:
            by: who chooses; one without a name leases nothing.
            choose: from the holders of leases by photo to the ids of the photos chosen; may be called several
                times, and the last choice counts.
        """
        with self._turn:
            for _ in range(_TRIES):
                leases, token = self._read()
                chosen = choose({photo: lease.by for photo, lease in leases.items()})
                if not by or not chosen:
                    return
                leases |= {photo: Lease(by, self._clock() + LEASE_SECONDS) for photo in chosen}
                if self._objects.swap(LEASES, msgspec.json.encode(leases), token):
                    return

    def _read(self) -> tuple[dict[str, Lease], str | None]:
        content = self._objects.read(LEASES)
        if content is None:
            return {}, None
        try:
            leases = msgspec.json.decode(content.data, type=dict[str, Lease])
        except (msgspec.DecodeError, UnicodeDecodeError):
            leases = {}  # nothing is lost: it is written anew, and somebody may see a photo twice
        now = self._clock()
        return {photo: lease for photo, lease in leases.items() if lease.until > now}, content.token
