"""Many photos in one call, over real HTTP: in order, each for itself, bounded, and while they still arrive."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest

from api.errors import OverloadedError
from api.serving.classified import Classified
from api.serving.server import ModelServer
from tests.api.conftest import Running, Studio, until
from tests.api.explained import PREDICT, SMORGASBORD, explaining, is_problem
from tests.release import factory
from tests.studio.pictures import encode, picture

BATCH = "/api/v1/predict/batch"
BY_COLOR = {"red": "red-pan", "lime": "green-bowl", "blue": SMORGASBORD}


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with explaining(tmp_path_factory.mktemp("explained"), batch_photos=64) as running:
        yield running


def form(*photos: tuple[str, bytes]) -> list[tuple[str, tuple[str, bytes]]]:
    return [("file", photo) for photo in photos]


def ask(running: Running, *photos: tuple[str, bytes], **query: object) -> list[dict[str, object]]:
    answer = running.client.post(BATCH, files=form(*photos), params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()
    return found


def test_every_photo_is_answered_in_order_as_it_would_be_alone(explained: Running) -> None:
    colors = ["red", "lime", "blue"] * 15
    photos = [(f"week/{place}.jpg", factory.photo(color)) for place, color in enumerate(colors)]
    entries = ask(explained, *photos, nearest=2, top=4)
    assert [entry["file"] for entry in entries] == [name for name, _ in photos]
    assert [entry["keyword"] for entry in entries] == [BY_COLOR[color] for color in colors]
    alone = explained.client.post(PREDICT, content=photos[0][1], params={"nearest": 2, "top": 4}).json()
    assert entries[0] == {"file": "week/0.jpg", **alone}
    assert len(entries[0]["nearest"]) == 2


def test_a_bad_photo_harms_no_other_and_is_told_what_it_would_be_told_alone(explained: Running) -> None:
    bad = [b"no photo", b"", factory.photo("red")[:150], b"\xff\xd8\xff" + bytes(5000), b'{"image": "x"}']
    photos = [
        photo
        for place, content in enumerate(bad)
        for photo in ((f"{place}.jpg", factory.photo("red")), (f"{place}.bad", content))
    ]
    entries = ask(explained, *photos)
    for (name, content), entry in zip(photos, entries, strict=True):
        assert entry["file"] == name
        if name.endswith(".jpg"):
            assert entry["keyword"] == "red-pan"
            continue
        assert set(entry) == {"file", "error"}
        alone = explained.client.post(PREDICT, files=form((name, content)))
        assert entry["error"] == {"status": alone.status_code, "detail": alone.json()["detail"]}


def test_one_photo_is_a_list_of_one(explained: Running) -> None:
    assert [entry["keyword"] for entry in ask(explained, ("a.jpg", factory.photo("red")))] == ["red-pan"]


def test_a_photo_without_a_name_is_answered_too(explained: Running) -> None:
    answer = explained.client.post(BATCH, files=[("file", (None, factory.photo("red")))])
    assert answer.json()[0]["file"] is None
    assert answer.json()[0]["keyword"] == "red-pan"


def test_keywords_below_the_confidence_are_left_out(explained: Running) -> None:
    (entry,) = ask(explained, ("a.jpg", factory.photo("red")), min_confidence=100)
    assert entry["predictions"] == []
    assert entry["keyword"] == "red-pan"


@pytest.mark.parametrize(
    ("upload", "status", "complaint"),
    [
        ({"content": factory.photo("red")}, 400, "as a form"),
        ({"files": {"photo": ("a.jpg", b"x")}}, 400, "has no photo"),
        ({"files": form(("a.jpg", b"x")), "params": {"output": "file"}}, 400, "output=file"),
        ({"files": form(("a.jpg", b"x")), "params": {"top": "many"}}, 400, "top=many"),
        ({"files": form(*[(f"{place}.jpg", b"x") for place in range(65)])}, 413, "more than 64 photos"),
        ({"files": [("note", ("a", b"x"))] * 90}, 413, "too large"),
    ],
)
def test_a_call_that_cannot_be_answered_at_all_says_why(
    explained: Running, upload: dict[str, object], status: int, complaint: str
) -> None:
    answer = explained.client.post(BATCH, **upload)
    assert is_problem(answer, status)
    assert complaint in answer.json()["detail"]


def test_a_photo_over_the_cap_is_refused_and_the_others_are_answered(
    studio: Studio, serve: Callable[..., Running]
) -> None:
    studio.publish(1)
    running = serve(max_bytes=20_000, batch_photos=4)
    until(lambda: running.health()["release_id"] is not None)
    large = factory.photo("red") + bytes(30_000)
    entries = ask(running, ("a", factory.photo("red")), ("b", large), ("c", factory.photo("lime")))
    assert [entry.get("keyword") for entry in entries] == ["red-pan", None, "green-bowl"]
    assert entries[1]["error"]["status"] == 413
    assert is_problem(running.client.post(BATCH, files=form(("a", bytes(1_200_000)))), 413)


def model_server(running: Running) -> ModelServer:
    server: ModelServer = running.app.dependencies["server"].dependency()
    return server


def part(place: int, photo: bytes) -> bytes:
    head = f'--xx\r\nContent-Disposition: form-data; name="file"; filename="{place}"\r\n\r\n'
    return head.encode() + photo + b"\r\n"


FORM = {"Content-Type": "multipart/form-data; boundary=xx"}


def test_photos_are_worked_on_while_the_next_ones_still_arrive(
    explained: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, seen = model_server(explained), threading.Event()
    classify = server.classify

    async def noticed(photo: bytes) -> Classified:
        seen.set()
        return await classify(photo)

    def body() -> Iterator[bytes]:
        yield part(0, factory.photo("red")) + b"--xx\r\n"
        assert seen.wait(10)
        yield part(1, factory.photo("lime")).removeprefix(b"--xx\r\n") + b"--xx--\r\n"

    monkeypatch.setattr(server, "classify", noticed)
    answer = explained.client.post(BATCH, content=body(), headers=FORM)
    assert [entry["keyword"] for entry in answer.json()] == ["red-pan", "green-bowl"]


def test_a_call_never_takes_all_of_the_queue(
    studio: Studio, serve: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.publish(1)
    running = serve(queue=8)
    until(lambda: running.health()["release_id"] is not None)
    server, inside, most = model_server(running), 0, 0
    classify = server.classify

    async def counted(photo: bytes) -> Classified:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        try:
            await anyio.sleep(0.01)
            return await classify(photo)
        finally:
            inside -= 1

    monkeypatch.setattr(server, "classify", counted)
    entries = ask(running, *[(f"{place}", factory.photo("red")) for place in range(40)])
    assert {entry.get("keyword") for entry in entries} == {"red-pan"}
    assert most == 4


def test_a_photo_that_finds_no_room_waits_for_it(explained: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    server, refused = model_server(explained), [2]
    classify = server.classify

    async def crowded(photo: bytes) -> Classified:
        if refused[0]:
            refused[0] -= 1
            raise OverloadedError("too many photos", 1)
        return await classify(photo)

    monkeypatch.setattr(server, "classify", crowded)
    entries = ask(explained, *[(f"{place}", factory.photo("red")) for place in range(3)])
    assert {entry.get("keyword") for entry in entries} == {"red-pan"}


def test_a_photo_that_would_wait_past_its_deadline_is_told_so(
    studio: Studio, serve: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.publish(1)
    running = serve(deadline_seconds=5)
    until(lambda: running.health()["release_id"] is not None)

    async def full(photo: bytes) -> Classified:
        raise OverloadedError("too many photos are waiting", 60)

    monkeypatch.setattr(model_server(running), "classify", full)
    (entry,) = ask(running, ("a", factory.photo("red")))
    assert entry["error"] == {"status": 503, "detail": "too many photos are waiting"}


def test_a_bug_with_one_photo_is_logged_and_told_without_its_inside(
    explained: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = model_server(explained)
    classify = server.classify

    async def buggy(photo: bytes) -> Classified:
        if photo == b"bug":
            raise RuntimeError("secret detail")
        return await classify(photo)

    monkeypatch.setattr(server, "classify", buggy)
    good, bad = ask(explained, ("a", factory.photo("red")), ("b", b"bug"))
    assert good["keyword"] == "red-pan"
    assert bad["error"]["status"] == 500
    assert "secret" not in bad["error"]["detail"]
    assert "secret detail" in caplog.text


@pytest.mark.parametrize("cut", [10, 60, 300, 900, 1300])
def test_a_form_that_breaks_off_is_refused_whole_and_leaves_nothing_behind(explained: Running, cut: int) -> None:
    whole = part(0, factory.photo("red")) + part(1, factory.photo("lime")) + b"--xx--\r\n"
    assert len(whole) > 1400
    answer = explained.client.post(BATCH, content=whole[:cut], headers=FORM)
    assert is_problem(answer, 400)
    until(lambda: model_server(explained).photos == 0)


def test_a_client_that_goes_away_in_the_middle_leaves_nothing_behind(explained: Running) -> None:
    with socket.create_connection(explained.listener.getsockname()) as client:
        head = (
            f"POST {BATCH} HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\nContent-Type: {FORM['Content-Type']}"
        )
        client.sendall(f"{head}\r\n\r\n".encode() + part(0, factory.photo("red")) + part(1, b"half")[:-10])
    until(lambda: model_server(explained).photos == 0)
    assert [entry["keyword"] for entry in ask(explained, ("a", factory.photo("red")))] == ["red-pan"]


def test_several_calls_and_single_photos_at_once_get_their_own_answers(explained: Running) -> None:
    def call(number: int) -> bool:
        if number % 3 == 0:
            color = ["red", "lime", "blue"][number % 2]
            answer = explained.client.post(PREDICT, content=factory.photo(color))
            return answer.status_code == 200 and answer.json()[0]["keyword"] == BY_COLOR[color]
        colors = [["red", "lime", "blue"][(number + place) % 3] for place in range(12)]
        entries = ask(explained, *[(color, factory.photo(color)) for color in colors])
        return [entry.get("keyword") for entry in entries] == [BY_COLOR[color] for color in colors]

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(call, range(18)))


def test_large_photos_arrive_whole(explained: Running) -> None:
    photos = [encode(picture(seed, (700, 500)), "TIFF") for seed in range(6)]
    entries = ask(explained, *[(f"{place}.tif", photo) for place, photo in enumerate(photos)], detail="true")
    for entry, photo in zip(entries, photos, strict=True):
        alone = explained.client.post(PREDICT, content=photo, params={"detail": "true"}).json()
        assert entry["keyword"] == alone["keyword"]
        told = [found["confidence"] for found in entry["predictions"]]
        assert told == pytest.approx([found["confidence"] for found in alone["predictions"]], abs=0.02)


def test_each_photo_of_a_call_counts_against_the_rate(studio: Studio, serve: Callable[..., Running]) -> None:
    studio.publish(1)
    running = serve(rate_per_minute=10)
    until(lambda: running.health()["release_id"] is not None)
    ask(running, *[(f"{place}", factory.photo("red")) for place in range(10)])
    answer = running.client.post(PREDICT, content=factory.photo("red"))
    assert is_problem(answer, 429)
    assert int(answer.headers["Retry-After"]) >= 1
