"""MLflow's registry over a real SQLite store: a version per release, aliases that follow the release store."""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from mlflow import MlflowClient

from recipe_assets.model.tracking import CANDIDATE, CHAMPION, MODEL, ModelRegistry, RegistryError
from recipe_assets.release.decisions import Verdict
from recipe_assets.release.manifest import Manifest, decode_manifest
from recipe_assets.release.store import ReleaseStore, open_store
from tests.release import factory

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")
EXPERIMENT = "recipe-classifier"


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without anything in it; making one takes seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


class Tracking:
    """An MLflow store with one finished training, a release store, and releases of that training."""

    def __init__(self, root: Path, database: Path) -> None:
        self.root = root
        shutil.copyfile(database, root / "mlflow.db")
        self.uri = f"sqlite:///{root}/mlflow.db"
        self.client = MlflowClient(self.uri, self.uri)
        self.registry = ModelRegistry(self.uri, EXPERIMENT, (root / "artifacts").as_uri())
        self.store: ReleaseStore = open_store(str(root / "store"))
        self.experiment = self.client.create_experiment("training", (root / "artifacts").as_uri())
        self.run_id = self.client.create_run(self.experiment).info.run_id
        self.client.set_terminated(self.run_id, "FINISHED")

    def build(self, number: int) -> tuple[Path, Manifest]:
        folder = self.root / f"built-{number}"
        manifest = factory.build(folder, number, bias=float(number))
        (folder / "MODEL_CARD.md").write_text("# Card\n")
        return folder, msgspec.structs.replace(manifest, mlflow_run_id=self.run_id)

    def publish(self, number: int) -> str:
        folder, manifest = self.build(number)
        current = self.store.read_pointer()
        self.store.publish(folder, manifest, current.token if current else None)
        self.registry.register(manifest, folder, self.store.store_url)
        return manifest.release_id

    def propose(self, number: int) -> str:
        folder, manifest = self.build(number)
        current = self.store.read_pointer()
        self.store.propose(folder, manifest, current.pointer.release_id if current else None)
        self.registry.register(manifest, folder, self.store.store_url)
        return manifest.release_id

    def aliases(self) -> dict[str, str]:
        """Alias to release id, after letting them follow the store."""
        self.registry.follow(self.store)
        found = self.client.get_registered_model(MODEL).aliases
        return {alias: self.version(str(number)).tags["release_id"] for alias, number in found.items()}

    def version(self, number: str) -> object:
        return self.client.get_model_version(MODEL, number)


@pytest.fixture
def tracking(tmp_path: Path, empty_database: Path) -> Tracking:
    return Tracking(tmp_path, empty_database)


def test_a_release_becomes_a_version_of_the_run_that_trained_it(tracking: Tracking) -> None:
    folder, manifest = tracking.build(1)
    found = tracking.registry.register(manifest, folder, "file:///releases")
    version = tracking.version(found.version)
    assert (found.run_id, version.run_id) == (tracking.run_id, tracking.run_id)
    assert version.tags == {
        "release_id": manifest.release_id,
        "store": "file:///releases",
        "data_fingerprint": manifest.data_fingerprint,
        "macro_accuracy": "0.9000",
    }
    assert version.source == f"runs:/{tracking.run_id}/release/{manifest.release_id}"
    assert (found.run_url, found.version_url) == (None, None)
    run = tracking.client.get_run(tracking.run_id)
    assert (run.info.status, run.data.tags["release_id"]) == ("FINISHED", manifest.release_id)


def test_the_version_holds_manifest_card_picture_and_checkpoint_but_not_the_graph(
    tracking: Tracking, tmp_path: Path
) -> None:
    folder, manifest = tracking.build(1)
    tracking.registry.register(manifest, folder, "file:///releases")
    place = f"release/{manifest.release_id}"
    copy = Path(tracking.client.download_artifacts(tracking.run_id, place, str(tmp_path)))
    names = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert names == {
        "manifest.json", "MODEL_CARD.md", "confusion_matrix.png", "checkpoint/config.json",
        "checkpoint/model.safetensors",
    }  # fmt: skip
    assert decode_manifest((copy / "manifest.json").read_bytes()) == manifest


def test_registering_twice_gives_the_same_version(tracking: Tracking) -> None:
    folder, manifest = tracking.build(1)
    first = tracking.registry.register(manifest, folder, "file:///releases")
    assert tracking.registry.register(manifest, folder, "file:///releases") == first
    assert len(tracking.client.search_model_versions(f"name='{MODEL}'")) == 1


@pytest.mark.parametrize("run_id", [None, "0" * 32])
def test_a_training_that_mlflow_does_not_know_gets_a_run_for_its_release(
    tracking: Tracking, run_id: str | None
) -> None:
    folder, manifest = tracking.build(1)
    manifest = msgspec.structs.replace(manifest, mlflow_run_id=run_id)
    found = tracking.registry.register(manifest, folder, "file:///releases")
    run = tracking.client.get_run(found.run_id)
    assert (run.info.run_name, run.info.status) == (manifest.release_id, "FINISHED")
    assert run.data.metrics == {"macro_accuracy": manifest.metrics.macro_accuracy}
    assert tracking.client.get_experiment(run.info.experiment_id).name == EXPERIMENT


@pytest.mark.parametrize("known", [True, False])
def test_a_run_is_closed_also_when_its_files_cannot_be_logged(tracking: Tracking, known: bool) -> None:
    folder, manifest = tracking.build(1)
    manifest = manifest if known else msgspec.structs.replace(manifest, mlflow_run_id=None)
    shutil.rmtree(tracking.root / "artifacts", ignore_errors=True)
    (tracking.root / "artifacts").write_text("a file where the folder was")
    with pytest.raises(RegistryError, match="RECIPE_MLFLOW_URI"):
        tracking.registry.register(manifest, folder, "file:///releases")
    runs = tracking.client.search_runs([one.experiment_id for one in tracking.client.search_experiments()])
    expected = {"FINISHED"} if known else {"FINISHED", "FAILED"}
    assert {run.info.status for run in runs} == expected
    assert tracking.client.search_model_versions(f"name='{MODEL}'") == []


def test_the_champion_is_what_is_current_also_after_a_roll_back(tracking: Tracking) -> None:
    first = tracking.publish(1)
    assert tracking.aliases() == {CHAMPION: first}
    second = tracking.publish(2)
    assert tracking.aliases() == {CHAMPION: second}
    tracking.store.rollback()
    assert tracking.aliases() == {CHAMPION: first}


def test_an_approved_candidate_becomes_the_champion_and_carries_the_decision(tracking: Tracking) -> None:
    first = tracking.publish(1)
    second = tracking.propose(2)
    assert tracking.aliases() == {CHAMPION: first, CANDIDATE: second}
    tracking.store.promote(second, Verdict("Anna", "good"))
    assert tracking.aliases() == {CHAMPION: second}
    assert tracking.version("2").tags["decision"].startswith("approved by Anna on ")


@pytest.mark.parametrize(
    ("decide", "said"),
    [
        (lambda tracking, release_id: tracking.store.reject(release_id, Verdict("Ben")), "rejected by Ben on "),
        (lambda tracking, _: tracking.propose(3), "superseded on "),
    ],
)
def test_a_candidate_that_is_turned_down_or_superseded_loses_its_alias_and_says_why(
    tracking: Tracking, decide: Callable[[Tracking, str], object], said: str
) -> None:
    first, second = tracking.publish(1), tracking.propose(2)
    assert tracking.aliases() == {CHAMPION: first, CANDIDATE: second}
    decide(tracking, second)
    assert second not in tracking.aliases().values()
    assert tracking.version("2").tags["decision"].startswith(said)


def test_an_alias_never_stays_on_a_release_that_is_not_current(tracking: Tracking) -> None:
    """The current release was published while MLflow was away: no version is better than a wrong one."""
    tracking.publish(1)
    tracking.aliases()
    folder, manifest = tracking.build(2)
    tracking.store.publish(folder, manifest, tracking.store.read_pointer().token)
    assert tracking.aliases() == {}


def test_following_makes_no_database_where_there_is_none(tmp_path: Path) -> None:
    registry = ModelRegistry(f"sqlite:///{tmp_path}/none.db", EXPERIMENT)
    registry.follow(open_store(str(tmp_path / "store")))
    assert not (tmp_path / "none.db").exists()


def test_an_mlflow_that_is_away_is_one_line_that_names_the_setting(
    tracking: Tracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    folder, manifest = tracking.build(1)
    registry = ModelRegistry("http://127.0.0.1:9", EXPERIMENT)
    for call in (
        lambda: registry.register(manifest, folder, "file:///releases"),
        lambda: registry.follow(tracking.store),
    ):
        with pytest.raises(
            RegistryError, match=r"^MLflow at http://127\.0\.0\.1:9 cannot .*RECIPE_MLFLOW_URI"
        ) as raised:
            call()
        assert "\n" not in str(raised.value)
