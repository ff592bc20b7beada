"""Which fonts draw names from files: the bundled one first, then whatever this machine has for other scripts.

Charts take the families, contact sheets the files; both end with a font that has a sign for every script.
"""

from functools import lru_cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

BUNDLED = "DejaVu Sans"
LAST_RESORT = "Last Resort High-Efficiency"
"""Bundled with matplotlib: draws a framed sign of the script for a letter that no other font has."""
WIDE = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Source Han Sans", "Hiragino Sans",
    "PingFang SC", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic", "WenQuanYi Zen Hei", "Droid Sans Fallback",
    "Noto Sans Devanagari", "Noto Sans Thai", "Arial Unicode MS",
)  # fmt: skip
"""Families with scripts that DejaVu lacks (Chinese, Japanese, Korean, Indic, Thai), used where installed."""


@lru_cache(maxsize=1)
def families() -> list[str]:
    """Font families to look a letter up in, in this order."""
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return [BUNDLED, *(name for name in WIDE if name in installed), LAST_RESORT]


@lru_cache(maxsize=1)
def _files() -> list[tuple[Path, frozenset[int]]]:
    """Each family's font file with the code points that it can draw."""
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    paths = [Path(findfont(FontProperties(family=[family]))) for family in families()]
    return [(path, frozenset(FT2Font(path).get_charmap())) for path in paths]


@lru_cache(maxsize=64)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


def _runs(text: str, size: int) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    """The text in pieces, each with the first font that has its letters."""
    runs: list[tuple[str, Path]] = []
    for letter in text:
        path = next((path for path, known in _files() if ord(letter) in known), _files()[0][0])
        if runs and runs[-1][1] == path:
            runs[-1] = (runs[-1][0] + letter, path)
        else:
            runs.append((letter, path))
    return [(piece, _font(path, size)) for piece, path in runs]


def text_width(text: str, size: int) -> float:
    """Pixels that a line takes."""
    return sum(font.getlength(piece) for piece, font in _runs(text, size))


def fit(text: str, size: int, width: float) -> str:
    """The text, or as much of its beginning and end as fits into so many pixels, with an ellipsis between."""
    if text_width(text, size) <= width:
        return text
    low, high = 0, min(len(text), int(width))  # no letter is narrower than a pixel
    while low < high:
        kept = (low + high + 1) // 2
        low, high = (kept, high) if text_width(_cut(text, kept), size) <= width else (low, kept - 1)
    return _cut(text, low)


def _cut(text: str, kept: int) -> str:
    tail = kept // 2
    return f"{text[: kept - tail]}…{text[len(text) - tail :]}"


def write_line(draw: ImageDraw.ImageDraw, left: float, baseline: float, text: str, size: int, color: str) -> None:
    """Draw one line; letters of different fonts stand on one baseline."""
    for piece, font in _runs(text, size):
        draw.text((left, baseline), piece, fill=color, font=font, anchor="ls")
        left += font.getlength(piece)
