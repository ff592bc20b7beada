"""The API's own errors, and the one map from every error to a problem details answer (RFC 9457).

Handlers raise domain errors and catch none; what a client sees of each is decided here.
"""

import logging
from collections.abc import Callable
from typing import Any

from litestar.exceptions import HTTPException
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsException, ProblemDetailsPlugin
from litestar.status_codes import (
    HTTP_400_BAD_REQUEST,
    HTTP_409_CONFLICT,
    HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    HTTP_500_INTERNAL_SERVER_ERROR,
    HTTP_502_BAD_GATEWAY,
    HTTP_503_SERVICE_UNAVAILABLE,
    HTTP_504_GATEWAY_TIMEOUT,
)

from recipe_assets.errors import RecipeError, ReleaseConflictError, ReleaseError, UnreadablePhotoError

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


class NotReadyError(RecipeError):
    """No release is loaded yet."""


def problem_details() -> ProblemDetailsPlugin:
    """The plugin that answers every error as `application/problem+json`."""
    table: dict[type[Exception], Callable[[Any], ProblemDetailsException]] = {
        UnreadablePhotoError: _unreadable,
        NotReadyError: lambda error: _problem(HTTP_503_SERVICE_UNAVAILABLE, str(error), {"Retry-After": "2"}),
        HTTPException: _http,
        Exception: _bug,
    }
    statuses: dict[type[Exception], int] = {
        BadRequestError: HTTP_400_BAD_REQUEST,
        TooLargeError: HTTP_413_REQUEST_ENTITY_TOO_LARGE,
        FetchError: HTTP_502_BAD_GATEWAY,
        FetchTimeoutError: HTTP_504_GATEWAY_TIMEOUT,
        ReleaseConflictError: HTTP_409_CONFLICT,
        ReleaseError: HTTP_502_BAD_GATEWAY,
    }
    table |= {kind: _with_status(status) for kind, status in statuses.items()}
    return ProblemDetailsPlugin(ProblemDetailsConfig(exception_to_problem_detail_map=table))


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> ProblemDetailsException:
    return ProblemDetailsException(status_code=status, detail=detail, headers=headers)


def _with_status(status: int) -> Callable[[Exception], ProblemDetailsException]:
    return lambda error: _problem(status, str(error))


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
