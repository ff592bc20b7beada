"""Overhead photographs of cooking, drawn: what the sample studio shoots and what a small model learns to see with.

Here: scenes and the camera. Not here: shoots, recipes, file names, keywords in metadata, dirt.
"""

from recipe_assets.studio.sample.look import RecipeLook
from recipe_assets.studio.sample.steps import KEYWORDS, draw_measured_step, draw_step
from recipe_assets.studio.sample.world import draw_world

__all__ = ["KEYWORDS", "RecipeLook", "draw_measured_step", "draw_step", "draw_world"]
