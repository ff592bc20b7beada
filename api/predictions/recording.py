"""When predictions are written and shipped: a thread for each, beside the event loop and never in its way.

What a record holds is `prediction_log`'s subject, how it gets to the store `shipping`'s.
"""

import hashlib
import logging
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from anyio import CancelScope, to_thread

from api.predictions.prediction_log import PredictionLog, Trouble
from api.predictions.segment_folders import closed_segments
from api.predictions.segments import Segments
from api.predictions.shipping import Shipped
from api.settings import Settings

FLUSH_SECONDS = 1.0
"""Records are written, with fsync, this often: what a kill or a power cut can cost."""
SHIPPING_SECONDS = 300.0
"""One shipping process may take this long; killed then, the next one goes on where it was."""
LAST_SECONDS = 5.0
"""When the API stops, this long is spent on shipping what is left; the rest waits on disk for the next start."""
LONGEST_PAUSE = 600.0
"""While the store is away, it is tried again after twice as long each time, at most after this many seconds."""

logger = logging.getLogger(__name__)


class Recorder:
    """Keeps the log of one API and ships it; built before the API starts, running while it does."""

    def __init__(self, settings: Settings) -> None:
        """Touches no file and starts nothing."""
        token = process_token(datetime.now(UTC))
        store = hashlib.sha256(settings.releases.encode()).hexdigest()[:12]
        self._segments = Segments(settings.cache / "predictions", store, token, settings.prediction_log_bytes)
        self._store_url = settings.releases
        self._seconds = settings.ship_seconds
        self._pause = settings.ship_seconds
        self._looked = False
        self._writing = threading.Lock()
        self.log = PredictionLog(self._segments, token)
        """An observer for the server; without `running`, it gathers in memory alone."""
        self.trouble = Trouble("predictions cannot be shipped, they are kept here")
        self.shipped = Shipped()
        """What this API's shipping processes brought to the store."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[PredictionLog]:
        """Write and ship while the API runs; at the end, ship the rest within `LAST_SECONDS`."""
        stopping = threading.Event()
        for work, pause in ((self._flush, lambda: FLUSH_SECONDS), (self._ship_some, lambda: self._pause)):
            threading.Thread(target=_repeat, args=(work, pause, stopping), daemon=True).start()
        try:
            yield self.log
        finally:
            stopping.set()
            with CancelScope(shield=True):  # it is bounded itself
                await to_thread.run_sync(self._finish)

    def _flush(self) -> None:
        with self._writing:
            self.log.flush()

    def _ship_some(self) -> None:
        with self._writing:
            self._segments.close_segment()
        # The first time, processes that were killed may have left something; later only what is closed counts.
        if closed_segments(self._segments.root) or not self._looked:
            self.ship(SHIPPING_SECONDS)

    def ship(self, seconds: float) -> None:
        """Run one shipping process and wait for it; what goes wrong is logged once and tried again later."""
        if not self._segments.root.is_dir():
            return
        try:
            done = subprocess.run(  # noqa: S603
                [sys.executable, "-m", "api.predictions.shipping", self._segments.root, self._store_url],
                capture_output=True,
                env=_environment(),
                timeout=seconds,
                start_new_session=True,  # Ctrl-C in a terminal is for the API alone
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            self._failed(str(error))
            return
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            self._failed(lines[-1] if lines else f"the shipping process ended with code {done.returncode}")
            return
        self._succeeded(msgspec.json.decode(done.stdout, type=Shipped))

    def _failed(self, reason: str) -> None:
        self._pause = min(2 * self._pause, max(LONGEST_PAUSE, self._seconds))
        self.trouble.met(reason)

    def _succeeded(self, now: Shipped) -> None:
        self._looked, self._pause = True, self._seconds
        before = self.shipped
        self.shipped = Shipped(
            before.files + now.files, before.rows + now.rows, before.unreadable + now.unreadable
        )
        self.trouble.over(f"{self.shipped.rows} rows were shipped since the API started")
        if now.unreadable:
            logger.warning("%d lines of the prediction log were damaged and are left out", now.unreadable)

    def _finish(self) -> None:
        if not self._writing.acquire(timeout=LAST_SECONDS):
            return  # the disk hangs: whoever comes next ships what is there
        try:
            self.log.flush()
            self._segments.release()
        finally:
            self._writing.release()
        if closed_segments(self._segments.root):
            self.ship(LAST_SECONDS)


def process_token(now: datetime) -> str:
    """A name that no other API process has or will have: host, UTC second of the start, 48 random bits."""
    host = re.sub(r"[^A-Za-z0-9]+", "-", socket.gethostname()).strip("-")[:24] or "api"
    return f"{host}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{os.urandom(6).hex()}"


def _repeat(work: Callable[[], None], pause: Callable[[], float], stopping: threading.Event) -> None:
    while not stopping.wait(pause()):
        try:
            work()
        except Exception:  # a bug here must not end the recording
            logger.exception("recording predictions failed unexpectedly")


def _environment() -> dict[str, str]:
    """Ours, so that the same package is found wherever this process was started from."""
    here = str(Path(__file__).parents[2])
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([here, known] if known else [here])}
