"""The overhead camera and the SVG that is drawn under it: units are centimetres, y points down the frame.

Here: light, projection, gradients, shadows. Not here: what any object looks like, and pixels.
"""

from dataclasses import dataclass, field
from math import cos, sin, tan

import numpy as np

from recipe_assets.studio.sample.palette import RGB, Rng, ink
from recipe_assets.studio.sample.paths import Floats, Point, outline, track

Stop = tuple[float, RGB, float]


@dataclass(frozen=True)
class Light:
    """One soft lamp or window: where it stands (radians) and how wide it is (0 hard, 1 overcast)."""

    azimuth: float = -2.2
    elevation: float = 0.95
    softness: float = 0.5

    @property
    def toward(self) -> Point:
        """Unit vector on the counter that points to the lamp."""
        return (cos(self.azimuth), sin(self.azimuth))

    def drop(self, height: float) -> Point:
        """Where the shadow of a point at `height` cm falls, relative to the point."""
        reach = height / tan(self.elevation)
        return (-self.toward[0] * reach, -self.toward[1] * reach)


@dataclass
class Canvas:
    """A scene under construction: SVG elements in painting order, and the counter's shadows apart from them."""

    frame: tuple[float, float]
    height: float
    detail: float
    light: Light
    rng: Rng
    pieces: int = 260
    slices: int = 8
    body: list[str] = field(default_factory=list)
    shades: list[str] = field(default_factory=list)
    defs: list[str] = field(default_factory=list)

    @property
    def fine(self) -> bool:
        """Whether the frame has pixels enough for small details (more than 5 per cm)."""
        return self.detail > 5

    def scale(self, z: float) -> float:
        """How much larger a thing at height `z` appears than on the counter."""
        return self.height / (self.height - z)

    def at(self, x: float, y: float, z: float = 0.0) -> Point:
        """Project a point of the world."""
        return (x * self.scale(z), y * self.scale(z))

    def paint(self, element: str) -> None:
        """Put an element on top of what is there."""
        self.body.append(element)

    def disc(self, center: Point, z: float, radius: float, fill: str, extra: str = "") -> None:
        """Paint a filled circle that lies level at height `z`."""
        (x, y), s = self.at(*center, z), self.scale(z)
        self.paint(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{max(radius * s, 0.01):.2f}" fill="{fill}" {extra}/>')

    def ring(
        self, center: Point, z: float, radius: float, width: float, stroke: str, opacity: float = 1.0
    ) -> None:
        """Paint a circle's outline, `width` cm wide."""
        style = f'stroke="{stroke}" stroke-width="{width * self.scale(z):.2f}" stroke-opacity="{opacity:.2f}"'
        self.disc(center, z, radius, "none", style)

    def shape(self, points: Floats, z: float, fill: str, extra: str = "", smooth: bool = False) -> None:
        """Paint a closed outline at height `z`."""
        self.paint(f'<path d="{outline(points * self.scale(z), smooth)}" fill="{fill}" {extra}/>')

    def line(
        self, points: Floats, z: float, width: float, stroke: str, extra: str = "", cap: str = "round"
    ) -> None:
        """Paint an open line at height `z`, its ends round or cut (`cap`)."""
        s = self.scale(z)
        style = f'stroke-width="{width * s:.2f}" stroke-linecap="{cap}" stroke-linejoin="round"'
        self.paint(f'<path d="{track(points * s)}" fill="none" stroke="{stroke}" {style} {extra}/>')

    def gradient(self, geometry: str, stops: tuple[Stop, ...]) -> str:
        """Define a gradient in frame coordinates and return the paint that refers to it."""
        name, tag = f"g{len(self.defs)}", geometry.split(" ", 1)[0]
        inner = "".join(
            f'<stop offset="{o:.3f}" stop-color="{ink(c)}" stop-opacity="{a:.3f}"/>' for o, c, a in stops
        )
        self.defs.append(f'<{geometry} id="{name}" gradientUnits="userSpaceOnUse">{inner}</{tag}>')
        return f"url(#{name})"

    def linear(self, start: Point, end: Point, *stops: Stop) -> str:
        """Return a gradient along a line of the frame."""
        (x1, y1), (x2, y2) = start, end
        return self.gradient(f'linearGradient x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}"', stops)

    def radial(self, center: Point, radius: float, *stops: Stop) -> str:
        """Return a gradient from a point of the frame outwards."""
        return self.gradient(f'radialGradient cx="{center[0]:.2f}" cy="{center[1]:.2f}" r="{radius:.2f}"', stops)

    def across(self, center: Point, z: float, radius: float, near: RGB, far: RGB, alpha: float = 1.0) -> str:
        """Return a gradient over a disc, from the side next to the lamp (`near`) to the side away from it."""
        (x, y), (lx, ly), r = self.at(*center, z), self.light.toward, radius * self.scale(z)
        return self.linear((x + lx * r, y + ly * r), (x - lx * r, y - ly * r), (0, near, alpha), (1, far, alpha))

    def shade_disc(self, center: Point, radius: float, low: float, high: float) -> None:
        """Let a round thing from `low` to `high` cm cast its shadow on the counter."""
        ends = np.array(center) + np.array([self.light.drop(low), self.light.drop(high)])
        self.shade_line(ends, 2 * radius)

    def shade_line(self, points: Floats, width: float, z: float = 0.0) -> None:
        """Let a line at height `z` cast its shadow on the counter."""
        style = f'stroke-width="{width:.2f}" stroke-linecap="round" stroke-linejoin="round"'
        self.shades.append(
            f'<path d="{track(points + np.array(self.light.drop(z)))}" fill="none" stroke="#000" {style}/>'
        )

    def shade_shape(self, points: Floats, low: float, high: float, smooth: bool = False) -> None:
        """Let an outline with height cast its shadow on the counter."""
        for z in np.linspace(low, high, 4):
            moved = points + np.array(self.light.drop(float(z)))
            self.shades.append(f'<path d="{outline(moved, smooth)}" fill="#000"/>')

    def svg(self, elements: list[str], size: tuple[int, int]) -> str:
        """Return a whole SVG document of `elements` over the frame, `size` pixels large."""
        width, height = self.frame
        pixels = f'width="{size[0]}" height="{size[1]}"'
        view = f'viewBox="{-width / 2:.2f} {-height / 2:.2f} {width:.2f} {height:.2f}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {pixels} {view} preserveAspectRatio="none">'
        body = "".join(elements)
        defs = f"<defs>{''.join(self.defs)}</defs>" if "url(#" in body else ""
        return f"{head}{defs}{body}</svg>"
