"""What the graph's environment variables may say: rules that graph and `recipe doctor` both read.

Here: those that no room of the house has a rule of its own for. Where resources point is `defs.wiring`'s subject.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from recipe_assets.errors import SettingsError

RETRAIN_AFTER = 200
"""New labelled photos that are worth a training before the weekly one: ten recipes of a large shoot."""
OnRelease = Literal["show", "write", "leave"]


def retrain_after(environ: Mapping[str, str]) -> int:
    """How many new or corrected labels ask for a training.

    Raises:
        SettingsError: if it is no number, or less than 1.
    """
    value = environ.get("RECIPE_RETRAIN_AFTER") or str(RETRAIN_AFTER)
    if not value.isdecimal() or int(value) < 1:
        raise SettingsError(f"RECIPE_RETRAIN_AFTER is '{value}': set it to a number of photos, 1 or more")
    return int(value)


def on_release(environ: Mapping[str, str]) -> str:
    """What becomes of photos in the outbox when a newer release is out: one of `OnRelease`.

    Raises:
        SettingsError: if it is none of them.
    """
    value = environ.get("RECIPE_OUTBOX_ON_RELEASE") or "show"
    if value not in get_args(OnRelease):
        raise SettingsError(
            f"RECIPE_OUTBOX_ON_RELEASE is '{value}': set it to show (what would change), write or leave"
        )
    return value


def needs_approval(environ: Mapping[str, str]) -> bool:
    """Whether a person decides what is released.

    Raises:
        SettingsError: if it says neither yes nor no.
    """
    value = environ.get("RECIPE_APPROVAL") or "none"
    if value not in ("none", "required"):
        raise SettingsError(f"RECIPE_APPROVAL is '{value}': set it to required or none, or leave it out")
    return value == "required"
