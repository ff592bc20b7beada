"""The APIs and photos that all tests of the Photoshop client share."""

from collections.abc import Iterator

import pytest

from tests.photoshop import world


@pytest.fixture(scope="module")
def plugin_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[world.World]:
    """Real APIs in several states, and photos; their threads end before tests that give up rights begin."""
    with world.opened(tmp_path_factory.mktemp("plugin")) as opened:
        yield opened
