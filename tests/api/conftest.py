"""A real uvicorn over a real store, and photos to send."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from api.app import create_app
from api.listening import http_server, listen
from api.settings import Settings
from recipe_assets.release.pointer import Pointer
from recipe_assets.release.store import ReleaseStore, open_store
from tests.api.photo_host import Host
from tests.release import factory

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
POLL_SECONDS = 0.1


@dataclass
class Studio:
    """A release store in a folder; releases are numbered and told apart by what they call gray."""

    folder: Path

    @property
    def url(self) -> str:
        return (self.folder / "store").as_uri()

    @property
    def store(self) -> ReleaseStore:
        return open_store(self.url)

    def publish(self, number: int) -> Pointer:
        built = self.folder / f"built-{number}"
        manifest = factory.build(built, number, bias=float(number))
        found = self.store.read_pointer()
        return self.store.publish(built, manifest, found.token if found else None)

    def break_release(self, pointer: Pointer) -> None:
        """Damage a published release behind the store's back."""
        (self.folder / "store" / "releases" / pointer.release_id / "image_encoder.onnx").write_bytes(b"broken")


class Running:
    """An API that listens on a free port of this machine."""

    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)
        self.listener = listen(settings)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.server = http_server(self.app, settings)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listener]})
        self.client = httpx.Client(base_url=self.url, trust_env=False, timeout=PATIENCE)

    def start(self) -> None:
        self.thread.start()
        until(lambda: self.server.started)

    def stop(self) -> None:
        self.client.close()
        self.server.should_exit = True
        self.thread.join(PATIENCE)
        self.listener.close()
        assert not self.thread.is_alive()

    def health(self) -> dict[str, Any]:
        return self.client.get("/api/v1/health").json()

    def wait_for(self, release_id: str) -> None:
        until(lambda: self.health()["release_id"] == release_id)


def until(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture
def serve(studio: Studio) -> Iterator[Callable[..., Running]]:
    """Start APIs over the studio's store, with any settings; all are stopped at the end."""
    started: list[Running] = []

    def start(**changes: Any) -> Running:  # noqa: ANN401 (any field of the settings)
        fields = {
            "cache": studio.folder / "cache", "releases": studio.url, "poll_seconds": POLL_SECONDS,
            "prediction_log": False,  # an API that stops would ship what it answered, in a process of its own
        }  # fmt: skip
        running = Running(_on_free_port(Settings(**(fields | changes))))
        started.append(running)
        running.start()
        return running

    yield start
    for running in started:
        running.stop()


def _on_free_port(settings: Settings) -> Settings:
    # 0 lets the system choose; people cannot set it, since nobody would know where the API is.
    return msgspec.structs.replace(settings, port=0)


@pytest.fixture(scope="session")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An API whose one release never changes, shared by all tests that only ask; it may fetch private URLs."""
    studio = Studio(tmp_path_factory.mktemp("steady"))
    pointer = studio.publish(1)
    settings = Settings(
        releases=studio.url, cache=studio.folder / "cache", fetch_private=True, prediction_log=False
    )
    running = Running(_on_free_port(settings))
    running.start()
    running.wait_for(pointer.release_id)
    yield running
    running.stop()


@pytest.fixture
def api(studio: Studio, serve: Callable[..., Running]) -> Running:
    """An API that serves release 1."""
    pointer = studio.publish(1)
    running = serve()
    running.wait_for(pointer.release_id)
    return running


@pytest.fixture
def host() -> Iterator[Host]:
    server = Host()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()
