"""What the photos of one recipe share: counter, lamp, colour temperature, foods, the cook's hands.

Here: `RecipeLook` and the canvas that it sets up. Not here: what a step shows.
"""

from dataclasses import dataclass

import numpy as np

from recipe_assets.studio.sample.cookware import Cupboard, draw_vessel
from recipe_assets.studio.sample.hands import skin_tone, sleeve_color
from recipe_assets.studio.sample.larder import Food, foods_for, larder, pick
from recipe_assets.studio.sample.palette import RGB, Rng
from recipe_assets.studio.sample.paths import Point
from recipe_assets.studio.sample.projection import Canvas, Light
from recipe_assets.studio.sample.roundware import Vessel
from recipe_assets.studio.sample.surfaces import Surface, draw_surface

FRAME_WIDTH = 75.0  # cm of counter that a photo shows
CAMERA_HEIGHT = 118.0  # cm


def draw_light(rng: Rng) -> Light:
    """Draw a lamp: any direction, mostly from above the frame, hard to soft."""
    azimuth = float(rng.normal(-1.9, 0.9))
    return Light(azimuth, float(rng.uniform(0.75, 1.2)), float(rng.uniform(0.1, 1.0)))


@dataclass(frozen=True)
class RecipeLook:
    """What the steps of one recipe share. `warmth` runs from -1 (daylight) to 1 (tungsten).

    Without a `cupboard` every photo shows another vessel. A utensil is left in a vessel `stirring` times as often
    as the scene asks for.
    """

    surface_name: str
    surface: Surface
    light: Light
    warmth: float
    pool: tuple[str, ...]
    skin: RGB
    sleeve: RGB | None
    camera_height: float
    cupboard: Cupboard | None = None
    stirring: float = 1.0

    @classmethod
    def draw(cls, rng: Rng) -> "RecipeLook":
        """Draw the look of one recipe."""
        name, surface = draw_surface(rng)
        pool = tuple(str(food) for food in rng.choice(list(larder()), 16, replace=False))
        warmth = float(np.clip(rng.normal(0.1, 0.45), -1, 1))
        height = CAMERA_HEIGHT * float(rng.uniform(0.94, 1.06))
        return cls(name, surface, draw_light(rng), warmth, pool, skin_tone(rng), sleeve_color(rng), height)

    def food(self, rng: Rng, place: str) -> Food:
        """Draw a food for a place, mostly one of this recipe's."""
        return pick(rng, foods_for(place, self.pool if rng.random() < 0.75 else None))

    def vessel(self, rng: Rng, keyword: str, center: Point) -> Vessel:
        """Take a vessel of a keyword: from the studio's own, where it has them."""
        return self.cupboard.take(rng, keyword, center) if self.cupboard else draw_vessel(rng, keyword, center)

    def maker(self, rng: Rng, kind: str) -> Rng:
        """What a board, tray or dish is drawn from: the studio's own, where it has some; else `rng` itself."""
        return self.cupboard.maker(rng, kind) if self.cupboard else rng

    def canvas(self, rng: Rng, size: tuple[int, int], pixels: int, frame_width: float | None = None) -> Canvas:
        """Return an empty canvas; `pixels` is how wide it will be rendered, which decides the detail."""
        width = frame_width or FRAME_WIDTH * float(np.clip(rng.normal(1, 0.018), 0.95, 1.05))
        frame = (width, width * size[1] / size[0])
        small = pixels < 300
        return Canvas(
            frame, self.camera_height, pixels / width, self.light, rng, 36 if small else 240, 2 if small else 8
        )
