"""What a keyword model says of photos: logits, batch by batch.

What becomes of them is `calibration`'s and `metrics`' subject; a release answers through `release.predictor`.
"""

import torch
from torch import Tensor

from recipe_assets.model.keyword_model import KeywordModel
from recipe_assets.model.photo_data import normalize


@torch.inference_mode()
def predict_logits(model: KeywordModel, squares: Tensor, batch_size: int = 64) -> Tensor:
    """Logits (N, K) of squares uint8 (N, 3, S, S), on the device where the model is; the result is on the CPU."""
    was_training = model.training
    model.eval()
    place, spec = model.head.device, model.base.preprocessing
    batches = torch.split(squares, batch_size) if len(squares) else ()
    found = [model(normalize(batch.to(place), spec)).cpu() for batch in batches]
    model.train(was_training)
    return torch.cat(found) if found else torch.empty((0, len(model.keywords)))
