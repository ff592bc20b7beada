"""Many clients, slow photos, clients that leave, an API that stops: everybody is answered or told when to come."""

import gc
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import msgspec
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from PIL import Image
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from api.monitoring.observing import Observer
from api.serving.classified import Classified
from api.serving.decoding import Decoder
from api.serving.server import ModelServer
from recipe_assets.release.graph import Scores
from recipe_assets.release.manifest import Graph
from recipe_assets.release.predictor import Prediction, Predictor
from tests.api.conftest import PATIENCE, Running, Studio, until
from tests.api.test_api_decoding import gone
from tests.release import factory
from tests.release.test_release_predictor import quantizing_graph
from tests.studio import bombs
from tests.studio.pictures import encode, picture

PREDICT = "/api/v1/predict"
COLORS = ("red", "lime", "blue", "gray", "white", "navy", "orange", "teal", "pink", "olive")
Serve = Callable[..., Running]


class Notes(Observer):
    """Writes down what happens."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, list[Prediction]]] = []
        self.sheds: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.batches: list[int] = []
        self.stages: dict[str, list[float]] = {}

    def answered(self, classified: Classified, photo_sha256: str, client: str | None) -> None:
        self.answers.append((photo_sha256, classified.ranked()))

    def shed(self, reason: str) -> None:
        self.sheds[reason] += 1

    def failed(self, kind: str) -> None:
        self.failures[kind] += 1

    def batch(self, size: int) -> None:
        self.batches.append(size)

    def stage(self, name: str, seconds: float) -> None:
        self.stages.setdefault(name, []).append(seconds)


class Turnstile(Decoder):
    """Decodes as ever, but each photo waits for a turn to be given; it counts those it was asked for."""

    def __init__(self) -> None:
        super().__init__(180_000_000, 20)
        self.turns = threading.Semaphore(0)
        self.asked: list[bytes] = []

    def decode(self, photo: bytes) -> Image.Image:
        self.asked.append(photo)
        assert self.turns.acquire(timeout=PATIENCE)
        return super().decode(photo)

    def open(self) -> None:
        self.turns.release(10_000)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def turnstile(monkeypatch: pytest.MonkeyPatch) -> Iterator[Turnstile]:
    """In place of the decoder of every API that is started afterwards."""
    found = Turnstile()
    monkeypatch.setattr("api.serving.server.Decoder", lambda *_: found)
    yield found
    found.open()


@pytest.fixture
def ready(studio: Studio, serve: Serve, notes: Notes) -> Serve:
    """Start an API that serves release 1 and is watched."""

    def start(**changes: object) -> Running:
        release_id = studio.publish(1).release_id
        running = serve(**changes)
        server(running).observers.append(notes)
        running.wait_for(release_id)
        return running

    return start


WORKERS = ("decode_", "forward_")


def server(running: Running) -> ModelServer:
    found = running.app.state.server
    assert isinstance(found, ModelServer)
    return found


def photos(count: int) -> list[bytes]:
    """Photos of many colors, no two alike."""
    return [encode(Image.new("RGB", (64, 48), (7 * n % 256, 31 * n % 256, 3 * n % 256))) for n in range(count)]


def post(running: Running, photo: bytes) -> httpx.Response:
    """On a connection of its own, as from another machine."""
    return httpx.post(f"{running.url}{PREDICT}", content=photo, trust_env=False, timeout=6 * PATIENCE)


def send(running: Running, photo: bytes, length: int | None = None) -> socket.socket:
    """A client that has sent its photo and waits."""
    client = socket.create_connection(running.listener.getsockname())
    head = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {length or len(photo)}\r\n\r\n"
    client.sendall(head.encode() + photo)
    return client


def test_two_hundred_clients_and_a_queue_of_32_are_all_served_or_told_when_to_come_back(
    ready: Serve, notes: Notes
) -> None:
    running = ready(queue=32, decoders=2, forwards=2)
    slow = bombs.jpeg_of(6000, 4000)  # 24 megapixels, the cost of a photo in a file of nothing
    start = threading.Barrier(200)

    def client(number: int) -> httpx.Response:
        start.wait()
        return post(running, slow[:2] + b"\xff\xfe\0\4" + number.to_bytes(2, "big") + slow[2:])

    with ThreadPoolExecutor(200) as clients:
        answers = list(clients.map(client, range(200)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {200, 503}
    assert statuses[200] >= 36, "as many as wait and are in work at once"
    assert len(notes.answers) == statuses[200]
    assert notes.sheds == {"queue": statuses[503]}
    told = [int(answer.headers["Retry-After"]) for answer in answers if answer.status_code == 503]
    assert min(told) >= 1
    assert max(told) <= 75
    assert server(running).photos == 0
    assert post(running, factory.photo("red")).status_code == 200


def test_exactly_as_many_photos_are_let_in_as_may_wait_and_be_worked_on(
    turnstile: Turnstile, ready: Serve, notes: Notes
) -> None:
    running = ready(queue=3, decoders=2, forwards=1)
    with ThreadPoolExecutor(20) as clients:
        answers = [clients.submit(post, running, photo) for photo in photos(20)]
        until(lambda: notes.sheds["queue"] == 14)
        assert server(running).photos == 6
        assert len(turnstile.asked) == 2
        turnstile.open()
        statuses = Counter(answer.result().status_code for answer in answers)
    assert statuses == {200: 6, 503: 14}


def test_nothing_is_computed_for_clients_that_have_left(turnstile: Turnstile, ready: Serve, notes: Notes) -> None:
    running = ready(decoders=1, forwards=1)
    first, *left, last = photos(7)
    with ThreadPoolExecutor(2) as clients:
        answers = [clients.submit(post, running, first)]
        until(lambda: turnstile.asked == [first])
        sockets = [send(running, photo) for photo in left]
        until(lambda: server(running).photos == 6)
        answers.append(clients.submit(post, running, last))
        until(lambda: server(running).photos == 7)
        for client in sockets:
            client.close()
        until(lambda: notes.sheds["departed"] == 5)
        assert server(running).photos == 2
        turnstile.open()
        assert [answer.result().status_code for answer in answers] == [200, 200]
    assert turnstile.asked == [first, last]
    assert len(notes.answers) == sum(notes.batches) == 2


def test_a_photo_whose_client_leaves_while_it_is_decoded_does_not_reach_the_graph(
    turnstile: Turnstile, ready: Serve, notes: Notes
) -> None:
    running = ready(decoders=1, forwards=1)
    left, stays = photos(2)
    client = send(running, left)
    until(lambda: turnstile.asked == [left])
    client.close()
    until(lambda: notes.sheds["departed"] == 1)
    turnstile.open()
    assert post(running, stays).status_code == 200
    assert turnstile.asked == [left, stays]
    assert len(notes.answers) == sum(notes.batches) == 1


def test_a_client_that_leaves_a_fetch_is_not_waited_for(turnstile: Turnstile, ready: Serve, notes: Notes) -> None:
    """A request without a body is watched, too."""
    running = ready(fetch_private=True)
    with socket.create_server(("127.0.0.1", 0)) as host:
        port = host.getsockname()[1]
        client = socket.create_connection(running.listener.getsockname())
        client.sendall(f"GET /api/v1/classify?http://127.0.0.1:{port}/a.jpg HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        asked, _ = host.accept()
        with asked:
            asked.settimeout(PATIENCE)
            assert asked.recv(4096).startswith(b"GET /a.jpg")
            client.close()
            # The API gives the download up, where it would otherwise have waited for this host.
            while asked.recv(4096):
                pass
    assert turnstile.asked == []


def test_a_photo_that_is_not_answered_in_time_is_told_so_and_left_out(
    turnstile: Turnstile, ready: Serve, notes: Notes
) -> None:
    running = ready(decoders=1, deadline_seconds=0.3)
    first, second, third = photos(3)
    with ThreadPoolExecutor(2) as clients:
        late = [clients.submit(post, running, first)]
        until(lambda: turnstile.asked == [first])
        late.append(clients.submit(post, running, second))
        for answer in late:
            assert answer.result().status_code == 504
            assert "was not answered within 0.3 s" in answer.result().json()["detail"]
    assert notes.sheds == {"deadline": 2}
    assert server(running).photos == 0
    turnstile.open()
    until(lambda: post(running, third).status_code == 200)
    assert second not in turnstile.asked


def test_a_photo_made_to_be_slow_is_stopped_while_others_are_answered(ready: Serve, notes: Notes) -> None:
    running = ready(decoders=2, decode_seconds=0.2)
    with ThreadPoolExecutor(4) as clients:
        slow = clients.submit(post, running, bombs.large_png(13_000, 13_000))
        answers = list(clients.map(lambda photo: post(running, photo), photos(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert slow.result().status_code == 400
    assert "takes longer than 0.2 s to decode" in slow.result().json()["reason"]
    assert notes.failures == {"unreadable": 1}


def test_photos_in_work_are_answered_when_the_api_stops_and_nothing_of_it_is_left(
    turnstile: Turnstile, ready: Serve, notes: Notes
) -> None:
    others = set(threading.enumerate())
    running = ready(decoders=1)
    inside = [factory.photo("red", kind="PNG"), *photos(3)]
    with ThreadPoolExecutor(4) as clients:
        answers = [clients.submit(post, running, photo) for photo in inside]
        until(lambda: server(running).photos == 4)
        running.server.should_exit = True
        until(lambda: server(running).draining)
        turnstile.open()
        assert [answer.result().status_code for answer in answers] == [200] * 4
    running.thread.join(PATIENCE)
    assert not running.thread.is_alive()
    assert turnstile.pids() or len(turnstile.asked) == 4
    assert all(gone(pid) for pid in turnstile.pids())
    until(lambda: not [t for t in threading.enumerate() if t not in others and t.name.startswith(WORKERS)])


def test_photos_that_are_not_done_in_time_are_told_so_when_the_api_stops(
    turnstile: Turnstile, ready: Serve, notes: Notes
) -> None:
    running = ready(decoders=1, drain_seconds=0.3)
    with ThreadPoolExecutor(4) as clients:
        answers = [clients.submit(post, running, photo) for photo in photos(4)]
        until(lambda: server(running).photos == 4)
        running.server.should_exit = True
        for answer in answers:
            assert answer.result().status_code == 503
            assert answer.result().headers["Retry-After"] == "1"
    turnstile.open()
    assert notes.sheds == {"draining": 4}
    running.thread.join(PATIENCE)
    assert not running.thread.is_alive()


def hurt(photo: bytes) -> list[bytes]:
    """The same photo cut off, scribbled over and emptied, and what never was one."""
    middle = len(photo) // 2
    scribbled = photo[:middle] + b"\xff\xd9" * 8 + photo[middle + 16 :]
    return [photo[:middle], scribbled, photo[:4], b"no photo", photo[:-2] + bytes(2)]


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_under_load_every_answer_is_that_of_the_photo_alone_whatever_its_neighbors_are(
    studio: Studio, serve: Serve, notes: Notes, tmp_path: Path, precision: str
) -> None:
    """The int8 graph gives other numbers in company, so it must not have any; hurt photos are among the rest."""
    folder = publish(studio, precision)
    alone = Predictor.load(folder, threads=1)
    running = serve(queue=400, batch_wait_ms=200, forwards=1)
    server(running).observers.append(notes)
    until(lambda: server(running).current is not None)
    good = [encode(picture(seed, (80, 60)), quality=90) for seed in range(60)]
    mixed = [photo for pair in zip(good, hurt(good[0]) * 12, strict=True) for photo in pair]
    with ThreadPoolExecutor(24) as clients:
        answers = list(clients.map(lambda photo: post(running, photo), mixed))
    for photo, answer in zip(good, answers[::2], strict=True):
        assert answer.json() == msgspec.to_builtins(alone.rank(photo))
    whole = {answer.status_code for answer in answers[::2]}
    assert whole == {200}
    assert {400} <= {answer.status_code for answer in answers[1::2]} <= {200, 400}
    assert sum(notes.batches) == len(notes.answers)
    assert (max(notes.batches) > 1) is (precision == "fp32")


def publish(studio: Studio, precision: str) -> Path:
    folder = studio.folder / "built"
    factory.write_files(folder)
    onnx.save_model(quantizing_graph() if precision == "int8" else factory.graph(), folder / "image_encoder.onnx")
    manifest = msgspec.structs.replace(factory.manifest_of(folder), graph=Graph(precision, "", 1.0, 0.0, 3))
    studio.store.publish(folder, manifest, None)
    return next((studio.folder / "store" / "releases").iterdir())


def test_a_photo_that_the_graph_cannot_take_fails_alone(
    ready: Serve, notes: Notes, turnstile: Turnstile, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = ready(decoders=8, forwards=1, batch_wait_ms=1000)
    served = server(running).served()
    score = served.predictor.score

    def picky(batch: NDArray[np.float32]) -> Scores:
        if (batch > 0.99).all(axis=(1, 2, 3)).any():
            raise RuntimeError("no white photos, as a test")
        return score(batch)

    monkeypatch.setattr(served.predictor, "score", picky)
    colors = ("red", "lime", "white", "blue", "navy", "gray")
    with ThreadPoolExecutor(6) as clients:
        answers = [clients.submit(post, running, factory.photo(color)) for color in colors]
        until(lambda: len(turnstile.asked) == 6)
        turnstile.open()
        statuses = [answer.result().status_code for answer in answers]
    assert statuses == [200, 200, 500, 200, 200, 200]
    assert notes.failures == {"RuntimeError": 1}


def test_observers_hear_of_every_stage_and_one_that_fails_harms_nobody(ready: Serve, notes: Notes) -> None:
    class Clumsy(Observer):
        def answered(self, classified: Classified, photo_sha256: str, client: str | None) -> None:
            raise RuntimeError("this is a test")

    running = ready()
    server(running).observers.insert(0, Clumsy())
    answer = post(running, factory.photo("lime"))
    assert answer.status_code == 200
    assert set(notes.stages) == {"queue", "decode", "forward"}
    assert all(seconds >= 0 for times in notes.stages.values() for seconds in times)
    ((_, predictions),) = notes.answers
    assert answer.json() == msgspec.to_builtins(predictions)


@pytest.mark.parametrize("outcome", [200, 400, 503, 504])
def test_a_photo_leaves_memory_with_its_answer_without_waiting_for_a_collection(
    ready: Serve, turnstile: Turnstile, outcome: int
) -> None:
    """Circles of references would keep hundreds of megabytes until Python looks for them."""
    running = ready(decoders=1, deadline_seconds=0.05 if outcome == 504 else PATIENCE, drain_seconds=PATIENCE)
    photo = b"no photo" if outcome == 400 else factory.photo("red")
    if outcome in (200, 400):
        turnstile.open()
    elif outcome == 503:
        server(running)._admission._room = 0  # full for ever
    gc.collect()
    before = requests_in_memory()
    gc.disable()
    try:
        with httpx.Client(base_url=running.url, trust_env=False) as client:
            statuses = {client.post(PREDICT, content=photo).status_code for _ in range(12)}
        assert statuses == {outcome}
        until(lambda: requests_in_memory() <= before + 2)
    finally:
        gc.enable()


def requests_in_memory() -> int:
    # By type: some libraries hold objects that warn when they are asked for their class.
    return sum(type(one) is RequestResponseCycle for one in gc.get_objects())
