"""Which studio a location stands for: a folder, a bucket at the very prefix that was written, or neither."""

from pathlib import Path

import pytest

from recipe_assets.errors import StudioError
from recipe_assets.studio.bucket import BucketStudio
from recipe_assets.studio.folder import FolderStudio
from recipe_assets.studio.shoots import open_studio


def test_a_folder_is_opened_by_path_or_file_url(tmp_path: Path) -> None:
    folder = tmp_path / "köks #1 100%25?"
    for location in (str(folder), folder.as_uri(), f"file://localhost{folder.as_uri()[7:]}"):
        assert open_studio(location) == FolderStudio(folder)
    assert open_studio("shoots") == FolderStudio(Path("shoots"))


@pytest.mark.parametrize(
    "location",
    [
        "",
        "https://example.com/shoots",
        "https://[",
        "gs://bucket/x",
        "file://server/share",
        "file://",
        "file:a",
        "s3:/b",
        "s3:b",
        "s3://",
        "s3:///a",
    ],
)
def test_a_place_that_cannot_be_a_studio_is_refused_with_the_cure(location: str) -> None:
    with pytest.raises(StudioError, match=r"s3://bucket/prefix$") as raised:
        open_studio(location)
    assert str(raised.value).startswith(f"RECIPE_STUDIO={location}")


@pytest.mark.parametrize("tail", ["", "/", "/shoots", "/shoots/", "/a b/köks#1?x=y&z%20+", "/a;b"])
def test_a_bucket_is_opened_at_the_very_prefix_that_was_written(tail: str) -> None:
    """An address would end at "#" or "?"; a prefix may hold both."""
    studio = open_studio(f"s3://bucket{tail}")
    assert isinstance(studio, BucketStudio)
    assert studio.location == f"s3://bucket{tail}".rstrip("/")
