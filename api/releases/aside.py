"""Blocking work beside the event loop, in a thread of its own that nothing waits for when the API ends.

For talking to stores and loading releases, which may take minutes; photos have pools of their own (`pipeline`).
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import TypeVar

_NICENESS = 10
"""Added to the thread's own: a tenth of what others get while they want all processors (sched(7), "nice")."""
_Result = TypeVar("_Result")


async def aside(work: Callable[[], _Result], *, gently: bool = False) -> _Result:
    """Run blocking work and wait for it. When this call is cancelled, the work goes on, and its result is dropped.

    The thread is a daemon: a store that does not answer must not keep a process from ending.

    Args:
        work: what to run.
        gently: whether to give way to other threads. Threads that the work starts give way, too, and for ever.
    """
    # No variable holds the future: an error in it would in turn hold this frame, and all that it refers to.
    return await asyncio.wrap_future(_start(work, gently=gently))


def _start(work: Callable[[], _Result], *, gently: bool) -> "Future[_Result]":
    done: Future[_Result] = Future()
    threading.Thread(target=_run, args=(work, done, gently), name="aside", daemon=True).start()
    return done


def _run(work: Callable[[], _Result], done: "Future[_Result]", gently: bool) -> None:
    try:
        if gently:
            _give_way()
        result = work()
        with suppress(InvalidStateError):  # cancelled meanwhile
            done.set_result(result)
    except BaseException as error:  # noqa: BLE001 (whoever waits is told)
        with suppress(InvalidStateError):
            done.set_exception(error)
    finally:
        # The same here.
        del work, done


def _give_way() -> None:
    """Lower the priority of this thread; on Linux, unlike elsewhere, each thread has its own (setpriority(2))."""
    if sys.platform == "linux":
        with suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICENESS)
