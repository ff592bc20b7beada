"""The main job on a studio in a bucket: the same command, the same tables, one setting."""

from pathlib import Path

import pandas as pd
import pytest

from recipe_assets.storage import TableStore
from tests.defs.conftest import Place, make_place
from tests.s3 import CREDENTIALS, s3_client


@pytest.fixture
def in_bucket(tmp_path: Path, untrained_checkpoint: Path, s3_endpoint: str) -> Place:
    """Two shoots, uploaded below a prefix."""
    client = s3_client(s3_endpoint)
    client.create_bucket(Bucket="photos")
    local = make_place(tmp_path / "local", untrained_checkpoint)
    for path in sorted(local.studio.rglob("*.jpg")):
        key = f"kitchen/shoots/{path.relative_to(local.studio).as_posix()}"
        client.put_object(Bucket="photos", Key=key, Body=path.read_bytes())
    client.close()
    settings = {
        "RECIPE_STUDIO": "s3://photos/kitchen/shoots",
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
        "AWS_DEFAULT_REGION": CREDENTIALS["region_name"],
    }
    return Place(local.root, untrained_checkpoint, settings)


def stored(place: Place, name: str) -> pd.DataFrame:
    tables = TableStore(next((place.root / "home" / "data").iterdir()))
    return pd.concat([tables.read(name, shoot) for shoot in tables.partitions(name)], ignore_index=True)


def test_shoots_in_a_bucket_become_a_release_with_the_tables_of_a_folder(in_bucket: Place) -> None:
    outcome = in_bucket.recipe("materialize")
    assert outcome.returncode == 0, outcome.stdout
    assert "photos          60 in 2 shoots" in outcome.stdout
    assert len(in_bucket.released()) == 1
    again = in_bucket.recipe("materialize")
    assert "nothing changed" in again.stdout
    # The same photos in a folder, on a machine that shares nothing but the release store.
    folder = Place(in_bucket.root, in_bucket.checkpoint, {"DAGSTER_HOME": str(in_bucket.root / "other" / "home")})
    assert folder.recipe("materialize").returncode == 0
    other = Place(in_bucket.root / "other", in_bucket.checkpoint)
    for name in ("raw_images", "standardized_keywords"):
        pd.testing.assert_frame_equal(stored(in_bucket, name), stored(other, name))


def test_a_bucket_that_is_not_there_is_one_line_that_names_it(in_bucket: Place) -> None:
    outcome = in_bucket.recipe("materialize", RECIPE_STUDIO="s3://no-such-bucket/shoots")
    assert outcome.returncode == 1
    assert "error: the studio s3://no-such-bucket/shoots cannot be read (NoSuchBucket)" in outcome.stdout
    assert "Traceback" not in outcome.stdout
