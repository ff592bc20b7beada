"""Giving up the powers of root for a moment: no permission bit applies to root, so tests could deny nothing."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

NOBODY = 65534


@contextmanager
def without_powers() -> Iterator[None]:
    """Run as a user who owns nothing here; who is no root anyway stays who they are.

    Paths should be relative: the folders above a test's own may be closed to that user.
    """
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
