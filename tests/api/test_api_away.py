"""A store that takes connections and says nothing: the last release answers, and stopping takes no time."""

import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import anyio
import pytest

from api.releases import following
from api.releases.loading import ReleaseLoader
from api.serving.server import ModelServer
from api.settings import Settings
from recipe_assets.release.store import open_store
from tests.release import factory
from tests.s3 import s3_client

ROOT = Path(__file__).parents[2]


@pytest.fixture
def silent(tmp_path: Path, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """An S3 store whose release is in the cache and which from then on takes connections and says nothing."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    client, bucket = s3_client(s3_endpoint), f"test-{uuid4().hex}"
    client.create_bucket(Bucket=bucket)
    url = f"s3://{bucket}/releases"
    open_store(url, client).publish(tmp_path / "built", factory.build(tmp_path / "built"), None)
    client.close()
    settings = Settings(releases=url, cache=tmp_path / "cache", threads=1)
    loader = ReleaseLoader(settings)
    loader.load_latest(None, insist=False)
    loader.store._objects._client.close()
    with socket.create_server(("127.0.0.1", 0)) as hole:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{hole.getsockname()[1]}")
        yield settings


def test_a_start_does_not_wait_for_a_store_that_does_not_answer(
    silent: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 waits a minute for the first byte, and tries again."""
    monkeypatch.setattr(following, "_PATIENCE_SECONDS", 0.2)

    async def main() -> None:
        server = ModelServer(silent)
        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(server.follow)
                while server.current is None:
                    await anyio.sleep(0.02)
                assert (await server.classify(factory.photo("red"))).ranked(1)[0].keyword == "red-pan"
                tasks.cancel_scope.cancel()

    anyio.run(main)


def test_a_stop_does_not_wait_for_a_store_that_does_not_answer(silent: Settings) -> None:
    script = """
        import sys, anyio
        from pathlib import Path
        from api.serving.server import ModelServer
        from api.settings import Settings

        async def main():
            server = ModelServer(Settings(releases=sys.argv[1], cache=Path(sys.argv[2])))
            with anyio.move_on_after(0.5):
                await server.follow()

        anyio.run(main)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), silent.releases, str(silent.cache)]
    subprocess.run(command, cwd=ROOT, env=dict(os.environ), timeout=30, check=True)
