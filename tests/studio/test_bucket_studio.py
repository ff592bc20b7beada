"""A studio in a bucket: paging, prefixes, and keys that no folder could have."""

import time

import pytest

from recipe_assets.errors import StudioError
from recipe_assets.studio.shoots import open_studio
from tests.studio.places import BucketPlace


def test_a_listing_of_several_pages_is_whole(bucket: BucketPlace) -> None:
    names = [f"W{number % 3}/IMG_{number:04}.jpg" for number in range(2100)]
    bucket.fill(names)
    shoots = bucket.open().shoots()
    assert sorted(f"{name}/{file.name}" for name, shoot in shoots.items() for file in shoot.files) == sorted(names)
    bucket.fill([f"W9/IMG_{number:04}.jpg" for number in range(1001)])
    assert len(bucket.open().shoot("W9").files) == 1001
    assert len(bucket.open().shoots()["W9"].files) == 1001


def test_folder_markers_are_neither_files_nor_shoots(bucket: BucketPlace) -> None:
    bucket.put({"": b"", "W43/": b"", "W43/a.jpg": b"a", "W43/day 1/": b"", "W44/": b"", "W45/day 1/": b""})
    shoots = bucket.open().shoots()
    assert {name: [file.name for file in shoot.files] for name, shoot in shoots.items()} == {"W43": ["a.jpg"]}
    with pytest.raises(StudioError, match="there is no file below it"):
        bucket.open().shoot("W44")


def test_nothing_but_litter_is_no_shoot(bucket: BucketPlace) -> None:
    bucket.put({"W43/.DS_Store": b"x", "W43/day 1/Thumbs.db": b"x"})
    assert bucket.open().shoots() == {}
    with pytest.raises(StudioError, match="there is no file below it"):
        bucket.open().shoot("W43")


def test_a_prefix_that_another_begins_with_is_not_mixed_with_it(bucket: BucketPlace) -> None:
    others = ["photos/shoots-old/W1/a.jpg", "photos/shoots2/W2/a.jpg", "photos/W3/a.jpg", "shoots/W4/a.jpg"]
    for key in others:
        bucket.client.put_object(Bucket=bucket.bucket, Key=key, Body=b"x")
    assert bucket.open().shoots() == {}
    bucket.put({"W43/a.jpg": b"a", "W43-old/a.jpg": b"a", "W4/a.jpg": b"a"})
    assert list(bucket.open().shoots()) == ["W4", "W43", "W43-old"]
    assert [len(bucket.open().shoot(name).files) for name in ("W4", "W43", "W43-old")] == [1, 1, 1]


@pytest.mark.parametrize("tail", ["", "/"])
def test_a_whole_bucket_can_be_a_studio(bucket: BucketPlace, tail: str) -> None:
    bucket.client.put_object(Bucket=bucket.bucket, Key="W43/day 1/a.jpg", Body=b"a")
    bucket.client.put_object(Bucket=bucket.bucket, Key="lonely.jpg", Body=b"b")
    studio = bucket.open(f"s3://{bucket.bucket}{tail}")
    assert [file.name for file in studio.shoots()["W43"].files] == ["day 1/a.jpg"]
    assert studio.read("W43", studio.shoot("W43").files[0]) == b"a"
    assert list(studio.shoots()) == ["W43"]


@pytest.mark.parametrize("prefix", ["a b/köks#1", "x?y=1&z", "100%25+", "a;b", "deep/er/and/deeper/"])
def test_a_prefix_is_taken_as_it_is_written(bucket: BucketPlace, prefix: str) -> None:
    bucket.client.put_object(Bucket=bucket.bucket, Key=f"{prefix.rstrip('/')}/W43/a.jpg", Body=b"a")
    studio = bucket.open(f"s3://{bucket.bucket}/{prefix}")
    assert list(studio.shoots()) == ["W43"]
    assert studio.read("W43", studio.shoot("W43").files[0]) == b"a"


def test_keys_with_doubled_slashes_are_read_below_a_shoot_and_told_above_it(
    bucket: BucketPlace, caplog: pytest.LogCaptureFixture
) -> None:
    """Upload scripts write them; a shoot without a name would be a table without a name."""
    bucket.put({"W43//a.jpg": b"a", "/W44/a.jpg": b"lost"})
    studio = bucket.open()
    assert list(studio.shoots()) == ["W43"]
    assert [studio.read("W43", file) for file in studio.shoot("W43").files] == [b"a"]
    assert "'' cannot name a shoot" in caplog.text


def test_a_key_cannot_climb_out_of_its_shoot(bucket: BucketPlace) -> None:
    bucket.put({"W43/a.jpg": b"a", "W43/../../b.jpg": b"b", "../W44/a.jpg": b"c", "W43/./c.jpg": b"c", "./a": b""})
    shoots = bucket.open().shoots()
    assert {name: [file.name for file in shoot.files] for name, shoot in shoots.items()} == {"W43": ["a.jpg"]}


def test_the_same_bytes_again_are_no_change(bucket: BucketPlace) -> None:
    bucket.put({"W43/a.jpg": b"a"})
    shoot = bucket.open().shoot("W43")
    bucket.put({"W43/a.jpg": b"a"})
    assert bucket.open().shoot("W43").fingerprint == shoot.fingerprint
    assert bucket.open().read("W43", shoot.files[0]) == b"a"


def test_a_shoot_changed_when_its_youngest_object_did(bucket: BucketPlace) -> None:
    started = time.time() - 1
    bucket.put({"W43/a.jpg": b"a"})
    assert started <= bucket.open().shoots()["W43"].changed <= time.time() + 1
    assert bucket.open().shoot("W43").is_settling(60)


def test_the_environment_says_where_the_server_is(bucket: BucketPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put({"W43/a.jpg": b"a"})
    for name, value in {
        "AWS_ENDPOINT_URL": bucket.endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert list(open_studio(bucket.location).shoots()) == ["W43"]
