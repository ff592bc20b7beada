"""Painting the wider world's things on a canvas.

Here: from a `Thing` to vessels, trays and boards with their food. Not here: drawing lots about what things are.
"""

import numpy as np

from recipe_assets.studio.sample.contents import hold
from recipe_assets.studio.sample.families import FAMILIES
from recipe_assets.studio.sample.food import Patch
from recipe_assets.studio.sample.handles import draw_handles
from recipe_assets.studio.sample.larder import HERB, foods_for, pick
from recipe_assets.studio.sample.look import RecipeLook
from recipe_assets.studio.sample.palette import ink, shade
from recipe_assets.studio.sample.paths import Point, turned
from recipe_assets.studio.sample.projection import Canvas
from recipe_assets.studio.sample.props import UTENSILS
from recipe_assets.studio.sample.roundware import Vessel
from recipe_assets.studio.sample.servings import fill_patch, strew
from recipe_assets.studio.sample.tabletop import draw_plate, serve
from recipe_assets.studio.sample.things import Thing
from recipe_assets.studio.sample.trays import Tray, draw_board, draw_tray, draw_tray_rim
from recipe_assets.studio.sample.vessels import draw_body, draw_rim


def as_vessel(thing: Thing, center: Point, full: float) -> Vessel:
    """Return the round vessel that a thing is."""
    base, curve = FAMILIES[thing.family].profile
    kind = "plate" if thing.family == "plate" else thing.family
    return Vessel(kind, thing.material, thing.size[0], thing.size[2], base, curve, thing.handles, thing.angle,
                  thing.handle_color, min(19.0, 10 + thing.size[0] * 0.35), thing.family == "saucepan", full,
                  center)  # fmt: skip


def paint_thing(canvas: Canvas, look: RecipeLook, thing: Thing, center: Point, tools: bool = False) -> str:
    """Paint a thing and its food; return the name of a utensil that lies in it, or nothing."""
    rim = _paint_vessel(canvas, thing, center) if thing.round else _paint_tray(canvas, thing, center)
    return _tool(canvas, look, thing, center, rim) if tools else ""


def _paint_vessel(canvas: Canvas, thing: Thing, center: Point) -> float:
    most = 0.38 if thing.depth_word == "deep" else 0.6
    full = float(canvas.rng.uniform(0.2, most)) if thing.amount == "full" else 0.1
    vessel = as_vessel(thing, center, full if thing.family != "plate" else 0.35)
    if thing.handles == "mug":
        _mug_handle(canvas, vessel)
    draw_handles(canvas, vessel)
    draw_body(canvas, vessel)
    if thing.family == "colander":
        _holes(canvas, vessel)
    load_thing(canvas, thing, vessel.patch())
    draw_rim(canvas, vessel)
    return vessel.height


def _paint_tray(canvas: Canvas, thing: Thing, center: Point) -> float:
    kind = {"muffin tin": "tray"}.get(thing.family, thing.family)
    width, depth, height = thing.size
    full = 0.2 if thing.family != "dish" else float(canvas.rng.uniform(0.25, 0.7))
    tray = Tray(kind, thing.material, width, depth, height, 2.4, thing.angle, center, full,
                thing.family == "dish", thing.paper, thing.oval)  # fmt: skip
    if thing.family == "grill" and thing.handles == "long":
        draw_handles(canvas, as_vessel(thing, center, 0.2))
    if thing.family == "board":
        draw_board(canvas, tray, canvas.rng)
        load_thing(canvas, thing, tray.patch(5.0))
        return height
    draw_tray(canvas, tray)
    if thing.family == "muffin tin":
        _cups(canvas, tray)
    load_thing(canvas, thing, tray.patch(2.0))
    draw_tray_rim(canvas, tray)
    return height


def load_thing(canvas: Canvas, thing: Thing, patch: Patch) -> None:
    """Put a thing's foods in or on it: the first covers, the second lies on top."""
    if not thing.foods:
        return
    first = thing.foods[0]
    flat = thing.family in ("tray", "board", "grill", "plate")
    if thing.amount == "full" and not flat:
        fill_patch(canvas, patch, first, 0.96)
    elif thing.amount == "full" and thing.family != "grill":
        fill_patch(canvas, patch, first, 0.8)
    else:
        strew(canvas, patch, first, int(np.clip(0.45 * patch.area / first.size**2, 5, canvas.pieces)))
    for second in thing.foods[1:]:
        strew(canvas, patch.shrunk(0.75), second, int(canvas.rng.integers(6, 20)), max(second.size, 1.2))


def _tool(canvas: Canvas, look: RecipeLook, thing: Thing, center: Point, rim: float) -> str:
    rng = canvas.rng
    if rng.random() > 0.35 or thing.size[0] < 12:
        return ""
    name, turn = str(rng.choice(list(UTENSILS))), float(rng.uniform(0.1, np.pi - 0.1))
    UTENSILS[name](canvas, (center[0] - np.cos(turn) * 3, center[1] - np.sin(turn) * 3), turn, rim)
    if rng.random() < 0.3:
        hold(
            canvas,
            look,
            (center[0] + float(np.cos(turn)) * 17, center[1] + float(np.sin(turn)) * 17),
            rim + 2,
            center,
        )
    return name


def _mug_handle(canvas: Canvas, vessel: Vessel) -> None:
    ear = np.array([[0.0, -0.3], [2.6, -0.3], [2.6, 0.3], [0.0, 0.3]])
    points = turned(ear + np.array([vessel.diameter / 2 - 0.3, 0]), vessel.angle, vessel.center)
    canvas.line(points, vessel.height * 0.8, 0.9, ink(shade(vessel.material.outside, 0.9)))


def _holes(canvas: Canvas, vessel: Vessel) -> None:
    spots = vessel.patch().spots(canvas, 60, 0.6)
    for x, y in spots:
        canvas.disc((float(x), float(y)), vessel.food_z, 0.38, "#1c1c1e")


def _cups(canvas: Canvas, tray: Tray) -> None:
    for u in (-0.34, 0.0, 0.34):
        for v in (-0.25, 0.25):
            at = turned(np.array([[u * tray.width, v * tray.depth]]), tray.angle, tray.center)[0]
            center, color = (float(at[0]), float(at[1])), tray.material.inside
            radius = min(tray.width * 0.15, tray.depth * 0.22)
            for z, tone in ((2.6, 0.95), (1.2, 0.6), (0.4, 0.5)):
                fill = canvas.across(center, z, radius, shade(color, tone * 0.6), shade(color, tone * 1.25))
                canvas.disc(center, z, radius * (0.8 + 0.08 * z), fill)


def closeup_food(canvas: Canvas, look: RecipeLook) -> str:
    """Paint food from near and return its words."""
    rng = canvas.rng
    center = (float(rng.normal(0, 1.6)), float(rng.normal(0, 1.2)))
    if rng.random() < 0.45:
        serve(canvas, look, draw_plate(canvas, center))
        return str(rng.choice(["plated food", "a plated dish", "food on a plate"]))
    plate = draw_plate(canvas, center)
    draw_body(canvas, plate)
    food = pick(rng, foods_for("p"))
    fill_patch(canvas, plate.patch(), food, 0.85)
    herbs = rng.random() < 0.4
    if herbs:
        strew(canvas, plate.patch().shrunk(0.7), HERB, 26, 1.1)
    draw_rim(canvas, plate)
    return f"{food.name} on a plate" if rng.random() < 0.4 else food.name + (" with herbs" if herbs else "")
