"""Between a checkpoint's image processor and the ONE preprocessing: what is taken over, and what is written back.

How photos become squares is `recipe_assets.studio.preprocessing`'s subject.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers.image_processing_base import ImageProcessingMixin

from recipe_assets.model.families import Encoder, ImageProcessor, family_of
from recipe_assets.model.loading import explained
from recipe_assets.studio.photos import THUMBNAIL_SIDE, Preprocessing

log = logging.getLogger(__name__)


def read_preprocessing(name: str, folder: Path, encoder: Encoder) -> Preprocessing:
    """The preprocessing that a checkpoint asks for, as far as there is a choice: side, mean and spread.

    The side is the image tower's own. Every checkpoint reads the center square of a photo, resized bicubically,
    as CLIP does; SigLIP was trained on photos squashed to a square, SigLIP 2 with bilinear resizing. There is
    ONE preprocessing for training and serving, and squashing would change the shapes that tell cookware apart.

    Raises:
        ModelError: if its input is not square or not scaled to 0-1.
    """
    with explained(name, "image processor"):
        stated, _ = ImageProcessingMixin.get_image_processor_dict(folder)
        defaults = family_of(encoder).processor
        mean, std = (stated.get(key, getattr(defaults, key)) for key in ("image_mean", "image_std"))
        if not stated.get("do_normalize", True):
            mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
        spec = Preprocessing(_side(encoder), _three(mean), _three(std))
        if not stated.get("do_rescale", True) or abs(stated.get("rescale_factor", 1 / 255) * 255 - 1) > 1e-3:
            raise ValueError("it does not scale pixels to 0-1")
    _warn_of_detail(name, spec.size)
    return spec


def _side(encoder: Encoder) -> int:
    side: Any = encoder.config.vision_config.image_size
    sides = {side} if isinstance(side, int) else set(side)
    if len(sides) != 1:
        raise ValueError(f"its input of {' x '.join(str(one) for one in side)} pixels is not square")
    return int(sides.pop())


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _warn_of_detail(name: str, side: int) -> None:
    """Training and serving both read thumbnails: nothing breaks, but the detail of a larger input is not there.

    Measured on drawn photos of 1500 x 1000 pixels, as the share of gradients that is left of what the same square
    has when it is cut from the photo itself: 0.97 at 224, 1 at 256, 0.85 at 336, 0.80 at 384, 0.67 at 512.
    """
    if side > THUMBNAIL_SIDE:
        log.warning(
            "base checkpoint '%s' reads %d x %d pixels, but stored thumbnails have a short side of %d: photos are "
            "enlarged %.1f times, in training and serving alike. It works, at the cost of a large input for the "
            "detail of a small one; the same model for %d pixels or fewer does with less time and memory",
            name, side, side, THUMBNAIL_SIDE, side / THUMBNAIL_SIDE, THUMBNAIL_SIDE,
        )  # fmt: skip


def make_processor(spec: Preprocessing, encoder: Encoder) -> ImageProcessor:
    """An image processor of the checkpoint's family that gives plain transformers the pixels that we train on."""
    return family_of(encoder).processor(
        size={"shortest_edge": spec.size},
        crop_size={"height": spec.size, "width": spec.size},
        do_center_crop=True,
        image_mean=list(spec.mean),
        image_std=list(spec.std),
    )
