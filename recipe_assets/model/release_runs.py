"""The MLflow run that a release's files are logged to: the one that trained it, or one of its own.

Works on a client and never opens a run as the active one; versions and aliases are `tracking`'s subject.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from recipe_assets.release.manifest import CHECKPOINT, MANIFEST, Manifest, encode_manifest

if TYPE_CHECKING:
    from mlflow import MlflowClient

ARTIFACTS = "release"
"""Files of a release lie below this and its id, so that two releases of one training keep theirs apart."""
_LEFT_OUT = (".onnx", ".npz", ".zip")
"""The graph and the training photos are in the release store; here the checkpoint stands for the model."""


def log_release(
    client: "MlflowClient", manifest: Manifest, folder: Path, experiment: str, artifacts: str | None
) -> tuple[str, str]:
    """Log manifest, model card, pictures and checkpoint to the run that trained the release.

    A finished run takes files without being opened again, so it stays finished whatever happens here. A training
    that this MLflow does not know gets a run for the release alone, which is closed also on failure.

    Args:
        client: of the MLflow store.
        manifest: of the release.
        folder: its files.
        experiment: where a run of its own would be.
        artifacts: where that experiment keeps its files, if it has to be created.

    Returns:
        The run's id, and the "runs:/" address of the files.
    """
    run_id = manifest.mlflow_run_id
    if run_id is not None and _has_run(client, run_id):
        _log_files(client, run_id, manifest, folder)
    else:
        run_id = _own_run(client, manifest, folder, _experiment_id(client, experiment, artifacts))
    return run_id, f"runs:/{run_id}/{_place(manifest)}"


def _place(manifest: Manifest) -> str:
    return f"{ARTIFACTS}/{manifest.release_id}"


def _log_files(client: "MlflowClient", run_id: str, manifest: Manifest, folder: Path) -> None:
    place = _place(manifest)
    client.log_text(run_id, encode_manifest(manifest).decode(), f"{place}/{MANIFEST}")
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name != MANIFEST and path.suffix not in _LEFT_OUT:
            client.log_artifact(run_id, str(path), place)
    client.log_artifacts(run_id, str(folder / CHECKPOINT), f"{place}/{CHECKPOINT}")
    client.set_tag(run_id, "release_id", manifest.release_id)


def _own_run(client: "MlflowClient", manifest: Manifest, folder: Path, experiment_id: str) -> str:
    run_id: str = client.create_run(experiment_id, run_name=manifest.release_id).info.run_id
    status = "FAILED"
    try:
        client.log_metric(run_id, "macro_accuracy", manifest.metrics.macro_accuracy)
        _log_files(client, run_id, manifest, folder)
        status = "FINISHED"
    finally:
        client.set_terminated(run_id, status)
    return run_id


def _experiment_id(client: "MlflowClient", name: str, artifacts: str | None) -> str:
    found = client.get_experiment_by_name(name)
    experiment_id: str = (
        found.experiment_id if found else client.create_experiment(name, artifact_location=artifacts)
    )
    return experiment_id


def _has_run(client: "MlflowClient", run_id: str) -> bool:
    from mlflow.exceptions import MlflowException

    try:
        client.get_run(run_id)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return False
        raise
    return True
