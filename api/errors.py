"""The API's own errors, and the one map from every error to a problem details answer (RFC 9457).

Handlers raise domain errors and catch none; what a client sees of each is decided here.
"""

import logging
import math
from collections.abc import Callable
from typing import Any

from litestar.exceptions import HTTPException
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsException, ProblemDetailsPlugin
from litestar.status_codes import (
    HTTP_400_BAD_REQUEST,
    HTTP_408_REQUEST_TIMEOUT,
    HTTP_409_CONFLICT,
    HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    HTTP_415_UNSUPPORTED_MEDIA_TYPE,
    HTTP_422_UNPROCESSABLE_ENTITY,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_500_INTERNAL_SERVER_ERROR,
    HTTP_502_BAD_GATEWAY,
    HTTP_503_SERVICE_UNAVAILABLE,
    HTTP_504_GATEWAY_TIMEOUT,
)

from recipe_assets.errors import RecipeError, ReleaseConflictError, ReleaseError, UnreadablePhotoError
from recipe_assets.review.journal import AnswerError
from recipe_assets.studio.metadata import MetadataError, UnwritableFormatError

NOT_AN_IMAGE = "File must be an image"
"""The Photoshop scripts compare with this text."""

logger = logging.getLogger(__name__)


class BadRequestError(RecipeError):
    """The request lacks something or asks for something that does not exist."""


class TooLargeError(RecipeError):
    """The photo is over the byte cap."""


class FetchError(RecipeError):
    """A photo could not be brought from its URL; the other end is to blame."""


class FetchTimeoutError(FetchError):
    """A photo did not arrive in time."""


class ResultsError(RecipeError):
    """A photo with its keyword could not be stored."""


class NotReadyError(RecipeError):
    """No release is loaded yet."""


class OverloadedError(RecipeError):
    """No room for one more photo."""

    def __init__(self, message: str, retry_after: int) -> None:
        """Say when there will be room.

        Args:
            message: what is wrong.
            retry_after: seconds until the photo should be sent again.
        """
        self.retry_after = retry_after
        super().__init__(message)


class DeadlineError(RecipeError):
    """A photo could not be answered in time."""


class RateLimitedError(RecipeError):
    """A caller sent more photos than it may."""

    def __init__(self, wait: float, headers: dict[str, str]) -> None:
        """Say how long to wait.

        Args:
            wait: seconds until the next photo may be sent.
            headers: what else the answer tells about the limit.
        """
        self.headers = headers | {"Retry-After": str(max(1, math.ceil(wait)))}
        super().__init__(f"too many photos: at most {headers['RateLimit-Limit']} a minute, wait {wait:.1f} s")


class UploadTimeoutError(RecipeError):
    """An upload stalled, or is too slow as a whole."""


def problem_details() -> ProblemDetailsPlugin:
    """The plugin that answers every error as `application/problem+json`."""
    table: dict[type[Exception], Callable[[Any], ProblemDetailsException]] = {
        UnreadablePhotoError: _unreadable,
        OverloadedError: _overloaded,
        NotReadyError: lambda error: _problem(HTTP_503_SERVICE_UNAVAILABLE, str(error), {"Retry-After": "2"}),
        RateLimitedError: lambda error: _problem(HTTP_429_TOO_MANY_REQUESTS, str(error), error.headers),
        # Without "close" the sender could go on for ever on the same connection.
        UploadTimeoutError: lambda error: _problem(HTTP_408_REQUEST_TIMEOUT, str(error), {"Connection": "close"}),
        UnwritableFormatError: lambda error: _problem(HTTP_415_UNSUPPORTED_MEDIA_TYPE, _as_sidecar(error)),
        MetadataError: lambda error: _problem(HTTP_422_UNPROCESSABLE_ENTITY, _as_sidecar(error)),
        HTTPException: _http,
        Exception: _bug,
    }
    statuses: dict[type[Exception], int] = {
        BadRequestError: HTTP_400_BAD_REQUEST,
        AnswerError: HTTP_400_BAD_REQUEST,
        TooLargeError: HTTP_413_REQUEST_ENTITY_TOO_LARGE,
        FetchError: HTTP_502_BAD_GATEWAY,
        FetchTimeoutError: HTTP_504_GATEWAY_TIMEOUT,
        DeadlineError: HTTP_504_GATEWAY_TIMEOUT,
        ReleaseConflictError: HTTP_409_CONFLICT,
        ReleaseError: HTTP_502_BAD_GATEWAY,
        ResultsError: HTTP_502_BAD_GATEWAY,
    }
    table |= {kind: _with_status(status) for kind, status in statuses.items()}
    return ProblemDetailsPlugin(ProblemDetailsConfig(exception_to_problem_detail_map=table))


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> ProblemDetailsException:
    return ProblemDetailsException(status_code=status, detail=detail, headers=headers)


def _with_status(status: int) -> Callable[[Exception], ProblemDetailsException]:
    return lambda error: _problem(status, str(error))


def _as_sidecar(error: MetadataError) -> str:
    return f"{error}; with output=xmp the API answers with one"


def _overloaded(error: OverloadedError) -> ProblemDetailsException:
    return _problem(HTTP_503_SERVICE_UNAVAILABLE, str(error), {"Retry-After": str(error.retry_after)})


def _unreadable(error: UnreadablePhotoError) -> ProblemDetailsException:
    return ProblemDetailsException(
        status_code=HTTP_400_BAD_REQUEST, detail=NOT_AN_IMAGE, extra={"reason": str(error)}
    )


def _http(error: HTTPException) -> ProblemDetailsException:
    status = error.status_code
    if error.detail == "Request Entity Too Large":
        status = HTTP_413_REQUEST_ENTITY_TOO_LARGE  # Litestar 2 answers 400 for too many form parts
    elif error.detail == "client disconnected prematurely":
        status = HTTP_400_BAD_REQUEST  # nobody reads this answer; a 500 would alarm for nothing
    return ProblemDetailsException(
        status_code=status, detail=error.detail, extra=error.extra, headers=error.headers
    )


def _bug(error: Exception) -> ProblemDetailsException:
    logger.error("unexpected error", exc_info=error)
    return _problem(HTTP_500_INTERNAL_SERVER_ERROR, "Internal error; the log of the API tells more")
