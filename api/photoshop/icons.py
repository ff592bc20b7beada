"""The plugin's icons, drawn: a pan from above, for dark and for light themes.

Sizes are those of Adobe's guide "Icons for Your Plugins": 23 points in the toolbar, 24 in the plugin list, each
also twice as fine.
"""

from pathlib import Path

from PIL import Image, ImageDraw

SIZES = {"panel": 23, "plugin": 24}
INKS = {"dark": (230, 230, 230, 255), "light": (70, 70, 70, 255)}
"""What is drawn with, by the theme that it is drawn for."""
SCALES = (1, 2)
_FINE = 16
"""Drawn so many times larger and scaled down: Pillow's shapes have hard edges."""


def write_icons(folder: Path) -> None:
    """Write all icons as `<kind>-<theme>@<scale>x.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, points in SIZES.items():
        for theme, ink in INKS.items():
            for scale in SCALES:
                icon(points * scale, ink).save(folder / f"{kind}-{theme}@{scale}x.png", "PNG")


def icon(pixels: int, ink: tuple[int, int, int, int]) -> Image.Image:
    """One icon: a square of this side, transparent around the drawing."""
    side = pixels * _FINE
    image = Image.new("RGBA", (side, side), (*ink[:3], 0))
    pen = ImageDraw.Draw(image)

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return left * side, top * side, right * side, bottom * side

    pen.ellipse(box(0.08, 0.30, 0.66, 0.88), outline=ink, width=round(0.075 * side))
    pen.ellipse(box(0.28, 0.50, 0.46, 0.68), fill=ink)
    pen.line(box(0.58, 0.38, 0.92, 0.08), fill=ink, width=round(0.1 * side))
    return image.resize((pixels, pixels), Image.Resampling.LANCZOS)
