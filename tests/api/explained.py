"""An API whose release carries training photos and a keyword beyond ASCII, with any settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx
import msgspec

from api.settings import Settings
from recipe_assets.release.manifest import ReleasedKeyword
from tests.api.conftest import Running, Studio
from tests.release import factory

PREDICT = "/api/v1/predict"
SMORGASBORD = "smörgåsbord 100%"
"""What this release calls blue; its photos are sent to a pipeline beyond ASCII, too."""


@contextmanager
def explaining(folder: Path, **changes: Any) -> Iterator[Running]:  # noqa: ANN401 (any field of the settings)
    """The API while it runs."""
    studio = Studio(folder)
    factory.write_explained_files(folder / "built")
    manifest = factory.manifest_of(folder / "built")
    keywords = [*manifest.keywords]
    keywords[2] = ReleasedKeyword(SMORGASBORD, "blue pot", "kök")
    manifest = msgspec.structs.replace(manifest, keywords=tuple(keywords))
    pointer = studio.store.publish(folder / "built", manifest, None)
    fields = {"releases": studio.url, "cache": folder / "cache", "fetch_private": True}
    running = Running(msgspec.structs.replace(Settings(**(fields | changes)), port=0))
    running.start()
    try:
        running.wait_for(pointer.release_id)
        yield running
    finally:
        running.stop()


def ask(running: Running, photo: bytes, output: str = "file", **query: object) -> httpx.Response:
    """The successful answer to a photo."""
    answer = running.client.post(PREDICT, content=photo, params={"output": output, **query})
    assert answer.status_code == 200, answer.text
    return answer


def is_problem(answer: httpx.Response, status: int) -> bool:
    """Whether an answer is problem details of this status."""
    return answer.status_code == status and answer.headers["content-type"] == "application/problem+json"


def stored_bytes(answer: httpx.Response) -> bytes:
    """The photo at the file:// URL of an answer."""
    assert set(answer.json()) == {"s3_url"}
    return Path(url2pathname(urlsplit(answer.json()["s3_url"]).path)).read_bytes()
