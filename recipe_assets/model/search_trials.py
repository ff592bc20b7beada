"""One trial: train with its settings on photos that are read once for all trials, and measure what it reached.

Which settings come is `search_studies`' subject. Validation photos decide; test photos are never read.
"""

import gc
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from torch import Tensor, nn

from recipe_assets.model.calibration import macro_loss
from recipe_assets.model.checkpoints import BaseModel, device, load_base
from recipe_assets.model.fits import TrainingData
from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.photo_data import PhotoData
from recipe_assets.model.pipeline import TrainingInputs, training_data
from recipe_assets.model.predicting import predict_logits
from recipe_assets.model.search_space import CHEAP
from recipe_assets.model.strategies import TrainingConfig
from recipe_assets.model.training import fit
from recipe_assets.model.training_loop import OnEpoch
from recipe_assets.model.training_state import drop_state


@dataclass(frozen=True)
class Outcome:
    """What a trial reached on validation.

    Attributes:
        macro_loss: what trials are ranked by, see `macro_loss`.
        macro_accuracy: mean recall, 0-1.
        loss: plain cross-entropy of the kept epoch.
        epochs: how many were trained, in all.
    """

    macro_loss: float
    macro_accuracy: float
    loss: float
    epochs: int


class Workbench:
    """Base checkpoint and photos for all trials of a search."""

    def __init__(self, inputs: TrainingInputs, folder: Path) -> None:
        """Load the base checkpoint; photos are read when the first trial needs them.

        Args:
            inputs: data and base checkpoint.
            folder: where the trial at work keeps its last epoch.
        """
        self._inputs, self._state = inputs, folder / "trial"
        self._base = load_base(inputs.base)
        self._data: dict[bool, TrainingData] = {}

    @property
    def tower_parameters(self) -> int:
        """Parameters of the image tower."""
        return sum(part.numel() for part in self._base.image_parameters())

    def load(self, strategy: str) -> TrainingData:
        """Training and validation photos, read once without and once with thumbnails at the most."""
        cheap = strategy in CHEAP
        if cheap not in self._data:
            self._data[cheap] = training_data(self._inputs, self._base, pixels=not cheap)
        return self._data[cheap]

    def run(self, config: TrainingConfig, on_epoch: OnEpoch) -> Outcome:
        """Train from the untouched base checkpoint; `on_epoch` may raise to end it.

        A trial that moves a tower goes on at the epoch at which its process was killed.
        """
        data, cheap = self.load(config.strategy), config.strategy in CHEAP
        quick = msgspec.structs.replace(config, compile=False)  # compiling takes longer than most trials
        try:
            return _measure(self._base, data, quick, on_epoch, None if cheap else self._state)
        except Exception:
            drop_state(self._state)
            raise
        finally:
            if not cheap:
                _free_memory()


def _measure(
    base: BaseModel, data: TrainingData, config: TrainingConfig, on_epoch: OnEpoch, state: Path | None
) -> Outcome:
    # In a function of its own: what it holds is gone before memory is freed.
    result = fit(base, data, config, on_epoch, state)
    logits = _logits(result.model, data.val, config.strategy in CHEAP)
    return Outcome(
        macro_loss=macro_loss(logits.numpy(), data.val.labels.numpy()),
        macro_accuracy=result.best.val_macro_accuracy,
        loss=result.best.val_loss,
        epochs=len(result.history),
    )


@torch.inference_mode()
def _logits(model: KeywordModel, val: PhotoData, cheap: bool) -> Tensor:
    if not cheap or val.embeddings is None:
        return predict_logits(model.to(device()), val.squares)
    return model.base.logit_scale * val.embeddings @ nn.functional.normalize(model.head, dim=-1).T


def _free_memory() -> None:
    """Let the next trial have what this one held: optimizers and their schedules keep each other alive."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
