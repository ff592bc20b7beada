"""Rectangular and oval cookware: oven trays, oven dishes, grill plates, chopping boards.

Here: `Tray` and how each kind is painted, empty. Not here: the food on it.
"""

from dataclasses import dataclass

import numpy as np

from recipe_assets.studio.sample.food import Patch
from recipe_assets.studio.sample.materials import Material
from recipe_assets.studio.sample.palette import BLACK, RGB, WHITE, Rng, ink, mix, rgb, shade, vary
from recipe_assets.studio.sample.paths import Floats, Point, box, turned
from recipe_assets.studio.sample.projection import Canvas


@dataclass(frozen=True)
class Tray:
    """A flat vessel or a board: kind (tray, dish, grill, board), sizes in cm, its turn in radians."""

    kind: str
    material: Material
    width: float
    depth: float
    height: float
    corner: float = 2.0
    angle: float = 0.0
    center: Point = (0.0, 0.0)
    full: float = 0.2
    ears: bool = False
    paper: bool = False
    oval: bool = False

    @property
    def food_z(self) -> float:
        """The height of the food's surface."""
        return self.height if self.kind == "board" else 0.4 + self.full * (self.height - 0.4)

    def outline(self, z: float, inset: float = 0.0) -> Floats:
        """Return the inner outline at a height; walls lean a little outwards."""
        lean = 0.0 if self.kind == "board" else 1.1 * (1 - z / self.height) * min(1.0, self.height / 4)
        w, d = self.width - 2 * (inset + lean), self.depth - 2 * (inset + lean)
        if self.oval:
            turn = np.linspace(0, 2 * np.pi, 36, endpoint=False)
            return turned(np.stack([np.cos(turn) * w / 2, np.sin(turn) * d / 2], 1), self.angle, self.center)
        corner = max(0.4, min(self.corner, d / 2.2) - inset * 0.5)
        return turned(box(w, d, corner), self.angle, self.center)

    def patch(self, inset: float = 1.2) -> Patch:
        """Return the level area that food can cover, `inset` cm inside the wall."""
        lean = 0.0 if self.kind == "board" else 1.1 * (1 - self.full) * min(1.0, self.height / 4)
        half = (self.width / 2 - inset - lean, self.depth / 2 - inset - lean)
        return Patch(self.center, half, self.food_z, self.oval, self.angle)


def draw_tray(canvas: Canvas, tray: Tray) -> None:
    """Paint a tray, dish or grill plate without its food."""
    canvas.shade_shape(tray.outline(tray.height, -0.3), 0, tray.height)
    _contact(canvas, tray)
    if tray.ears:
        _ears(canvas, tray)
    glass = tray.material.name == "glass"
    solid = 'fill-opacity="0.3"' if glass else ""
    canvas.shape(
        tray.outline(tray.height, -0.35), tray.height, _across(canvas, tray, 1.25, 0.75, tray.material.rim), solid
    )
    steps = max(3, canvas.slices // 2) if tray.height > 4 else 3
    for z in np.linspace(tray.height, tray.food_z, steps):
        depth = (tray.height - float(z)) / max(tray.height, 4)
        fill = _across(canvas, tray, 0.66 - 0.2 * depth, 1.12 - 0.3 * depth, tray.material.inside)
        canvas.shape(tray.outline(float(z), 0.3), float(z), fill, 'fill-opacity="0.12"' if glass else "")
    if not glass:
        canvas.shape(
            tray.outline(tray.food_z, 0.7), tray.food_z, _across(canvas, tray, 1.08, 0.9, tray.material.inside)
        )
    if tray.kind == "grill":
        _ridges(canvas, tray)
    if tray.paper:
        _paper(canvas, tray)


def _contact(canvas: Canvas, tray: Tray) -> None:
    for grow, dark in ((1.0, 0.12), (0.5, 0.2)):
        canvas.shape(tray.outline(0.0, -grow), 0, ink(BLACK), f'fill-opacity="{dark}"')


def _across(canvas: Canvas, tray: Tray, near: float, far: float, color: RGB) -> str:
    return canvas.across(tray.center, 0, max(tray.width, tray.depth) / 2, shade(color, near), shade(color, far))


def draw_tray_rim(canvas: Canvas, tray: Tray) -> None:
    """Paint the wall's shadow on the food and the lights on the rim."""
    (lx, ly), depth = canvas.light.toward, tray.height - tray.food_z
    if depth > 0.3 and tray.material.name != "glass":
        width = min(depth, 4.0) * 0.7
        drop = np.array([lx, ly]) * width * 0.3
        style = f'stroke="#000" stroke-opacity="0.15" stroke-width="{width:.2f}"'
        canvas.shape(tray.outline(tray.food_z, 0.5 + width / 2) + drop, tray.food_z, "none", style)
    light = canvas.across(tray.center, 0, tray.width / 2, WHITE, tray.material.rim)
    canvas.shape(tray.outline(tray.height, 0.0), tray.height, "none", f'stroke="{light}" stroke-width="0.3" '
                 f'stroke-opacity="{0.3 + 0.5 * tray.material.gloss:.2f}"')  # fmt: skip
    if tray.material.name == "glass":
        canvas.shape(tray.outline(tray.height, 0.45), tray.height, "none", 'stroke="#ffffff" stroke-width="0.5" '
                     'stroke-opacity="0.5"')  # fmt: skip


def _ears(canvas: Canvas, tray: Tray) -> None:
    ear, z = box(3.6, min(9.0, tray.depth * 0.45), 1.3), tray.height * 0.9
    for side in (-1, 1):
        points = turned(ear + np.array([side * (tray.width / 2 + 0.6), 0]), tray.angle, tray.center)
        canvas.shade_shape(points, z - 1, z)
        canvas.shape(points, z, ink(shade(tray.material.outside, 0.7)))
        canvas.shape(points + np.array(canvas.light.toward) * 0.15, z, ink(shade(tray.material.outside, 1.02)))


def _ridges(canvas: Canvas, tray: Tray) -> None:
    half_w, half_d, color = tray.width / 2 - 1.8, tray.depth / 2 - 1.9, tray.material.inside
    offsets = np.arange(-half_w + 0.5, half_w, 1.55 if canvas.fine else 2.2)
    for x in offsets:
        rib = turned(np.array([[x, -half_d], [x, half_d]]), tray.angle, tray.center)
        canvas.line(rib, tray.food_z, 0.75, ink(shade(color, 0.35)))
        canvas.line(rib + np.array(canvas.light.toward) * 0.14, tray.food_z, 0.5, ink(shade(color, 1.32)))


def _paper(canvas: Canvas, tray: Tray) -> None:
    rng, z = canvas.rng, 0.5
    tone = vary(rgb("efe8da") if rng.random() < 0.7 else rgb("b48a5c"), rng)
    sheet = box(tray.width - 2.4 + rng.uniform(-1, 2), tray.depth - 2.2 + rng.uniform(-1, 2), 0.3, 3)
    sheet = turned(sheet + rng.normal(0, 0.15, sheet.shape), tray.angle + float(rng.normal(0, 0.02)), tray.center)
    canvas.shape(sheet, z, _across(canvas, tray, 1.03, 0.92, tone))
    for _ in range(5 if canvas.fine else 0):
        ends = tray.patch(1.6).spots(canvas, 2, 1.0)
        canvas.line(ends, z, 0.5, ink(mix(tone, BLACK, 0.5)), 'stroke-opacity="0.1"')
        canvas.line(ends + 0.3, z, 0.3, "#ffffff", 'stroke-opacity="0.3"')


def draw_board(canvas: Canvas, board: Tray, rng: Rng) -> None:
    """Paint a chopping board: edge, top, grain, a hole or a groove, which are drawn from `rng`."""
    z, top = board.height, board.material.inside
    canvas.shade_shape(board.outline(0), 0, z)
    _contact(canvas, board)
    canvas.shape(board.outline(0), 0, ink(shade(board.material.outside, 0.55)))
    canvas.shape(board.outline(z), z, _across(canvas, board, 1.06, 0.9, top))
    if board.material.name == "wooden":
        for y in np.linspace(-0.46, 0.46, 6 if not canvas.fine else 18) + rng.normal(0, 0.012):
            bend = rng.normal(0, 0.12, 4) + y * board.depth
            line = turned(
                np.stack([np.linspace(-0.495, 0.495, 4) * board.width, bend], 1), board.angle, board.center
            )
            tone = ink(shade(top, float(rng.choice([0.72, 0.85, 1.12]))))
            canvas.line(line, z, float(rng.uniform(0.1, 0.7)), tone, 'stroke-opacity="0.4"', "butt")
    if rng.random() < 0.4:
        canvas.shape(board.outline(z, 1.3), z, "none", f'stroke="{ink(shade(top, 0.68))}" stroke-width="0.5"')
    elif rng.random() < 0.6:
        hole = turned(
            np.array([[board.width / 2 - 2.6, -1.2], [board.width / 2 - 2.6, 1.2]]), board.angle, board.center
        )
        canvas.line(hole, z, 1.7, ink(shade(top, 0.3)))
    canvas.shape(board.outline(z, 0.1), z, "none", 'stroke="#ffffff" stroke-opacity="0.25" stroke-width="0.2"')
