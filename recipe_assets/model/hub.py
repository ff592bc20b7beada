"""Checkpoints of the Hugging Face hub: which commit a name stands for, and its files as a folder of the cache.

No torch: sensors ask on every tick. What the files hold is the subject of `checkpoint_files` and `checkpoints`.
"""

import logging
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
from huggingface_hub import constants, errors, hf_hub_download, snapshot_download, try_to_load_from_cache
from huggingface_hub.utils.tqdm import disable_progress_bars

from recipe_assets.errors import ModelError
from recipe_assets.model.checkpoint_files import CARD, PICKLES, SAFETENSORS, has_safetensors, missing_part

log = logging.getLogger(__name__)

_WORD = r"\w[\w.-]*"
_HUB_ID = re.compile(rf"(?P<repository>{_WORD}/{_WORD})(@(?P<revision>{_WORD}(/{_WORD})*))?", re.ASCII)
_COMMIT = re.compile("[0-9a-f]{40}")
_TEXTS = (
    CARD, "config.json", "preprocessor_config.json", "processor_config.json", "tokenizer.json",
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
    "spiece.model", "tokenizer.model",
)  # fmt: skip
_FAILURES = (httpx2.HTTPError, OSError, ValueError)
"""What the hub's client raises: of the net, of the disk, and of names that it refuses."""


@dataclass(frozen=True)
class HubId:
    """`owner/name` or `owner/name@revision`; a revision is a branch, a tag or a commit."""

    repository: str
    revision: str

    @classmethod
    def parse(cls, name: str) -> "HubId | None":
        """The hub id that a name is; None for a folder that exists (it comes first) and for anything else."""
        found = _HUB_ID.fullmatch(name)
        if found is None or Path(name).is_dir():
            return None
        return cls(found["repository"], found["revision"] or constants.DEFAULT_REVISION)

    @property
    def cache(self) -> Path:
        """Where the hub's client keeps this repository."""
        return Path(constants.HF_HUB_CACHE) / f"models--{self.repository.replace('/', '--')}"

    def commit(self) -> str | None:
        """The commit that the revision stands for in the cache; None before its first download."""
        if _COMMIT.fullmatch(self.revision):
            return self.revision
        reference = self.cache / "refs" / self.revision
        return reference.read_text(encoding="utf-8").strip() if reference.is_file() else None


def fetch(wanted: HubId) -> Path:
    """The checkpoint's files as a folder named by their commit; downloaded only where the cache lacks some.

    A cached checkpoint is used as it is, so that a branch cannot move between two steps of one run and no network
    is needed: `hf download owner/name` fetches a newer one. Weights are taken as safetensors; as a pickle only
    where the repository has nothing else.

    Raises:
        ModelError: if the hub does not have it, does not give it, or cannot be reached.
    """
    folder = _cached(wanted) or _download(wanted)
    if try_to_load_from_cache(wanted.repository, CARD, revision=folder.name) is None:
        # A cache filled by someone who needed no card. If there is none, the cache remembers that from now on.
        with suppress(*_FAILURES):
            hf_hub_download(wanted.repository, CARD, revision=folder.name)
    return folder


def _cached(wanted: HubId) -> Path | None:
    commit = wanted.commit()
    folder = wanted.cache / "snapshots" / commit if commit else None
    return folder if folder and missing_part(folder) is None and _whole(wanted, folder) else None


def _whole(wanted: HubId, folder: Path) -> bool:
    """Whether no file of an interrupted download is missing, as far as the cache knows what there should be."""
    weights = SAFETENSORS if has_safetensors(folder) else PICKLES
    try:
        snapshot_download(
            wanted.repository, revision=folder.name, allow_patterns=[*_TEXTS, *weights], local_files_only=True
        )
    except errors.LocalEntryNotFoundError:
        return False
    return True


def _download(wanted: HubId) -> Path:
    disable_progress_bars()
    log.info("fetching %s (%s) from the Hugging Face hub", wanted.repository, wanted.revision)
    try:
        folder = _snapshot(wanted.repository, wanted.revision, SAFETENSORS)
        return folder if has_safetensors(folder) else _snapshot(wanted.repository, folder.name, PICKLES)
    except _FAILURES as error:
        raise ModelError(_reason(wanted, error)) from error


def _snapshot(repository: str, revision: str, weights: tuple[str, ...]) -> Path:
    patterns = [*_TEXTS, *weights, *(f"{name}.index.json" for name in weights)]
    return Path(snapshot_download(repository, revision=revision, allow_patterns=patterns))


def _reason(wanted: HubId, error: Exception) -> str:
    name, start = wanted.repository, f"base checkpoint '{wanted.repository}' cannot be fetched: "
    match error:
        case errors.GatedRepoError():
            return f"{start}accept its terms at https://huggingface.co/{name}, then log in with 'hf auth login'"
        case errors.RevisionNotFoundError():
            return f"{start}it has no revision '{wanted.revision}'; correct RECIPE_BASE_CHECKPOINT"
        case errors.RepositoryNotFoundError():
            return (
                f"{start}there is no such folder here, and the Hugging Face hub shows no such model; correct "
                "RECIPE_BASE_CHECKPOINT, or log in with 'hf auth login' if the model is private"
            )
    return (
        f"{start}it is neither a folder here nor whole in the cache, and the Hugging Face hub is out of reach "
        f"({type(error.__cause__ or error).__name__}); run 'hf download {name}' where there is a network, or set "
        "RECIPE_BASE_CHECKPOINT to builtin:tiny or a folder with a CLIP or SigLIP checkpoint"
    )
