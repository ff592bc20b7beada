"""The drawn scenes: repeatable, complete, true to size, and captions that say what is in the picture."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from recipe_assets.studio.sample import KEYWORDS, RecipeLook, draw_step, draw_world
from recipe_assets.studio.sample.captions import noun_words, thing_words
from recipe_assets.studio.sample.cookware import PLANS, draw_vessel
from recipe_assets.studio.sample.families import FAMILIES
from recipe_assets.studio.sample.larder import foods_for, larder
from recipe_assets.studio.sample.look import CAMERA_HEIGHT
from recipe_assets.studio.sample.places import PHRASES, draw_place
from recipe_assets.studio.sample.projection import Canvas, Light
from recipe_assets.studio.sample.things import draw_thing
from recipe_assets.studio.sample.vessels import draw_body, draw_rim

SMALL = (180, 120)


def pixels(keyword: str, seed: int = 0, size: tuple[int, int] = SMALL) -> np.ndarray:
    return np.asarray(draw_step(keyword, np.random.default_rng(seed), size=size))


def test_the_keywords_are_those_of_the_default_vocabulary() -> None:
    path = Path(__file__).parents[2] / "recipe_assets" / "studio" / "vocabulary.yaml"
    assert sorted(yaml.safe_load(path.read_text("utf-8"))["keywords"]) == sorted(KEYWORDS)


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_every_keyword_draws_at_the_asked_size_and_repeatably(keyword: str) -> None:
    for seed in range(4):
        first = pixels(keyword, seed)
        assert first.shape == (120, 180, 3)
        assert first.std() > 8
        assert np.array_equal(first, pixels(keyword, seed))


def test_a_full_size_photo_has_its_size_and_is_repeatable() -> None:
    photos = [draw_step("pan", np.random.default_rng(3)) for _ in range(2)]
    assert photos[0].size == (1200, 800)
    assert photos[0].mode == "RGB"
    assert photos[0].tobytes() == photos[1].tobytes()


def test_all_keywords_and_seeds_give_different_photos() -> None:
    drawn = {pixels(keyword, seed).tobytes() for keyword in KEYWORDS for seed in (0, 1)}
    assert len(drawn) == 2 * len(KEYWORDS)


def test_an_unknown_keyword_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match=r"'toaster'.*pot-one-handle"):
        draw_step("toaster", np.random.default_rng(0))


def test_steps_of_one_recipe_share_counter_and_lamp() -> None:
    look = RecipeLook.draw(np.random.default_rng(5))
    corners = [np.asarray(draw_step("glass-bowl-small", np.random.default_rng(n), look, SMALL)) for n in (1, 2)]
    other = RecipeLook.draw(np.random.default_rng(6))
    assert look.surface != other.surface
    assert look.canvas(np.random.default_rng(0), SMALL, 180).light == look.light
    assert abs(float(np.median(corners[0])) - float(np.median(corners[1]))) < 45


def extent(keyword: str, seed: int) -> float:
    """Return the width in pixels of what a vessel paints, without its handles, on a canvas of 2 pixels per cm."""
    from recipe_assets.studio.sample.camera import rasterize

    rng = np.random.default_rng(seed)
    canvas = Canvas((75.0, 50.0), CAMERA_HEIGHT, 2.0, Light(), rng, slices=3)
    vessel = draw_vessel(rng, keyword, (0.0, 0.0))
    draw_body(canvas, vessel)
    draw_rim(canvas, vessel)
    mask = np.asarray(rasterize(canvas, canvas.body, (150, 100)).convert("RGBA"))[..., 3] > 30
    return float(mask.any(axis=0).sum())


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ("glass-bowl-small", "glass-bowl-medium"),
        ("glass-bowl-medium", "glass-bowl-large"),
        ("saucepan", "pot-one-handle"),
        ("pot-two-handles-small", "pot-two-handles-medium"),
        ("pot-two-handles-medium", "pot-two-handles-shallow"),
    ],
)
def test_a_larger_vessel_is_always_wider_in_the_photo(small: str, large: str) -> None:
    widest = max(extent(small, seed) for seed in range(6))
    narrowest = min(extent(large, seed) for seed in range(6))
    assert narrowest > widest * 1.05


def test_a_camera_overhead_shows_higher_things_larger() -> None:
    canvas = Canvas((75.0, 50.0), 120.0, 10.0, Light(), np.random.default_rng(0))
    assert canvas.at(6.0, -3.0) == (6.0, -3.0)
    assert canvas.at(6.0, -3.0, 20.0) == pytest.approx((7.2, -3.6))


def test_depth_tells_the_shallow_pot_from_the_medium_one() -> None:
    shallow, medium = PLANS["pot-two-handles-shallow"], PLANS["pot-two-handles-medium"]
    assert shallow.height[1] / shallow.diameter[0] < 0.6 * medium.height[0] / medium.diameter[1]


def test_every_place_for_food_has_some_and_a_foreign_pool_does_not_empty_it() -> None:
    for place in "wpbocg":
        assert len(foods_for(place)) >= 8
        assert foods_for(place, ("no such food",)) == foods_for(place)
    assert all(food.size > 0 and food.tones for food in larder().values())


def test_world_scenes_are_repeatable_and_come_with_a_caption() -> None:
    first, second = (draw_world(np.random.default_rng(11)) for _ in range(2))
    assert first[0].size == SMALL
    assert first[0].tobytes() == second[0].tobytes()
    assert first[1] == second[1]


def test_world_captions_vary_and_read_as_phrases() -> None:
    captions = [draw_world(np.random.default_rng(seed))[1] for seed in range(60)]
    assert len(set(captions)) > 50
    for caption in captions:
        assert caption == " ".join(caption.split())
        assert not any(
            slip in f" {caption} " for slip in (" a a ", " a an ", " a empty ", " with with ", " a oven ")
        )


@pytest.mark.parametrize("family", list(FAMILIES))
def test_captions_of_a_thing_name_only_what_is_true_of_it(family: str) -> None:
    rng = np.random.default_rng(2)
    for _ in range(40):
        thing = draw_thing(rng, family)
        words = thing_words(rng, thing)
        assert any(name in words for name in thing.names)
        for size, synonyms in (("small", ("little",)), ("large", ("big", "large")), ("medium", ("medium",))):
            assert thing.size_word == size or not any(f" {word} " in words for word in synonyms)
        assert thing.depth_word == "deep" or " deep " not in words
        assert thing.depth_word == "shallow" or " shallow " not in words
        assert thing.handles == "loops" or "two" not in words
        assert thing.handles == "long" or "one handle" not in words
        assert not thing.foods or "empty" not in words


def test_size_words_follow_real_sizes() -> None:
    rng = np.random.default_rng(4)
    widths: dict[str, list[float]] = {"small": [], "medium": [], "large": [], "": []}
    for _ in range(200):
        thing = draw_thing(rng, "glass bowl")
        widths[thing.size_word].append(thing.size[0])
        assert noun_words(rng, thing)
    assert max(widths["small"]) < min(widths["medium"])
    assert max(widths["medium"]) < min(widths["large"])


def test_every_place_has_words() -> None:
    rng = np.random.default_rng(9)
    assert {draw_place(rng).name for _ in range(300)} == set(PHRASES)
