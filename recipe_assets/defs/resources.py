"""What assets reach the world through, and the one place where the graph's environment variables are read."""

import hashlib
import os
import re
import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
from dagster_aws.s3 import S3Resource
from filelock import FileLock

from recipe_assets.defs.automation_settings import wire_automation
from recipe_assets.defs.io_managers import FolderIOManager, TableIOManager
from recipe_assets.defs.tracking import ModelRegistryResource, mlflow_run
from recipe_assets.errors import SettingsError
from recipe_assets.folders import FolderStore
from recipe_assets.outbox.places import Outbox, open_outbox
from recipe_assets.release.pointer import Pointer
from recipe_assets.release.store import ReleaseStore, open_store
from recipe_assets.storage import TableStore
from recipe_assets.studio.bucket import studio_client
from recipe_assets.studio.review import read_queue
from recipe_assets.studio.shoots import Studio, open_studio
from recipe_assets.studio.vocabulary import DEFAULT_VOCABULARY, Vocabulary, load_vocabulary

PROJECT = Path(__file__).parents[2]


class StudioResource(dg.ConfigurableResource[None]):
    """Where shoots arrive: a folder or a bucket."""

    location: str
    s3: dg.ResourceDependency[S3Resource]

    def open(self) -> Studio:
        """The studio; a bucket is reached where the S3 resource says, with less patience than its client."""
        if not self.location.startswith("s3://"):
            return open_studio(self.location)
        return open_studio(self.location, studio_client(self.s3.endpoint_url, self.s3.region_name))


class ReviewResource(dg.ConfigurableResource[None]):
    """The review queue: a CSV file that people edit."""

    path: str

    def read(self) -> pd.DataFrame:
        """The queue as it stands now."""
        return read_queue(Path(self.path))


class VocabularyResource(dg.ConfigurableResource[None]):
    """The studio's keywords."""

    path: str

    def load(self) -> Vocabulary:
        """Read the file anew, so that an edit counts from the next run on."""
        return load_vocabulary(Path(self.path))


class StorageResource(dg.ConfigurableResource[None]):
    """The tables and folders that assets hand over, for those that read them piece by piece."""

    root: str

    def tables(self) -> TableStore:
        """Tables by asset and shoot."""
        return TableStore(Path(self.root))

    def folders(self) -> FolderStore:
        """Models by asset."""
        return FolderStore(Path(self.root))

    def scratch(self, name: str) -> Path:
        """A folder for work in progress, on the same disk."""
        return Path(self.root) / "scratch" / name

    def copy_of(self, store: ReleaseStore, pointer: Pointer) -> Path:
        """A verified local copy of the release that a pointer names; only it and the one before are kept."""
        folder = self.scratch("released") / pointer.release_id
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / ".lock"):  # steps of one run may want it at the same time
            store.fetch(pointer.release_id, folder, pointer.manifest_sha256)
        for other in folder.parent.iterdir():
            if other.is_dir() and other.name not in (pointer.release_id, pointer.previous):
                shutil.rmtree(other, ignore_errors=True)
        return folder


class ReleaseStoreResource(dg.ConfigurableResource[None]):
    """Where releases are published: a folder or a bucket; and whether a person has to approve them first."""

    url: str
    s3: dg.ResourceDependency[S3Resource]
    needs_approval: bool = False

    def open(self) -> ReleaseStore:
        """The store; a bucket is reached through the S3 resource."""
        client = self.s3.get_client() if self.url.startswith("s3://") else None
        return open_store(self.url, client)


class OutboxResource(dg.ConfigurableResource[None]):
    """Where keyworded photos go: a folder or a bucket."""

    location: str
    s3: dg.ResourceDependency[S3Resource]

    def open(self) -> Outbox:
        """The outbox; a bucket is reached through the S3 resource."""
        client = self.s3.get_client() if self.location.startswith("s3://") else None
        return open_outbox(self.location, client)


class BaseCheckpointResource(dg.ConfigurableResource[None]):
    """The checkpoint that fine-tuning starts from: builtin:tiny, a local Hugging Face folder, or a hub id."""

    name: str

    def identity(self) -> str:
        """What the name stands for now; changes when a folder's weights do."""
        from recipe_assets.model.identity import checkpoint_identity

        return checkpoint_identity(self.name)


class ApiFleetResource(dg.ConfigurableResource[None]):
    """The APIs that serve releases."""

    urls: list[str]
    admin_key: str = ""


def dagster_home() -> Path:
    """`DAGSTER_HOME`, or `dagster_home/` in the project."""
    return Path(os.environ.get("DAGSTER_HOME") or PROJECT / "dagster_home")


def studio_root(location: str) -> Path:
    """Where the tables of one studio are kept, so that two studios never mix in one instance."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", Path(location).name).strip("-") or "studio"
    return dagster_home() / "data" / f"{name}-{hashlib.sha256(location.encode()).hexdigest()[:8]}"


def _setting(name: str, default: str | Path) -> str:
    return os.environ.get(name) or str(default)


def _needs_approval() -> bool:
    value = os.environ.get("RECIPE_APPROVAL") or "none"
    if value not in ("none", "required"):
        raise SettingsError(f"RECIPE_APPROVAL is '{value}': set it to required or none, or leave it out")
    return value == "required"


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
            needs_approval=_needs_approval(),
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
