"""A search that is killed, and MLflow's view of searches: on a real SQLite store, in processes that really die."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import torch

from recipe_assets.model.pipeline import TrainingInputs
from recipe_assets.model.search import Searched, SearchPlan, search
from tests.model.small_studio import small_studio

# MLflow asks SQLAlchemy for what that deprecates.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")
ROOT = Path(__file__).parents[2]
FIXED: dict[str, list[Any]] = {"weight_decay": [0.0], "label_smoothing": [0.0]}
PLAN = SearchPlan(trials=3, prune="none", sampler="random")
WANTED = {"full": FIXED | {"epochs": [6]}}
EXPERIMENT = "searches"

SEARCH = """
import sys, warnings
from pathlib import Path
import mlflow, torch
from tests.model import test_search_interrupted as tests
from tests.model.small_studio import small_studio

torch.set_num_threads(1)
tests.track(mlflow, sys.argv[3])
inputs = small_studio(Path(sys.argv[1]), Path(sys.argv[2]))
with mlflow.start_run(run_name="parent"):
    tests.run(inputs, Path(sys.argv[1]) / "search", mlflow, lambda line: print(line, flush=True))
"""


def track(mlflow: ModuleType, uri: str) -> None:
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment(EXPERIMENT)


def run(inputs: TrainingInputs, folder: Path, tracking: ModuleType | None = None, say: Any = print) -> Searched:  # noqa: ANN401 (as search takes it)
    return search(inputs, "base", ["full"], PLAN, folder, WANTED, tracking, say)


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """MLflow on a fresh database."""
    import mlflow

    torch.set_num_threads(1)
    root, before = tmp_path_factory.mktemp("mlflow"), mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{root}/mlflow.db")
    mlflow.create_experiment(EXPERIMENT, artifact_location=(root / "artifacts").as_uri())
    mlflow.set_experiment(EXPERIMENT)
    yield mlflow
    mlflow.set_tracking_uri(before)


def children(tracking: ModuleType, parent: str) -> list[Any]:
    """The runs below a run, oldest first."""
    return list(
        tracking.search_runs(
            filter_string=f"tags.mlflow.parentRunId = '{parent}'",
            order_by=["attributes.start_time"],
            output_format="list",
        )
    )


def test_a_killed_search_goes_on_where_it_was_and_ends_as_one_that_was_not(
    tmp_path: Path, untrained_checkpoint: Path, tracking: ModuleType
) -> None:
    """Killed while its second trial trains: the first is not repeated, the second is, and its run is closed."""
    root = tmp_path / "studio"
    kill_in_trial(2, [str(root), str(untrained_checkpoint), tracking.get_tracking_uri()])
    inputs, said = small_studio(root, untrained_checkpoint), []
    states = trial_states(root / "search" / "trials.db")
    assert states == ["COMPLETE", "RUNNING"]
    (dead,) = tracking.search_runs(filter_string="attributes.run_name = 'parent'", output_format="list")
    assert [child.info.status for child in children(tracking, dead.info.run_id)] == ["FINISHED", "RUNNING"]

    with tracking.start_run(run_name="second parent") as parent:
        resumed = run(inputs, root / "search", tracking, said.append)
    assert said[:2] == [
        "a trial was interrupted: it is tried again when its search goes on",
        "full: 1 of 3 trials are done already",
    ]
    assert [line.partition(":")[0] for line in said[2:]] == ["full 2 of 3", "full 3 of 3"]
    assert trial_states(root / "search" / "trials.db") == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    whole = run(inputs, tmp_path / "whole")
    left_out = ["seconds", "mlflow_run_id"]
    pd.testing.assert_frame_equal(resumed.trials.drop(columns=left_out), whole.trials.drop(columns=left_out))
    assert [child.info.status for child in children(tracking, dead.info.run_id)] == ["FINISHED", "KILLED"]
    assert len(children(tracking, parent.info.run_id)) == 2


def kill_in_trial(number: int, arguments: list[str]) -> None:
    """Kill the search without warning as soon as this trial has an epoch behind it."""
    command = [sys.executable, "-W", "ignore", "-c", SEARCH, *arguments]
    database = Path(arguments[0]) / "search" / "trials.db"
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None:
            if database.is_file() and number in epochs_of_trials(database):
                process.kill()
                return
            time.sleep(0.01)
        assert process.stderr is not None
        raise AssertionError(f"the search ended before it was killed: {process.stderr.read()[-2000:]}")


def epochs_of_trials(database: Path) -> set[int]:
    """The trials, counted from 1, that reported an epoch."""
    query = "SELECT DISTINCT number FROM trials JOIN trial_intermediate_values USING (trial_id)"
    return {number + 1 for (number,) in rows(database, query)}


def trial_states(database: Path) -> list[str]:
    return [state for (state,) in rows(database, "SELECT state FROM trials ORDER BY number")]


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(database, timeout=20)
    try:
        return connection.execute(query).fetchall()
    except sqlite3.OperationalError:  # its tables are being made
        return []
    finally:
        connection.close()


def test_each_trial_is_a_closed_child_run_with_its_settings_and_epochs(
    tmp_path: Path, untrained_checkpoint: Path, tracking: ModuleType
) -> None:
    inputs = small_studio(tmp_path / "studio", untrained_checkpoint)
    # Mixed weights would have a loss of their own, which no epoch had.
    settings = FIXED | {"wise_ft": [False], "epochs": [3], "learning_rate": [1e-3, 1e-7, 1e30]}
    rates = {"full": settings}
    plan = SearchPlan(sampler="grid", trials=3, prune="halving")
    with tracking.start_run() as parent:
        trials = search(inputs, "base", ["full"], plan, tmp_path / "search", rates, tracking).trials
        assert tracking.active_run().info.run_id == parent.info.run_id
    assert trials["state"].tolist() == ["complete", "pruned", "failed"]
    runs = children(tracking, parent.info.run_id)
    assert [child.info.status for child in runs] == ["FINISHED", "KILLED", "FAILED"]
    assert [child.info.run_name for child in runs] == ["full 1", "full 2", "full 3"]
    assert [child.info.run_id for child in runs] == trials["mlflow_run_id"].tolist()
    assert [float(child.data.params["learning_rate"]) for child in runs] == [1e-3, 1e-7, 1e30]
    assert all(child.data.params["epochs"] == "3" and child.info.end_time for child in runs)
    assert not any("dagster_run_id" in child.data.tags for child in runs)
    client = tracking.MlflowClient()
    losses = [client.get_metric_history(child.info.run_id, "val_loss") for child in runs]
    assert [[point.step for point in points] for points in losses] == [[1, 2, 3], [1, 2], []]
    assert min(point.value for point in losses[0]) == pytest.approx(trials["val_loss"][0])
    assert runs[0].data.metrics["trial_macro_loss"] == pytest.approx(trials["val_macro_loss"][0])
    assert client.get_run(parent.info.run_id).info.status == "FINISHED"


def test_a_search_that_is_stopped_by_hand_closes_its_run_and_leaves_the_trial_to_be_tried_again(
    tmp_path: Path, untrained_checkpoint: Path, tracking: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recipe_assets.model import search_trials

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    inputs = small_studio(tmp_path / "studio", untrained_checkpoint)
    with tracking.start_run() as parent, monkeypatch.context() as patch:
        patch.setattr(search_trials, "fit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(inputs, tmp_path / "search", tracking)
    assert [child.info.status for child in children(tracking, parent.info.run_id)] == ["KILLED"]
    assert run(inputs, tmp_path / "search").trials["state"].tolist() == ["complete"] * 3
