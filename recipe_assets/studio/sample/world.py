"""The wider kitchen world, for teaching a small model to see before it meets a studio: scenes with captions.

Here: kinds of scenes, `draw_world`. Not here: the 17 keywords' own photos.
"""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from recipe_assets.studio.sample.camera import Exposure, photograph
from recipe_assets.studio.sample.captions import choose, count_words, food_words, sentence, thing_words
from recipe_assets.studio.sample.contents import clutter
from recipe_assets.studio.sample.food import Patch
from recipe_assets.studio.sample.larder import larder
from recipe_assets.studio.sample.look import RecipeLook
from recipe_assets.studio.sample.materials import PLATES, draw_material
from recipe_assets.studio.sample.palette import Rng
from recipe_assets.studio.sample.paths import Point
from recipe_assets.studio.sample.places import Place, draw_place, paint_place
from recipe_assets.studio.sample.projection import Canvas
from recipe_assets.studio.sample.props import UTENSILS, knife, napkin
from recipe_assets.studio.sample.roundware import Vessel
from recipe_assets.studio.sample.servings import strew
from recipe_assets.studio.sample.tabletop import group_step, serve
from recipe_assets.studio.sample.things import Thing, draw_thing
from recipe_assets.studio.sample.thingwork import closeup_food, paint_thing

SCENES = {
    "one": 0.6,
    "two": 0.1,
    "many": 0.07,
    "food": 0.06,
    "tools": 0.05,
    "group": 0.04,
    "served": 0.04,
    "close": 0.04,
}


@dataclass
class World:
    """A scene under way: where it is painted, where it stands, what its photos share."""

    canvas: Canvas
    place: Place
    look: RecipeLook

    @property
    def rng(self) -> Rng:
        """The one source of random choices."""
        return self.canvas.rng


def draw_world(rng: Rng, size: tuple[int, int] = (180, 120)) -> tuple[Image.Image, str]:
    """Draw one scene of the wider kitchen world, `size` pixels large, and a caption that is true of it."""
    place = draw_place(rng)
    look = replace(RecipeLook.draw(rng), surface=place.surface)
    kind = str(rng.choice(list(SCENES), p=np.array(list(SCENES.values())) / sum(SCENES.values())))
    width = float(rng.uniform(18, 30)) if kind == "close" else None
    world = World(look.canvas(rng, size, size[0], width), place, look)
    paint_place(world.canvas, place)
    caption = PAINTERS[kind](world)
    return photograph(world.canvas, place.surface, Exposure.draw(rng, look.warmth), size), caption


def _spot(world: World, spread: float = 2.2) -> Point:
    x, y = np.clip(world.rng.normal(0, spread, 2), -6, 6)
    return (float(x), float(y) * 0.7)


def one(world: World) -> str:
    """One thing near the middle, perhaps with a utensil in it or a hand beside it."""
    thing = draw_thing(world.rng)
    center = _spot(world)
    if world.rng.random() < 0.5:
        clutter(world.canvas, world.look, center, thing.size[0] / 2 + 2, 2)
    extra = paint_thing(world.canvas, world.look, thing, center, tools=True)
    return sentence(world.rng, thing_words(world.rng, thing, extra), world.place.name)


def two(world: World) -> str:
    """Two different things side by side."""
    things = [draw_thing(world.rng, widest=25.0) for _ in range(2)]
    for side, thing in zip((-1, 1), things, strict=True):
        paint_thing(world.canvas, world.look, _inward(thing, side), (side * 17.0, float(world.rng.normal(0, 2.5))))
    words = " and ".join(thing_words(world.rng, replace(thing, paper=thing.paper)) for thing in things)
    return sentence(world.rng, words, world.place.name, 0.4)


def _inward(thing: Thing, side: int) -> Thing:
    """Turn a long handle away from the neighbour."""
    if thing.handles != "long" or not thing.round:
        return thing
    return replace(thing, angle=float(np.pi / 2 if side > 0 else -np.pi / 2) + thing.angle * 0.2)


def many(world: World) -> str:
    """Two to four alike things."""
    count = int(world.rng.integers(2, 5))
    family = str(world.rng.choice(["mug", "soup bowl", "glass bowl", "plate", "mixing bowl"]))
    thing = draw_thing(world.rng, family, widest=17.5)
    for x, y in _layout(world.rng, count):
        paint_thing(world.canvas, world.look, thing, (x, y))
    color = thing.material.color or (thing.material.name if "glass" not in thing.names[0] else "")
    name = choose(world.rng, thing.names)
    if color and world.rng.random() < 0.6:
        name = f"{color} {name}"
    return sentence(world.rng, count_words(world.rng, count, name), world.place.name)


def _layout(rng: Rng, count: int) -> list[Point]:
    if count == 4:
        spots = [(-12.0, -11.5), (12.0, -11.5), (-12.0, 11.5), (12.0, 11.5)]
    else:
        spots = [((index - (count - 1) / 2) * 21.0, 0.0) for index in range(count)]
    return [(x + float(rng.normal(0, 1)), y + float(rng.normal(0, 1))) for x, y in spots]


def food(world: World) -> str:
    """A food by itself on the counter, as a small heap."""
    names = [name for name, item in larder().items() if "c" in item.places]
    item = larder()[str(world.rng.choice(names))]
    reach = float(world.rng.uniform(6, 11))
    patch = Patch(_spot(world), (reach, reach), 0.8)
    strew(world.canvas, patch, item, int(world.rng.integers(8, 24)), max(item.size, 2.0))
    return sentence(world.rng, food_words(world.rng, item), world.place.name, 0.6)


def tools(world: World) -> str:
    """One or two tools on the counter."""
    table = {**UTENSILS, "knife": knife}
    chosen = [str(name) for name in world.rng.choice([*list(UTENSILS), "knife"], 2, replace=False)]
    chosen = chosen[: int(world.rng.integers(1, 3))]
    for index, name in enumerate(chosen):
        at = (-8.0 + 11 * index + float(world.rng.normal(0, 2)), -13.0 + float(world.rng.normal(0, 2)))
        table[name](world.canvas, at, float(world.rng.normal(np.pi / 2, 0.3)), 0.7)
    words = " and ".join(count_words(world.rng, 1, name) for name in chosen)
    if world.rng.random() < 0.2:
        napkin(world.canvas, (20.0, 0.0), 1.5)
        words += " beside a napkin"
    return sentence(world.rng, words, world.place.name, 0.6)


def group(world: World) -> str:
    """Several ingredients laid out."""
    group_step(world.canvas, world.look)
    words = ("a group of ingredients", "ingredients laid out", "several ingredients", "a group of ingredients",
             "different ingredients side by side", "many small ingredients")  # fmt: skip
    return sentence(world.rng, choose(world.rng, words), world.place.name, 0.6)


def served(world: World) -> str:
    """A finished dish on its plate."""
    stuff = draw_material(world.rng, PLATES)
    plate = Vessel("plate", stuff, float(world.rng.uniform(24, 29)), 2.2, 0.72, 0.6, full=0.3, center=_spot(world))
    extra = ""
    if world.rng.random() < 0.5:
        UTENSILS["fork"](world.canvas, (plate.center[0] - plate.diameter / 2 - 4, -9.0), 1.57, 0.8)
        extra = " with a fork beside it"
    serve(world.canvas, world.look, plate)
    color = f"{stuff.color} " if world.rng.random() < 0.4 else ""
    words = (f"a finished dish on a {color}plate", f"a plated dish on a {color}plate", f"a meal on a {color}plate",
             f"food served on a {color}plate")  # fmt: skip
    return sentence(
        world.rng, choose(world.rng, words) + (extra if world.rng.random() < 0.5 else ""), world.place.name, 0.4
    )


def close(world: World) -> str:
    """Food from near, on a plate or in a pan, filling the frame."""
    world.canvas.pieces = 70
    words = closeup_food(world.canvas, world.look)
    opening = ("a close-up of ", "close-up of ", "a close-up photo of ", "a macro photo of ")
    return choose(world.rng, opening) + words


PAINTERS = {"one": one, "two": two, "many": many, "food": food, "tools": tools, "group": group, "served": served,
            "close": close}  # fmt: skip
