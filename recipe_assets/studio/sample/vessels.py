"""Round cookware from above: pans, pots, bowls, plates, glass. A vessel is a stack of slices under the camera.

Here: walls, rim and glass. Not here: sizes and profile, handles, what it holds, which vessel a scene shows.
"""

from itertools import pairwise

import numpy as np

from recipe_assets.studio.sample.palette import BLACK, WHITE, ink, mix, rgb, shade
from recipe_assets.studio.sample.paths import Floats, Point
from recipe_assets.studio.sample.projection import Canvas
from recipe_assets.studio.sample.roundware import Vessel


def draw_body(canvas: Canvas, vessel: Vessel) -> None:
    """Paint shadow, outside, inner wall and bottom; the food comes next, then `draw_rim`."""
    if vessel.glass:
        _glass_body(canvas, vessel)
        return
    canvas.shade_disc(vessel.center, vessel.diameter / 2, 0.0, vessel.height)
    if canvas.fine:
        _contact(canvas, vessel, 0.55)
    stuff, r = vessel.material, vessel.diameter / 2
    for z in np.linspace(vessel.height * 0.4, vessel.height, 4 if canvas.fine else 1):
        side = canvas.across(vessel.center, float(z), r, shade(stuff.outside, 1.12), shade(stuff.outside, 0.6))
        radius = r * (vessel.base + (1 - vessel.base) * float(z) / vessel.height)
        canvas.ring(vessel.center, float(z), radius - 0.9, 1.8, side)
    if vessel.lip:
        _lip(canvas, vessel)
    _wall(canvas, vessel)
    _bottom(canvas, vessel)


def _contact(canvas: Canvas, vessel: Vessel, depth: float) -> None:
    (x, y), r = vessel.center, vessel.diameter / 2 * max(vessel.base, 0.75)
    dark = canvas.radial((x, y), r * 1.25, (0.0, BLACK, depth), (0.72, BLACK, depth), (1.0, BLACK, 0.0))
    canvas.ring(vessel.center, 0, r, r * 0.5, dark)


def _lip(canvas: Canvas, vessel: Vessel) -> None:
    turn, r = vessel.angle + np.pi / 2, vessel.diameter / 2
    spout = np.array([[-0.2, -1.9], [0.75, -0.75], [1.15, 0], [0.75, 0.75], [-0.2, 1.9]])
    c, s = np.cos(turn), np.sin(turn)
    points = (spout + np.array([r - 0.1, 0])) @ np.array([[c, s], [-s, c]]) + np.array(vessel.center)
    rim, inside = vessel.material.rim, vessel.material.inside
    style = f'stroke="{ink(rim)}" stroke-width="0.3"'
    canvas.shape(points, vessel.height, ink(shade(inside, 0.75)), style, smooth=False)


def _wall(canvas: Canvas, vessel: Vessel) -> None:
    inside, gloss = vessel.material.inside, vessel.material.gloss
    levels = [float(z) for z in np.linspace(vessel.height, vessel.food_z, canvas.slices + 1)]
    for z, below in pairwise(levels):
        depth, radius = (vessel.height - z) / 9.0, vessel.radius(z)
        near = shade(inside, 0.6 - 0.3 * depth)
        far = shade(inside, 1.12 + 0.2 * gloss - 0.5 * depth)
        width = radius - vessel.radius(below) * canvas.scale(below) / canvas.scale(z) + 0.8
        canvas.ring(
            vessel.center, z, radius - width / 2, width, canvas.across(vessel.center, z, radius, near, far)
        )


def _bottom(canvas: Canvas, vessel: Vessel) -> None:
    z, inside = vessel.food_z, vessel.material.inside
    r, s, (lx, ly) = vessel.radius(z), canvas.scale(vessel.food_z), canvas.light.toward
    x, y = canvas.at(*vessel.center, z)
    if canvas.fine:
        canvas.ring(vessel.center, z, r, 0.35, ink(shade(inside, 0.55)), 0.6)
    hub = (x - lx * r * 0.3, y - ly * r * 0.3)
    dim = 1 - 0.022 * (vessel.height - z)
    stops = (
        (0.0, shade(inside, 1.1 * dim), 1.0),
        (0.6, shade(inside, 0.96 * dim), 1.0),
        (1.0, shade(inside, 0.8 * dim), 1.0),
    )
    canvas.disc(vessel.center, z, r, canvas.radial(hub, r * s * 1.3, *stops))
    if vessel.material.gloss > 0.8 and canvas.fine:
        _brushed(canvas, vessel, r, z)


def _brushed(canvas: Canvas, vessel: Vessel, r: float, z: float) -> None:
    """Streaks that turned metal shows on both sides of its middle."""
    turn = canvas.light.azimuth + np.pi / 2 + canvas.rng.normal(0, 0.2)
    for offset, tone, opacity in ((0.0, WHITE, 0.22), (0.5, BLACK, 0.1), (-0.55, WHITE, 0.1)):
        for flip in (0.0, np.pi):
            angles = turn + offset + flip + np.array([-0.22, 0.22])
            tips = np.stack([np.cos(angles), np.sin(angles)], 1) * r
            wedge = np.concatenate([np.zeros((1, 2)), tips]) + np.array(vessel.center)
            canvas.shape(wedge, z, ink(tone), f'fill-opacity="{opacity}"')
    for share in (0.35, 0.7):
        canvas.ring(vessel.center, z, r * share, 0.1, "#ffffff", 0.12)


def draw_rim(canvas: Canvas, vessel: Vessel) -> None:
    """Paint the wall's shadow on what is inside, the rim and its lights."""
    if vessel.glass:
        _glass_rim(canvas, vessel)
        return
    _inner_shadow(canvas, vessel, 0.5)
    rim, r, z = vessel.material.rim, vessel.diameter / 2, vessel.height
    width = 0.42 if vessel.kind != "plate" else 0.25
    edge = canvas.across(vessel.center, z, r, shade(rim, 1.35), shade(rim, 0.7))
    canvas.ring(vessel.center, z, r - width / 2, width, edge)
    if canvas.fine:
        canvas.ring(vessel.center, z, r - width, 0.1, ink(shade(rim, 0.4)), 0.6)
    _glints(canvas, vessel, 0.35 + 0.5 * vessel.material.gloss)


def _inner_shadow(canvas: Canvas, vessel: Vessel, depth: float) -> None:
    """The wall next to the lamp shades the food or bottom below it."""
    z, r = vessel.food_z, vessel.radius(vessel.food_z)
    (dx, dy), s = canvas.light.drop((vessel.height - z) * 0.8), canvas.scale(z)
    x, y = canvas.at(*vessel.center, z)
    soft = 0.12 + 0.3 * canvas.light.softness
    reach = r * s * (1 + soft)
    stops = ((0.0, BLACK, 0.0), (1 - 1.6 * soft / (1 + soft), BLACK, 0.0), (1.0, BLACK, depth))
    canvas.disc(vessel.center, z, r, canvas.radial((x + dx, y + dy), reach, *stops))


def _arc(center: Point, radius: float, middle: float, sweep: float) -> Floats:
    turn = np.linspace(middle - sweep / 2, middle + sweep / 2, 9)
    return np.asarray(np.stack([np.cos(turn), np.sin(turn)], 1) * radius + np.array(center))


def _glints(canvas: Canvas, vessel: Vessel, strength: float) -> None:
    """Short bright arcs on the rim, towards the lamp and opposite."""
    r, z, azimuth = vessel.diameter / 2 - 0.2, vessel.height, canvas.light.azimuth
    for middle, sweep, share in ((azimuth, 0.9, 1.0), (azimuth + np.pi, 0.6, 0.6)):
        points = _arc(vessel.center, r, middle + float(canvas.rng.normal(0, 0.15)), sweep)
        canvas.line(points, z, 0.2, "#ffffff", f'stroke-opacity="{strength * share:.2f}"')


def _glass_body(canvas: Canvas, vessel: Vessel) -> None:
    """Glass: a faint tint over the counter, a bright foot, walls that darken where they are steep."""
    (x, y), r = vessel.center, vessel.diameter / 2
    canvas.shades.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{r * 0.9:.2f}" fill="#000" fill-opacity="0.35"/>')
    dx, dy = canvas.light.drop(vessel.height)
    ring = f'fill="none" stroke="#000" stroke-opacity="0.6" stroke-width="{0.08 * r + 0.6:.2f}"'
    canvas.shades.append(f'<circle cx="{x + dx:.2f}" cy="{y + dy:.2f}" r="{r:.2f}" {ring}/>')
    tint = mix(vessel.material.inside, rgb("9db8b4"), 0.4)
    foot = vessel.radius(0.4)
    canvas.disc(vessel.center, vessel.height, r, ink(tint), 'fill-opacity="0.16"')
    for z in np.linspace(vessel.height, 0.4, canvas.slices if canvas.fine else 2):
        color = canvas.across(vessel.center, float(z), vessel.radius(float(z)), rgb("3d4c4a"), WHITE, 0.13)
        canvas.ring(vessel.center, float(z), vessel.radius(float(z)) - 0.2, 0.7, color)
    canvas.ring(vessel.center, 0.2, foot, 0.5, "#22302e", 0.32)
    canvas.ring(vessel.center, 0.3, foot - 0.45, 0.3, "#ffffff", 0.45)


def _glass_rim(canvas: Canvas, vessel: Vessel) -> None:
    """The glass in front of the food: rim rings, and the lamp's windows on the wall."""
    r, z, azimuth = vessel.diameter / 2, vessel.height, canvas.light.azimuth
    _inner_shadow(canvas, vessel, 0.16)
    canvas.ring(vessel.center, z, r - 0.1, 0.22, "#2b3a38", 0.55)
    canvas.ring(vessel.center, z, r - 0.35, 0.34, "#ffffff", 0.62)
    canvas.ring(vessel.center, z, r - 0.62, 0.14, "#1f2c2a", 0.42)
    for middle, share, sweep, opacity in ((azimuth, 0.88, 0.7, 0.75), (azimuth + 3.3, 0.8, 0.95, 0.5),
                                          (azimuth + 0.9, 0.72, 0.3, 0.4)):  # fmt: skip
        level = z * share
        points = _arc(vessel.center, vessel.radius(level) - 0.5, middle, sweep)
        canvas.line(points, level, 0.055 * r + 0.15, "#ffffff", f'stroke-opacity="{opacity}"')
    _glints(canvas, vessel, 1.0)
