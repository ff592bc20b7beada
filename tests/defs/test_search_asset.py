"""The search as people run it in the UI: by configuration, with MLflow, checks, and a table for fine-tuning."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from recipe_assets.defs.io_managers import TableIOManager
from recipe_assets.defs.resources import BaseCheckpointResource, StorageResource, VocabularyResource
from recipe_assets.defs.search import (
    SearchConfig,
    hyperparameter_search,
    most_trials_succeed,
    winner_is_inside_the_space,
)
from recipe_assets.defs.tracking import mlflow_run
from recipe_assets.storage import TableStore
from tests.model.small_studio import small_studio

# MLflow asks SQLAlchemy for what that deprecates, and dagster-mlflow asks Dagster.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning"),
    pytest.mark.filterwarnings("ignore:InitResourceContext.run_id is deprecated:DeprecationWarning"),
]
SPACE = {"linear_probe": {"learning_rate": [1e-4, 1e-3, 1e-2], "weight_decay": [0.0], "label_smoothing": [0.0]}}
SEARCH = {"sampler": "grid", "trials": 3, "strategies": ["linear_probe"], "space": SPACE}


@dataclass(frozen=True)
class Graph:
    """The search and its checks on a small studio, with MLflow on a database of its own."""

    root: Path
    resources: dict[str, Any]

    @property
    def tables(self) -> TableStore:
        return TableStore(self.root / "tables")

    def run(self, **config: object) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [dg.AssetSpec("splits"), hyperparameter_search, most_trials_succeed, winner_is_inside_the_space],
            resources=self.resources,
            run_config={"ops": {"hyperparameter_search": {"config": config}}},
            raise_on_error=False,
        )

    def tracked(self, dagster_run_id: str) -> tuple[Any, list[Any]]:
        """The MLflow run of a Dagster run, and those below it."""
        import mlflow

        mlflow.set_tracking_uri(f"sqlite:///{self.root}/mlflow.db")
        where = {"search_all_experiments": True, "output_format": "list"}
        (parent,) = mlflow.search_runs(filter_string=f"tags.dagster_run_id = '{dagster_run_id}'", **where)
        below = f"tags.mlflow.parentRunId = '{parent.info.run_id}'"
        return parent, list(mlflow.search_runs(filter_string=below, **where))


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory, untrained_checkpoint: Path) -> Iterator[Graph]:
    import mlflow

    root, before = tmp_path_factory.mktemp("graph"), mlflow.get_tracking_uri()
    inputs = small_studio(root, untrained_checkpoint)
    inputs.tables.write(inputs.splits, "splits")
    tracking = {
        "experiment_name": "searches",
        "mlflow_tracking_uri": f"sqlite:///{root}/mlflow.db",
        "artifacts": (root / "artifacts").as_uri(),
    }
    tables = str(inputs.tables.root)
    yield Graph(
        root,
        {
            "storage": StorageResource(root=tables),
            "io_manager": TableIOManager(root=tables),
            "base": BaseCheckpointResource(name=str(untrained_checkpoint)),
            "vocabulary": VocabularyResource(path=str(root / "vocabulary.yaml")),
            "mlflow": mlflow_run.configured(tracking),
        },
    )
    mlflow.set_tracking_uri(before)


@pytest.fixture(scope="module")
def searched(graph: Graph) -> dg.ExecuteInProcessResult:
    result = graph.run(**SEARCH)
    assert result.success
    return result


def test_the_winner_is_stored_for_fine_tuning_and_shown_with_how_it_came_about(
    graph: Graph, searched: dg.ExecuteInProcessResult
) -> None:
    from recipe_assets.model.search import best_config

    config = best_config(graph.tables.read("hyperparameter_search"))
    (shown,) = searched.asset_materializations_for_node("hyperparameter_search")
    metadata = {name: value.value for name, value in shown.metadata.items()}
    assert config.learning_rate in SPACE["linear_probe"]["learning_rate"]
    assert metadata["configuration"]["learning_rate"] == config.learning_rate
    assert metadata["strategy"] == config.strategy == "linear_probe"
    assert metadata["trials"] == {"complete": 3, "pruned": 0, "failed": 0}
    assert metadata["not_tried_for_want_of_time"] == {}
    picture = base64.b64decode(metadata["summary"].partition("base64,")[2].removesuffix(")"))
    assert picture.startswith(b"\x89PNG")
    losses = [record.data["val_macro_loss"] for record in metadata["all_trials"].records]
    assert losses == sorted(losses)
    attributes = graph.tables.attributes("hyperparameter_search")
    assert attributes is not None
    assert set(attributes) == {"data_fingerprint", "base"}


def test_each_trial_is_a_run_below_the_steps_own(graph: Graph, searched: dg.ExecuteInProcessResult) -> None:
    parent, trials = graph.tracked(searched.run_id)
    assert parent.info.status == "FINISHED"
    assert parent.data.params["search_sampler"] == "grid"
    assert parent.data.metrics["val_macro_loss"] == min(run.data.metrics["trial_macro_loss"] for run in trials)
    assert [run.info.status for run in trials] == ["FINISHED"] * 3
    (shown,) = searched.asset_materializations_for_node("hyperparameter_search")
    assert shown.metadata["mlflow_run_id"].value == parent.info.run_id


def test_the_checks_are_evaluated_with_it(searched: dg.ExecuteInProcessResult) -> None:
    found = {check.check_name: check for check in searched.get_asset_check_evaluations()}
    assert set(found) == {"most_trials_succeed", "winner_is_inside_the_space"}
    assert found["most_trials_succeed"].passed
    assert not any(check.blocking for check in found.values())


def test_a_search_that_makes_no_sense_fails_with_one_line_and_closes_its_run(graph: Graph) -> None:
    result = graph.run(**(SEARCH | {"strategies": ["linear_prob"], "space": {}}))
    assert not result.success
    (failed,) = (event for event in result.all_events if event.is_step_failure)
    failure = failed.step_failure_data.user_failure_data
    assert failure is not None
    assert str(failure.description).startswith("there is no strategy 'linear_prob': choose from")
    parent, trials = graph.tracked(result.run_id)
    assert (parent.info.status, trials) == ("FAILED", [])


def test_a_setting_that_does_not_exist_is_refused_before_the_run(graph: Graph) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match="lerning_rate"):
        graph.run(**(SEARCH | {"space": {"full": {"lerning_rate": [1e-3]}}}))


def test_the_default_search_is_one_that_can_be_run() -> None:
    from recipe_assets.model.search import SearchPlan
    from recipe_assets.model.search_space import ORDER

    config = SearchConfig(timeout_minutes=90)
    plan = SearchPlan(**config.plan())
    assert (plan.sampler, plan.prune, plan.seconds) == ("tpe", "median", 5400)
    assert list(config.strategies) == [name for name in ORDER if name != "zero_shot"]
    assert config.wanted() == {}
    assert SearchConfig(space=SPACE).wanted() == SPACE


def trials(states: list[str], rates: list[float]) -> pd.DataFrame:
    """Trials of one strategy, the first of them the best."""
    return pd.DataFrame(
        {
            "number": range(len(states)),
            "strategy": "full",
            "state": states,
            "val_macro_loss": range(len(states)),
            "error": [f"memory ran out {n}" if state == "failed" else None for n, state in enumerate(states)],
            "settings": [json.dumps({"learning_rate": rate}) for rate in rates],
        }
    )


@pytest.mark.parametrize(("failed", "passed"), [(0, True), (1, True), (2, False)])
def test_many_failed_trials_are_a_warning_with_the_last_reason(failed: int, passed: bool) -> None:
    states = ["complete"] * (5 - failed) + ["failed"] * failed
    result = most_trials_succeed(trials(states, [1e-3] * 5))
    assert isinstance(result, dg.AssetCheckResult)
    assert result.passed is passed
    assert result.severity == dg.AssetCheckSeverity.WARN
    assert ("memory ran out 4" in str(result.description)) == bool(failed)


@pytest.mark.parametrize(("rates", "passed"), [([2e-4, 1e-4, 1e-3], True), ([1e-3, 1e-4, 2e-4], False)])
def test_a_winner_at_the_end_of_its_range_is_a_warning(rates: list[float], passed: bool) -> None:
    result = winner_is_inside_the_space(trials(["complete"] * 3, rates))
    assert isinstance(result, dg.AssetCheckResult)
    assert result.passed is passed
    assert result.severity == dg.AssetCheckSeverity.WARN
