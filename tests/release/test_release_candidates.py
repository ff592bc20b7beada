"""Releases that wait for approval: proposing, approving, rejecting; the same rules over a folder and over S3."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recipe_assets.errors import ReleaseConflictError, ReleaseError
from recipe_assets.release.decisions import Decision, Verdict
from recipe_assets.release.pointer import Pointer
from tests.release.conftest import Studio

ANNA = Verdict("Anna", "looks right", "run-1")
BEN = Verdict("Ben")


def propose(studio: Studio, number: int) -> Pointer:
    """Propose a numbered release, compared with what is current now."""
    return studio.store.propose(*studio.build(number), current(studio))


def current(studio: Studio) -> str | None:
    found = studio.store.read_pointer()
    return found.pointer.release_id if found else None


def record(studio: Studio, release_id: str) -> dict[str, object]:
    return json.loads(studio.place.read(f"approvals/{release_id}.json"))


@pytest.mark.parametrize("already", [0, 1])
def test_a_proposed_release_is_stored_whole_and_the_current_one_stays(
    studio: Studio, tmp_path: Path, already: int
) -> None:
    before = studio.publish(5).release_id if already else None
    candidate = propose(studio, 1)
    assert studio.store.read_candidate() == candidate
    assert (candidate.release_id, candidate.previous) == (studio.build(1)[1].release_id, before)
    assert current(studio) == before
    studio.store.fetch(candidate.release_id, tmp_path / "copy", candidate.manifest_sha256)
    assert json.loads(studio.place.read("candidate.json"))["release_id"] == candidate.release_id
    assert propose(studio, 1) == candidate
    assert studio.store.candidate_manifest() == studio.build(1)[1]


def test_nothing_waits_in_an_empty_store_and_nothing_can_be_decided(studio: Studio) -> None:
    assert studio.store.read_candidate() is None
    assert studio.store.candidate_manifest() is None
    release_id = studio.publish(1).release_id
    for decide in (studio.store.promote, studio.store.reject):
        with pytest.raises(ReleaseError, match=f"{release_id} does not wait; nothing waits for approval in"):
            decide(release_id, ANNA)
    assert studio.store.decisions.all() == {}


@pytest.mark.parametrize("already", [0, 1])
def test_an_approved_release_is_current_and_the_record_says_who_when_and_why(studio: Studio, already: int) -> None:
    before = studio.publish(5).release_id if already else None
    candidate = propose(studio, 1)
    decision = studio.store.promote(candidate.release_id, ANNA)
    now = studio.store.read_pointer().pointer
    assert (now.release_id, now.previous) == (candidate.release_id, before)
    assert now.manifest_sha256 == candidate.manifest_sha256
    assert studio.store.read_candidate() is None
    written = record(studio, candidate.release_id)
    assert written.pop("decided_at") == decision.decided_at.isoformat().replace("+00:00", "Z")
    assert written == {
        "release_id": candidate.release_id,
        "decision": "approved",
        "decided_by": "Anna",
        "note": "looks right",
        "previous": before,
        "dagster_run_id": "run-1",
    }
    assert studio.store.decisions.all() == {candidate.release_id: decision}


def test_approving_twice_says_who_approved_it(studio: Studio) -> None:
    candidate = propose(studio, 1)
    studio.store.promote(candidate.release_id, ANNA)
    token = studio.token()
    for decide in (studio.store.promote, studio.store.reject):
        with pytest.raises(ReleaseError, match=r"was approved by Anna on .* \(looks right\) already; nothing"):
            decide(candidate.release_id, BEN)
    assert studio.token() == token
    assert record(studio, candidate.release_id)["decided_by"] == "Anna"


def test_a_rejected_release_keeps_its_files_and_can_neither_be_approved_nor_rolled_to(studio: Studio) -> None:
    before = studio.publish(5)
    candidate = propose(studio, 1)
    files = studio.place.contents()
    studio.store.reject(candidate.release_id, ANNA)
    assert studio.place.contents() == files
    assert studio.store.read_candidate() is None
    assert record(studio, candidate.release_id)["decision"] == "rejected"
    with pytest.raises(ReleaseError, match="was rejected by Anna"):
        studio.store.promote(candidate.release_id, BEN)
    with pytest.raises(ReleaseError, match=r"was rejected by Anna .*roll to another release"):
        studio.store.rollback(candidate.release_id)
    with pytest.raises(ReleaseConflictError, match=r"was rejected by Anna .*new id"):
        propose(studio, 1)
    assert studio.store.read_pointer().pointer == before


@pytest.mark.parametrize("name", ["", "  "])
def test_nobody_approves_without_a_name(studio: Studio, name: str) -> None:
    candidate = propose(studio, 1)
    for decide in (studio.store.promote, studio.store.reject):
        with pytest.raises(ReleaseError, match="by name"):
            decide(candidate.release_id, Verdict(name))
    assert (current(studio), studio.store.read_candidate()) == (None, candidate)


def test_a_candidate_that_was_compared_with_another_release_is_not_approved(studio: Studio) -> None:
    first = studio.publish(5)
    candidate = propose(studio, 1)
    second = studio.publish(6)
    with pytest.raises(ReleaseConflictError) as raised:
        studio.store.promote(candidate.release_id, ANNA)
    assert f"compared with {first.release_id}, but {second.release_id} is current now" in str(raised.value)
    assert "keyword_changes" in str(raised.value)
    assert (studio.store.read_pointer().pointer, studio.store.read_candidate()) == (second, candidate)
    assert studio.store.decisions.all() == {}
    studio.store.rollback(first.release_id)
    studio.store.promote(candidate.release_id, ANNA)
    assert current(studio) == candidate.release_id


def test_a_comparison_that_is_out_of_date_is_not_even_proposed(studio: Studio) -> None:
    first, second = studio.publish(5), studio.publish(6)
    with pytest.raises(ReleaseConflictError, match=f"{second.release_id} is current now"):
        studio.store.propose(*studio.build(1), first.release_id)
    assert studio.store.read_candidate() is None


def test_a_newer_candidate_supersedes_the_older(studio: Studio) -> None:
    before = studio.publish(5)
    older, newer = propose(studio, 1), propose(studio, 2)
    assert studio.store.read_candidate() == newer
    found = record(studio, older.release_id)
    assert (found["decision"], found["decided_by"]) == ("superseded", None)
    assert found["note"] == f"by release {newer.release_id}"
    with pytest.raises(ReleaseError, match=f"was superseded .*{newer.release_id} waits for approval in"):
        studio.store.promote(older.release_id, ANNA)
    with pytest.raises(ReleaseError, match="was superseded"):
        studio.store.rollback(older.release_id)
    with pytest.raises(ReleaseError, match="waits for approval: approve it"):
        studio.store.rollback(newer.release_id)
    assert studio.store.read_pointer().pointer == before
    studio.store.promote(newer.release_id, ANNA)
    assert studio.store.rollback().release_id == before.release_id
    assert studio.store.rollback().release_id == newer.release_id


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("image_encoder.onnx", r"image_encoder\.onnx has 9 bytes"),
        ("manifest.json", "is damaged"),
    ],
)
def test_only_a_complete_release_can_be_approved(studio: Studio, name: str, said: str) -> None:
    before = studio.publish(5)
    candidate = propose(studio, 1)
    studio.place.write(f"releases/{candidate.release_id}/{name}", b"cut short")
    with pytest.raises(ReleaseError, match=said):
        studio.store.promote(candidate.release_id, ANNA)
    assert (studio.store.read_pointer().pointer, studio.store.read_candidate()) == (before, candidate)
    assert studio.store.decisions.all() == {}


def test_a_manifest_that_was_exchanged_is_not_approved(studio: Studio) -> None:
    candidate = propose(studio, 1)
    key = f"releases/{candidate.release_id}/manifest.json"
    studio.place.write(key, studio.place.read(key).replace(b"1.5", b"2.5"))
    with pytest.raises(ReleaseError, match="not the one that was proposed"):
        studio.store.promote(candidate.release_id, ANNA)
    assert current(studio) is None


def test_a_damaged_candidate_is_one_line_with_a_cure_that_works(studio: Studio) -> None:
    studio.publish(5)
    studio.place.write("candidate.json", b"{")
    with pytest.raises(ReleaseError, match=r"candidate\.json is damaged .*materialize model_release again"):
        studio.store.read_candidate()
    candidate = propose(studio, 1)
    assert studio.store.read_candidate() == candidate


def test_a_damaged_record_is_one_line_and_decides_nothing(studio: Studio) -> None:
    candidate = propose(studio, 1)
    studio.place.write(f"approvals/{candidate.release_id}.json", b"{")
    with pytest.raises(ReleaseError, match=rf"approvals/{candidate.release_id}\.json is damaged .*restore it"):
        studio.store.promote(candidate.release_id, ANNA)
    assert current(studio) is None


class Cut(Exception):
    """The process died here."""


def cut_before(studio: Studio, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Let the store die before it next writes this object."""
    swap = studio.store._objects.swap

    def dying(name: str, data: bytes, expected: str | None) -> bool:
        if name.startswith(key):
            raise Cut
        return swap(name, data, expected)

    monkeypatch.setattr(studio.store._objects, "swap", dying)


@pytest.mark.parametrize("step", ["approvals/", "latest.json", "candidate.json"])
def test_an_approval_cut_short_anywhere_is_finished_by_repeating_it(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = studio.publish(5)
    candidate = propose(studio, 1)
    with monkeypatch.context() as patch:
        cut_before(studio, patch, step)
        with pytest.raises(Cut):
            studio.store.promote(candidate.release_id, ANNA)
    assert studio.store.read_candidate() == candidate
    if step != "approvals/":
        with pytest.raises(ReleaseConflictError, match=r"was approved by Anna|approve it again"):
            studio.store.reject(candidate.release_id, BEN)
    studio.store.promote(candidate.release_id, BEN)
    now = studio.store.read_pointer().pointer
    assert (now.release_id, now.previous) == (candidate.release_id, before.release_id)
    assert studio.store.read_candidate() is None
    decider = "Ben" if step == "approvals/" else "Anna"
    assert record(studio, candidate.release_id)["decided_by"] == decider


def test_a_candidate_whose_approval_was_cut_short_is_not_superseded(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = propose(studio, 1)
    with monkeypatch.context() as patch:
        cut_before(studio, patch, "candidate.json")
        with pytest.raises(Cut):
            studio.store.promote(candidate.release_id, ANNA)
    newer = propose(studio, 2)
    assert newer.previous == candidate.release_id
    assert record(studio, candidate.release_id)["decision"] == "approved"


def test_an_approval_that_is_overtaken_moves_nothing_and_says_so(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = studio.publish(5)
    candidate = propose(studio, 1)
    slow = studio.place.open()
    swap = slow._objects.swap

    def overtaken(key: str, data: bytes, expected: str | None) -> bool:
        if key == "latest.json":
            studio.publish(6)
        return swap(key, data, expected)

    monkeypatch.setattr(slow._objects, "swap", overtaken)
    winner = studio.build(6)[1].release_id
    with pytest.raises(ReleaseConflictError, match=f"{winner} became current.*approve the new candidate"):
        slow.promote(candidate.release_id, ANNA)
    assert current(studio) == winner
    assert record(studio, candidate.release_id)["decision"] == "overtaken"
    with pytest.raises(ReleaseError, match="waits for approval"):
        studio.store.rollback(candidate.release_id)
    studio.store.rollback(before.release_id)
    studio.store.promote(candidate.release_id, BEN)
    assert (current(studio), record(studio, candidate.release_id)["decided_by"]) == (candidate.release_id, "Ben")


def test_an_approval_that_somebody_else_finishes_meanwhile_went_well(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower one took the other's write for a stranger's, and marked the release as overtaken."""
    candidate = propose(studio, 1)
    slow = studio.place.open()
    swap = slow._objects.swap

    def helped(key: str, data: bytes, expected: str | None) -> bool:
        if key == "latest.json":
            studio.store.promote(candidate.release_id, BEN)
        return swap(key, data, expected)

    monkeypatch.setattr(slow._objects, "swap", helped)
    assert slow.promote(candidate.release_id, ANNA).decided_by == "Anna"
    assert current(studio) == candidate.release_id
    assert record(studio, candidate.release_id)["decision"] == "approved"


def test_of_an_approval_and_a_rejection_at_once_exactly_one_counts(studio: Studio) -> None:
    before = studio.publish(5)
    candidate = propose(studio, 1)
    stores = [studio.place.open() for _ in range(4)]
    calls = [store.promote if number % 2 else store.reject for number, store in enumerate(stores)]

    def decide(call: Callable[[str, Verdict], Decision], verdict: Verdict) -> str:
        try:
            return call(candidate.release_id, verdict).decision
        except ReleaseError:
            return "refused"

    with ThreadPoolExecutor(len(calls)) as pool:
        verdicts = [Verdict(f"person {number}") for number in range(len(calls))]
        answers = set(pool.map(decide, calls, verdicts))
    decided = record(studio, candidate.release_id)["decision"]
    assert answers - {"refused"} == {decided}
    assert current(studio) == (candidate.release_id if decided == "approved" else before.release_id)
    assert studio.store.read_candidate() is None
