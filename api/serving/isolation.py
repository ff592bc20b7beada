"""A process of its own for decoding one photo at a time: it can be stopped, and its crash is the photo's alone.

A thread cannot be stopped, and a decoder written in C that goes astray takes the whole process with it. Which
photos come here is `decoding`'s subject. Run as `python -m api.serving.isolation` this is the process itself.
"""

import contextlib
import os
import resource
import signal
import struct
import subprocess
import sys
from typing import BinaryIO

from PIL import Image

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.photos import MEMORY_CAP, open_photo, thumbnail

_REQUEST = struct.Struct("<QQd")
"""Bytes of the photo that follows, the cap on its pixels, and seconds for it."""
_REPLY = struct.Struct("<?III")
"""Whether it was decoded, width, height, and bytes that follow: RGB pixels or the reason."""
_LIBRARIES = 2 << 30
"""Address space for the interpreter, its libraries and their threads, beyond what photos may take."""
_PIPE_BYTES = 1 << 20


class IsolateGoneError(Exception):
    """The process ended before it took the photo, so the photo is not to blame."""


class Isolate:
    """The process, as seen by the one thread that uses it at a time."""

    def __init__(self) -> None:
        """Start it. It knows no key and no password: of the environment it gets nothing."""
        environment = {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(path) for path in sys.path])),
            "MALLOC_ARENA_MAX": "2",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", "api.serving.isolation"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            pipesize=_PIPE_BYTES,
            start_new_session=True,  # Ctrl-C in a terminal is for the API, which lets photos in work finish
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can take another photo."""
        return self._process.poll() is None

    def decode(self, photo: bytes, max_pixels: int, seconds: float) -> Image.Image:
        """The photo's thumbnail.

        Raises:
            UnreadablePhotoError: if it is none, takes longer, or crashes the decoder.
            IsolateGoneError: if the process was gone before.
        """
        source, sink = self._pipes()
        try:
            sink.write(_REQUEST.pack(len(photo), max_pixels, seconds))
            sink.write(photo)
            sink.flush()
        except (OSError, ValueError):
            raise IsolateGoneError from None
        head = source.read(_REPLY.size)
        if len(head) < _REPLY.size:
            raise UnreadablePhotoError(self._ending(seconds))
        decoded, width, height, length = _REPLY.unpack(head)
        content = source.read(length)
        if not decoded:
            raise UnreadablePhotoError(content.decode())
        return Image.frombytes("RGB", (width, height), content)

    def close(self) -> None:
        """Stop the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in self._pipes():
            # What a process that is gone has not read yet cannot be delivered.
            with contextlib.suppress(OSError):
                pipe.close()

    def _pipes(self) -> tuple[BinaryIO, BinaryIO]:
        source, sink = self._process.stdout, self._process.stdin
        if source is None or sink is None:
            raise IsolateGoneError
        return source, sink  # type: ignore[return-value]  # IO[bytes] with pipes is a BinaryIO

    def _ending(self, seconds: float) -> str:
        code = self._process.wait()
        if code == -signal.SIGALRM:
            return f"takes longer than {seconds:g} s to decode: export it again as a baseline JPEG"
        return "crashes the decoder: export it again as a baseline JPEG"


def main() -> None:
    """Decode photo after photo until nobody sends any more."""
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    _give_up_powers()
    with os.fdopen(answers, "wb") as sink:
        while len(head := sys.stdin.buffer.read(_REQUEST.size)) == _REQUEST.size:
            length, max_pixels, seconds = _REQUEST.unpack(head)
            photo = sys.stdin.buffer.read(length)
            # Nobody handles this signal: the kernel ends the process, in the middle of C code, too.
            signal.setitimer(signal.ITIMER_REAL, seconds)
            reply = _reply(photo, max_pixels)
            signal.setitimer(signal.ITIMER_REAL, 0)
            sink.write(reply)
            sink.flush()


def _give_up_powers() -> None:
    memory = MEMORY_CAP + _LIBRARIES
    for limit, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError):  # the administrator allows less already
            resource.setrlimit(limit, (value, value))


def _reply(photo: bytes, max_pixels: int) -> bytes:
    try:
        small = thumbnail(open_photo(photo, max_pixels))
    except UnreadablePhotoError as error:
        reason = str(error).encode()
        return _REPLY.pack(False, 0, 0, len(reason)) + reason
    pixels = small.tobytes()
    return _REPLY.pack(True, *small.size, len(pixels)) + pixels


if __name__ == "__main__":
    main()
