"""The shapes of the API's answers. Field names are a contract with the scripts that read them.

How a shape is filled is the subject of whoever answers with it, unless that is no more than reading fields.
"""

from datetime import datetime
from typing import Self

import msgspec

from api.releases.loading import Served
from api.serving.server import ModelServer
from recipe_assets.release.manifest import BaseCheckpoint, Metrics, ReleasedKeyword


class Problem(msgspec.Struct, frozen=True):
    """What went wrong (RFC 9457): the status again, and one line for a person. More members may follow."""

    status: int
    detail: str


class RankedKeyword(msgspec.Struct, frozen=True):
    """A keyword with how sure the model is, in percent (0-100), and where photos of it are sent."""

    keyword: str
    confidence: float
    pipeline: str


class NearPhoto(msgspec.Struct, frozen=True):
    """A training photo near the one that was sent: `thumbnail` is the path of its small picture."""

    shoot: str
    file: str
    keyword: str
    similarity: float
    """The cosine of both photos' embeddings, -1 to 1."""
    thumbnail: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a photo, by one release.

    `keyword`, `pipeline` and `needs_review` speak of the likeliest keyword, also where `predictions` leaves it out
    because its confidence is below what was asked for. `nearest` is null where no photos were asked for or the
    release carries none.
    """

    release_id: str
    predictions: tuple[RankedKeyword, ...]
    keyword: str
    pipeline: str
    needs_review: bool
    nearest: tuple[NearPhoto, ...] | None


class StoredPhoto(msgspec.Struct, frozen=True):
    """Where a photo with its keyword was stored: an s3:// URL, or a file:// URL where results go to a folder."""

    s3_url: str


class FileAnswer(Answer, frozen=True, kw_only=True):
    """What is known of one photo of several; `file` is the name it came with, null without one."""

    file: str | None


class FileProblem(msgspec.Struct, frozen=True):
    """What went wrong with one photo of several: what the same photo alone would have been answered."""

    file: str | None
    error: Problem


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
