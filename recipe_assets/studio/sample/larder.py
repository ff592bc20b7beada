"""The foods of the sample studio: names for captions, colours, sizes in cm and where each of them makes sense.

Here: the catalogue. Not here: how a shape is drawn.
"""

from dataclasses import dataclass
from functools import cache

from recipe_assets.studio.sample.palette import RGB, Rng, rgb


@dataclass(frozen=True)
class Food:
    """A food: its name, the shape of its pieces, their colours, their size in cm, and its places.

    Places: w a pot with liquid, p a pan or grill, b a bowl, o the oven, c a chopping board, g the grill.
    """

    name: str
    shape: str
    tones: tuple[RGB, ...]
    size: float
    places: str


def _food(line: str) -> Food:
    name, shape, tones, size, places = (part.strip() for part in line.split("|"))
    return Food(name, shape, tuple(rgb(code) for code in tones.split()), float(size), places)


_CATALOGUE = """
tomato soup      | liquid | c2431f b23a1a           | 1.0 | wb
tomato sauce     | sauce  | b5341b a82c16           | 1.0 | wpbo
pumpkin soup     | liquid | e0922f d4821f           | 1.0 | wb
cream sauce      | liquid | eee1c0 e6d6ae           | 1.0 | wpb
green soup       | liquid | 7f9a3e 71893a           | 1.0 | wb
brown gravy      | liquid | 6b3f1f 5a3318           | 1.0 | wp
curry            | sauce  | c98a2a b9751f           | 1.0 | wpb
milk             | liquid | f4f1e6 eeeada           | 1.0 | wb
yoghurt          | liquid | f6f3ea efeadd           | 1.0 | b
pesto            | sauce  | 5f7f2a 4f6f22           | 1.0 | b
batter           | liquid | ecd9a4 e4cd92           | 1.0 | b
boiling water    | water  | a9bcc0 93a9ae           | 1.0 | w
broth            | broth  | b98b3c a87a30           | 1.0 | w
melted butter    | broth  | e9c04f dcae3c           | 1.0 | wp
rice             | grain  | f3eee0 e6dfcb fbf8ef    | 0.85 | wpb
couscous         | grain  | e0c070 d3b060 ecd08a    | 0.5 | wb
lentils          | bean   | 7a5a34 6a4a2a 8b6a3d    | 0.6 | wb
peas             | bean   | 6fae3a 5f9c30 86c04c    | 0.9 | wpb
corn             | bean   | f0c53a e6b52c f8d65a    | 0.9 | wpbo
beans            | bean   | 7d2f26 6b261f 8f3b30    | 1.3 | wpb
chickpeas        | bean   | dcb97a cfa866 e6c88e    | 1.2 | wpbo
carrots          | dice   | e77d22 d96d18 f09038    | 1.4 | wpbocg
red pepper       | dice   | cf2a20 b92018 dd4030    | 1.8 | wpbocg
yellow pepper    | dice   | edb825 e0a81a f5c840    | 1.8 | wpbocg
onions           | dice   | efe6d2 e4d8be f7f1e4    | 1.2 | wpboc
red onions       | strip  | 9a4a78 b877a0 7d3560    | 3.2 | pbocg
potatoes         | dice   | e9cf86 dcbf70 f1dca0    | 2.3 | wpboc
tofu             | dice   | f0e6cc e6d9b8 d9b981    | 2.1 | wpbc
feta             | dice   | f7f4ea efeadc ffffff    | 1.5 | boc
sweet potatoes   | chunk  | d9702a c96020 e58440    | 2.8 | wpboc
spaghetti        | strand | ecd08a e2c274 f3dc9e    | 0.34 | wpb
noodles          | strand | d9b470 caa35c e6c688    | 0.5 | wpb
penne            | tube   | ecc873 dfb860 f4d78e    | 4.0 | wpbo
green beans      | tube   | 5d8f35 4d7d2a 70a045    | 5.5 | wpbocg
asparagus        | tube   | 7a9c45 648838 90b058    | 9.0 | pocg
spinach          | leaf   | 3f7a2c 326a24 4f8c38    | 4.2 | wpbc
lettuce          | leaf   | 8fbf4a 7aad3c a8d066    | 5.0 | bc
basil            | leaf   | 3f8a34 34782a 52a044    | 2.6 | bc
kale             | leaf   | 3d6b3a 2f5a30 4d7d48    | 4.6 | wpbc
zucchini         | coin   | cfdc9c b9cc80 dbe6b0    | 3.6 | pbocg
cucumber         | coin   | cfe3b0 bcd698 dcecc4    | 3.6 | bc
tomatoes         | coin   | d8392a c62c20 e5503e    | 4.4 | pbocg
cherry tomatoes  | ball   | d4301f c22618 e24a34    | 2.6 | pbocg
lemon slices     | coin   | f2dc5c ead04a f8e88a    | 4.4 | bocg
sausage          | coin   | a9542f 984826 bb6840    | 2.8 | wpbocg
eggplant         | coin   | e3d5a4 d5c48c 6b3f5e    | 5.2 | pocg
mushrooms        | half   | d9c7aa c9b494 e6d8c0    | 3.2 | wpbocg
chicken pieces   | chunk  | e0b27c d29f66 ecc596    | 3.2 | wpbocg
beef cubes       | chunk  | 7a3a26 68301f 8c4a34    | 2.8 | wpboc
minced meat      | crumb  | 8a5638 784a2f 9c6848    | 1.1 | wpb
bacon            | strip  | b5533f 9c4030 d98b72    | 3.4 | pbocg
shrimp           | half   | ee9a6c e4865a f6b48e    | 3.8 | wpbocg
salmon           | fillet | ee8a62 e27a50 f6a482    | 12.5 | pocg
white fish       | fillet | eadcc4 dfcfb2 d9b27c    | 12.0 | pocg
chicken breast   | fillet | dca36a cf9258 e6b682    | 12.0 | pocg
steak            | fillet | 7d3a2a 6c2f22 8d4a38    | 14.0 | pcg
burger patties   | patty  | 6b3d28 5b3220 7d4c34    | 9.0 | pog
pancakes         | patty  | dca457 cc9244 e8b870    | 10.5 | p
cookies          | patty  | cf9c58 bf8a48 deae6c    | 6.5 | o
fried eggs       | egg    | fbf9f2 f5b52a f4f0e4    | 8.5 | p
dough            | dough  | ecdcb8 e2d0a6 f4e8cc    | 15.0 | bco
bread rolls      | patty  | c98a42 b97a34 d89e58    | 7.5 | o
broccoli         | floret | 4f8538 41762d 64994a    | 3.6 | wpbocg
cauliflower      | floret | efe6cc e3d8b8 f7f0de    | 3.8 | wpboc
grated cheese    | shred  | f2d27a e8c364 f8e09a    | 1.6 | boc
melted cheese    | gratin | eec25e d99a3a c47a28    | 2.2 | o
flour            | powder | f5f1e8 eee8dc           | 1.0 | b
"""


@cache
def larder() -> dict[str, Food]:
    """Return every food by its name."""
    foods = [_food(line) for line in _CATALOGUE.strip().splitlines()]
    return {food.name: food for food in foods}


HERB = Food("herbs", "flake", (rgb("3f7d2a"), rgb("55963a"), rgb("2f6a20")), 0.8, "")
PEPPER = Food("spices", "flake", (rgb("3a2a1c"), rgb("7d3a1c"), rgb("2a1f18")), 0.45, "")
SEEDS = Food("seeds", "flake", (rgb("efe3c4"), rgb("e2d2a8"), rgb("d8c48f")), 0.5, "")
LIQUIDS = ("liquid", "sauce", "water", "broth")


def foods_for(place: str, pool: tuple[str, ...] | None = None) -> list[Food]:
    """Return the foods that make sense in a place, from the `pool` of names where any of those does."""
    fitting = [food for food in larder().values() if place in food.places]
    return [food for food in fitting if pool is None or food.name in pool] or fitting


def pick(rng: Rng, foods: list[Food]) -> Food:
    """Draw one food."""
    return foods[int(rng.integers(len(foods)))]
