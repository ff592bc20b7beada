"""From a store's URL to the place that keeps its files: a folder or an S3 bucket.

What is kept there is the subject of `store` (releases) and `prediction_store` (what APIs answered).
"""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from recipe_assets.errors import ReleaseError
from recipe_assets.release.folder_store import FolderObjects
from recipe_assets.release.objects import Objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def open_objects(url: str, s3_client: "S3Client | None" = None) -> Objects:
    """The place at "file:///...", a plain path, or "s3://bucket/prefix". Nothing is read or written yet.

    Args:
        url: where the store is.
        s3_client: the client for an S3 store; by default one from the environment (AWS_ENDPOINT_URL counts).

    Raises:
        ReleaseError: if the URL is of another kind.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3" and parts.netloc:
        from recipe_assets.release.s3_store import S3Objects, default_client

        client = s3_client if s3_client is not None else default_client()
        return S3Objects(client, parts.netloc, parts.path.strip("/"))
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        return FolderObjects(Path(url2pathname(parts.path)))
    if "://" not in url and url:
        return FolderObjects(Path(url))
    raise ReleaseError(
        f"'{url}' is not a release store: set RECIPE_RELEASES to file:///folder or s3://bucket/prefix"
    )
