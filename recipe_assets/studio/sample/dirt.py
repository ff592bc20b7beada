"""What real shoots hold beside clean photos: broken files, copies, masks, odd exposures, keywords that are wrong.

Every kind of fault that the platform must find is planned here for every shoot of the sample studio.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice

import numpy as np

SHOOTS = ("HF_Y24_W41", "HF_Y24_W42", "HF_Y24_W43", "HF_Y24_W44")
BROKEN = ("truncated", "empty", "text", "lonely-sidecar")
"""Faults of files that are no usable photos."""
COPIED = ("copy", "near-copy")
"""Faults of files that show a photo again."""
FIRST_EXTRA_RECIPE = 900
"""Looks of their own, so that odd photos are no near-duplicates of good ones."""


@dataclass(frozen=True)
class PlannedPhoto:
    """One file of the sample: what is drawn, and what is written about it.

    `fault` is None, or what is odd about the file: one of `BROKEN` or `COPIED`, "mask" or "lonely-mask", "dark" or
    "blurred", "mislabeled" (another keyword is written than is shown), "conflict" (IPTC and XMP disagree),
    "sidecar" (the keyword stands in an XMP file beside it), "tiff" or "png".
    `recipe` and `step` seed the drawing, so a copy shows the same scene as its original.
    """

    shoot: str
    file: str
    keyword: str
    recipe: int
    step: int
    written: tuple[str, ...]
    in_xmp: bool = False
    fault: str | None = None


def extra_files(generator: np.random.Generator, photos: Sequence[PlannedPhoto]) -> Iterator[PlannedPhoto]:
    """Per shoot: copies, near-copies, masks, bad names, broken files, and something that is no photo."""
    for shoot in SHOOTS:
        chosen = [photos[i] for i in generator.permutation(len(photos)) if photos[i].shoot == shoot][:9]
        for place, fault in enumerate(("copy", "copy", "near-copy", "near-copy")):
            yield replace(chosen[place], file=f"{chosen[place].file[:-13]}copy{place}_original.jpg", fault=fault)
        yield replace(chosen[4], file=f"DSC_{4100 + chosen[4].recipe}.jpg", fault="copy")
        yield replace(chosen[5], file="IMG_0001 (1).jpg", fault="near-copy")
        yield replace(chosen[6], file=chosen[6].file.replace("original", "mask"), fault="mask")
        yield replace(chosen[7], file=chosen[7].file.replace("_0", "_9", 1), fault="truncated")
        yield replace(chosen[8], file="upload-7f3a.jpg", fault="empty")
        yield replace(chosen[8], file="notes.txt", fault="text")


def doubtful_files(generator: np.random.Generator, photos: Sequence[PlannedPhoto]) -> Iterator[PlannedPhoto]:
    """Per shoot: photos that can be read but not believed, and keywords and formats of other programs."""
    for number, shoot in enumerate(SHOOTS):
        names = _names(shoot, FIRST_EXTRA_RECIPE + number, photos)
        yield replace(next(names), fault="dark")
        yield replace(next(names), fault="blurred")
        for _ in range(2):
            photo = next(names)
            other = sorted({seen.keyword for seen in photos} - {photo.keyword})
            yield replace(photo, fault="mislabeled", written=(other[int(generator.integers(len(other)))],))
        yield replace(next(names), fault="conflict")
        yield replace(next(names), fault="sidecar")
        tiff, png, lonely = next(names), next(names), next(names)
        yield replace(tiff, fault="tiff", file=tiff.file.replace(".jpg", ".tif"))
        yield replace(png, fault="png", file=png.file.replace(".jpg", ".png"))
        yield replace(lonely, fault="lonely-mask", file=lonely.file.replace("original", "mask"))
        yield replace(lonely, fault="lonely-sidecar", file="selection.xmp")


def _names(shoot: str, recipe: int, photos: Sequence[PlannedPhoto]) -> Iterator[PlannedPhoto]:
    """Photos of one recipe on a bad day, of frequent keywords only: rare ones have no photo to spare."""
    here = [photo.keyword for photo in photos if photo.shoot == shoot]
    frequent = sorted(set(here), key=lambda keyword: (-here.count(keyword), keyword))[:4]
    for step, keyword in enumerate(islice(cycle(frequent), 12), 1):
        name = f"HF_Y24_R90_B{shoot[-3:]}_SE_X{recipe}-1_{step:02d}__original.jpg"
        yield PlannedPhoto(shoot, name, keyword, recipe, step, (keyword,))
