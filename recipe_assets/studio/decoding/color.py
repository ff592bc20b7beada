"""From the colors of a file to sRGB, on white, and in words what they were.

Relative colorimetric with black point compensation, as Photoshop converts by default: colors inside sRGB stay
exact, and shadows of print spaces keep their detail. Perceptual tables exist in few profiles and differ by maker.
"""

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms

from recipe_assets.studio.decoding.icc import adobe_rgb
from recipe_assets.studio.decoding.raster import Raster

MAX_PROFILE_BYTES = 8 << 20
"""Profiles of presses have up to about 3 MB."""
_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab "}
_PLAIN_NAMES = {"RGB": "sRGB", "L": "gray", "CMYK": "CMYK", "LAB": "Lab"}
# Without the one-pixel cache a transform may be shared between threads (Little CMS 2 API, "cmsFLAGS_NOCACHE").
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOCACHE


class Converted(NamedTuple):
    """The photo in sRGB, the name of its own color space, and what was wrong with it."""

    image: Image.Image
    color: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Conversion:
    """How to bring pixels of one mode and profile to sRGB; without a transform they are read plainly."""

    color: str
    mode: str
    transform: ImageCms.ImageCmsTransform | None = None
    note: str | None = None


def to_srgb(raster: Raster, is_adobe_rgb: bool = False) -> Converted:
    """Convert colors to sRGB and lay transparent pixels on white.

    Args:
        raster: the decoded photo.
        is_adobe_rgb: whether EXIF names Adobe RGB; it counts where no profile is embedded.
    """
    pixels, alpha = _split(raster.image)
    profile = raster.profile or (adobe_rgb() if is_adobe_rgb and pixels.mode == "RGB" else None)
    conversion = _conversion_for(profile, pixels.mode)
    if conversion.transform is None:
        image = pixels.convert("RGB")
    else:
        image = ImageCms.applyTransform(pixels.convert(conversion.mode), conversion.transform) or pixels
    if alpha:
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=alpha)
        image = white
    return Converted(image, conversion.color, (conversion.note,) if conversion.note else ())


def _split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colors and opacity."""
    if image.mode not in ("RGBA", "LA"):
        return image, None
    return image.convert(image.mode[:-1]), image.getchannel("A")


def _conversion_for(profile: bytes | None, mode: str) -> _Conversion:
    if profile and len(profile) > MAX_PROFILE_BYTES:
        return _plain(mode, "color profile is larger than any real one")
    return _conversion(profile, mode)


@lru_cache(maxsize=8)
def _conversion(profile: bytes | None, mode: str) -> _Conversion:
    """Built once for each profile: reading a press's tables takes longer than converting a photo."""
    if profile is None:
        return (
            _lab() if mode == "LAB" else _plain(mode, "CMYK without a color profile" if mode == "CMYK" else None)
        )
    try:
        parsed = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = parsed.profile.xcolor_space
        if mode == "L" and space == "RGB ":
            mode = "RGB"  # gray pixels under an RGB profile, as some programs write them
        if _SPACES[mode] != space:
            return _plain(mode, f"color profile is for {space.strip()}, not for {_PLAIN_NAMES[mode]}")
        transform = _transform(parsed, mode)
        name = "Lab" if mode == "LAB" else _name(parsed) or _PLAIN_NAMES[mode]
        is_srgb = mode == "RGB" and _changes_nothing(transform)
        return _Conversion("sRGB", mode) if is_srgb else _Conversion(name, mode, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return _plain(mode, "color profile is broken")


def _lab() -> _Conversion:
    return _Conversion("Lab", "LAB", _transform(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), "LAB"))


def _plain(mode: str, problem: str | None) -> _Conversion:
    if mode == "LAB":
        return _Conversion("Lab", mode, _lab().transform, problem and f"{problem}: read as plain Lab")
    reading = "sRGB" if mode == "RGB" else f"plain {_PLAIN_NAMES[mode]}"
    return _Conversion(_PLAIN_NAMES[mode], mode, note=problem and f"{problem}: read as {reading}")


def _transform(profile: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        profile, ImageCms.createProfile("sRGB"), mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC, _FLAGS
    )


def _name(profile: ImageCms.ImageCmsProfile) -> str:
    words = "".join(letter for letter in profile.profile.profile_description or "" if letter.isprintable())
    return words.strip()[:64]


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether 729 colors all over the cube move by one level at most, as under sRGB's own profile."""
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(27, 27, 3)
    moved = ImageCms.applyTransform(Image.fromarray(cube), transform)
    return bool(np.abs(np.asarray(moved, np.int16) - cube).max() <= 1)
