"""From a photo's bytes to its thumbnail within a time that is known before: in this thread or in a process apart.

How formats are read is the studio's subject; the process apart is `isolation`'s.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

from PIL import Image

from api.serving.isolation import Isolate, IsolateGoneError
from recipe_assets.studio.photos import MAX_PIXELS, open_photo, thumbnail

_MAX_SEGMENTS = 1000
_MAX_PROFILE = 1 << 18
_ICC, _START_OF_SCAN = 0xE2, 0xDA
_SEQUENTIAL = (0xC0, 0xC1)
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_STARTS = 3


class Decoder:
    """Decodes photos in the thread that asks. Threads may share it.

    A plain JPEG, which is what studios send all day, is decoded right here. Anything else goes to a process that
    is stopped when it takes too long; there are as many of them as threads ever needed one at the same time.
    """

    def __init__(self, max_pixels: int, seconds: float) -> None:
        """Start nothing yet.

        Args:
            max_pixels: the largest photo.
            seconds: how long one photo may take.
        """
        self._max_pixels = min(max_pixels, MAX_PIXELS)
        self._seconds = seconds
        self._lock = Lock()
        self._idle: list[Isolate] = []
        self._all: set[Isolate] = set()
        self._closed = False

    def decode(self, photo: bytes) -> Image.Image:
        """The photo in sRGB, upright, with a short side of 256 pixels.

        Raises:
            UnreadablePhotoError: if it is no photo, is too large, or takes too long.
        """
        if is_plain_jpeg(photo):
            return thumbnail(open_photo(photo, self._max_pixels))
        for _ in range(_STARTS):
            with self._isolate() as isolate, suppress(IsolateGoneError):
                return isolate.decode(photo, self._max_pixels, self._seconds)
        raise RuntimeError(f"the process that decodes photos ended {_STARTS} times before it took one")

    def pids(self) -> list[int]:
        """The ids of the processes apart."""
        with self._lock:
            return [isolate.pid for isolate in self._all]

    def close(self) -> None:
        """Stop all processes, in the middle of a photo, too."""
        with self._lock:
            self._closed = True
            isolates = list(self._all)
        for isolate in isolates:
            isolate.close()

    @contextmanager
    def _isolate(self) -> Iterator[Isolate]:
        """A process that nobody else uses meanwhile."""
        isolate = self._borrow()
        try:
            yield isolate
        finally:
            with self._lock:
                if isolate.alive:
                    self._idle.append(isolate)
                else:
                    self._all.discard(isolate)
            if not isolate.alive:
                isolate.close()

    def _borrow(self) -> Isolate:
        with self._lock:
            if self._closed:
                raise RuntimeError("a photo came after the end")
            if self._idle:
                return self._idle.pop()
            isolate = Isolate()
            self._all.add(isolate)
            return isolate


def is_plain_jpeg(photo: bytes) -> bool:
    """Whether it is a JPEG whose decoding takes a time that its bytes and pixels bound.

    Gray or in three colors, Huffman coded, in one scan, with a color profile of no more than camera size. In doubt
    it is not. Source: ITU-T T.81, annex B.
    """
    position, profile = 2, 0
    components: int | None = None
    for _ in range(_MAX_SEGMENTS):
        head = photo[position : position + 4]
        if len(head) < 4 or head[0] != 0xFF or photo[:2] != b"\xff\xd8":
            return False
        marker, size = head[1], int.from_bytes(head[2:], "big")
        if marker == _START_OF_SCAN:
            return components in (1, 3) and photo[position + 4] == components and profile <= _MAX_PROFILE
        if marker in _FRAMES:
            if marker not in _SEQUENTIAL or components is not None or size < 8:
                return False
            components = photo[position + 9]
        profile += size if marker == _ICC else 0
        position += 2 + size
    return False
