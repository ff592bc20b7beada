"""What a release says about itself: the manifest, how it is written and read.

Comparing it with the files is `files`' subject, where releases are kept `store`'s, predicting `predictor`'s.
"""

import math
import re
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated

import msgspec

from recipe_assets.errors import NoSuchReleaseError, ReleaseError
from recipe_assets.release.results import Graph as Graph
from recipe_assets.release.results import KeywordMetrics as KeywordMetrics
from recipe_assets.release.results import Metrics as Metrics
from recipe_assets.release.results import ReviewRule as ReviewRule
from recipe_assets.studio.photos import Preprocessing

SCHEMA_VERSION = 2
READABLE_VERSIONS = (1, 2)
"""Version 1 lacks strategy, review rule, graph and the later metrics: they are None when it is read."""
IMAGE_ENCODER = "image_encoder.onnx"
CONFUSION_MATRIX = "confusion_matrix.png"
MODEL_CARD = "MODEL_CARD.md"
NEIGHBORS = "neighbors.zip"
"""The training photos that a prediction is explained by; optional, as the model card is since version 2."""
GOLDEN = "golden.npz"
"""Photos with the logits that the shipped graph gave them; optional, replayed before a release is served."""
CHECKPOINT = "checkpoint"
"""The folder of the fine-tuned checkpoint inside a release, in Hugging Face layout."""
MANIFEST = "manifest.json"

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""At most 100 characters: no file system and no bucket refuses a name of that length."""

Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment with its time zone; written in UTC as ISO 8601."""


class ReleaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Size and hash of one file of a release."""

    bytes: int
    sha256: str


class ReleasedKeyword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One keyword as it was when the model was trained; its place in the manifest is its logit's place."""

    name: str
    prompt: str
    pipeline: str


class BaseCheckpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The checkpoint that training started from."""

    name: str
    licence: str | None
    revision: str | None


def checkpoint_name(location: str) -> str:
    """What a release calls a base checkpoint: a local one by its folder, not by a path of some machine."""
    return Path(location).name if Path(location).is_dir() else location


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that a consumer needs to know of a release before trusting it.

    `keywords` stand in logit order; `files` maps posix paths relative to the release's folder, without the
    manifest itself. `temperature` divides the logits before the softmax.

    Raises:
        ReleaseError: if the values contradict each other or a name could lead out of the release's folder.
    """

    release_id: str
    created_at: Timestamp
    keywords: tuple[ReleasedKeyword, ...]
    preprocessing: Preprocessing
    temperature: float
    metrics: Metrics
    data_fingerprint: str
    vocabulary_sha256: str
    base_checkpoint: BaseCheckpoint
    git_sha: str | None
    dagster_run_id: str | None
    mlflow_run_id: str | None
    files: dict[str, ReleaseFile]
    strategy: str | None = None
    review: ReviewRule | None = None
    graph: Graph | None = None
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        check_release_id(self.release_id)
        problems = [
            f"file name '{name}' is not a plain relative path" for name in self.files if not _is_safe(name)
        ]
        if MANIFEST in self.files:
            problems.append(f"{MANIFEST} cannot list itself")
        if IMAGE_ENCODER not in self.files:
            problems.append(f"{IMAGE_ENCODER} is not among its files")
        names = [keyword.name for keyword in self.keywords]
        if not names or len(set(names)) < len(names):
            problems.append("its keywords are missing or named twice")
        if self.review and (strange := set(self.review.thresholds) - set(names)):
            problems.append(f"its review rule names '{min(strange)}', which is none of its keywords")
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            problems.append(f"its temperature is {self.temperature}, not a number above 0")
        if self.created_at.tzinfo is None:
            problems.append("created_at has no time zone")
        if problems:
            raise ReleaseError(f"the manifest of release {self.release_id} is unusable: {'; '.join(problems)}")

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(file.bytes for file in self.files.values())


class _Version(msgspec.Struct):
    schema_version: int = SCHEMA_VERSION


def new_release_id(now: datetime, data_fingerprint: str) -> str:
    """A release id that sorts by time: "20261122T210501Z-3f9a1c2b", from the UTC second and the data's hash.

    Raises:
        ReleaseError: if the fingerprint is not a hash of at least eight hexadecimal digits.
    """
    if not re.match(r"[0-9a-f]{8}", data_fingerprint):
        raise ReleaseError(f"'{data_fingerprint}' is not a data fingerprint: pass a hexadecimal hash")
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{data_fingerprint[:8]}"


def check_release_id(release_id: str) -> str:
    """Return the id if it is one plain name, so that it can stand in a path or a key.

    Raises:
        NoSuchReleaseError: if it is empty, has separators, or could climb out of a folder.
    """
    if not _SAFE_NAME.fullmatch(release_id):
        raise NoSuchReleaseError(
            f"'{release_id[:100]}' is not a release id: use at most 100 letters, digits, '.', '_' and '-'"
        )
    return release_id


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    plain = not path.is_absolute() and name == path.as_posix() and "\\" not in name and ":" not in name
    return plain and bool(path.parts) and ".." not in path.parts and "\0" not in name


def encode_manifest(manifest: Manifest) -> bytes:
    """Write the manifest as indented JSON; equal manifests give equal bytes.

    Raises:
        ReleaseError: if it could not be read back the same (a NaN among the metrics, say).
    """
    content = msgspec.json.format(msgspec.json.encode(manifest, order="deterministic"), indent=2) + b"\n"
    decode_manifest(content, f"the manifest of release {manifest.release_id}")
    return content


def decode_manifest(content: bytes, source: str = MANIFEST) -> Manifest:
    """Read a manifest; `source` names it in errors.

    Raises:
        ReleaseError: if it is not a manifest, is of a newer schema, or names files outside its folder.
    """
    try:
        version = msgspec.json.decode(content, type=_Version).schema_version
        if version not in READABLE_VERSIONS:
            known = " and ".join(map(str, READABLE_VERSIONS))
            raise ReleaseError(
                f"{source} has schema version {version}, this program reads {known}: update the program"
            )
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReleaseError(f"{source} is damaged ({error}): publish the release again") from None


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a release's folder.

    Raises:
        ReleaseError: if there is none or it is damaged.
    """
    path = folder / MANIFEST
    try:
        return decode_manifest(path.read_bytes(), str(path))
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read ({error.strerror}): the release is not complete") from None
