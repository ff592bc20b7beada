"""What a photo may cost: pixels, shape, and memory while it is decoded, alone and beside others.

What a format needs is estimated in that format's module, from its header, before any decoder runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock

from PIL import Image

from recipe_assets.errors import UnreadablePhotoError

MAX_PIXELS = 200_000_000
"""Refuse larger photos before decoding; 100- and 150-megapixel backs fit."""
MAX_ASPECT = 50
"""Refuse longer strips: scaled to the model's side, a file of a few kilobytes would fill all memory."""
MEMORY_CAP = 3 << 29
"""Bytes that all decodes of a process take together, beyond the files' own: 1.5 GiB.

A 16-bit TIFF of a 150-megapixel back fits, even in one LZW strip (0.6 GB of pixels and 0.9 GB of strip).
"""
DECODED_SIDE = 480
"""Photos are decoded at 1/2, 1/4 or 1/8 as long as the short side keeps this many pixels.

That is 1.9 times the thumbnail's; `tests/studio/test_photos_fraction.py` measures the cost in pixels and logits.
"""
OVERHEAD = 48 << 20
"""Bytes for what no estimate names: bands in conversion, decoder tables, allocator slack."""

# Pillow's own cap warns below ours, and silencing warnings is not safe between threads; ours decides, in time.
Image.MAX_IMAGE_PIXELS = None
# Pillow takes memory in blocks of 16 MiB. The C library learns to keep blocks below 32 MiB for the thread that
# freed them, so each thread would hold on to its largest photo; larger blocks go back to the system at once.
Image.core.set_block_size(64 << 20)  # type: ignore[attr-defined]


def check_size(width: int, height: int, max_pixels: int = MAX_PIXELS) -> None:
    """Refuse what has no, too many or too oddly laid out pixels.

    Raises:
        UnreadablePhotoError: with the reason.
    """
    if width < 1 or height < 1:
        raise UnreadablePhotoError(f"damaged: {width}x{height} pixels")
    if width * height > max_pixels:
        raise UnreadablePhotoError(f"{width}x{height} pixels are over the cap of {max_pixels}")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise UnreadablePhotoError(f"{width}x{height} pixels are a strip, not a photo")


def fraction(width: int, height: int) -> int:
    """At which part of its size a photo is decoded: 1, 2, 4 or 8, as libjpeg can."""
    most = min(width, height) // DECODED_SIDE
    return next((part for part in (8, 4, 2) if most >= part), 1)


def working_memory(width: int, height: int) -> int:
    """Bytes from the decoded fraction to upright sRGB: a few copies of at most four bytes a pixel."""
    part = fraction(width, height)
    return -(-width // part) * -(-height // part) * 16 + OVERHEAD


class MemoryGate:
    """Lets decodes run side by side as long as their estimates fit together; first come, first served."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._free = capacity
        self._changed = Condition()
        self._turn = Lock()

    @contextmanager
    def reserve(self, amount: int) -> Iterator[None]:
        """Hold `amount` bytes, waiting for them if others hold too much.

        Raises:
            UnreadablePhotoError: if it could never fit.
        """
        if amount > self._capacity:
            raise UnreadablePhotoError(
                f"needs {amount / 2**30:.1f} GiB of memory to decode, the cap is {self._capacity / 2**30:.1f}: "
                "export it with fewer pixels or as a baseline JPEG"
            )
        # Waiting inside the turn keeps small photos from overtaking a large one for ever.
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._free >= amount)
            self._free -= amount
        try:
            yield
        finally:
            with self._changed:
                self._free += amount
                self._changed.notify_all()


GATE = MemoryGate(MEMORY_CAP)
"""The one gate of the process."""
