"""How tests reach the S3 server that `conftest` runs."""

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


def s3_client(endpoint: str) -> "S3Client":
    """A client that gives up at once."""
    config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
    return boto3.client("s3", endpoint_url=endpoint, config=config, **CREDENTIALS)


def lose_answers(client: "S3Client", ending: str) -> list[str]:
    """Each object with this ending is stored, its answer is lost on the way, and the client sends it again.

    Returns:
        The keys of such objects, in time.
    """
    lost: list[str] = []

    def sent(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        context["key"] = params["Key"]

    def again(request_dict: dict[str, Any], attempts: int, **_: object) -> int | None:
        key = request_dict["context"]["key"]
        if attempts > 1 or not key.endswith(ending):
            return None
        lost.append(key)
        return 0

    client.meta.events.register("before-parameter-build.s3.PutObject", sent)
    client.meta.events.register_first("needs-retry.s3.PutObject", again)
    return lost
