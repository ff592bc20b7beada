"""How photos are decoded: the everyday ones at once, all others in a process that can be stopped."""

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from api.serving.decoding import Decoder, is_plain_jpeg
from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.photos import open_photo, thumbnail
from tests.api.conftest import ROOT, until
from tests.release import factory
from tests.studio import bombs
from tests.studio.damages import DAMAGES, originals
from tests.studio.pictures import encode, picture

PIXELS = 180_000_000


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    found = Decoder(PIXELS, seconds=20)
    yield found
    found.close()


def jpeg(**options: object) -> bytes:
    return encode(picture(1, (640, 480)), quality=90, **options)


def with_profile(size: int) -> bytes:
    return jpeg(icc_profile=bytes(size))


@pytest.mark.parametrize(
    ("photo", "plain"),
    [
        (jpeg(), True),
        (encode(picture(1, (640, 480)).convert("L")), True),
        (jpeg(comment=b"x" * 1000, exif=b"Exif\0\0" + bytes(100)), True),
        (with_profile(3000), True),
        (with_profile(600_000), False),
        (jpeg(progressive=True), False),
        (encode(picture(1, (640, 480)).convert("CMYK")), False),
        (jpeg().replace(b"\xff\xc0", b"\xff\xc9", 1), False),
        (jpeg()[:300], False),
        (b"\xff\xd8" + bytes(100), False),
        (b"\xff\xd8" + b"\xff\xe0\0\2" * 5000 + jpeg()[2:], False),
        (factory.photo(kind="PNG"), False),
        (b"", False),
    ],
    ids=[
        "RGB", "gray", "comment and EXIF", "profile", "press profile", "progressive", "CMYK", "arithmetic",
        "cut off", "zeros", "segments", "PNG", "nothing",
    ],
)  # fmt: skip
def test_only_a_jpeg_whose_time_is_bounded_is_plain(photo: bytes, plain: bool) -> None:
    assert is_plain_jpeg(photo) is plain


def test_a_jpeg_that_brings_its_colors_one_by_one_is_not_plain() -> None:
    """Its first scan has one color: libjpeg keeps the whole picture and walks through it for each further scan."""
    photo = bytearray(jpeg())
    scan = photo.index(b"\xff\xda")
    photo[scan + 2 : scan + 12] = b"\0\x08\1\1\0\0\x3f\0"
    assert not is_plain_jpeg(bytes(photo))


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"kind": "PNG"}, {"kind": "TIFF"}, {"kind": "WEBP"}]
)
def test_the_process_apart_gives_the_very_pixels(decoder: Decoder, options: dict[str, object]) -> None:
    kind = str(options.pop("kind", "JPEG"))
    stream = io.BytesIO()
    picture(3, (900, 600)).save(stream, kind, **options)
    expected = thumbnail(open_photo(stream.getvalue()))
    found = decoder.decode(stream.getvalue())
    assert found.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))
    assert len(decoder.pids()) == (0 if kind == "JPEG" and not options else 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_photo_over_the_cap_is_refused_before_it_is_decoded(kind: str) -> None:
    decoder = Decoder(64 * 48 - 1, seconds=20)
    try:
        with pytest.raises(UnreadablePhotoError, match="64x48 pixels are over the cap of 3071"):
            decoder.decode(factory.photo(kind=kind))
    finally:
        decoder.close()


def test_a_photo_that_takes_too_long_is_stopped_and_the_next_one_is_decoded() -> None:
    decoder = Decoder(PIXELS, seconds=0.5)
    try:
        decoder.decode(factory.photo(kind="PNG"))
        before = decoder.pids()
        with pytest.raises(UnreadablePhotoError, match=r"takes longer than 0\.5 s to decode: export it again"):
            decoder.decode(bombs.large_png(13_000, 13_000))
        assert all(gone(pid) for pid in before)
        assert decoder.decode(factory.photo(kind="PNG")).size == (64, 48)
    finally:
        decoder.close()


def test_a_photo_that_crashes_the_decoder_is_refused_and_the_next_one_is_decoded(decoder: Decoder) -> None:
    """What a hole in a library does to the process, a signal does here while the photo is decoded."""
    decoder.decode(factory.photo(kind="PNG"))
    (pid,) = decoder.pids()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(decoder.decode, bombs.large_png(13_000, 13_000))
        until(lambda: resident(pid) > 200 << 20)
        os.kill(pid, signal.SIGSEGV)
        with pytest.raises(UnreadablePhotoError, match="crashes the decoder"):
            answer.result()
    assert decoder.decode(factory.photo(kind="PNG")).size == (64, 48)


def test_a_process_that_died_between_photos_costs_no_photo(decoder: Decoder) -> None:
    decoder.decode(factory.photo(kind="PNG"))
    (pid,) = decoder.pids()
    os.kill(pid, signal.SIGKILL)
    until(lambda: gone(pid))
    assert decoder.decode(factory.photo(kind="PNG")).size == (64, 48)
    assert decoder.pids() != [pid]


def test_there_are_no_more_processes_than_threads_and_all_end(decoder: Decoder) -> None:
    photos = [factory.photo(color, kind="PNG") for color in ("red", "lime", "blue", "white")] * 10
    with ThreadPoolExecutor(3) as pool:
        sizes = {small.getpixel((9, 9)) for small in pool.map(decoder.decode, photos)}
    assert len(sizes) == 4
    pids = decoder.pids()
    assert 1 <= len(pids) <= 3
    decoder.close()
    assert all(gone(pid) for pid in pids)
    with pytest.raises(RuntimeError):
        decoder.decode(factory.photo(kind="PNG"))


def test_the_end_stops_a_photo_in_work(decoder: Decoder) -> None:
    decoder.decode(factory.photo(kind="PNG"))
    (pid,) = decoder.pids()
    failed = threading.Event()

    def slow() -> None:
        with pytest.raises(UnreadablePhotoError):
            decoder.decode(bombs.large_png(13_000, 13_000))
        failed.set()

    thread = threading.Thread(target=slow)
    thread.start()
    until(lambda: resident(pid) > 200 << 20)
    decoder.close()
    until(failed.is_set)
    thread.join()
    assert gone(pid)


def test_the_process_apart_knows_no_secrets_and_writes_no_files(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECIPE_API_ADMIN_KEY", "do not tell")
    decoder.decode(factory.photo(kind="PNG"))
    (pid,) = decoder.pids()
    assert b"do not tell" not in Path(f"/proc/{pid}/environ").read_bytes()
    limits = dict(line.split("  ", 1) for line in Path(f"/proc/{pid}/limits").read_text().splitlines())
    assert limits["Max file size"].split()[0] == "0"
    assert int(limits["Max address space"].split()[0]) < 4 << 30


def test_a_process_whose_api_was_killed_ends_by_itself() -> None:
    program = (
        "import os; from api.serving.decoding import Decoder; from tests.release import factory; "
        "decoder = Decoder(1 << 20, 20); decoder.decode(factory.photo(kind='PNG')); "
        "print(decoder.pids()[0], flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, check=False)
    assert done.returncode == -signal.SIGKILL
    until(lambda: gone(int(done.stdout)))


def test_damaged_and_hostile_photos_are_refused_or_read_and_never_end_the_decoder(decoder: Decoder) -> None:
    reasons, read = [], 0
    for photo in (*hostile(), *damaged(200)):
        try:
            read += decoder.decode(photo).mode == "RGB"
        except UnreadablePhotoError as error:
            reasons.append(str(error))
    assert read > 10
    assert len(set(reasons)) > 10
    assert not [reason for reason in reasons if "\n" in reason or "crashes" in reason]
    assert decoder.decode(factory.photo(kind="PNG")).size == (64, 48)


def hostile() -> Iterator[bytes]:
    yield from (b"", b"\xff", bytes(100_000), *bombs.directory_bombs().values())
    yield from (bombs.jpeg_of_scans(scans) for scans in (50, 500, 20_000))
    yield from (bombs.jpeg_of(*size) for size in ((65_500, 65_500), (0, 9), (9, 0)))


def damaged(count: int) -> Iterator[bytes]:
    """Files of all formats, each hurt once; the same ones at every call."""
    sources = list(originals().values())
    for number in range(count):
        rng = np.random.default_rng([7, number])
        data = bytearray(sources[number % len(sources)])
        DAMAGES[number % len(DAMAGES)](data, rng)
        yield bytes(data)


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def gone(pid: int) -> bool:
    """Whether a process has ended, even if nobody has asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
