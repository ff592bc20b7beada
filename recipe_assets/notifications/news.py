"""The words of every message: failed runs, blocked releases, releases that go out or wait, drift.

Only words; how it is noticed that one is due is the sensors' subject.
"""

from collections.abc import Sequence
from typing import Literal

from recipe_assets.notifications.message import Message
from recipe_assets.release.manifest import Manifest
from recipe_assets.release.pointer import Pointer

SHOWN = 5
"""Reasons that one message lists."""
Again = Literal["soon", "mended", "by hand"]
"""When a failed run is tried again: after a pause, once somebody mended what it names, or when a person asks."""
_NEXT: dict[Again, str] = {
    "soon": "nothing yet, it is tried again by itself; other shoots go on",
    "mended": "mend what the message names: then it is done again by itself; other shoots go on",
    "by hand": "mend what the message names, then re-execute the run from its page",
}


class Pages:
    """Addresses of the Dagster UI's pages."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def run(self, run_id: str) -> str:
        """The page of a run."""
        return f"{self._url}/runs/{run_id}"

    def asset(self, name: str) -> str:
        """The page of an asset."""
        return f"{self._url}/assets/{name}"

    def checks(self, name: str) -> str:
        """The page of an asset's checks."""
        return f"{self.asset(name)}?view=checks"


def run_failed(job: str, shoot: str | None, reasons: Sequence[str], link: str, *, again: Again) -> Message:
    """A run that ended with an error.

    Args:
        job: what was run.
        shoot: that it was about; None for all.
        reasons: a line each.
        link: to the run.
        again: when it is tried again.
    """
    return Message(
        what=f"{job} failed" + (f" for {shoot}" if shoot else ""),
        where=f"job {job}" + (f", shoot {shoot}" if shoot else ""),
        details=listed(reasons)
        or "the run ended without saying why: its process was killed, or ran out of memory",
        link=link,
        to_do=_NEXT[again],
    )


def release_blocked(checks: Sequence[str], link: str) -> Message:
    """A training whose result may not be released.

    Args:
        checks: those that block, a line each with the reason.
        link: to the run.
    """
    return Message(
        what="A new model was trained and is not released",
        where="gates of model_release",
        details=listed(checks),
        link=link,
        to_do="look at confusion_matrix and model_comparison; the release before goes on being served, and "
        "training is tried again when there are other photos or keywords",
    )


def release_out(manifest: Manifest, pointer: Pointer, store: str, pages: Pages) -> Message:
    """A release that became current: published, approved, or rolled back to."""
    back = pointer.previous is not None and pointer.previous > manifest.release_id
    return Message(
        what=f"Release {manifest.release_id} is current" + (" again: the store was rolled back" if back else ""),
        where=store,
        details=f"{in_numbers(manifest)}; the release before: {pointer.previous or 'none'}",
        link=pages.asset("model_release"),
        to_do="nothing; photos that would be keyworded otherwise stand in keyword_changes, the APIs that serve it "
        "in served_model",
        warns=back,
    )


def release_waits(manifest: Manifest, store: str, pages: Pages) -> Message:
    """A release that needs a person's approval."""
    return Message(
        what=f"Release {manifest.release_id} waits for approval",
        where=store,
        details=in_numbers(manifest),
        link=pages.asset("model_release"),
        to_do="read model_release and keyword_changes, then approve or reject it in the job approve_release, or "
        f"with 'recipe releases approve {manifest.release_id} --by NAME'",
    )


def drifted(description: str, pages: Pages) -> Message:
    """Photos in production that are no longer like those of training."""
    return Message(
        what="Photos in production differ from those of training",
        where="check predictions_drifted of production_predictions",
        details=description,
        link=pages.checks("production_predictions"),
        to_do="review photos of the keywords that moved most, so that the next training learns from them",
    )


def in_numbers(manifest: Manifest) -> str:
    """How good a release is, in a few words."""
    metrics = manifest.metrics
    low, high = metrics.macro_accuracy_interval
    return (
        f"macro accuracy {100 * metrics.macro_accuracy:.1f} % (95 % interval {100 * low:.1f} to {100 * high:.1f}) "
        f"on {metrics.photos} test photos, {len(manifest.keywords)} keywords"
    )


def listed(reasons: Sequence[str]) -> str:
    """The first reasons, a line each, and how many more there are."""
    lines = [" ".join(reason.split()) for reason in reasons[:SHOWN]]
    return "\n".join([*lines, *([f"and {len(reasons) - SHOWN} more"] if len(reasons) > SHOWN else [])])
