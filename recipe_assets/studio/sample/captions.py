"""English captions of the wider world: true of the picture in every attribute that they name.

Here: templates and synonyms. Not here: what the pictures hold.
"""

from recipe_assets.studio.sample.larder import LIQUIDS, Food
from recipe_assets.studio.sample.palette import Rng
from recipe_assets.studio.sample.places import PHRASES
from recipe_assets.studio.sample.things import Thing

OPENINGS = ("", "", "", "a photo of ", "a photo of ", "an overhead photo of ", "a top view of ", "a picture of ")
NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four"}
HANDLE_WORDS = {
    "long": ("with one handle", "with a long handle", "with one long handle", "with a single handle"),
    "loops": ("with two handles", "with two loop handles", "with two handles", "with handles on both sides"),
}
SIZE_WORDS = {
    "small": ("small", "small", "little"),
    "medium": ("medium", "medium", "medium sized"),
    "large": ("large", "large", "big"),
}
CUTS = {
    "dice": ("chopped ", "diced ", ""),
    "strip": ("sliced ", ""),
    "coin": ("sliced ", ""),
    "half": ("", ""),
    "floret": ("", ""),
}


def choose(rng: Rng, options: tuple[str, ...]) -> str:
    """Draw one of several phrases."""
    return options[int(rng.integers(len(options)))]


def article(words: str) -> str:
    """Put "a" or "an" before a phrase."""
    return ("an " if words[0] in "aeiou" else "a ") + words


def food_words(rng: Rng, food: Food) -> str:
    """Return a food's name, perhaps with how it is cut."""
    if "slices" in food.name or "pieces" in food.name:
        return food.name
    return choose(rng, CUTS.get(food.shape, ("",))) + food.name


def noun_words(rng: Rng, thing: Thing) -> str:
    """Return a thing's name with a random part of its attributes before it, without an article."""
    words = [choose(rng, SIZE_WORDS[thing.size_word])] if thing.size_word and rng.random() < 0.7 else []
    if thing.depth_word and rng.random() < 0.6:
        words.append(thing.depth_word)
    if rng.random() < 0.15:
        words.append("round" if thing.round else "oval" if thing.oval else "rectangular")
    name = choose(rng, thing.names)
    look = [word for word in (thing.material.color, thing.material.name) if word and word not in name]
    if look and rng.random() < 0.5:
        words.append(look[int(rng.integers(len(look)))])
    return " ".join(dict.fromkeys([*words, name]).keys()).replace("small small", "small")


def handle_words(rng: Rng, thing: Thing) -> str:
    """Return the handle phrase: mostly for pots, where handles tell kinds apart."""
    if thing.handles not in HANDLE_WORDS:
        return ""
    chance = 0.8 if thing.family.startswith("pot") else 0.2
    return choose(rng, HANDLE_WORDS[thing.handles]) if rng.random() < chance else ""


def content_words(rng: Rng, thing: Thing) -> str:
    """Return what a thing holds, as "with rice and peas" or "full of rice"."""
    if not thing.foods:
        return choose(rng, ("with baking paper", "with paper")) if thing.paper and rng.random() < 0.7 else ""
    names = [food_words(rng, food) for food in thing.foods]
    if len(names) == 1 and thing.amount == "full" and thing.foods[0].shape in LIQUIDS and rng.random() < 0.4:
        return choose(rng, ("filled with ", "full of ")) + names[0]
    return "with " + " and ".join(names)


def thing_words(rng: Rng, thing: Thing, extra: str = "") -> str:
    """Describe one thing with a random part of what is true of it."""
    noun, parts = noun_words(rng, thing), []
    if thing.amount == "empty" and not thing.paper and rng.random() < 0.5:
        noun = "empty " + noun
    handles = handle_words(rng, thing)
    content = content_words(rng, thing) if rng.random() < 0.75 else ""
    if handles and content.startswith("with "):
        content = choose(rng, ("and ", "holding ", "containing ")) + content.removeprefix("with ")
    parts = [part for part in (article(noun), handles, content) if part]
    if extra and rng.random() < 0.6:
        parts.append(("and " if len(parts) > 1 else "with ") + article(extra))
    return " ".join(parts)


def sentence(rng: Rng, subject: str, place: str, chance: float = 0.55) -> str:
    """Put an opening and perhaps the place around a subject."""
    where = " " + choose(rng, PHRASES[place]) if rng.random() < chance else ""
    return choose(rng, OPENINGS) + subject + where


def count_words(rng: Rng, count: int, name: str) -> str:
    """Return a number with a plural."""
    if count == 1:
        return article(name)
    plural = name + ("es" if name.endswith(("sh", "ch")) else "s")
    return f"{NUMBERS[count]} {plural}"
