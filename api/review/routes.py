"""The calls of the review page: queue, pictures, answers, progress. Each handler is a few statements.

They need a key where photos need one. What happens behind them is `desk`'s subject.
"""

from collections.abc import Callable
from typing import Annotated, Any, Self, TypeVar

from anyio import CapacityLimiter, to_thread
from litestar import Request, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_415_UNSUPPORTED_MEDIA_TYPE

from api.documentation.openapi import problems, shown
from api.documentation.operations import NeighborOperation
from api.review import examples
from api.review.desk import ReviewDesk
from api.review.operations import AnswerOperation
from api.review.schemas import GivenAnswer, KeptAnswer, Progress, QueuePage
from api.settings import Settings
from recipe_assets.release.places import open_objects

REVIEW_PATH = "/api/v1/review"
MOST_BYTES = 16 * 1024
"""Of one answer: its longest fields together, several times over."""
_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
_AT_ONCE = 16
"""Calls that wait for the store at once; photos are decoded in other threads."""

AnyConnection = ASGIConnection[Any, Any, Any, State]
T = TypeVar("T")


async def says_json(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Guards what takes answers: a page of another origin can send text unasked, but no JSON.

    Raises:
        ClientException: 415, if the body is not called JSON.
    """
    if Request(connection.scope).content_type[0] != "application/json":
        raise ClientException("send the answer as application/json", status_code=HTTP_415_UNSUPPORTED_MEDIA_TYPE)


class ReviewCalls:
    """Asks the review desk in threads, a bounded number at once."""

    def __init__(self, desk: ReviewDesk) -> None:
        self.desk = desk
        self._limiter = CapacityLimiter(_AT_ONCE)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The calls about the release store of the settings; nothing is read yet.

        Raises:
            ReleaseError: if its URL cannot be that of a store.
        """
        return cls(ReviewDesk(open_objects(settings.releases)))

    async def ask(self, work: Callable[..., T], *arguments: object) -> T:
        """The result of a method of the desk."""
        return await to_thread.run_sync(work, *arguments, limiter=self._limiter)


@get(
    "/queue",
    operation_id="review_queue",
    tags=["review"],
    responses=shown(QueuePage, queue=examples.PAGE) | problems(400, 401, 502),
)
async def queue(
    review: NamedDependency[ReviewCalls],
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=50)] = 10,
    by: Annotated[str, QueryParameter(max_length=64)] = "",
) -> QueuePage:
    """The photos that a person should look at next, worst first; those that others look at now come last.

    `by` is the person's name: the photos handed out are kept for it for five minutes.
    """
    return await review.ask(review.desk.page, by.strip(), after, limit)


@get(
    "/pictures/{name:str}",
    operation_id="review_picture",
    operation_class=NeighborOperation,
    media_type="image/jpeg",
    tags=["review"],
    responses=problems(400, 401, 404, 502),
)
async def picture(review: NamedDependency[ReviewCalls], name: FromPath[str]) -> Response[bytes]:
    """A picture of the queue, as `picture` names it."""
    content = await review.ask(review.desk.picture, name)
    if content is None:
        raise NotFoundException("the review queue has no such picture")
    return Response(content, media_type="image/jpeg", headers=_FOR_EVER)


@post(
    "/answers",
    status_code=HTTP_200_OK,
    operation_id="review_answer",
    operation_class=AnswerOperation,
    tags=["review"],
    guards=[says_json],
    responses=shown(KeptAnswer, stored=examples.STORED) | problems(400, 401, 409, 413, 415, 502),
)
async def answer(review: NamedDependency[ReviewCalls], data: JSONBody[GivenAnswer]) -> KeptAnswer:
    """Keep a person's word about a photo. What is sent again under the same `answer_id` counts once."""
    return await review.ask(review.desk.answer, data)


@get(
    "/progress",
    operation_id="review_progress",
    tags=["review"],
    responses=shown(Progress, progress=examples.PROGRESS) | problems(401, 502),
)
async def progress(review: NamedDependency[ReviewCalls]) -> Progress:
    """How many photos of the queue are answered and open, and who answered them."""
    return await review.ask(review.desk.progress)


def review_router() -> Router:
    """All calls of the review page."""
    handlers = [queue, picture, answer, progress]
    return Router(REVIEW_PATH, route_handlers=handlers, request_max_body_size=MOST_BYTES)
