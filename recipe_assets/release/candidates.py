"""The release that waits until a person approves it: `candidate.json`, and what approving and rejecting do.

Its files are stored by `storing` before it gets here; the record of each decision is `decisions`' subject.
"""

import msgspec

from recipe_assets.errors import ReleaseConflictError, ReleaseError
from recipe_assets.release.current import CurrentPointer, swap_once
from recipe_assets.release.decisions import Decision, Decisions, Verdict, decide
from recipe_assets.release.objects import Objects
from recipe_assets.release.pointer import Pointer, Versioned, decode_pointer, encode_pointer, point_at
from recipe_assets.release.stored import stored_manifest, verify_stored

CANDIDATE = "candidate.json"
"""Beside `latest.json` and of the same form: `previous` is the release that the candidate was compared with."""
NOBODY = b"null\n"
"""Its content while nothing waits: not every S3 store can delete an object by compare-and-swap."""
_TRIES = 5
_AGAIN = "materialize confusion_matrix, keyword_changes and model_release again, then approve the new candidate"


class Candidates:
    """The release of one store that waits for approval, if any."""

    def __init__(self, objects: Objects, current: CurrentPointer) -> None:
        self._objects = objects
        self._current = current
        self.decisions = Decisions(objects)

    def read(self) -> Pointer | None:
        """The waiting candidate, or None.

        Raises:
            ReleaseError: if the store cannot be reached or `candidate.json` is damaged.
        """
        return self._slot()[0]

    def propose(self, pointer: Pointer) -> Pointer:
        """Let a stored release wait for approval; an older candidate is superseded.

        Raises:
            ReleaseConflictError: if another release is current than the one it was compared with, it was decided
                about already, or others keep proposing.
        """
        self._refuse_stale(pointer, self._current.read())
        known = self.decisions.read(pointer.release_id)
        if known is not None:
            raise ReleaseConflictError(f"release {pointer.release_id} was {known} already: publish under a new id")
        for _ in range(_TRIES):
            older, token = self._slot(tolerant=True)
            if older and (older.release_id, older.previous) == (pointer.release_id, pointer.previous):
                return older
            if swap_once(self._objects, CANDIDATE, encode_pointer(pointer), token):
                if older and older.release_id != pointer.release_id:
                    self._supersede(older, pointer.release_id)
                return pointer
        raise ReleaseConflictError(
            f"others keep proposing to {self._objects.url}: propose again when they are done"
        )

    def promote(self, release_id: str, verdict: Verdict) -> Decision:
        """Approve the waiting candidate: verify it as stored, record the decision, make it current.

        Repeating an approval that was cut short finishes it.

        Raises:
            ReleaseConflictError: if the current release is no longer the one that the candidate was compared with,
                or the candidate was decided about meanwhile.
            ReleaseError: if this release does not wait, or is incomplete or damaged as stored.
        """
        waiting = self._waiting(release_id)
        current = self._current.read()
        if current is None or current.pointer.release_id != release_id:
            self._refuse_stale(waiting.pointer, current)
            self._verify(waiting.pointer)
        decision = self.decisions.record(decide(release_id, "approved", waiting.pointer.previous, verdict))
        if current is None or current.pointer.release_id != release_id:
            self._move(waiting.pointer, current, decision)
        swap_once(
            self._objects, CANDIDATE, NOBODY, waiting.token
        )  # if a newer one waits by now, it goes on waiting
        return decision

    def reject(self, release_id: str, verdict: Verdict) -> Decision:
        """Turn the waiting candidate down; its files are kept.

        Raises:
            ReleaseConflictError: if it was decided about meanwhile.
            ReleaseError: if this release does not wait.
        """
        waiting = self._waiting(release_id)
        current = self._current.read()
        if current is not None and current.pointer.release_id == release_id:
            raise ReleaseConflictError(
                f"release {release_id} is current, its approval was cut short: approve it again to finish that, "
                "or roll back"
            )
        decision = self.decisions.record(decide(release_id, "rejected", waiting.pointer.previous, verdict))
        self._clear(waiting)
        return decision

    def refuse_unapproved(self, release_id: str) -> None:
        """Make sure that rolling to a release is no way around its approval.

        Raises:
            ReleaseError: if the release waits for approval, or was rejected, superseded or overtaken.
        """
        waiting = self._slot(tolerant=True)[0]
        if waiting is not None and waiting.release_id == release_id:
            raise ReleaseError(f"release {release_id} waits for approval: approve it, or roll to another release")
        decision = self.decisions.read(release_id)
        if decision is not None and decision.decision != "approved":
            raise ReleaseError(f"release {release_id} was {decision}: roll to another release, or {_AGAIN}")

    def _slot(self, *, tolerant: bool = False) -> tuple[Pointer | None, str | None]:
        """The candidate, and the token of whatever stands in its place."""
        content = self._objects.read(CANDIDATE)
        if content is None:
            return None, None
        if content.data.strip() == NOBODY.strip():
            return None, content.token
        try:
            cure = "materialize model_release again, which writes it anew"
            return decode_pointer(content.data, f"{self._objects.url}/{CANDIDATE}", cure), content.token
        except ReleaseError:
            if tolerant:
                return None, content.token
            raise

    def _waiting(self, release_id: str) -> Versioned:
        pointer, token = self._slot()
        if pointer is not None and token is not None and pointer.release_id == release_id:
            return Versioned(pointer, token)
        decision = self.decisions.read(release_id)
        known = (
            f"release {release_id} was {decision} already" if decision else f"release {release_id} does not wait"
        )
        others = f"{pointer.release_id} waits" if pointer else "nothing waits"
        raise ReleaseError(f"{known}; {others} for approval in {self._objects.url}")

    def _clear(self, waiting: Versioned) -> None:
        """Let nothing wait; if a newer candidate waits by now, it goes on waiting."""
        swap_once(self._objects, CANDIDATE, NOBODY, waiting.token)

    def _refuse_stale(self, candidate: Pointer, current: Versioned | None) -> None:
        now = current.pointer.release_id if current else None
        if now != candidate.previous:
            raise ReleaseConflictError(
                f"release {candidate.release_id} was compared with {candidate.previous or 'no release'}, but "
                f"{now or 'none'} is current now: {_AGAIN}"
            )

    def _verify(self, candidate: Pointer) -> None:
        stored = stored_manifest(self._objects, candidate.release_id)
        if stored.sha256 != candidate.manifest_sha256:
            raise ReleaseError(
                f"the manifest of release {candidate.release_id} is not the one that was proposed: reject it, "
                "and materialize model_release again"
            )
        verify_stored(self._objects, stored.manifest)

    def _move(self, candidate: Pointer, current: Versioned | None, decision: Decision) -> None:
        pointer = point_at(candidate.release_id, candidate.manifest_sha256, candidate.previous)
        try:
            self._current.move(pointer, current.token if current else None)
        except ReleaseConflictError as error:
            winner = self._current.read()
            if winner is not None and winner.pointer.release_id == candidate.release_id:
                return  # somebody else finished this very approval
            self.decisions.reopen(decision)
            now = winner.pointer.release_id if winner else "none"
            raise ReleaseConflictError(
                f"release {candidate.release_id} was approved, but {now} became current in that moment: {_AGAIN}"
            ) from error

    def _supersede(self, older: Pointer, by: str) -> None:
        current = self._current.read()
        if current is not None and current.pointer.release_id == older.release_id:
            return  # its approval was cut short, but it had moved the pointer
        decision = decide(older.release_id, "superseded", older.previous, None)
        try:
            self.decisions.record(msgspec.structs.replace(decision, note=f"by release {by}"))
        except ReleaseConflictError:
            return  # a person decided about it first
