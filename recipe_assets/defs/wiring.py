"""Where each resource points: the one place where the graph's environment variables are read."""

import hashlib
import os
import re
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_aws.s3 import S3Resource

from recipe_assets.defs.automation_settings import wire_automation
from recipe_assets.defs.io_managers import FolderIOManager, TableIOManager
from recipe_assets.defs.resources import (
    ApiFleetResource,
    BaseCheckpointResource,
    OutboxResource,
    ReleaseStoreResource,
    ReviewResource,
    StorageResource,
    StudioResource,
    VocabularyResource,
)
from recipe_assets.defs.tracking import ModelRegistryResource, mlflow_run
from recipe_assets.graph_settings import needs_approval
from recipe_assets.studio.vocabulary import DEFAULT_VOCABULARY

PROJECT = Path(__file__).parents[2]


def dagster_home() -> Path:
    """`DAGSTER_HOME`, or `dagster_home/` in the project."""
    return Path(os.environ.get("DAGSTER_HOME") or PROJECT / "dagster_home")


def studio_root(location: str) -> Path:
    """Where the tables of one studio are kept, so that two studios never mix in one instance."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", Path(location).name).strip("-") or "studio"
    return dagster_home() / "data" / f"{name}-{hashlib.sha256(location.encode()).hexdigest()[:8]}"


def _setting(name: str, default: str | Path) -> str:
    return os.environ.get(name) or str(default)


def wire_resources() -> dict[str, Any]:
    """Every resource from the environment; the defaults run the sample studio on this machine alone."""
    home = dagster_home()
    location = _setting("RECIPE_STUDIO", home / "sample" / "shoots")
    location = location if "://" in location else str(Path(location).resolve())
    root = str(studio_root(location))
    s3 = S3Resource(endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))
    tracking = {
        "uri": _setting("RECIPE_MLFLOW_URI", f"sqlite:///{home.absolute()}/mlflow.db"),
        "experiment": "recipe-classifier",
        "artifacts": (home / "mlflow_artifacts").absolute().as_uri(),
    }
    urls = [url.strip() for url in os.environ.get("RECIPE_API_URLS", "").split(",") if url.strip()]
    return {
        "studio": StudioResource(location=location, s3=s3),
        "review": ReviewResource(path=_setting("RECIPE_REVIEW", Path(root) / "review_queue.csv")),
        "vocabulary": VocabularyResource(path=_setting("RECIPE_VOCABULARY", DEFAULT_VOCABULARY)),
        "storage": StorageResource(root=root),
        "io_manager": TableIOManager(root=root),
        "folders": FolderIOManager(root=root),
        "s3": s3,
        "releases": ReleaseStoreResource(
            url=_setting("RECIPE_RELEASES", (home / "releases").absolute().as_uri()),
            s3=s3,
            needs_approval=needs_approval(os.environ),
        ),
        "outbox": OutboxResource(location=_setting("RECIPE_OUTBOX", (home / "outbox").absolute()), s3=s3),
        "base": BaseCheckpointResource(name=_setting("RECIPE_BASE_CHECKPOINT", "builtin:tiny")),
        "apis": ApiFleetResource(urls=urls, admin_key=os.environ.get("RECIPE_API_ADMIN_KEY", "")),
        "mlflow": mlflow_run.configured(
            {
                "experiment_name": tracking["experiment"],
                "mlflow_tracking_uri": tracking["uri"],
                "artifacts": tracking["artifacts"],
            }
        ),
        "registry": ModelRegistryResource(**tracking),
        **wire_automation(),
    }


@dg.definitions
def resources() -> dg.Definitions:
    """The resources of the code location."""
    return dg.Definitions(resources=wire_resources())
