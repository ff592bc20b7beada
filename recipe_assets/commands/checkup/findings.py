"""One finding of a check-up, and how a look at something becomes findings whatever goes wrong in it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec

from recipe_assets.errors import RecipeError

Status = Literal["ok", "warning", "error"]
Look = Callable[[], Iterable["Finding"]]


class Finding(msgspec.Struct, frozen=True):
    """What was found: what was looked at, how it is, and in one line what is wrong, where, and what to do."""

    what: str
    status: Status
    message: str


def ok(what: str, message: str) -> Finding:
    """All is well."""
    return Finding(what, "ok", message)


def warning(what: str, message: str) -> Finding:
    """It works, and somebody should know."""
    return Finding(what, "warning", message)


def error(what: str, message: str) -> Finding:
    """It does not work."""
    return Finding(what, "error", message)


def looked(what: str, look: Look) -> Iterator[Finding]:
    """The findings of one look; one that cannot be taken is an error, and never the end of the others."""
    try:
        yield from look()
    except ModuleNotFoundError as missing:
        yield warning(what, f"cannot be checked here: {missing.name} is not installed (pip install '.[platform]')")
    except RecipeError as wrong:
        yield error(what, str(wrong))
    except OSError as wrong:
        yield error(
            what, f"{wrong.filename or what} cannot be used ({wrong.strerror or wrong}): check path and rights"
        )
    except Exception as wrong:  # noqa: BLE001 (whatever a library says of a broken place is a finding, too)
        said = " ".join(str(wrong).split())[:300]
        yield error(what, f"cannot be checked ({type(wrong).__name__}: {said}): check its settings")
