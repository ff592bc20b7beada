"""A keyworded shoot in an outbox, made once a session; each test edits a copy of its own."""

import shutil
from pathlib import Path

import pytest

from tests.outbox.shop import Shop, usual_photos
from tests.review.desk import Desk


@pytest.fixture(scope="session")
def keyworded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("keyworded")
    shop = Shop(root, str(root / "outbox"))
    shop.put(usual_photos())
    shop.publish()
    shop.keyword()
    return root


@pytest.fixture
def desk(keyworded: Path, tmp_path: Path) -> Desk:
    """What a retoucher and a look have in common; times of files are kept, as the table knows them."""
    root = tmp_path / "shop"
    shutil.copytree(keyworded, root)
    return Desk(Shop(root, str(root / "outbox")))
