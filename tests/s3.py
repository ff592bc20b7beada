"""How tests reach the S3 server that `conftest` runs."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


def s3_client(endpoint: str) -> "S3Client":
    """A client that gives up at once."""
    config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
    return boto3.client("s3", endpoint_url=endpoint, config=config, **CREDENTIALS)
