"""The 17 keywords of the default vocabulary as scenes, and `draw_step`, which photographs one.

Here: which scene belongs to which keyword. Not here: how its parts are painted, files, labels.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image

from recipe_assets.studio.sample.board import board_step
from recipe_assets.studio.sample.camera import RENDER_WIDTH, Exposure, photograph
from recipe_assets.studio.sample.contents import clutter, hold, lay_spoon, load, stir
from recipe_assets.studio.sample.cookware import PLANS
from recipe_assets.studio.sample.flats import dish_step, grill_step, tray_step
from recipe_assets.studio.sample.handles import draw_handles, handle_tip
from recipe_assets.studio.sample.look import RecipeLook
from recipe_assets.studio.sample.palette import Rng
from recipe_assets.studio.sample.paths import Point
from recipe_assets.studio.sample.projection import Canvas
from recipe_assets.studio.sample.roundware import Vessel
from recipe_assets.studio.sample.tabletop import closeup_step, group_step, plate_step
from recipe_assets.studio.sample.vessels import draw_body, draw_rim

CLOSE_UP_WIDTH = (21.0, 28.0)  # cm of counter in a close-up's frame

FLAT_STEPS: dict[str, Callable[[Canvas, RecipeLook], None]] = {
    "CP": closeup_step,
    "chopping-board": board_step,
    "finalstep": plate_step,
    "grill-plate": grill_step,
    "group_step": group_step,
    "oven-dish": dish_step,
    "oven-tray": tray_step,
}
KEYWORDS = tuple(sorted([*FLAT_STEPS, *PLANS]))


def near_center(rng: Rng, spread: float = 2.4, most: float = 6.0) -> Point:
    """Draw where the main thing stands: near the frame's centre, in cm."""
    x, y = np.clip(rng.normal(0, spread, 2), -most, most)
    return (float(x), float(y) * 0.7)


def vessel_step(canvas: Canvas, look: RecipeLook, keyword: str) -> Vessel:
    """Paint a photo of one round vessel with what goes on in it, and return the vessel."""
    rng, plan = canvas.rng, PLANS[keyword]
    vessel = look.vessel(rng, keyword, near_center(rng))
    vessel = _make_room(vessel)
    clutter(canvas, look, vessel.center, vessel.diameter / 2)
    lay_spoon(canvas, vessel.center, vessel.diameter / 2 + (4 if vessel.handles == "loops" else 0))
    paint_vessel(canvas, look, vessel, plan.place)
    stir(canvas, look, vessel.center, vessel.diameter / 2 - 3, vessel.height, 0.45)
    if vessel.handles == "long" and rng.random() < 0.22:
        hold(canvas, look, handle_tip(vessel), vessel.height + 2, vessel.center)
    return vessel


def _make_room(vessel: Vessel) -> Vessel:
    """Move a vessel with a long handle so that the handle stays in the frame's middle square as far as it can."""
    if vessel.handles != "long":
        return vessel
    shift = 0.22 * vessel.handle_length
    x, y = vessel.center
    return replace(
        vessel, center=(x - float(np.cos(vessel.angle)) * shift, y - float(np.sin(vessel.angle)) * shift)
    )


def paint_vessel(canvas: Canvas, look: RecipeLook, vessel: Vessel, place: str) -> None:
    """Paint handles, body, food and rim of a vessel."""
    draw_handles(canvas, vessel)
    draw_body(canvas, vessel)
    load(canvas, look, vessel.patch(), place)
    draw_rim(canvas, vessel)


def draw_step(
    keyword: str, rng: Rng, look: RecipeLook | None = None, size: tuple[int, int] = (1200, 800)
) -> Image.Image:
    """Photograph one cooking step.

    Args:
        keyword: one of `KEYWORDS`.
        rng: where every random choice comes from: the same state gives the same photo.
        look: what the steps of a recipe share; drawn where there is none.
        size: width and height in pixels.

    Raises:
        ValueError: the keyword is none of the 17.
    """
    return draw_measured_step(keyword, rng, look, size)[0]


def draw_measured_step(
    keyword: str, rng: Rng, look: RecipeLook | None = None, size: tuple[int, int] = (1200, 800)
) -> tuple[Image.Image, Vessel | None]:
    """`draw_step`, with the round vessel that the photo shows where it shows one: its sizes are known exactly."""
    if keyword not in KEYWORDS:
        raise ValueError(f"no scene for keyword {keyword!r}: known are {', '.join(KEYWORDS)}")
    look = look or RecipeLook.draw(rng)
    width = float(rng.uniform(*CLOSE_UP_WIDTH)) if keyword == "CP" else None
    canvas = look.canvas(rng, size, min(RENDER_WIDTH, size[0]), width)
    vessel = None
    if keyword in FLAT_STEPS:
        FLAT_STEPS[keyword](canvas, look)
    else:
        vessel = vessel_step(canvas, look, keyword)
    return photograph(canvas, look.surface, Exposure.draw(rng, look.warmth), size), vessel
