"""Colours as (red, green, blue) in 0-255, and the random generator's short name.

Here: reading, mixing, varying and writing colours. Not here: which thing has which colour.
"""

import numpy as np

Rng = np.random.Generator
RGB = tuple[float, float, float]

WHITE: RGB = (255.0, 255.0, 255.0)
BLACK: RGB = (12.0, 9.0, 8.0)


def rgb(code: str) -> RGB:
    """Read a colour such as ``"a0522d"``."""
    return (float(int(code[0:2], 16)), float(int(code[2:4], 16)), float(int(code[4:6], 16)))


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """Blend two colours; `share` is how much of the second there is."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return (red, green, blue)


def shade(color: RGB, factor: float) -> RGB:
    """Darken (`factor` below 1) towards black or lighten (above 1) towards white."""
    return mix(BLACK, color, factor) if factor <= 1 else mix(color, WHITE, factor - 1)


def vary(color: RGB, rng: Rng, amount: float = 9.0) -> RGB:
    """Shift a colour a little, mostly in brightness; `amount` is in levels of 255."""
    brightness = float(rng.normal(0, amount))
    red, green, blue = (
        c + brightness + float(d) for c, d in zip(color, rng.normal(0, amount / 3, 3), strict=True)
    )
    return (red, green, blue)


def ink(color: RGB) -> str:
    """Write a colour for SVG."""
    return "#{:02x}{:02x}{:02x}".format(*(min(255, max(0, round(c))) for c in color))
