"""Releases that wait for a person: the release assets as Dagster runs them, on a real model, store and MLflow."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import dagster as dg
import pandas as pd
import pytest
from dagster_aws.s3 import S3Resource
from mlflow import MlflowClient

from recipe_assets.defs.approval import current_release_is_approved, release_approval
from recipe_assets.defs.changes import COMPARED_WITH, keyword_changes
from recipe_assets.defs.changes import MODEL as MODEL_FOLDER
from recipe_assets.defs.io_managers import FolderIOManager, TableIOManager
from recipe_assets.defs.release import model_release, release_is_complete, served_model
from recipe_assets.defs.release_report import measures
from recipe_assets.defs.resources import ApiFleetResource, ReleaseStoreResource, StorageResource
from recipe_assets.defs.tracking import ModelRegistryResource, register
from recipe_assets.defs.wiring import wire_resources
from recipe_assets.errors import SettingsError
from recipe_assets.model.changes import no_changes
from recipe_assets.model.pipeline import evaluate, linear_probe, tune, zero_shot
from recipe_assets.model.strategies import TrainingConfig
from recipe_assets.model.tracking import CANDIDATE, CHAMPION, MODEL
from recipe_assets.release.predictor import Predictor
from tests.model.small_studio import small_studio
from tests.release import factory

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")
UPSTREAM = ("confusion_matrix", "zero_shot_baseline", "linear_probe_baseline", "splits")
OTHERS = [
    dg.AssetSpec("raw_images"),
    dg.AssetSpec("fine_tuned_model").with_io_manager_key("folders"),
    *(dg.AssetSpec(name).with_io_manager_key("io_manager") for name in UPSTREAM),
]
RELEASE = [keyword_changes, model_release, release_is_complete, served_model]
DECIDE = [release_approval, current_release_is_approved, served_model]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, untrained_checkpoint: Path) -> Path:
    """The stored tables and the model of a small studio, as all steps before the release leave them."""
    root = tmp_path_factory.mktemp("trained")
    inputs = small_studio(root, untrained_checkpoint)
    raw = inputs.tables.read("raw_images", "week").assign(tag="original", problem=None)
    inputs.tables.write(raw.astype({"problem": "string"}), "raw_images", "week")
    storage = StorageResource(root=str(inputs.tables.root))
    folder = storage.folders().new("fine_tuned_model", "run-1")
    tune(inputs, TrainingConfig(strategy="full", epochs=2, batch_size=12, learning_rate=2e-3), folder)
    storage.folders().record("fine_tuned_model", folder)
    tables = {
        "splits": inputs.splits,
        "confusion_matrix": evaluate(inputs.tables, inputs.splits, folder),
        "zero_shot_baseline": zero_shot(inputs),
        "linear_probe_baseline": linear_probe(inputs),
    }
    for name, found in tables.items():
        inputs.tables.write(found, name, None, {key: str(value) for key, value in found.attrs.items()})
    MlflowClient(f"sqlite:///{root}/mlflow.db").search_experiments()
    return root


class Graph:
    """The release assets with their resources, on a copy of what earlier runs left."""

    def __init__(self, root: Path, before: Path) -> None:
        self.root = root
        shutil.copytree(before, root, dirs_exist_ok=True)
        self.instance = dg.DagsterInstance.ephemeral()
        self.uri = f"sqlite:///{root}/mlflow.db"
        self.required = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.instance.dispose()

    @property
    def releases(self) -> ReleaseStoreResource:
        return ReleaseStoreResource(
            url=(self.root / "releases").as_uri(), s3=S3Resource(), needs_approval=self.required
        )

    @property
    def resources(self) -> Mapping[str, Any]:
        data = str(self.root / "tables")
        return {
            "io_manager": TableIOManager(root=data),
            "folders": FolderIOManager(root=data),
            "storage": StorageResource(root=data),
            "releases": self.releases,
            "apis": ApiFleetResource(urls=[]),
            "registry": self.registry,
        }

    @property
    def registry(self) -> ModelRegistryResource:
        return ModelRegistryResource(uri=self.uri, experiment="test", artifacts=(self.root / "runs").as_uri())

    def run(self, assets: list[Any], config: Mapping[str, str] | None = None) -> dg.ExecuteInProcessResult:
        selected = [asset for asset in assets if isinstance(asset, dg.AssetsDefinition)]
        checks = dg.AssetSelection.checks_for_assets(*selected)
        ops = {"release_approval": {"config": dict(config)}} if config else {}
        every = [*OTHERS, *RELEASE, release_approval, current_release_is_approved]
        return dg.materialize(
            every,
            selection=dg.AssetSelection.assets(*selected) | checks,
            resources=self.resources,
            instance=self.instance,
            run_config={"ops": ops},
            raise_on_error=False,
        )

    def release(self, *, approval: bool) -> str:
        """A release by the graph; its id."""
        self.required = approval
        result = self.run(RELEASE)
        assert result.success
        return str(self.told("model_release")["release_id"])

    def decide(self, **config: str) -> dg.ExecuteInProcessResult:
        return self.run(DECIDE, config)

    def told(self, asset: str) -> dict[str, Any]:
        """The metadata of the asset's latest materialization."""
        event = self.instance.get_latest_materialization_event(dg.AssetKey(asset))
        assert event is not None
        assert event.asset_materialization is not None
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}

    def served(self) -> str | None:
        event = self.instance.get_latest_materialization_event(served_model.key)
        return None if event is None else str(self.told("served_model")["release_id"])

    def current(self) -> str | None:
        found = self.releases.open().read_pointer()
        return found.pointer.release_id if found else None

    def waiting(self) -> str | None:
        found = self.releases.open().read_candidate()
        return found.release_id if found else None

    def aliases(self) -> dict[str, str]:
        client = MlflowClient(self.uri, self.uri)
        found = client.get_registered_model(MODEL).aliases.items()
        return {alias: client.get_model_version(MODEL, str(number)).tags["release_id"] for alias, number in found}


class State(NamedTuple):
    """What runs left behind, and what they said."""

    root: Path
    releases: tuple[str, ...]
    told: dict[str, Any]
    served: dict[str, Any]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, trained: Path) -> State:
    """After a first release without approval."""
    with Graph(tmp_path_factory.mktemp("published"), trained) as graph:
        release_id = graph.release(approval=False)
        return State(graph.root, (release_id,), graph.told("model_release"), graph.told("served_model"))


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory, published: State) -> State:
    """After a second release, which waits for approval."""
    with Graph(tmp_path_factory.mktemp("proposed"), published.root) as graph:
        both = (*published.releases, graph.release(approval=True))
        return State(graph.root, both, graph.told("model_release"), graph.told("served_model"))


@pytest.fixture
def graph(tmp_path: Path, trained: Path) -> Iterator[Graph]:
    with Graph(tmp_path, trained) as made:
        yield made


@pytest.fixture
def waiting(tmp_path: Path, proposed: State) -> Iterator[Graph]:
    with Graph(tmp_path, proposed.root) as made:
        yield made


def failure(result: dg.ExecuteInProcessResult) -> str:
    """What the failed step says to people."""
    (event,) = result.get_step_failure_events()
    assert event.step_failure_data.user_failure_data is not None
    return str(event.step_failure_data.user_failure_data.description)


def test_without_approval_a_release_is_current_served_and_champion(published: State, tmp_path: Path) -> None:
    (release_id,) = published.releases
    with Graph(tmp_path, published.root) as graph:
        assert (graph.current(), graph.waiting()) == (release_id, None)
        assert graph.aliases() == {CHAMPION: release_id}
    told = published.told
    assert (told["state"], told["before"], "what_to_do" in told) == ("current", "none", False)
    assert told["changes"] == "there is no release yet: nothing would change"
    assert told["model_card"].startswith("# ")
    assert published.served["release_id"] == release_id


def test_a_release_that_waits_shows_what_approvers_need_and_the_old_one_is_served(
    waiting: Graph, proposed: State
) -> None:
    (first, second), told = proposed.releases, proposed.told
    assert (waiting.current(), waiting.waiting()) == (first, second)
    assert (told["state"], told["before"]) == ("waits for approval", first)
    assert told["changes"].startswith("0 of 42 photos (0.0 %) would get another keyword")
    assert told["changed_photos"] == dg.AssetKey("keyword_changes")
    assert f"recipe releases approve {second} --by NAME" in told["what_to_do"]
    measured = {row.data["measure"]: row.data for row in told["measures"].records}
    assert measured["macro accuracy"]["difference"] == 0
    assert measured["macro accuracy"]["this release"] == round(told["macro_accuracy"], 4)
    assert (proposed.served["release_id"], proposed.served["waits_for_approval"]) == (first, second)
    assert waiting.aliases() == {CHAMPION: first, CANDIDATE: second}


def test_an_approval_in_the_ui_makes_it_current_served_and_champion_and_is_recorded(
    waiting: Graph, proposed: State
) -> None:
    first, second = proposed.releases
    result = waiting.decide(decision="approve", approved_by=" Anna ", note="fewer wrong pans")
    assert result.success
    assert (waiting.current(), waiting.waiting(), waiting.served()) == (second, None, second)
    assert waiting.aliases() == {CHAMPION: second}
    told = waiting.told("release_approval")
    assert {name: told[name] for name in ("release_id", "decision", "decided_by", "note", "release_before")} == {
        "release_id": second,
        "decision": "approved",
        "decided_by": "Anna",
        "note": "fewer wrong pans",
        "release_before": first,
    }
    decision = waiting.releases.open().decisions.read(second)
    assert decision.dagster_run_id == result.run_id
    assert decision.decided_at.timestamp() == pytest.approx(told["decided_at"])
    checks = {check.check_name: check.passed for check in result.get_asset_check_evaluations()}
    assert checks["current_release_is_approved"]


def test_a_rejection_in_the_ui_leaves_the_old_one_served(waiting: Graph, proposed: State) -> None:
    first, second = proposed.releases
    assert waiting.decide(decision="reject", approved_by="Ben", release_id=second).success
    assert (waiting.current(), waiting.waiting(), waiting.served()) == (first, None, first)
    assert waiting.told("release_approval")["decision"] == "rejected"
    assert waiting.aliases() == {CHAMPION: first}
    assert [manifest.release_id for manifest in waiting.releases.open().list_releases()] == [first, second]


def test_both_the_current_and_the_waiting_release_are_read_back(waiting: Graph, proposed: State) -> None:
    storage = StorageResource(root=str(waiting.root / "tables"))
    result = release_is_complete(releases=waiting.releases, storage=storage)
    assert result.metadata["read_back"].value == ", ".join(proposed.releases)
    for release_id in proposed.releases:
        assert Predictor.load(storage.scratch("released") / release_id).manifest.release_id == release_id


def test_a_release_that_became_current_meanwhile_is_not_replaced_unseen(waiting: Graph, proposed: State) -> None:
    """The changes were shown against the first release; another one was published by hand since."""
    other = factory.build(waiting.root / "made", 7)
    store = waiting.releases.open()
    store.publish(waiting.root / "made", other, store.read_pointer().token)
    said = failure(waiting.run([model_release]))
    assert f"compared with {proposed.releases[0]}, but {other.release_id} is current now" in said
    assert "keyword_changes" in said
    assert waiting.waiting() == proposed.releases[1]


def test_changes_of_another_model_are_not_shown_to_approvers(graph: Graph) -> None:
    """A model was trained anew, and model_release materialized alone: the changes were those of the old one."""
    tables = StorageResource(root=str(graph.root / "tables")).tables()
    tables.write(no_changes(), "keyword_changes", None, {COMPARED_WITH: "", MODEL_FOLDER: "run-0"})
    said = failure(graph.run([model_release]))
    assert "keyword_changes is of another model (run-0) than fine_tuned_model is now (run-1)" in said
    assert (graph.current(), graph.waiting()) == (None, None)


def test_while_the_first_release_waits_nothing_is_served_and_nothing_fails(graph: Graph) -> None:
    release_id = propose(graph)
    assert graph.run([served_model]).success
    assert graph.served() is None
    assert graph.decide(decision="approve", approved_by="Anna").success
    assert graph.served() == release_id


def test_without_any_release_serving_fails_and_says_what_to_do(graph: Graph) -> None:
    graph.required = False
    assert "materialize model_release first" in failure(graph.run([served_model]))


def propose(graph: Graph) -> str:
    """A candidate without the cost of a model."""
    manifest = factory.build(graph.root / "made")
    return graph.releases.open().propose(graph.root / "made", manifest, None).release_id


@pytest.mark.parametrize("config", [{}, {"release_id": "20200101T000000Z-00000000"}])
@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_deciding_about_nothing_is_one_line(graph: Graph, decision: str, config: dict[str, str]) -> None:
    said = failure(graph.decide(decision=decision, approved_by="Anna", **config))
    assert ("nothing waits for approval in" if config else "no release waits for approval in") in said


def test_a_decision_needs_a_name(graph: Graph) -> None:
    release_id = propose(graph)
    assert "by name" in failure(graph.decide(decision="approve", approved_by="  "))
    assert (graph.current(), graph.waiting()) == (None, release_id)


def test_an_mlflow_that_is_away_is_a_warning_and_no_failure(graph: Graph) -> None:
    (graph.root / "file").write_text("not a folder")
    graph.uri = f"sqlite:///{graph.root}/file/mlflow.db"
    manifest = factory.build(graph.root / "made")
    with dg.build_asset_context() as context:
        told = register(context.log, graph.registry, graph.releases.open(), manifest, graph.root / "made")
    assert "RECIPE_MLFLOW_URI" in str(told["mlflow"].value)


def test_a_current_release_that_nobody_approved_warns_where_approval_is_required(graph: Graph) -> None:
    assert current_release_is_approved(releases=graph.releases).passed
    manifest = factory.build(graph.root / "made")
    graph.releases.open().publish(graph.root / "made", manifest, None)
    result = current_release_is_approved(releases=graph.releases)
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert manifest.release_id in str(result.description)
    graph.required = False
    assert current_release_is_approved(releases=graph.releases).passed


def test_measures_of_an_older_release_that_lacks_some_are_left_empty(tmp_path: Path) -> None:
    new, old = factory.build(tmp_path / "1", 1), factory.build(tmp_path / "2", 2)
    found = measures(new, old).set_index("measure")
    assert found.loc["macro accuracy"].tolist() == [0.9, 0.9, 0.0]
    assert found.loc["test photos", "this release"] == 120
    assert pd.isna(found.loc["macro F1", "difference"])
    assert measures(new, None)["release before"].isna().all()


@pytest.mark.parametrize(("value", "required"), [(None, False), ("", False), ("none", False), ("required", True)])
def test_approval_is_a_setting(monkeypatch: pytest.MonkeyPatch, value: str | None, required: bool) -> None:
    monkeypatch.delenv("RECIPE_APPROVAL", raising=False)
    if value is not None:
        monkeypatch.setenv("RECIPE_APPROVAL", value)
    assert wire_resources()["releases"].needs_approval is required


@pytest.mark.parametrize("value", ["yes", "Required", "1"])
def test_another_value_is_one_line_that_names_the_setting(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("RECIPE_APPROVAL", value)
    with pytest.raises(SettingsError, match=f"RECIPE_APPROVAL is '{value}': set it to required or none"):
        wire_resources()
