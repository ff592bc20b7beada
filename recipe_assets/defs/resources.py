"""What assets reach the world through; `wiring` says where each of them points."""

import shutil
from pathlib import Path

import dagster as dg
import pandas as pd
from dagster_aws.s3 import S3Resource
from filelock import FileLock

from recipe_assets.folders import FolderStore
from recipe_assets.outbox.places import Outbox, open_outbox
from recipe_assets.release.objects import Objects
from recipe_assets.release.places import open_objects
from recipe_assets.release.pointer import Pointer
from recipe_assets.release.store import ReleaseStore
from recipe_assets.storage import TableStore
from recipe_assets.studio.bucket import studio_client
from recipe_assets.studio.review import read_queue
from recipe_assets.studio.shoots import Studio, open_studio
from recipe_assets.studio.vocabulary import Vocabulary, load_vocabulary


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
        """The store of releases."""
        return ReleaseStore(self.objects())

    def objects(self) -> Objects:
        """The files themselves, also those kept beside releases; a bucket is reached through the S3 resource."""
        client = self.s3.get_client() if self.url.startswith("s3://") else None
        return open_objects(self.url, client)


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
