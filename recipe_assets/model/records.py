"""What a fine-tuned model's folder says about its training, beside the checkpoint itself.

Written by `pipeline`, read by whoever evaluates, compares or releases the model.
"""

from pathlib import Path

import msgspec

from recipe_assets.release.manifest import BaseCheckpoint


class TrainingRecord(msgspec.Struct, frozen=True):
    """What `training.json` holds.

    Attributes:
        base_checkpoint: where training started from.
        data_fingerprint: hash of photos, keywords, sides and vocabulary.
        vocabulary_sha256: of the vocabulary alone.
        temperature: divides the logits, fitted on validation.
        best_epoch: whose weights were kept.
        dagster_run_id: of the run that trained.
        mlflow_run_id: of the run that trained.
        strategy: how it was trained; before there was a choice, in full.
        settings: every field of its configuration.
        wise_ft_mix: share of tuned weights in the mix with the untuned ones, 0-1; None where none were mixed.
    """

    base_checkpoint: BaseCheckpoint
    data_fingerprint: str
    vocabulary_sha256: str
    temperature: float
    best_epoch: int
    dagster_run_id: str | None
    mlflow_run_id: str | None
    strategy: str = "full"
    settings: dict[str, str | int | float | bool | None] = {}
    wise_ft_mix: float | None = None

    FILE = "training.json"

    def write(self, folder: Path) -> None:
        """Store the record beside the checkpoint."""
        (folder / self.FILE).write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")

    @classmethod
    def read(cls, folder: Path) -> "TrainingRecord":
        """Read the record of a fine-tuned model's folder."""
        return msgspec.json.decode((folder / cls.FILE).read_bytes(), type=cls)
