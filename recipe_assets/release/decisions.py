"""What was decided about releases that needed approval: `approvals/<release_id>.json`, the audit trail.

One record a release, created once: whoever creates it has decided, and everybody else is told. Which release
waits, and what a decision sets in motion, is `candidates`' subject.
"""

from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

from recipe_assets.errors import ReleaseConflictError, ReleaseError
from recipe_assets.release.current import swap_once
from recipe_assets.release.manifest import Timestamp, check_release_id
from recipe_assets.release.objects import Objects

APPROVALS = "approvals"
Outcome = Literal["approved", "rejected", "superseded", "overtaken"]
"""Superseded: a newer candidate took its place. Overtaken: approved, but in that very moment another release
became current, so that nothing moved; the only outcome that leaves a release open to be decided again."""


class Verdict(NamedTuple):
    """Who decides, why, and in which Dagster run, if it was in one."""

    by: str
    note: str = ""
    dagster_run_id: str | None = None


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The record of one decision.

    `previous` is the release that was current and that the candidate was compared with. Nobody in person decides
    that a release is superseded: `decided_by` is None then.
    """

    release_id: str
    decision: Outcome
    decided_by: str | None
    decided_at: Timestamp
    note: str
    previous: str | None
    dagster_run_id: str | None

    def __str__(self) -> str:
        by = f" by {self.decided_by}" if self.decided_by else ""
        note = f" ({self.note})" if self.note else ""
        return f"{self.decision}{by} on {self.decided_at:%Y-%m-%d %H:%M} UTC{note}"


def decide(release_id: str, outcome: Outcome, previous: str | None, verdict: Verdict | None) -> Decision:
    """A decision that is made now; without a verdict, by nobody in person.

    Raises:
        ReleaseError: if the verdict does not say who decides.
    """
    if verdict is not None and not verdict.by.strip():
        raise ReleaseError(f"nobody decides about release {release_id}: say who approves or rejects it, by name")
    return Decision(
        release_id=check_release_id(release_id),
        decision=outcome,
        decided_by=None if verdict is None else verdict.by.strip(),
        decided_at=datetime.now(UTC),
        note="" if verdict is None else verdict.note.strip(),
        previous=previous,
        dagster_run_id=None if verdict is None else verdict.dagster_run_id,
    )


class Decisions:
    """The decisions of one store."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def read(self, release_id: str) -> Decision | None:
        """What was decided about a release, or None.

        Raises:
            ReleaseError: if the store cannot be reached or the record is damaged.
        """
        return self._found(release_id)[0]

    def all(self) -> dict[str, Decision]:
        """Every decision by release id."""
        keys = self._objects.sizes(f"{APPROVALS}/")
        ids = [key.removeprefix(f"{APPROVALS}/").removesuffix(".json") for key in keys if key.endswith(".json")]
        found = {release_id: self.read(release_id) for release_id in ids}
        return {release_id: decision for release_id, decision in found.items() if decision is not None}

    def record(self, decision: Decision) -> Decision:
        """Decide, unless it is decided already; the same outcome again returns the first record.

        Raises:
            ReleaseConflictError: if it was decided otherwise before, or by somebody else just now.
        """
        found, token = self._found(decision.release_id)
        if found is None or found.decision == "overtaken":
            if swap_once(self._objects, _key(decision.release_id), _encode(decision), token):
                return decision
            found = self.read(decision.release_id)
        if found is not None and found.decision == decision.decision:
            return found
        raise ReleaseConflictError(f"release {decision.release_id} was {found or 'decided meanwhile'} already")

    def reopen(self, decision: Decision) -> None:
        """Say that an approval moved nothing, because another release became current in that moment."""
        token = self._found(decision.release_id)[1]
        overtaken = msgspec.structs.replace(decision, decision="overtaken")
        swap_once(self._objects, _key(decision.release_id), _encode(overtaken), token)

    def _found(self, release_id: str) -> tuple[Decision | None, str | None]:
        key = _key(release_id)
        content = self._objects.read(key)
        if content is None:
            return None, None
        try:
            return msgspec.json.decode(content.data, type=Decision), content.token
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ReleaseError(
                f"{self._objects.url}/{key} is damaged ({error}): restore it, it says who decided about a release"
            ) from None


def _key(release_id: str) -> str:
    return f"{APPROVALS}/{check_release_id(release_id)}.json"


def _encode(decision: Decision) -> bytes:
    return msgspec.json.format(msgspec.json.encode(decision), indent=2) + b"\n"
