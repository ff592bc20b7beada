"""Many photos in one call: each is worked on while the next ones still arrive, and answered for itself.

Here: the order, the bound on what is in memory, and that no photo harms another. What is said of a photo is
`answers`' subject.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing

import anyio
from anyio import create_task_group
from litestar import post
from litestar.di import NamedDependency
from litestar.plugins.problem_details import ProblemDetailsPlugin
from litestar.status_codes import HTTP_200_OK
from msgspec.structs import asdict

from api.contract.forms import FormFile
from api.contract.options import Options, query_fields
from api.contract.outputs import Outputs
from api.contract.schemas import FileAnswer, FileProblem, Problem
from api.contract.uploads import AnyRequest, empty, too_large, uploaded_photos
from api.documentation import examples
from api.documentation.openapi import problems, shown
from api.documentation.operations import BatchOperation
from api.errors import BadRequestError, OverloadedError
from api.guarding.limits import charge_more
from api.serving.classified import Classified
from api.serving.server import ModelServer
from api.settings import Settings

Entry = FileAnswer | FileProblem
_AT_ONCE = 2
"""Photos of one call in work, in forward passes: while one is computed, the next one is decoded."""


@post(
    "/predict/batch",
    status_code=HTTP_200_OK,
    operation_id="predict_batch",
    operation_class=BatchOperation,
    tags=["photos"],
    responses=shown(list[Entry], answer_and_problem=examples.BATCH) | problems(400, 401, 408, 413, 429, 503),
)
async def predict_batch(
    request: AnyRequest, server: NamedDependency[ModelServer], outputs: NamedDependency[Outputs]
) -> list[Entry]:
    """Name the keywords of many photos: one answer or one error for each, in order.

    A photo that cannot be answered gets the error that it would get alone; the others are answered all the same.
    """
    settings: Settings = request.app.state.settings
    keywords = len(server.served().predictor.manifest.keywords)
    options = Options.of(query_fields(request.scope["query_string"]), keywords)
    if options.output != "predictions":
        raise BadRequestError(f"output={options.output} is for one photo: leave it out here")
    photos = uploaded_photos(request, settings.max_bytes, settings.batch_photos)
    batch = _Batch(request, server, outputs, options, settings)
    async with aclosing(photos):
        return await batch.answers(photos)


class _Batch:
    """One call while it is worked on."""

    def __init__(
        self, request: AnyRequest, server: ModelServer, outputs: Outputs, options: Options, settings: Settings
    ) -> None:
        self._request, self._server, self._outputs, self._options = request, server, outputs, options
        self._max_bytes, self._patience = settings.max_bytes, settings.deadline_seconds
        # Never all of the queue: photos of others find room beside a batch.
        self._room = anyio.Semaphore(max(1, min(_AT_ONCE * settings.batch_size, settings.queue // 2)))
        self._entries: dict[int, Entry] = {}

    async def answers(self, files: AsyncIterator[FormFile]) -> list[Entry]:
        """Answer all files, in order.

        Raises:
            BadRequestError: if there are none, or the form breaks off.
            TooLargeError: if there are too many.
        """
        failure: Exception | None = None
        count = 0
        async with create_task_group() as tasks:
            try:
                async for file in files:
                    await self._room.acquire()
                    tasks.start_soon(self._answer, count, file)
                    count += 1
            except Exception as error:  # noqa: BLE001 (raised below: a task group would wrap it)
                failure = error
                tasks.cancel_scope.cancel()
        charge_more(self._request, count - 1)
        if failure:
            raise failure
        if not count:
            raise BadRequestError("the form has no photo: send each in a multipart field 'file'")
        return [self._entries[place] for place in range(count)]

    async def _answer(self, place: int, file: FormFile) -> None:
        try:
            self._entries[place] = await self._classified(file)
        except Exception as error:  # noqa: BLE001 (told as the error of this photo; bugs are logged by the map)
            self._entries[place] = FileProblem(file.name, _problem(self._request, error))
        finally:
            self._room.release()

    async def _classified(self, file: FormFile) -> FileAnswer:
        if file.photo is None:
            raise too_large(self._max_bytes)
        if not file.photo:
            raise empty()
        classified = await self._with_room(file.photo)
        self._request.state.release_id = classified.served.release_id
        answer = await self._outputs.detailed(classified, self._options)
        return FileAnswer(file=file.name, **asdict(answer))

    async def _with_room(self, photo: bytes) -> Classified:
        """Classify a photo; where there is no room, wait for it, since the whole call waits for its last photo."""
        latest = anyio.current_time() + self._patience
        while True:
            try:
                return await self._server.classify(photo)
            except OverloadedError as error:
                if anyio.current_time() + error.retry_after > latest:
                    raise
                await anyio.sleep(error.retry_after)


def _problem(request: AnyRequest, error: Exception) -> Problem:
    """What the error would be answered if the photo had come alone, by the map that answers it then."""
    table = request.app.plugins.get(ProblemDetailsPlugin).config.exception_to_problem_detail_map
    told = next(table[kind] for kind in type(error).__mro__ if kind in table)(error)
    return Problem(told.status_code, told.detail)
