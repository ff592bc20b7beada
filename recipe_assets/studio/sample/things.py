"""The things of the wider kitchen world: what can stand in a scene, with every attribute that a caption may name.

Here: `Thing`, its size and depth words by real size, drawing lots. Not here: the table of families, painting.
"""

from dataclasses import dataclass

import numpy as np

from recipe_assets.studio.sample.families import FAMILIES, SQUARE, Family
from recipe_assets.studio.sample.larder import Food, foods_for, pick
from recipe_assets.studio.sample.materials import (
    HANDLES,
    Material,
    draw_material,
)
from recipe_assets.studio.sample.palette import Rng, rgb


@dataclass(frozen=True)
class Thing:
    """One thing with all that is true of it. Sizes in cm; `amount` says how much food: empty, some or full."""

    family: str
    names: tuple[str, ...]
    material: Material
    size: tuple[float, float, float]
    handles: str
    handle_color: tuple[float, float, float]
    angle: float
    foods: tuple[Food, ...]
    amount: str
    oval: bool = False
    paper: bool = False

    @property
    def size_word(self) -> str:
        """Small, medium or large by real size; empty between the limits."""
        low, first, last, high = FAMILIES[self.family].limits
        if not high:
            return ""
        word = "small" if self.size[0] <= low else "large" if self.size[0] >= high else ""
        return "medium" if first <= self.size[0] <= last else word

    @property
    def depth_word(self) -> str:
        """Shallow or deep, for pots and trays; empty where neither is clear."""
        if self.family not in ("pot one", "pot two"):
            return ""
        share = self.size[2] / self.size[0]
        return "shallow" if share < 0.33 else "deep" if share > 0.52 else ""

    @property
    def round(self) -> bool:
        """Whether it is a round vessel."""
        return FAMILIES[self.family].depth == SQUARE


def draw_thing(rng: Rng, family: str | None = None, widest: float = 99.0, amount: str | None = None) -> Thing:
    """Draw one thing, of the named family or of any that is at most `widest` cm wide."""
    names = [name for name, plan in FAMILIES.items() if plan.width[0] <= widest * 0.95]
    shares = np.array([FAMILIES[name].share for name in names])
    family = family or str(rng.choice(names, p=shares / shares.sum()))
    plan = FAMILIES[family]
    foods, much = _contents(rng, family, plan.place, amount)
    return Thing(
        family=family,
        names=plan.names,
        material=_stuff(rng, family, plan),
        size=_size(rng, family, plan, widest),
        handles=plan.handles if family != "grill" or rng.random() < 0.5 else "long",
        handle_color=rgb(str(rng.choice(HANDLES))),
        angle=float(rng.uniform(-np.pi, np.pi) if plan.depth == SQUARE else rng.normal(0, 0.2)),
        foods=foods,
        amount=much,
        oval=family == "dish" and bool(rng.random() < 0.3),
        paper=family == "tray" and bool(rng.random() < 0.5),
    )


def _stuff(rng: Rng, family: str, plan: Family) -> Material:
    if family == "board":
        tone = rgb(str(rng.choice(["c89a62", "a87444", "7d5232", "ddbb86"])))
        return Material("wooden", "", tone, tone, tone, 0.2)
    return draw_material(rng, plan.materials)


def _size(rng: Rng, family: str, plan: Family, widest: float) -> tuple[float, float, float]:
    width = float(rng.uniform(plan.width[0], max(plan.width[0] + 0.01, min(plan.width[1], widest))))
    height = float(rng.uniform(*plan.height))
    if family in ("glass bowl", "mixing bowl"):
        return (width, width, width * height)
    if family == "pot two":  # shallow and deep ones in every width
        height = width * float(
            rng.choice([rng.uniform(0.22, 0.31), rng.uniform(0.38, 0.5), rng.uniform(0.53, 0.66)])
        )
        return (width, width, min(height, 17.0))
    depth = width if plan.depth == SQUARE else float(rng.uniform(plan.depth[0], min(plan.depth[1], width * 0.95)))
    return (width, depth, height)


def _contents(rng: Rng, family: str, place: str, amount: str | None) -> tuple[tuple[Food, ...], str]:
    amount = amount or str(rng.choice(["empty", "some", "full"], p=[0.24, 0.26, 0.5]))
    if amount == "empty" or family == "muffin tin":
        return (), "empty"
    fitting = foods_for(place)
    if family == "mug":
        fitting = [food for food in foods_for("w") if food.shape in ("liquid", "broth")]
    first, second = pick(rng, fitting), pick(rng, fitting)
    two = second.name != first.name and second.shape not in (
        "liquid",
        "water",
        "broth",
        "sauce",
        "powder",
        "gratin",
    )
    return ((first, second) if two and rng.random() < 0.35 else (first,)), amount
