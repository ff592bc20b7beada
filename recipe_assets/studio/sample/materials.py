"""What cookware is made of: names for captions, and colours of its outside, inside and rim.

Here: the catalogue of materials and of which vessel comes in which. Not here: shapes.
"""

from dataclasses import dataclass
from functools import cache

from recipe_assets.studio.sample.palette import RGB, Rng, rgb, vary


@dataclass(frozen=True)
class Material:
    """A material: its caption words, its colour's caption word, its colours, and how it shines (0-1)."""

    name: str
    color: str
    outside: RGB
    inside: RGB
    rim: RGB
    gloss: float


def _material(line: str) -> tuple[str, Material]:
    key, name, color, outside, inside, rim, gloss = (part.strip() for part in line.split("|"))
    return key, Material(name, color, rgb(outside), rgb(inside), rgb(rim), float(gloss))


_CATALOGUE = """
steel    | steel     |        | b9bcbf | b4b6b8 | e9ebec | 0.9
dull     | aluminum  | gray   | 9a9c9e | a4a5a6 | c4c6c7 | 0.5
copper   | copper    |        | b8683c | c9ab92 | e3a67a | 0.9
tin      | copper    |        | b4643a | bdbbb6 | dd9c70 | 0.9
iron     | cast iron | black  | 26262a | 2e2e32 | 4a4a4e | 0.25
nonstick | non-stick | black  | 2a2a2d | 37373b | 77777b | 0.35
graphite | non-stick | gray   | 55585c | 5c5f63 | 9b9ea2 | 0.35
redpan   | non-stick | red    | a82a28 | 37373b | b84a44 | 0.4
granite  | non-stick | beige  | cfc4b0 | d3cab8 | e3dccd | 0.35
white    | enamel    | white  | eceae4 | f0eee8 | 3a4a6a | 0.6
cream    | enamel    | cream  | e6dbc0 | ece4d0 | c9b78a | 0.6
blue     | enamel    | blue   | 2f5687 | e6e6e2 | 24406a | 0.6
green    | enamel    | green  | 4f7a5c | e9e6da | 3a5f48 | 0.6
red      | enamel    | red    | b8322a | ebe3d6 | 96261f | 0.6
orange   | enamel    | orange | dd6f2a | ece2cf | c25c1e | 0.6
teal     | enamel    | teal   | 2f8080 | 3a3d40 | 276a6a | 0.5
bwhite   | ceramic   | white  | eeece8 | f3f1ed | fbfaf8 | 0.5
bcream   | ceramic   | cream  | e3d6bb | e9dec6 | f1e8d4 | 0.5
bblue    | ceramic   | blue   | 4d6f96 | 5c80a8 | 86a3c2 | 0.5
bgreen   | ceramic   | green  | 76916f | 86a17f | a6bb9f | 0.5
bbrown   | ceramic   | brown  | 7a5236 | 8a6242 | a98058 | 0.4
bgray    | ceramic   | gray   | 7e8084 | 8d8f93 | acaeb2 | 0.4
bblack   | ceramic   | black  | 2c2c30 | 34343a | 55555c | 0.4
byellow  | plastic   | yellow | e5bb3a | ebc44a | f3d678 | 0.4
bpink    | plastic   | pink   | dc93a0 | e29fab | eebcc5 | 0.4
bmint    | plastic   | mint   | 9fd0bd | acd9c8 | c8e8dc | 0.4
bred     | plastic   | red    | c2352f | cb423c | dd6f69 | 0.4
wood     | wooden    | brown  | a06f42 | ad7c4e | c2935f | 0.2
glass    | glass     |        | d9e6e4 | e4efed | ffffff | 1.0
"""

PANS = (
    "steel",
    "nonstick",
    "nonstick",
    "iron",
    "graphite",
    "redpan",
    "granite",
    "copper",
    "dull",
    "teal",
    "white",
)
POTS = ("steel", "steel", "tin", "dull", "nonstick", "white", "cream", "blue", "green", "red", "orange", "teal",
        "iron", "graphite")  # fmt: skip
BOWLS = ("steel", "steel", "bwhite", "bcream", "bblue", "bgreen", "bbrown", "bgray", "bblack", "byellow", "bpink",
         "bmint", "bred", "wood")  # fmt: skip
PLATES = ("bwhite", "bwhite", "bwhite", "bcream", "bblue", "bgreen", "bgray", "bblack", "bbrown")
DISHES = ("bwhite", "bwhite", "bcream", "bblue", "bbrown", "red", "blue", "green", "bgreen", "glass", "white")
TRAYS = ("dull", "steel", "iron", "nonstick", "graphite")
HANDLES = ("1f1f22", "2a2522", "b7babd", "8a5a34", "6b4327", "c9a06a", "3a3d42", "c4c6c8", "a82a28")


@cache
def catalogue() -> dict[str, Material]:
    """Return every material by its key."""
    return dict(_material(line) for line in _CATALOGUE.strip().splitlines())


def material(key: str) -> Material:
    """Return one material by its key."""
    return catalogue()[key]


def draw_material(rng: Rng, keys: tuple[str, ...]) -> Material:
    """Draw a material of `keys`, its colours shifted a little."""
    base = material(str(rng.choice(list(keys))))
    outside, inside, rim = (vary(color, rng, 7) for color in (base.outside, base.inside, base.rim))
    return Material(base.name, base.color, outside, inside, rim, base.gloss)
