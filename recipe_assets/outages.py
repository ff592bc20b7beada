"""Which errors pass by themselves: a network or a server that is away for a while, not a wrong setting or photo.

Looks at the causes of an error, because errors for people are raised from what the client said.
"""

from collections.abc import Iterator

import httpx
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError
from botocore.exceptions import ConnectionError as S3ConnectionError

_NETWORK = (
    ConnectionError,
    TimeoutError,
    httpx.TransportError,
    HTTPClientError,
    S3ConnectionError,
    ConnectionClosedError,
)
_BUSY = {"SlowDown", "RequestTimeout", "RequestLimitExceeded", "ServiceUnavailable", "InternalError", "Throttling"}


def passes_by_itself(error: BaseException) -> bool:
    """Whether the same step may well succeed in a minute.

    Args:
        error: with its causes and contexts, as it was caught.
    """
    return any(isinstance(one, _NETWORK) or _server_is_busy(one) for one in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from, innermost last; a loop of causes ends."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _server_is_busy(error: BaseException) -> bool:
    if not isinstance(error, ClientError):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or status == 429 or error.response.get("Error", {}).get("Code") in _BUSY
