"""Every kind of answer to a photo: keywords, all that is known, the photo with its keyword, its URL, XMP.

Here: choosing the kind, and running what takes time in threads, a bounded number at once. What is said of a photo
is `answers`' subject, how a keyword gets into it `keywording`'s, where photos are stored `results`'.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import PurePosixPath
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from litestar import Response
from litestar.response import Stream

from api.contract.answers import detailed, photo_headers, predictions
from api.contract.keywording import Keyworded, keyworded, packet, untouched
from api.contract.naming import attachment, file_name, format_of
from api.contract.options import Options
from api.contract.results import open_results
from api.contract.schemas import Answer, StoredPhoto
from api.contract.uploads import Upload
from api.errors import OverloadedError
from api.serving.capacity import sized
from api.serving.classified import Classified
from api.settings import Settings
from recipe_assets.release.predictor import Prediction

XMP_TYPE = "application/rdf+xml"
_CHUNK = 1 << 18
_STORING = 8
"""Photos on their way into the bucket at once; each waits for the network, not for a processor."""
_COME_BACK_SECONDS = 2

T = TypeVar("T")


class Outputs:
    """Answers photos that were classified."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is opened yet.

        Raises:
            SettingsError: if results cannot be stored where the settings say.
        """
        self._results = open_results(settings.results or settings.releases)
        self._working = CapacityLimiter(sized(settings).decoders)
        self._storing = CapacityLimiter(_STORING)
        self._most_waiting = settings.queue

    async def answer(self, upload: Upload, classified: Classified, options: Options) -> Response[Any]:
        """The answer that was asked for.

        Raises:
            UnwritableFormatError: if a keyword is to be written into a photo of another kind than we write.
            MetadataError: if the photo's metadata is damaged or has no room.
            ResultsError: if the photo cannot be stored.
            OverloadedError: if too many others wait for the same.
        """
        headers = photo_headers(classified)
        match options.output:
            case "predictions" if options.is_detailed:
                return Response(await self.detailed(classified, options), headers=headers)
            case "predictions":
                return Response(predictions(classified, options), headers=headers)
            case "xmp":
                return await self._packet(upload, classified, options, headers)
            case "file":
                return await self._file(upload, classified, options, headers)
            case "s3_url":
                return await self._stored(upload, classified, options, headers)

    async def detailed(self, classified: Classified, options: Options) -> Answer:
        """All that is known of the photo."""
        if not options.nearest:
            return detailed(classified, options)
        return await self._work(lambda: detailed(classified, options))

    async def _packet(
        self, upload: Upload, classified: Classified, options: Options, headers: dict[str, str]
    ) -> Response[bytes]:
        found = _worth_writing(classified, options)
        content = await self._work(lambda: packet(upload.photo, found, classified.served.release_id))
        name = f"{PurePosixPath(file_name(upload.name, '')).stem}.xmp"
        headers |= _written(found) | {"Content-Disposition": attachment(name)}
        return Response(content, headers=headers, media_type=XMP_TYPE)

    async def _file(
        self, upload: Upload, classified: Classified, options: Options, headers: dict[str, str]
    ) -> Stream:
        found = _worth_writing(classified, options)
        done = await self._keyworded(upload, classified, found)
        kind = format_of(done.photo)
        headers |= _written(found) | _proof(done)
        headers |= {
            "Content-Disposition": attachment(file_name(upload.name, kind.extensions[0])),
            "Content-Length": str(len(done.photo)),
        }
        return Stream(_pieces(done.photo), headers=headers, media_type=kind.media_type)

    async def _stored(
        self, upload: Upload, classified: Classified, options: Options, headers: dict[str, str]
    ) -> Response[StoredPhoto]:
        found = _worth_writing(classified, options)
        done = await self._keyworded(upload, classified, found)
        kind = format_of(done.photo)
        name = await self._work(lambda: _result_name(upload.photo, found, classified.served.release_id))
        url = await self._bounded(
            self._storing,
            lambda: self._results.put(f"{name}{kind.extensions[0]}", done.photo, kind.media_type),
        )
        return Response(StoredPhoto(url), headers=headers | _written(found) | _proof(done))

    async def _keyworded(self, upload: Upload, classified: Classified, found: Prediction | None) -> Keyworded:
        if found is None:
            return await self._work(lambda: untouched(upload.photo))
        return await self._work(lambda: keyworded(upload.photo, found, classified.served.release_id))

    async def _work(self, work: Callable[[], T]) -> T:
        return await self._bounded(self._working, work)

    async def _bounded(self, limiter: CapacityLimiter, work: Callable[[], T]) -> T:
        if limiter.statistics().tasks_waiting >= self._most_waiting:
            raise OverloadedError("too many photos are waiting: send it again later", _COME_BACK_SECONDS)
        return await to_thread.run_sync(work, limiter=limiter)


def _worth_writing(classified: Classified, options: Options) -> Prediction | None:
    first = classified.ranked(1)[0]
    return first if first.confidence >= options.min_confidence else None


def _written(found: Prediction | None) -> dict[str, str]:
    return {"X-Keyword-Written": "false" if found is None else "true"}


def _proof(done: Keyworded) -> dict[str, str]:
    if done.image_data_sha256 is None:
        return {}
    return {"X-Image-Data-Unchanged": f"sha256={done.image_data_sha256}"}


def _result_name(photo: bytes, found: Prediction | None, release_id: str) -> str:
    """A hash of the photo that came and what was written into it: a photo sent twice is stored once.

    The stored bytes themselves say when they were written, so their hash would be another one each time.
    """
    digest = hashlib.sha256(photo)
    if found is not None:
        digest.update(f"\n{release_id}\n{found.keyword}".encode())
    return digest.hexdigest()


async def _pieces(photo: bytes) -> AsyncIterator[bytes]:
    """In pieces that wait for the client, so that a slow one does not fill the memory twice."""
    for start in range(0, len(photo), _CHUNK):
        yield photo[start : start + _CHUNK]
