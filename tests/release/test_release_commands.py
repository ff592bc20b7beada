"""`recipe releases`: what people type, over a real store."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recipe_assets.cli import main
from recipe_assets.release.store import ReleaseStore, open_store
from tests.release import factory


class Desk:
    """A store with a current release and one that waits, and the command line on it."""

    def __init__(self, root: Path) -> None:
        self.store: ReleaseStore = open_store(str(root / "releases"))
        self.built = [root / str(number) for number in (1, 2)]
        first, second = (factory.build(folder, number) for number, folder in enumerate(self.built, 1))
        self.store.publish(self.built[0], first, None)
        self.store.propose(self.built[1], second, first.release_id)
        self.current, self.waiting = first.release_id, second.release_id

    def releases(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["releases", *arguments])

    def listed(self) -> list[str]:
        return self.releases("list").output.splitlines()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RECIPE_RELEASES", str(tmp_path / "releases"))
    monkeypatch.delenv("RECIPE_MLFLOW_URI", raising=False)
    return Desk(tmp_path)


def test_the_list_marks_what_is_current_and_what_waits(desk: Desk) -> None:
    assert desk.listed() == [
        f"* {desk.current}  macro accuracy 90.0 %",
        f"? {desk.waiting}  macro accuracy 90.0 %",
    ]


def test_approving_makes_it_current_and_the_list_says_who_did(desk: Desk) -> None:
    outcome = desk.releases("approve", desk.waiting, "--by", "Anna", "--note", "as expected")
    assert (outcome.exit_code, outcome.output.partition(":")[0]) == (0, f"{desk.waiting} is current")
    first, second = desk.listed()
    assert first == f"  {desk.current}  macro accuracy 90.0 %"
    assert second.startswith(f"* {desk.waiting}  macro accuracy 90.0 %  approved by Anna on ")
    assert second.endswith("UTC (as expected)")
    assert desk.releases("rollback").output == f"{desk.current} is current\n"


def test_rejecting_leaves_the_current_one(desk: Desk) -> None:
    assert desk.releases("reject", desk.waiting, "--by", "Ben").exit_code == 0
    assert desk.store.read_pointer().pointer.release_id == desk.current
    assert desk.listed()[1].startswith(f"  {desk.waiting}  macro accuracy 90.0 %  rejected by Ben on ")


@pytest.mark.parametrize("command", ["approve", "reject"])
def test_a_decision_needs_a_name_and_a_release_that_waits(desk: Desk, command: str) -> None:
    assert "Missing option '--by'" in desk.releases(command, desk.waiting).output
    wrong = desk.releases(command, desk.current, "--by", "Anna")
    assert wrong.exit_code == 1
    assert f"error: release {desk.current} does not wait; {desk.waiting} waits for approval in" in wrong.output
    nameless = desk.releases(command, desk.waiting, "--by", " ")
    assert (nameless.exit_code, "by name" in nameless.output) == (1, True)
    assert desk.store.read_candidate().release_id == desk.waiting


def test_mlflow_that_is_away_does_not_hold_an_approval_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECIPE_MLFLOW_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    outcome = desk.releases("approve", desk.waiting, "--by", "Anna")
    assert outcome.exit_code == 0
    assert "MLflow's aliases could not be moved" in outcome.output
    assert desk.store.read_pointer().pointer.release_id == desk.waiting
