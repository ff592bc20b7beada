"""Publishes one release in a process of its own; can kill itself at a chosen moment.

Arguments: store URL, folder, release number, moment. It waits for a line on stdin after it has read the pointer,
so that a test can make several publishers start from the same state.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from recipe_assets.errors import ReleaseConflictError
from recipe_assets.release import folder_store, s3_store, storing
from recipe_assets.release.store import ReleaseStore, open_store
from tests.release.factory import manifest_of


def die_after(calls: int, function: Callable[..., object]) -> Callable[..., object]:
    """The function, which kills its process when it is called once more than `calls` times."""
    done = 0

    def dying(*args: object, **kwargs: object) -> object:
        nonlocal done
        if done == calls:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
        return function(*args, **kwargs)

    return dying


def arm(moment: str) -> None:
    """Choose when to die: amid the files, before the manifest, before or after the pointer's swap."""
    if moment in ("second-file", "last-file"):
        calls = 1 if moment == "second-file" else 3
        folder_store._copy_new = die_after(calls, folder_store._copy_new)
        s3_store.S3Objects._put_new = die_after(calls, s3_store.S3Objects._put_new)
    elif moment == "before-verifying":
        storing.verify_stored = die_after(0, storing.verify_stored)
    elif moment == "before-swap":
        ReleaseStore._swap = die_after(0, ReleaseStore._swap)
    elif moment == "after-swap":
        swap = ReleaseStore._swap

        def swap_and_die(*args: object) -> None:
            swap(*args)
            os.kill(os.getpid(), signal.SIGKILL)

        ReleaseStore._swap = swap_and_die


def say(line: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(url: str, folder: str, number: str, moment: str) -> None:
    """Publish and say how it went."""
    arm(moment)
    target = open_store(url)
    before = target.read_pointer()
    say("ready")
    sys.stdin.readline()
    try:
        pointer = target.publish(Path(folder), manifest_of(Path(folder), int(number)), before and before.token)
    except ReleaseConflictError as error:
        say(f"conflict {error}")
    else:
        say(f"current {pointer.release_id}")


if __name__ == "__main__":
    main(*sys.argv[1:])
