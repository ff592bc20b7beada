"""Photos that look odd within their own shoot: dark, bright, blurry, nearly empty, of an odd size.

Thresholds that hold for all images flag whole studios (https://github.com/cleanlab/cleanvision/issues/120), so a
photo is compared with its shoot. Measuring is `metrics`'s subject, duplicates and keywords are judged elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recipe_assets.studio.quality.findings import Finding, excess_score, findings_table, photo_names
from recipe_assets.studio.quality.metrics import METRICS
from recipe_assets.studio.quality.robust import Z_LIMIT, center_and_spread

MINIMUM_SHOOT = 30
"""A smaller shoot is compared with the whole studio: at 30 values the MAD is known to about 20 %."""
COMMON_SIZE = 0.05
"""A size or shape that this share of a shoot has is one of its formats."""
MODEL_SIDE = 224
"""Pixels that CLIP sees along each side."""


@dataclass(frozen=True)
class Rule:
    """One way to be odd.

    Attributes:
        kind: the finding.
        value: the quantity that is compared with the shoot.
        side: -1 if low values are odd, 1 if high ones, 0 if both.
        floor: the least spread assumed, so that a shoot of nearly equal photos flags none of them.
        suspicious: absolute guard: where this is false, the photo is fine, however unlike its shoot.
        certain: where this is true the photo is odd, however like its shoot.
        detail: the sentence, with the photo's `{value}` and the shoot's `{usual}` one.
        logarithm: compare ratios rather than differences.
    """

    kind: str
    value: Callable[[pd.DataFrame], pd.Series]
    side: int
    floor: float
    suspicious: Callable[[pd.DataFrame], pd.Series]
    certain: Callable[[pd.DataFrame], pd.Series]
    detail: str
    logarithm: bool = False


def _crispness(photos: pd.DataFrame) -> pd.Series:
    """The sharpest edges against the range of tones, so that a dim photo is not taken for a blurry one."""
    return photos["edges"].clip(lower=0.5) / (photos["highlight"] - photos["shadow"]).clip(lower=8)


def _pixels(photos: pd.DataFrame) -> pd.Series:
    return photos["width"] * photos["height"]


def _short_side(photos: pd.DataFrame) -> pd.Series:
    return photos[["width", "height"]].min(axis=1)


def _shape(photos: pd.DataFrame) -> pd.Series:
    """Long side over short side: upright and lying photos are one shape."""
    return photos[["width", "height"]].max(axis=1) / _short_side(photos)


def _uncommon(quantity: Callable[[pd.DataFrame], pd.Series]) -> Callable[[pd.DataFrame], pd.Series]:
    """A guard: true where few photos of the shoot share the quantity, to two digits or so."""

    def rare(photos: pd.DataFrame) -> pd.Series:
        rounded = np.log2(quantity(photos)).mul(8).round()
        size = rounded.groupby(photos["shoot"]).transform("size")
        alike = rounded.groupby([photos["shoot"], rounded]).transform("size")
        return pd.Series(alike < np.maximum(COMMON_SIZE * size, 2))

    return rare


def _never(photos: pd.DataFrame) -> pd.Series:
    return pd.Series(False, index=photos.index)


# Guards were measured on 1,471 real and 280 drawn photos, each also under- and overexposed, blurred and shaken.
RULES = (
    # Two stops too dark brings the brightest parts from 190-250 to 100-133; one real photo in 100 is below 167.
    Rule(
        "dark", lambda photos: photos["highlight"], -1, 15,
        suspicious=lambda photos: photos["highlight"] < 120,
        certain=lambda photos: photos["highlight"] < 40,
        detail="its brightest parts reach {value:.0f} of 255, usual here is {usual:.0f}",
    ),
    # Two stops too bright clips a tenth of a photo; one real photo in a hundred clips more than 2 %.
    Rule(
        "bright", lambda photos: photos["brightness"], 1, 10,
        suspicious=lambda photos: (photos["white"] > 0.1) | (photos["shadow"] > 180),
        certain=lambda photos: photos["shadow"] >= 250,
        detail="its mean brightness is {value:.0f} of 255, usual here is {usual:.0f}",
    ),
    # A blur of 1.5 pixels at short side 256 leaves 0.06, so does a shake of 7; of real photos 2 % are below 0.1.
    Rule(
        "blurry", _crispness, -1, 0.25,
        suspicious=lambda photos: (_crispness(photos) < 0.1) & (photos["contrast"] >= 8),
        certain=lambda photos: (_crispness(photos) < 0.02) & (photos["contrast"] >= 8),
        detail="its sharpest edges have strength {value:.3f}, usual here is {usual:.3f}",
        logarithm=True,
    ),
    # A dish on a white sweep may hold few bits too, yet its contrast is 20 and more; a blank frame has only noise.
    Rule(
        "low_information", lambda photos: photos["information"], -1, 0.35,
        suspicious=lambda photos: photos["contrast"] < 12,
        certain=lambda photos: photos["contrast"] < 4,
        detail="it holds {value:.1f} bits of information a pixel, usual here is {usual:.1f}",
    ),
    # Floors: three times the usual pixels and 1.6 times the usual shape are odd even where all others are equal.
    Rule(
        "odd_size", _pixels, 0, np.log(3) / Z_LIMIT, suspicious=_uncommon(_pixels),
        certain=lambda photos: _short_side(photos) < MODEL_SIDE / 2,
        detail="it has {value:,.0f} pixels, usual here are {usual:,.0f}",
        logarithm=True,
    ),
    Rule(
        "odd_size", _shape, 0, np.log(1.6) / Z_LIMIT, suspicious=_uncommon(_shape), certain=_never,
        detail="its long side is {value:.2f} times its short side, usual here is {usual:.2f}",
        logarithm=True,
    ),
)  # fmt: skip


def odd_photos(raw: pd.DataFrame) -> pd.DataFrame:
    """Photos that look odd within their own shoot.

    Args:
        raw: one row per file of all shoots, with `METRICS`. Masks and unreadable files are left out.

    Returns:
        Findings of the kinds dark, bright, blurry, low_information and odd_size; at most one of each kind a photo.
    """
    photos = _judged(raw)
    rows = [row for rule in RULES for row in _apply(rule, photos)]
    table = findings_table(rows)
    # A photo may break both rules for sizes; the table starts with the worse one.
    return table.drop_duplicates(["shoot", "file", "finding"], ignore_index=True)


def _judged(raw: pd.DataFrame) -> pd.DataFrame:
    usable = raw["problem"].isna() & (raw["tag"].fillna("") != "mask")
    photos = raw.loc[usable, ["shoot", "file", "sha256", "width", "height", *METRICS]].reset_index(drop=True)
    numbers = ["width", "height", *METRICS]
    return photos.astype(dict.fromkeys(numbers, "float64"))


def _apply(rule: Rule, photos: pd.DataFrame) -> list[Finding]:
    value = rule.value(photos)
    compared = pd.Series(np.log(value)) if rule.logarithm else value
    usual = center_and_spread(compared, photos["shoot"], MINIMUM_SHOOT)
    z = (compared - usual["center"]) / usual["spread"].clip(lower=rule.floor)
    z = z.abs() if rule.side == 0 else rule.side * z
    certain = rule.certain(photos)
    odd = certain | ((z > Z_LIMIT) & rule.suspicious(photos))
    scores = pd.Series(excess_score(z.fillna(0).to_numpy() / Z_LIMIT), index=photos.index).mask(certain, 1.0)
    center = np.exp(usual["center"]) if rule.logarithm else usual["center"]
    names = photo_names(photos)
    return [
        Finding(*names[i], rule.kind, float(scores[i]), _sentence(rule, float(value[i]), float(center[i])))
        for i in np.flatnonzero(odd)
    ]


def _sentence(rule: Rule, value: float, usual: float) -> str:
    sentence = rule.detail.format(value=value, usual=usual)
    return sentence if np.isfinite(usual) else sentence.split(", usual")[0]
