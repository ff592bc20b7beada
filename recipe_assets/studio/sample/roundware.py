"""What a round vessel is: its sizes in cm, profile, handles, and the level area for its food.

Here: `Vessel`. Not here: painting it.
"""

from dataclasses import dataclass

from recipe_assets.studio.sample.food import Patch
from recipe_assets.studio.sample.materials import Material
from recipe_assets.studio.sample.paths import Point


@dataclass(frozen=True)
class Vessel:
    """A round vessel: sizes in cm, the angle of its handle in radians, how full it is (0-1)."""

    kind: str
    material: Material
    diameter: float
    height: float
    base: float = 0.9
    curve: float = 1.0
    handles: str = "none"
    angle: float = 0.0
    handle_color: tuple[float, float, float] = (30.0, 30.0, 32.0)
    handle_length: float = 18.0
    lip: bool = False
    full: float = 0.3
    center: Point = (0.0, 0.0)

    @property
    def glass(self) -> bool:
        """Whether the counter shows through."""
        return self.material.name == "glass"

    @property
    def food_z(self) -> float:
        """The height of the food's surface."""
        return 0.5 + self.full * (self.height - 0.5)

    def radius(self, z: float) -> float:
        """Inner radius at a height: the wall leans or bulges by `base` and `curve`."""
        share = float(min(1.0, max(0.0, z / self.height)) ** self.curve)
        return self.diameter / 2 * (self.base + (1 - self.base) * share) - 0.15

    def patch(self) -> Patch:
        """Return the level area that food can cover."""
        inner = self.radius(self.food_z) - 0.15
        return Patch(self.center, (inner, inner), self.food_z)
