"""What the API writes to its log: one JSON object a line, or plain lines where a person watches the terminal.

Everything goes the same way, uvicorn's lines and those of libraries included. Nothing of a photo, no query of a
URL and no key is ever logged here; who logs elsewhere keeps to that.
"""

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from api.guarding.access import Visit

_access = logging.getLogger("api.access")
TALKATIVE = ("httpx", "httpcore", "botocore", "boto3", "urllib3", "uvicorn.access")
"""Libraries that would write every photo's URL to the log, or a second line for each request."""
_INTERNAL, _UNAVAILABLE = 500, 503


def configure(stream: TextIO | None = None) -> None:
    """Send all logs of this process to a stream, from INFO up.

    Args:
        stream: where to; standard error by default. A terminal gets plain lines, all else JSON.
    """
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(plain=stream.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_visit(visit: Visit) -> None:
    """Write the one line of a request. A fault of ours is an error, what others must mend a warning."""
    level = logging.INFO if visit.status < _INTERNAL or visit.status == _UNAVAILABLE else logging.WARNING
    _access.log(
        logging.ERROR if visit.status == _INTERNAL else level,
        "request",
        extra={
            "method": visit.method,
            "path": visit.path,
            "status": visit.status,
            "ms": round(visit.seconds * 1000, 1),
            "bytes_in": visit.bytes_in,
            "bytes_out": visit.bytes_out,
            "client": visit.client,
            "remote": visit.remote,
            "release": visit.release,
            "error": visit.error,
        },
    )


def _formatter(*, plain: bool) -> logging.Formatter:
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_clutter,
    ]
    # Tracebacks without local variables, which could hold a photo.
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if plain
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    )


def _without_clutter(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Drop what is not there, and uvicorn's second, colored message."""
    return {name: value for name, value in event.items() if value is not None and name != "color_message"}
