"""Photos as tensors: stored thumbnails become model-size squares in memory; augmentation happens on batches."""

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from recipe_assets.studio.photos import Preprocessing, crop_square


@dataclass(frozen=True)
class PhotoData:
    """Photos of one split: `squares` uint8 (N, 3, S, S) and `labels` int64 (N,), indices into the keywords."""

    squares: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def load_squares(thumbnails: Sequence[bytes], spec: Preprocessing) -> Tensor:
    """Decode stored thumbnails (PNG) on all cores: uint8 (N, 3, S, S), the very pixels that serving sees."""

    def square(png: bytes) -> NDArray[np.uint8]:
        with Image.open(io.BytesIO(png)) as image:
            return crop_square(image.convert("RGB"), spec.size)

    if not thumbnails:
        return torch.empty((0, 3, spec.size, spec.size), dtype=torch.uint8)
    with ThreadPoolExecutor() as pool:
        squares = np.stack(list(pool.map(square, thumbnails)))
    return torch.from_numpy(np.ascontiguousarray(squares.transpose(0, 3, 1, 2)))


def normalize(squares: Tensor, spec: Preprocessing) -> Tensor:
    """Squares (N, 3, S, S), uint8 or float 0-255, to a model's input: float32 of the same shape."""
    mean = torch.tensor(spec.mean, device=squares.device).view(1, 3, 1, 1)
    std = torch.tensor(spec.std, device=squares.device).view(1, 3, 1, 1)
    return (squares.float() / 255 - mean) / std


def augment(squares: Tensor, generator: torch.Generator) -> Tensor:
    """Vary light and position as a studio does: float32 (N, 3, S, S), 0-255.

    Mirror (no keyword has a left or right), rotate up to 15 degrees, shift up to 8 %, scale up to 5 % (bowl sizes
    differ by 40 %, so their keyword survives), brightness, contrast, and the balance of colours.
    """
    images = _move(squares.float(), generator)
    count = len(images)

    def factors(spread: float, channels: int = 1) -> Tensor:
        noise = torch.rand((count, channels, 1, 1), generator=generator) * 2 - 1
        return (1 + spread * noise).to(images.device)

    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    images = (images - mean) * factors(0.25) + mean * factors(0.25)
    grey = images.mean(dim=1, keepdim=True)
    images = (images - grey) * factors(0.3) + grey
    return (images * factors(0.08, 3)).clamp(0, 255)


def _move(images: Tensor, generator: torch.Generator) -> Tensor:
    count = len(images)
    spread = torch.rand((count, 5), generator=generator) * 2 - 1
    angle, scale = spread[:, 0] * (torch.pi / 12), 1 + 0.05 * spread[:, 1]
    mirror = torch.sign(spread[:, 2])
    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    rows = [
        torch.stack([cosine * mirror, -sine, 0.16 * spread[:, 3]], dim=1),
        torch.stack([sine * mirror, cosine, 0.16 * spread[:, 4]], dim=1),
    ]
    theta = torch.stack(rows, dim=1).to(images.device)
    grid = torch.nn.functional.affine_grid(theta, list(images.shape), align_corners=False)
    return torch.nn.functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
