"""What the sample studio shoots: recipes with their steps, dealt to shoots with a long tail.

Here: names and keywords, from one seed. The dirt on top is `dirt`'s subject, drawing and writing are `writing`'s.
"""

from collections.abc import Iterator

import numpy as np

from recipe_assets.studio.sample.dirt import SHOOTS, PlannedPhoto, doubtful_files, extra_files

PHOTOS = {
    "pan": 150, "finalstep": 126, "chopping-board": 116, "oven-tray": 96, "glass-bowl-small": 80,
    "pot-two-handles-medium": 70, "group_step": 62, "glass-bowl-medium": 58, "CP": 54, "pot-one-handle": 48,
    "oven-dish": 46, "glass-bowl-large": 44, "medium": 40, "pot-two-handles-shallow": 38, "grill-plate": 36,
    "pot-two-handles-small": 34, "saucepan": 32,
}  # fmt: skip
"""Photos per keyword before dirt: a long tail, as studios have it."""
ORDER = ("group_step", "chopping-board", "glass-bowl-small", "glass-bowl-medium", "glass-bowl-large", "medium")
"""Keywords that open a recipe; `finalstep` and `CP` close it."""
LATER = SHOOTS[-1]
"""The shoot that arrives later."""
COUNTRIES = ("SE", "DE", "NL", "NORD", "UK")
VARIANTS = {
    "oven-tray": ["Oven Tray", "oventray", "oven_tray"],
    "saucepan": ["sauce-pan", "Saucepan", "sauce pan"],
    "pan": ["PAN", "frying pan"],
    "chopping-board": ["Chopping_Board", "chopboard"],
    "finalstep": ["FinalStep", "FINALSTEP"],
    "glass-bowl-small": ["glass bowl small", "glassbowl-s"],
    "group_step": ["group-step", "Group Step"],
    "medium": ["Medium", "medium bowl"],
}
STRAY = ("retouch", "2024", "select", "RAW", "Kitchen 2")
UNKNOWN = ("wok", "colander", "thermomix")


def plan_photos(seed: int) -> list[PlannedPhoto]:
    """All files of the sample studio, about 1,250, in shoot and recipe order."""
    generator = np.random.default_rng(seed)
    photos = [
        photo for number, steps in enumerate(_recipes(generator)) for photo in _recipe(generator, number, steps)
    ]
    return [*photos, *extra_files(generator, photos), *doubtful_files(generator, photos)]


def _recipes(generator: np.random.Generator) -> list[list[str]]:
    """Steps of every recipe: each opens and closes as recipes do, with five to seven photos."""
    pool = [keyword for keyword, count in PHOTOS.items() for _ in range(count)]
    generator.shuffle(pool)
    recipes = []
    while pool:
        size = min(len(pool), int(generator.integers(5, 8)))
        steps, pool = pool[:size], pool[size:]
        recipes.append(sorted(steps, key=_place))
    return recipes


def _place(keyword: str) -> int:
    if keyword in ORDER:
        return ORDER.index(keyword)
    return {"finalstep": 98, "CP": 99}.get(keyword, 50)


def _recipe(generator: np.random.Generator, number: int, steps: list[str]) -> Iterator[PlannedPhoto]:
    # Shoots get recipes in turn, so that every shoot has the whole long tail.
    shoot = SHOOTS[number % len(SHOOTS)]
    week, country = shoot[-3:], COUNTRIES[int(generator.integers(len(COUNTRIES)))]
    code = f"K{19200 + 7 * number}-{1 + number % 3}"
    for step, keyword in enumerate(steps, 1):
        name = f"HF_Y24_R{1 + number // 4:02d}_B{week}_{country}_{code}_{step:02d}__original.jpg"
        written = _written(generator, keyword)
        yield PlannedPhoto(shoot, name, keyword, number, step, written, bool(generator.random() < 0.1))


def _written(generator: np.random.Generator, keyword: str) -> tuple[str, ...]:
    """The keywords that a hurried person wrote: mostly right, sometimes spelled otherwise, wrong or not at all."""
    luck = generator.random()
    if luck < 0.02:
        return ()
    if luck < 0.03:
        return (UNKNOWN[int(generator.integers(len(UNKNOWN)))],)
    if luck < 0.04:
        other = "pan" if keyword != "pan" else "oven-tray"
        return (keyword, other)
    spellings = VARIANTS.get(keyword, [keyword.upper()])
    word = spellings[int(generator.integers(len(spellings)))] if luck < 0.18 else keyword
    stray = STRAY[int(generator.integers(len(STRAY)))]
    return (word, stray) if generator.random() < 0.08 else (word,)
