"""How one photo looks, in numbers: light, contrast, sharpness, information. Works on its thumbnail.

Here: measuring. What is odd among measurements is `outliers`' subject; comparing photos is `hashing`'s.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 256
"""Short side at which photos are measured; thumbnails have it already, and sharpness depends on it."""
_LEVELS = np.arange(256)
_BLACK, _WHITE = 2, 253
"""Levels up to and from which a pixel counts as clipped; two levels of room for what JPEG does to flat areas."""


class PhotoMetrics(msgspec.Struct, frozen=True):
    """Facts about how a photo looks, all from its luma: ITU-R BT.601 on gamma-encoded sRGB (Pillow's "L").

    Attributes:
        brightness: mean, 0-255.
        contrast: standard deviation, 0-127.5.
        shadow: 5th percentile, 0-255.
        highlight: 99th percentile, 0-255: a moody photo with a lit dish has a high one, an underexposed one not.
        black: share of clipped black pixels, 0-1.
        white: share of clipped white pixels, 0-1.
        information: Shannon entropy of the 256-level histogram in bits, 0-8.
        sharpness: variance of the 4-neighbor Laplacian (Pech-Pacheco et al., "Diatom autofocusing", ICPR 2000).
        edges: strength of the sharpest edges, 0-510: 99.5th percentile of the second difference's magnitude, along
            rows or along columns, whichever is weaker. Unlike the variance it stays high on a white sweep with a
            small sharp dish, and falls when the camera moved along one axis.
    """

    brightness: float
    contrast: float
    shadow: float
    highlight: float
    black: float
    white: float
    information: float
    sharpness: float
    edges: float


METRICS = PhotoMetrics.__struct_fields__
"""Names of the measurements, as they stand as columns in the raw table."""


def photo_metrics(thumbnail: Image.Image) -> PhotoMetrics:
    """Measure a photo.

    Args:
        thumbnail: the whole frame; any other short side than 256 is scaled to it first.
    """
    luma = _luma(thumbnail)
    counts = np.bincount(luma.ravel(), minlength=256)
    shares = counts / luma.size
    brightness = float(shares @ _LEVELS)
    along_rows, along_columns = _second_differences(luma)
    return PhotoMetrics(
        brightness=brightness,
        contrast=float(np.sqrt(shares @ (_LEVELS - brightness) ** 2)),
        shadow=_percentile(counts, 0.05),
        highlight=_percentile(counts, 0.99),
        black=float(shares[: _BLACK + 1].sum()),
        white=float(shares[_WHITE:].sum()),
        information=_entropy(shares),
        sharpness=float((along_rows + along_columns).var(dtype=np.float32)),
        edges=min(_strength(along_rows), _strength(along_columns)),
    )


def _luma(thumbnail: Image.Image) -> NDArray[np.uint8]:
    gray = thumbnail.convert("L")
    short = min(gray.size)
    if short != SIDE:
        width, height = (max(1, round(side * SIDE / short)) for side in gray.size)
        gray = gray.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(gray)


def _second_differences(luma: NDArray[np.uint8]) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Both neighbors less twice the pixel, along rows and along columns, without the frame's outermost pixels.

    Their sum is the Laplacian.
    """
    signed = luma.astype(np.int16)
    twice = 2 * signed[1:-1, 1:-1]
    return signed[1:-1, :-2] + signed[1:-1, 2:] - twice, signed[:-2, 1:-1] + signed[2:, 1:-1] - twice


def _strength(differences: NDArray[np.int16]) -> float:
    return _percentile(np.bincount(np.abs(differences).ravel()), 0.995)


def _percentile(counts: NDArray[np.int64], share: float) -> float:
    """The smallest level that at least `share` of the counted values do not exceed."""
    cumulative = np.cumsum(counts)
    return float(np.searchsorted(cumulative, share * cumulative[-1]))


def _entropy(shares: NDArray[np.float64]) -> float:
    present = shares[shares > 0]
    # Adding zero turns the -0.0 of a photo of one level into 0.0.
    return float(-(present @ np.log2(present))) + 0.0
