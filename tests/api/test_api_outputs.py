"""Photos that come back with their keyword, their URLs and XMP, over real HTTP; ExifTool and decoders judge."""

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from PIL import Image

from api.contract import keywording, outputs
from recipe_assets.studio.metadata import (
    Provenance,
    image_data_sha256,
    read_keywords,
    read_provenance,
    write_keywords,
)
from tests.api.conftest import Running, until
from tests.api.explained import PREDICT, SMORGASBORD, ask, explaining, is_problem, stored_bytes
from tests.api.photo_host import Host
from tests.release import factory
from tests.studio import metadata_files as made
from tests.studio.heic import heic
from tests.studio.pictures import encode, exiftool, picture

KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff", "WEBP": "image/webp"}


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with explaining(tmp_path_factory.mktemp("explained")) as running:
        yield running


def facts(found: dict[str, object]) -> dict[str, object]:
    """What ExifTool sees besides keywords, but for places in the file and the kind of WebP."""
    places = ("MPImage", "RIFF", "File:FileType")
    return {key: value for key, value in made.untouched(found).items() if not key.startswith(places)}


def pixels_by_imagemagick(folder: Path, photo: bytes) -> bytes:
    (folder / "photo").write_bytes(photo)
    command = ["/usr/bin/identify", "-format", "%m %z %# ", str(folder / "photo")]
    return subprocess.run(command, check=True, capture_output=True).stdout


def pixels_by_pillow(folder: Path, photo: bytes) -> list[bytes]:
    (folder / "photo").write_bytes(photo)
    return made.frames(folder / "photo")


FILES: dict[str, Callable[[Path], bytes]] = {
    "camera": made.camera_jpeg,
    "photoshop": lambda _: made.photoshop_jpeg(),
    "cmyk": lambda _: made.cmyk_jpeg(),
    "gain map": lambda _: made.gain_map_jpeg(),
    "extended xmp": lambda _: made.extended_jpeg(),
    "16-bit pages": made.pages,
    "16-bit pages, big endian": lambda folder: made.pages(folder, big_endian=True),
    "png": lambda _: made.magick(encode(picture(3), "PNG"), "png", "-depth", "16"),
    "webp": lambda _: encode(picture(4), "WEBP", lossless=True),
}
"""A photo of each kind that a studio has, tagged by programs and people."""


@pytest.mark.parametrize("name", FILES)
def test_the_photo_comes_back_with_its_keyword_and_not_a_pixel_changed(
    explained: Running, tmp_path: Path, name: str
) -> None:
    photo = FILES[name](tmp_path)
    answer = ask(explained, photo)
    keyword = unquote(answer.headers["X-Keyword"])
    before, after = made.seen(tmp_path, photo), made.seen(tmp_path, answer.content)
    assert keyword in made.listed(after["XMP-dc:Subject"])
    if name != "webp":
        assert keyword in made.listed(after["IPTC:Keywords"])
        assert made.listed(after["IPTC:Keywords"]) == made.listed(after["XMP-dc:Subject"])
    assert facts(after) == facts(before)
    assert made.warnings(tmp_path, answer.content) <= made.warnings(tmp_path, photo)
    assert pixels_by_pillow(tmp_path, answer.content) == pixels_by_pillow(tmp_path, photo)
    assert pixels_by_imagemagick(tmp_path, answer.content) == pixels_by_imagemagick(tmp_path, photo)
    assert answer.headers["X-Image-Data-Unchanged"] == f"sha256={image_data_sha256(photo)}"
    assert image_data_sha256(answer.content) == image_data_sha256(photo)
    assert answer.headers["X-Keyword-Written"] == "true"


@pytest.mark.parametrize(("kind", "media_type"), KINDS.items())
def test_the_answer_is_an_attachment_of_the_photos_own_type(
    explained: Running, kind: str, media_type: str
) -> None:
    photo = factory.photo("red", kind=kind)
    upload = {"file": ("steg 1 \u2013 kök.bin", photo, "text/plain")}
    answer = explained.client.post(PREDICT, params={"output": "file"}, files=upload)
    assert answer.headers["content-type"] == media_type
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"steg 1 _ k_k.bin\"; filename*=UTF-8''steg%201%20%E2%80%93%20k%C3%B6k.bin"
    )
    with Image.open(BytesIO(answer.content)) as image:
        assert image.format == kind


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("HF_Y24_R15_01__original.jpg", "HF_Y24_R15_01__original.jpg"),
        ("C:\\shoots\\week 3\\a.jpg", "a.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("week/3/a", "a.jpg"),
        ("blob", "photo.jpg"),
        ("..", "photo.jpg"),
        ('a"b;c.jpg', "a_b;c.jpg"),
        ("x" * 300 + ".jpeg", "x" * 120 + ".jpeg"),
    ],
)
def test_the_photo_keeps_its_name_where_that_is_a_plain_one(explained: Running, given: str, name: str) -> None:
    upload = {"file": (given, factory.photo("red"))}
    answer = explained.client.post(PREDICT, params={"output": "file"}, files=upload)
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'


@pytest.mark.parametrize("kind", KINDS)
def test_keywording_twice_gives_the_same_bytes(explained: Running, kind: str) -> None:
    once = ask(explained, factory.photo("blue", kind=kind)).content
    twice = ask(explained, once)
    assert twice.content == once
    assert twice.headers["X-Keyword-Written"] == "true"
    ours = read_provenance(once)
    assert ours is not None
    assert ours.keywords == (SMORGASBORD,)
    assert ours.release == twice.headers["X-Model-Release"]
    assert ours.confidence == pytest.approx(float(twice.headers["X-Confidence"]), abs=0.011)
    assert ours.time is not None


def test_only_what_an_older_release_wrote_is_replaced(explained: Running) -> None:
    photo = write_keywords(factory.photo("red"), ["gästbud"])
    photo = write_keywords(photo, ["oven-tray"], provenance=Provenance("older", 55))
    photo = write_keywords(photo, ["added by a person"])
    done = ask(explained, photo).content
    assert read_keywords(done).iptc == read_keywords(done).xmp == ("gästbud", "added by a person", "red-pan")
    ours = read_provenance(done)
    assert ours is not None
    assert ours.keywords == ("red-pan",)


def test_a_keyword_that_a_person_wrote_stays_a_persons(explained: Running) -> None:
    photo = write_keywords(factory.photo("red"), ["red-pan"])
    answer = ask(explained, photo)
    assert answer.content == photo
    assert read_provenance(answer.content) is None


@pytest.mark.parametrize("photo", [factory.photo("red"), heic(), made.psd(b"")], ids=["jpeg", "heic", "psd"])
def test_below_the_confidence_the_same_bytes_come_back(explained: Running, photo: bytes) -> None:
    answer = ask(explained, photo, min_confidence=100)
    assert answer.content == photo
    assert answer.headers["X-Keyword-Written"] == "false"
    assert answer.headers["X-Keyword"]
    stored = ask(explained, photo, "s3_url", min_confidence=100)
    assert stored_bytes(stored) == photo
    assert stored.headers["X-Keyword-Written"] == "false"


def test_the_confidence_itself_is_enough_to_be_written(explained: Running) -> None:
    confidence = explained.client.post(PREDICT, content=factory.photo("red")).json()[0]["confidence"]
    assert ask(explained, factory.photo("red"), min_confidence=confidence).headers["X-Keyword-Written"] == "true"
    above = ask(explained, factory.photo("red"), min_confidence=confidence + 0.01)
    assert above.headers["X-Keyword-Written"] == "false"


@pytest.mark.parametrize("output", ["file", "s3_url"])
@pytest.mark.parametrize("photo", [heic(), made.psd(b"")], ids=["heic", "psd"])
def test_a_photo_that_keywords_are_not_written_into_is_sent_to_xmp(
    explained: Running, photo: bytes, output: str
) -> None:
    answer = explained.client.post(PREDICT, content=photo, params={"output": output})
    assert is_problem(answer, 415)
    assert "output=xmp" in answer.json()["detail"]
    assert "JPEG, TIFF, PNG, WebP" in answer.json()["detail"]


def test_metadata_that_cannot_be_kept_is_refused_rather_than_lost(explained: Running) -> None:
    photo = made.with_segments(
        factory.photo("red"), made.xmp_segment("<x:xmpmeta xmlns:x='adobe:ns:meta/'>broken")
    )
    assert explained.client.post(PREDICT, content=photo).status_code == 200
    answer = explained.client.post(PREDICT, content=photo, params={"output": "file"})
    assert is_problem(answer, 422)
    assert "the XMP is damaged" in answer.json()["detail"]


def test_a_photo_whose_pixels_would_change_is_not_handed_out(
    explained: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def damaging(photo: bytes, *arguments: object) -> bytes:
        changed = bytearray(write_keywords(photo, *arguments))
        changed[-10] ^= 1
        return bytes(changed)

    monkeypatch.setattr(keywording, "write_keywords", damaging)
    for output in ("file", "s3_url"):
        answer = explained.client.post(PREDICT, content=factory.photo("red"), params={"output": output})
        assert is_problem(answer, 500)
    assert "changed the image data" in caplog.text


@pytest.mark.parametrize("photo", [factory.photo("red"), heic(), made.psd(b"")], ids=["jpeg", "heic", "psd"])
def test_xmp_is_a_packet_that_exiftool_puts_into_the_original(
    explained: Running, tmp_path: Path, photo: bytes
) -> None:
    answer = ask(explained, photo, "xmp")
    assert answer.headers["content-type"] == "application/rdf+xml"
    assert answer.headers["content-disposition"] == 'attachment; filename="photo.xmp"'
    (tmp_path / "packet.xmp").write_bytes(answer.content)
    (tmp_path / "original.jpg").write_bytes(encode(picture(1)))
    exiftool("-q", "-m", "-overwrite_original", "-tagsfromfile", str(tmp_path / "packet.xmp"), "-xmp",
             str(tmp_path / "original.jpg"))  # fmt: skip
    original = (tmp_path / "original.jpg").read_bytes()
    keyword = unquote(answer.headers["X-Keyword"])
    assert read_keywords(original).xmp == (keyword,)
    ours = read_provenance(original)
    assert ours is not None
    assert (ours.keywords, ours.release) == ((keyword,), answer.headers["X-Model-Release"])
    assert ours.confidence == float(answer.headers["X-Confidence"])
    assert ours.time is not None


def test_xmp_keeps_the_keywords_of_people_and_marks_ours(explained: Running) -> None:
    photo = write_keywords(factory.photo("red"), ["gästbud"])
    photo = write_keywords(photo, ["oven-tray"], provenance=Provenance("older", 55))
    packet = ask(explained, photo, "xmp").content
    assert read_keywords(b"", packet).sidecar == ("gästbud", "red-pan")
    ours = read_provenance(b"", packet)
    assert ours is not None
    assert ours.keywords == ("red-pan",)
    unsure = ask(explained, photo, "xmp", min_confidence=100)
    assert read_keywords(b"", unsure.content).sidecar == ("gästbud",)
    assert read_provenance(b"", unsure.content) is None
    assert unsure.headers["X-Keyword-Written"] == "false"


def test_a_keyword_that_xmp_cannot_hold_does_not_stand_in_the_way_of_a_packet(explained: Running) -> None:
    block = made.iptc(b"bell\x07", "gästbud".encode(), before=made.dataset(1, 90, b"\x1b%G"))
    photo = made.with_segments(factory.photo("red"), made.photoshop_segment(made.resource(0x0404, block)))
    assert read_keywords(photo).iptc == ("bell\x07", "gästbud")
    assert read_keywords(b"", ask(explained, photo, "xmp").content).sidecar == ("gästbud", "red-pan")


def test_whoever_finds_too_many_waiting_for_their_photo_is_told_when_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, released = threading.Semaphore(0), threading.Event()

    def blocked(photo: bytes, *arguments: object) -> keywording.Keyworded:
        entered.release()
        assert released.wait(20)
        return keywording.keyworded(photo, *arguments)

    monkeypatch.setattr(outputs, "keyworded", blocked)
    with explaining(tmp_path, queue=1, decoders=1) as running, ThreadPoolExecutor(2) as pool:
        working = pool.submit(ask, running, factory.photo("red"))
        assert entered.acquire(timeout=20)
        waiting = pool.submit(ask, running, factory.photo("red"))
        limiter = running.app.dependencies["outputs"].dependency()._working
        until(lambda: limiter.statistics().tasks_waiting == 1)
        answer = running.client.post(PREDICT, content=factory.photo("red"), params={"output": "file"})
        assert is_problem(answer, 503)
        assert int(answer.headers["Retry-After"]) >= 1
        assert running.client.post(PREDICT, content=factory.photo("red")).status_code == 200
        released.set()
        for done in (working, waiting):
            assert read_keywords(done.result().content).iptc == ("red-pan",)


def test_a_photo_at_a_url_is_answered_in_all_ways_too(explained: Running, host: Host) -> None:
    def classify(**query: object) -> httpx.Response:
        return explained.client.get("/api/v1/classify", params={"url": f"{host.url}/photo.jpg", **query})

    done = classify(output="file")
    assert read_keywords(done.content).iptc == (SMORGASBORD,)
    assert done.headers["content-type"] == "image/jpeg"
    assert done.headers["content-disposition"] == 'attachment; filename="photo.jpg"'
    assert done.headers["X-Image-Data-Unchanged"] == f"sha256={image_data_sha256(factory.photo('blue'))}"
    assert read_keywords(b"", classify(output="xmp").content).sidecar == (SMORGASBORD,)
    assert classify(nearest=1).json()["nearest"][0]["file"] == "blue.jpg"
    assert read_keywords(stored_bytes(classify(output="s3_url"))).iptc == (SMORGASBORD,)


def test_a_large_photo_is_answered_by_many_at_once(explained: Running) -> None:
    photo = made.with_segments(factory.photo("red"), *[made.segment(0xE5, bytes(65_000)) for _ in range(120)])
    assert len(photo) > 7_500_000
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ask(explained, photo), range(12)))
    for answer in answers:
        assert read_keywords(answer.content).iptc == ("red-pan",)
        assert len(answer.content) < len(photo) + 10_000


def test_random_photos_come_back_whole_from_many_clients_at_once(explained: Running, tmp_path: Path) -> None:
    photos = [encode(picture(seed, (200 + seed, 150)), kind) for seed in range(8) for kind in KINDS]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda photo: ask(explained, photo), photos))
    for photo, answer in zip(photos, answers, strict=True):
        assert answer.headers["X-Image-Data-Unchanged"] == f"sha256={image_data_sha256(photo)}"
        assert pixels_by_pillow(tmp_path, answer.content) == pixels_by_pillow(tmp_path, photo)


def test_a_client_that_reads_slowly_holds_nobody_up_and_gets_its_photo_whole(explained: Running) -> None:
    photo = made.with_segments(factory.photo("red"), *[made.segment(0xE5, bytes(65_000)) for _ in range(120)])
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        client.connect(explained.listener.getsockname())
        head = f"POST {PREDICT}?output=file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        client.sendall(f"{head}Content-Length: {len(photo)}\r\n\r\n".encode() + photo)
        answer = client.recv(1)
        for _ in range(5):
            assert explained.client.post(PREDICT, content=factory.photo("red")).status_code == 200
        while chunk := client.recv(1 << 16):
            answer += chunk
    assert image_data_sha256(answer.partition(b"\r\n\r\n")[2]) == image_data_sha256(photo)
