"""The studio's round cookware by keyword: real sizes in cm, materials, handles.

Here: the size table, how one vessel of a keyword is drawn from it, and the set that one studio owns. Not here:
trays and boards, food, scenes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from recipe_assets.studio.sample.materials import BOWLS, HANDLES, PANS, POTS, draw_material
from recipe_assets.studio.sample.palette import Rng, rgb, vary
from recipe_assets.studio.sample.paths import Point
from recipe_assets.studio.sample.roundware import Vessel


@dataclass(frozen=True)
class Plan:
    """What a keyword's vessel is like: ranges of diameter and height in cm, profile, handles, materials, place."""

    diameter: tuple[float, float]
    height: tuple[float, float]
    base: float
    curve: float
    handles: str
    materials: tuple[str, ...]
    place: str
    full: tuple[float, float]
    lip: float = 0.0
    length: tuple[float, float] = (15.0, 19.0)


PLANS: dict[str, Plan] = {
    "pan": Plan((24, 30), (4.6, 5.4), 0.83, 1.0, "long", PANS, "p", (0.08, 0.4), 0.0, (17, 21)),
    "saucepan": Plan((14, 15.6), (7.4, 8.4), 0.97, 1.0, "long", POTS, "w", (0.2, 0.72), 0.9, (14, 17)),
    "pot-one-handle": Plan((18.6, 20.4), (11.2, 12.4), 0.98, 1.0, "long", POTS, "w", (0.1, 0.45), 0.0, (16, 19)),
    "pot-two-handles-small": Plan((17.4, 18.6), (10.6, 11.4), 0.98, 1.0, "loops", POTS, "w", (0.12, 0.5)),
    "pot-two-handles-medium": Plan((22.8, 24.2), (12.6, 13.6), 0.98, 1.0, "loops", POTS, "w", (0.08, 0.4)),
    "pot-two-handles-shallow": Plan((27.8, 29.4), (6.6, 7.3), 0.95, 1.0, "loops", POTS, "p", (0.2, 0.6)),
    "glass-bowl-small": Plan((11.8, 13.2), (5.6, 6.3), 0.55, 0.55, "none", ("glass",), "b", (0.12, 0.7)),
    "glass-bowl-medium": Plan((18, 19.2), (7.6, 8.5), 0.55, 0.55, "none", ("glass",), "b", (0.12, 0.65)),
    "glass-bowl-large": Plan((26, 28.2), (10.4, 11.5), 0.55, 0.55, "none", ("glass",), "b", (0.1, 0.6)),
    "medium": Plan((20, 23), (8.6, 9.5), 0.6, 0.6, "none", BOWLS, "b", (0.1, 0.65)),
}  # fmt: skip


def draw_vessel(rng: Rng, keyword: str, center: Point) -> Vessel:
    """Draw one vessel of a keyword; a long handle points to where the frame has room."""
    plan = PLANS[keyword]
    stuff = draw_material(rng, plan.materials)
    metal = stuff.name in ("steel", "copper", "aluminum")
    choices = ("c4c6c8", "b0b3b6", "1f1f22", "c9a24a") if metal and rng.random() < 0.8 else HANDLES
    color = rgb(str(rng.choice(list(choices))))
    if plan.handles == "loops" and rng.random() < 0.6:
        color = stuff.outside
    return Vessel(
        kind=keyword,
        material=stuff,
        diameter=float(rng.uniform(*plan.diameter)),
        height=float(rng.uniform(*plan.height)),
        base=plan.base,
        curve=plan.curve,
        handles=plan.handles,
        angle=float(rng.uniform(-np.pi, np.pi)),
        handle_color=vary(color, rng, 6),
        handle_length=float(rng.uniform(*plan.length)),
        lip=bool(rng.random() < plan.lip),
        full=float(rng.uniform(*plan.full)),
        center=center,
    )


@dataclass(frozen=True)
class Cupboard:
    """What one studio owns: the same few vessels, by keyword, boards, trays and dishes, in photo after photo.

    `seed` is what its flat things are drawn from, `each` how many it has of a kind.
    """

    vessels: Mapping[str, tuple[Vessel, ...]]
    seed: int
    each: int

    @classmethod
    def draw(cls, rng: Rng, each: int = 2) -> "Cupboard":
        """Buy so many vessels of each keyword."""
        vessels = {name: tuple(draw_vessel(rng, name, (0.0, 0.0)) for _ in range(each)) for name in PLANS}
        return cls(vessels, int(rng.integers(2**31)), each)

    def maker(self, rng: Rng, kind: str) -> Rng:
        """Choose one of the flat things of a kind: the generator that its looks are drawn from."""
        return np.random.default_rng([self.seed, *kind.encode(), int(rng.integers(self.each))])

    def take(self, rng: Rng, keyword: str, center: Point) -> Vessel:
        """Take one out: it stands somewhere else, turned otherwise, and is differently full."""
        owned = self.vessels[keyword]
        vessel = owned[int(rng.integers(len(owned)))]
        return replace(
            vessel,
            center=center,
            angle=float(rng.uniform(-np.pi, np.pi)),
            full=float(rng.uniform(*PLANS[keyword].full)),
        )
