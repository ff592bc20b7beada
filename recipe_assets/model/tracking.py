"""Releases in MLflow's model registry: a model version per release, and aliases that say which of them is current.

The release store decides; the registry follows it. Runs that the versions belong to are `release_runs`' subject.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from recipe_assets.errors import RecipeError
from recipe_assets.model.release_runs import log_release
from recipe_assets.release.decisions import Decision
from recipe_assets.release.manifest import Manifest
from recipe_assets.release.store import ReleaseStore

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

MODEL = "recipe-classifier"
EXPERIMENT = MODEL
"""Trainings are tracked under the same name."""
CHAMPION, CANDIDATE = "champion", "candidate"


class RegistryError(RecipeError):
    """MLflow's registry cannot be used."""


class Registered(NamedTuple):
    """A release as MLflow knows it; the links are None where MLflow is a database without a server."""

    version: str
    run_id: str
    run_url: str | None
    version_url: str | None


class ModelRegistry:
    """The registered model "recipe-classifier" of one MLflow store."""

    def __init__(self, uri: str, experiment: str, artifacts: str | None = None) -> None:
        """Nothing is opened yet.

        Args:
            uri: MLflow's tracking and registry URI.
            experiment: where a run is made for a release whose training run this store does not have.
            artifacts: where that experiment keeps its files, if it has to be created.
        """
        self.uri = uri
        self._experiment, self._artifacts = experiment, artifacts

    def register(self, manifest: Manifest, folder: Path, store_url: str) -> Registered:
        """Make a release a model version of the run that trained it; doing it again changes nothing.

        Manifest, model card, pictures and checkpoint become artifacts of that run. The run itself is not opened
        again, so that nothing can leave it running.

        Args:
            manifest: of the release.
            folder: its files.
            store_url: where it is published.

        Raises:
            RegistryError: if MLflow cannot be reached or refuses.
        """
        with self._client() as client:
            version = _version_of(client, manifest.release_id)
            if version is None:
                _require_model(client)
                version = self._create_version(client, manifest, folder, store_url)
            return self._registered(client, version)

    def follow(self, store: ReleaseStore) -> None:
        """Let the aliases name what the store says: `champion` is current, `candidate` waits for approval.

        A release that no longer waits gets the decision about it as a tag of its version.

        Raises:
            RegistryError: if MLflow cannot be reached or refuses.
            ReleaseError: if the store cannot be read.
        """
        if self._is_empty():
            return
        current, candidate = store.read_pointer(), store.read_candidate()
        champion = current.pointer.release_id if current else None
        waiting = candidate.release_id if candidate else None
        with self._client() as client:
            if not client.search_registered_models(f"name='{MODEL}'"):
                return
            former = _release_at(client, CANDIDATE)
            _point(client, CHAMPION, champion)
            _point(client, CANDIDATE, waiting)
            if former is not None and former != waiting:
                _note(client, former, store.decisions.read(former))

    def _is_empty(self) -> bool:
        """Whether this is a database file that does not exist yet: MLflow would create it, and take seconds."""
        path = self.uri.removeprefix("sqlite:///")
        return path != self.uri and not Path(path).is_file()

    @contextmanager
    def _client(self) -> Iterator["MlflowClient"]:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        try:
            yield MlflowClient(self.uri, self.uri)
        except (MlflowException, OSError) as error:
            reason = " ".join(str(error).split())[:300]
            raise RegistryError(
                f"MLflow at {self.uri} cannot be used ({reason}): check RECIPE_MLFLOW_URI; the release store is "
                "not touched by this"
            ) from error

    def _create_version(
        self, client: "MlflowClient", manifest: Manifest, folder: Path, store_url: str
    ) -> "ModelVersion":
        run_id, source = log_release(client, manifest, folder, self._experiment, self._artifacts)
        tags = {
            "release_id": manifest.release_id,
            "store": store_url,
            "data_fingerprint": manifest.data_fingerprint,
            "macro_accuracy": f"{manifest.metrics.macro_accuracy:.4f}",
        }
        return client.create_model_version(MODEL, source, run_id, tags=tags)

    def _registered(self, client: "MlflowClient", version: "ModelVersion") -> Registered:
        number, run_id = str(version.version), str(version.run_id)
        if not self.uri.startswith(("http://", "https://")):
            return Registered(number, run_id, None, None)
        site = self.uri.rstrip("/")
        experiment = client.get_run(run_id).info.experiment_id
        return Registered(
            number,
            run_id,
            f"{site}/#/experiments/{experiment}/runs/{run_id}",
            f"{site}/#/models/{MODEL}/versions/{number}",
        )


def _require_model(client: "MlflowClient") -> None:
    if not client.search_registered_models(f"name='{MODEL}'"):
        client.create_registered_model(
            MODEL, description="One version per release of the recipe classifier; the release store decides."
        )


def _version_of(client: "MlflowClient", release_id: str) -> "ModelVersion | None":
    found = client.search_model_versions(f"name='{MODEL}' and tags.release_id='{release_id}'")
    return found[0] if found else None


def _release_at(client: "MlflowClient", alias: str) -> str | None:
    """The release that an alias names, or None."""
    number = client.get_registered_model(MODEL).aliases.get(alias)
    found = None if number is None else client.get_model_version(MODEL, str(number)).tags.get("release_id")
    return None if found is None else str(found)


def _point(client: "MlflowClient", alias: str, release_id: str | None) -> None:
    """Let an alias name a release, or nothing where there is none or MLflow does not know it."""
    version = _version_of(client, release_id) if release_id else None
    if version is None:
        client.delete_registered_model_alias(MODEL, alias)
    else:
        client.set_registered_model_alias(MODEL, alias, str(version.version))


def _note(client: "MlflowClient", release_id: str, decision: Decision | None) -> None:
    version = _version_of(client, release_id)
    if version is not None and decision is not None:
        client.set_model_version_tag(MODEL, str(version.version), "decision", str(decision))
