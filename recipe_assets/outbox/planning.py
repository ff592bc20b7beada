"""What is to be done for each photo of a shoot: keep it, write it, or change what is in the outbox already.

Pure comparison of what was decided before with what is decided now; `delivering` does it.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from recipe_assets.outbox.deciding import Decision, Photo, Pipelines, is_contradictory
from recipe_assets.outbox.rows import Row

Action = Literal["keep", "write", "change"]
"""Leave everything as it is; write without asking (new, changed at its origin, or failed before); ask first."""


class Step(NamedTuple):
    """What is to be done for one photo; `before` is its row of last time."""

    action: Action
    photo: Photo
    decision: Decision
    before: Row | None


def asks_model(photo: Photo, before: Row | None, release_id: str) -> bool:
    """Whether the model has to look at a photo that no person has keyworded.

    Where it looked before, only a newer release looks again: release ids sort by time.
    """
    if before is None or before.path is None or before.sha256 != photo.sha256 or before.origin != "model":
        return True
    return before.release_id is None or before.release_id < release_id


def remembered(photo: Photo, before: Row, pipelines: Pipelines) -> Decision:
    """What the model said before, led to the pipeline of now."""
    said = {name: getattr(before, name) for name in Decision.__struct_fields__ if name in Row.__struct_fields__}
    pipeline = pipelines.of(before.keyword or "", before.pipeline or "")
    as_now = {"pipeline": pipeline, "writes": not photo.contradicts_itself, "reason": photo.why_unwritten}
    return Decision(**said | as_now)


def step_for(photo: Photo, decision: Decision, before: Row | None) -> Step:
    """What is to be done for a photo, given what is decided now and what its row said."""
    return Step(_action(photo, decision, before), photo, decision, before)


def _action(photo: Photo, decision: Decision, before: Row | None) -> Action:
    if before is None or before.path is None:
        return "write"
    if before.sha256 != photo.sha256:
        # A copy of a file that was whole once is better than none.
        return "keep" if decision.origin == "none" else "write"
    # The same keyword all the same changes a copy into which nothing was written, and what its row asks of people.
    settled = is_contradictory(before.reason) and not photo.contradicts_itself
    if (before.keyword, before.pipeline) == (decision.keyword, decision.pipeline) and not settled:
        return "keep"
    return "change"


def gone(before: Mapping[str, Row], photos: Iterable[Photo]) -> list[Row]:
    """Rows of photos that are no longer in the studio and have a file in the outbox: it stays, and is told of."""
    here = {photo.file for photo in photos}
    return [row for row in before.values() if row.file not in here and row.path is not None]
