"""How assets reach MLflow: the run that a training is tracked in, and the registry that knows the releases.

MLflow itself is imported only when a step uses one of them; where it is kept is a setting of `resources`. The
release store is what counts: a registry that cannot be used is a warning, and never holds a release up.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from recipe_assets.errors import RecipeError
from recipe_assets.release.manifest import Manifest
from recipe_assets.release.store import ReleaseStore

if TYPE_CHECKING:
    from recipe_assets.model.tracking import ModelRegistry


class ModelRegistryResource(dg.ConfigurableResource[None]):
    """MLflow's model registry."""

    uri: str
    experiment: str
    artifacts: str | None = None
    """Where the experiment keeps its files beside a local database; a server decides that itself."""

    def open(self) -> "ModelRegistry":
        """The registry; nothing is connected yet."""
        from recipe_assets.model.tracking import ModelRegistry

        return ModelRegistry(self.uri, self.experiment, _local(self.uri, self.artifacts))


def register(
    log: dg.DagsterLogManager,
    registry: ModelRegistryResource,
    store: ReleaseStore,
    manifest: Manifest,
    folder: Path,
) -> dict[str, dg.MetadataValue]:
    """Make a stored release a model version, and let the aliases follow; says where it is found."""
    try:
        model = registry.open()
        found = model.register(manifest, folder, store.store_url)
        model.follow(store)
    except RecipeError as error:
        log.warning(f"release {manifest.release_id} is not in MLflow's registry: {error}")
        return {"mlflow": dg.MetadataValue.text(str(error))}
    facts: dict[str, dg.MetadataValue] = {
        "mlflow_run_id": dg.MetadataValue.text(found.run_id),
        "mlflow_model_version": dg.MetadataValue.text(found.version),
    }
    urls = {"mlflow_run": found.run_url, "mlflow_model": found.version_url}
    return facts | {name: dg.MetadataValue.url(url) for name, url in urls.items() if url}


def follow(log: dg.DagsterLogManager, registry: ModelRegistryResource, store: ReleaseStore) -> str:
    """Let the aliases name what the store says now; says how that went."""
    try:
        registry.open().follow(store)
    except RecipeError as error:
        log.warning(f"MLflow's aliases do not follow the release store: {error}")
        return str(error)
    return "champion and candidate follow the release store"


@dg.resource(config_schema={"experiment_name": str, "mlflow_tracking_uri": str, "artifacts": str})
def mlflow_run(context: dg.InitResourceContext) -> Iterator[Any]:
    """dagster-mlflow's tracking resource, imported only when a step uses it, and its run ended with the step.

    The package's own hook ends the MLflow run only if the step happens to be the job's last.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # the package is pinned and wrapped here for that reason
        from dagster_mlflow.resources import MlFlow

    _place_artifacts(**context.resource_config)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        tracking = MlFlow(context)
    try:
        yield tracking
    finally:
        tracking.end_run()


def _place_artifacts(experiment_name: str, mlflow_tracking_uri: str, artifacts: str) -> None:
    """Keep artifacts beside a local tracking database; MLflow would put them where the process happens to run."""
    import mlflow

    mlflow.set_tracking_uri(mlflow_tracking_uri)
    location = _local(mlflow_tracking_uri, artifacts)
    if location is not None and mlflow.get_experiment_by_name(experiment_name) is None:
        mlflow.create_experiment(experiment_name, artifact_location=location)


def _local(uri: str, artifacts: str | None) -> str | None:
    return artifacts if uri.startswith("sqlite:") else None
