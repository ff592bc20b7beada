"""What a photo's file name says under the studio's convention. Opens no file."""

import re
from pathlib import PurePosixPath

import msgspec


class PhotoName(msgspec.Struct, frozen=True):
    """What a file name says; all None but `tag` where it breaks the convention.

    `year` has four digits; `step` is two digits or "main"; `tag` is "original" or "mask".
    """

    brand: str | None = None
    year: int | None = None
    image_type: str | None = None
    week: str | None = None
    country: str | None = None
    recipe: str | None = None
    step: str | None = None
    extra: str | None = None
    tag: str | None = None


_NAME = re.compile(
    r"(?P<brand>[A-Z]{2})_Y(?P<year>\d{2})_(?P<image_type>[A-Z0-9]+(?:_[A-Z0-9]+)?)"
    r"_(?P<week>[WB]+\d{2})_(?P<country>[A-Z]{2,4})_(?P<recipe>[A-Za-z0-9-]+)"
    r"_(?P<step>\d{2}|main)(?:_(?P<extra>[A-Za-z0-9-]*))?_(?P<tag>original|mask)",
    re.ASCII,  # other scripts have digits too
)
_MASK = re.compile(r"(?P<photo>.+?)[ _.-]+mask", re.IGNORECASE | re.DOTALL)
_ORIGINAL = re.compile(r"(?P<photo>.+?)[ _.-]+original", re.IGNORECASE | re.DOTALL)


def parse_name(file: str) -> PhotoName:
    """Read a name such as `HF_Y24_R15_BW43_SE_K19256-1_01__original.jpg`.

    Outside the convention only a mask is known by its ending, since nobody wants to train on one.
    """
    stem = PurePosixPath(file).stem
    match = _NAME.fullmatch(stem)
    if match is None:
        return PhotoName(tag="mask") if _MASK.fullmatch(stem) else PhotoName()
    fields = match.groupdict()
    return msgspec.convert(
        {**fields, "year": 2000 + int(fields["year"]), "extra": fields["extra"] or None}, PhotoName
    )


def pair_name(file: str) -> str:
    """What an original and its mask have in common: folder and name without tag and extension."""
    path = PurePosixPath(file)
    match = _MASK.fullmatch(path.stem) or _ORIGINAL.fullmatch(path.stem)
    return path.with_name(match["photo"] if match else path.stem).as_posix()
