"""What tests of several rooms share: checkpoints, real in form, that know nothing; and an S3 server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer


@pytest.fixture(scope="session")
def untrained_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random CLIP of 32 pixels in Hugging Face layout, with tokenizer and image processor."""
    from tests.model.small import write_clip

    return write_clip(tmp_path_factory.mktemp("checkpoints") / "untrained-clip")


@pytest.fixture(scope="session")
def untrained_siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random SigLIP of 32 pixels, likewise."""
    from tests.model.small import write_siglip

    return write_siglip(tmp_path_factory.mktemp("checkpoints") / "untrained-siglip")


@pytest.fixture(scope="session")
def untrained_siglip2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random SigLIP 2 of 32 pixels, likewise."""
    from tests.model.small import write_siglip2

    return write_siglip2(tmp_path_factory.mktemp("checkpoints") / "untrained-siglip2")


@pytest.fixture(params=["untrained_checkpoint", "untrained_siglip", "untrained_siglip2"])
def any_checkpoint(request: pytest.FixtureRequest) -> Path:
    """Each of the small ones in turn."""
    folder: Path = request.getfixturevalue(request.param)
    return folder


@pytest.fixture(scope="session")
def untrained_vit_b_32(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A random CLIP of the real size; its 300 MB are gone after the session."""
    from tests.model.small import write_vit_b_32

    folder = write_vit_b_32(tmp_path_factory.mktemp("checkpoints") / "untrained-vit-b-32")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A real HTTP server that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
