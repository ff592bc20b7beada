"""The shapes of the API's answers. Field names are a contract with the scripts that read them."""

from datetime import datetime
from typing import Literal, Self

import msgspec

from api.loading import Served
from api.serving import ModelServer
from recipe_assets.release.manifest import BaseCheckpoint, Metrics, ReleasedKeyword


class Problem(msgspec.Struct, frozen=True):
    """What went wrong (RFC 9457): the status again, and one line for a person. More members may follow."""

    status: int
    detail: str


class Health(msgspec.Struct, frozen=True):
    """Whether photos can be classified, by which release, and what went wrong last."""

    status: Literal["ready", "loading"]
    release_id: str | None
    store: str
    last_error: str | None

    @classmethod
    def of(cls, server: ModelServer) -> Self:
        """How the server is now."""
        served = server.current
        return cls(
            "ready" if served else "loading", served and served.release_id, server.store_url, server.last_error
        )


class ModelSummary(msgspec.Struct, frozen=True):
    """What is served: the release's manifest without its files, and how it came here."""

    release_id: str
    previous: str | None
    manifest_sha256: str
    created_at: datetime
    loaded_at: datetime
    keywords: tuple[ReleasedKeyword, ...]
    image_size: int
    temperature: float
    metrics: Metrics
    data_fingerprint: str
    vocabulary_sha256: str
    base_checkpoint: BaseCheckpoint
    git_sha: str | None
    dagster_run_id: str | None
    mlflow_run_id: str | None
    store: str
    last_error: str | None

    @classmethod
    def of(cls, served: Served, server: ModelServer) -> Self:
        """Describe a loaded release."""
        manifest = served.predictor.manifest
        return cls(
            release_id=manifest.release_id,
            previous=served.pointer.previous,
            manifest_sha256=served.pointer.manifest_sha256,
            created_at=manifest.created_at,
            loaded_at=served.loaded_at,
            keywords=manifest.keywords,
            image_size=manifest.preprocessing.size,
            temperature=manifest.temperature,
            metrics=manifest.metrics,
            data_fingerprint=manifest.data_fingerprint,
            vocabulary_sha256=manifest.vocabulary_sha256,
            base_checkpoint=manifest.base_checkpoint,
            git_sha=manifest.git_sha,
            dagster_run_id=manifest.dagster_run_id,
            mlflow_run_id=manifest.mlflow_run_id,
            store=server.store_url,
            last_error=server.last_error,
        )
