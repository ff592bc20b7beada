"""The families of the wider kitchen world: names, real sizes in cm, materials, handles, size words.

Here: the table that things are drawn from. Not here: drawing lots, painting, captions.
"""

from dataclasses import dataclass

from recipe_assets.studio.sample.materials import BOWLS, DISHES, PANS, PLATES, POTS, TRAYS

CHINA = ("bwhite", "bcream", "bblue", "bgreen", "bbrown", "bgray", "bblack", "byellow", "bred", "bpink", "bmint")
METAL = ("steel", "dull", "nonstick", "iron")


@dataclass(frozen=True)
class Family:
    """A kind of thing: its names, ranges in cm, how it is made, and the diameters that count as small and large.

    `limits` are the largest small, the smallest and largest medium, and the smallest large size; a size between
    two of them gets no size word, so that words stay true.
    """

    names: tuple[str, ...]
    width: tuple[float, float]
    depth: tuple[float, float]
    height: tuple[float, float]
    materials: tuple[str, ...]
    handles: str = "none"
    limits: tuple[float, float, float, float] = (0, 0, 0, 0)
    profile: tuple[float, float] = (0.95, 1.0)
    place: str = "w"
    share: float = 1.0


POT_LIMITS = (19.5, 21.5, 26.0, 27.5)
SQUARE = (0.0, 0.0)
POT_NAMES = ("pot", "cooking pot", "stockpot")
CASSEROLE_NAMES = ("pot", "cooking pot", "casserole pot", "pot")
GLASS_NAMES = ("glass bowl", "transparent bowl", "clear glass bowl", "glass bowl")
TRAY_NAMES = ("oven tray", "baking tray", "baking sheet", "sheet pan", "oven tray")
SAUCEPAN_NAMES = ("saucepan", "small saucepan", "milk pan", "small saucepan")
FAMILIES: dict[str, Family] = {
    "pan": Family(("frying pan", "skillet", "pan", "frying pan"), (18, 33), SQUARE, (4, 6), PANS, "long",
                  (21.5, 23, 28, 29.5), (0.83, 1.0), "p", 4),
    "wok": Family(("wok",), (31, 37), SQUARE, (8.5, 11), ("iron", "steel", "nonstick"), "long",
                  profile=(0.3, 0.5), place="p"),
    "saucepan": Family(SAUCEPAN_NAMES, (13, 16.5), SQUARE, (6.5, 9), POTS, "long", share=3),
    "pot one": Family(POT_NAMES, (17.5, 26), SQUARE, (9.5, 15), POTS, "long", POT_LIMITS, share=4),
    "pot two": Family(CASSEROLE_NAMES, (16.5, 32), SQUARE, (6, 17), POTS, "loops", POT_LIMITS, share=8),
    "glass bowl": Family(GLASS_NAMES, (10.5, 30), SQUARE, (0.38, 0.5), ("glass",), "none", (14.5, 16.5, 21, 24),
                         (0.55, 0.55), "b", 7),
    "mixing bowl": Family(("mixing bowl", "bowl", "opaque bowl", "mixing bowl"), (12, 30), SQUARE, (0.36, 0.48),
                          BOWLS, "none", (16, 19, 24, 26), (0.6, 0.6), "b", 6),
    "plate": Family(("plate", "dinner plate", "plate"), (17, 30), SQUARE, (1.8, 2.4), PLATES, "none",
                    (20, 22, 26, 27.5), (0.72, 0.6), "p", 3),
    "soup bowl": Family(("soup bowl", "serving bowl"), (15, 23), SQUARE, (4.5, 6), PLATES, profile=(0.6, 0.6),
                        place="b", share=1.5),
    "mug": Family(("mug", "cup", "coffee mug"), (7.5, 9.5), SQUARE, (8, 10), CHINA, "mug", share=1.5),
    "tin": Family(("round baking tin", "cake tin"), (18, 27), SQUARE, (5, 7), METAL, profile=(0.97, 1.0),
                  place="o", share=1.2),
    "colander": Family(("colander", "strainer"), (19, 27), SQUARE, (8, 11), ("steel", "bwhite", "bred"), "loops",
                       profile=(0.6, 0.6), place="c", share=1.2),
    "tray": Family(TRAY_NAMES, (29, 43), (23, 32), (1.6, 2.6), TRAYS, "none", (32, 33, 37, 38), place="o",
                   share=4),
    "dish": Family(("oven dish", "baking dish", "casserole dish", "oven dish"), (18, 33), (14, 22), (5, 6.5),
                   DISHES, "none", (22, 24, 28, 30), place="o", share=4),
    "grill": Family(("ridged grill plate", "griddle", "grill pan", "grill plate"), (23, 29), (20, 28), (2.2, 3),
                    TRAYS, place="g", share=3.5),
    "muffin tin": Family(("muffin tin", "muffin tray"), (26, 34), (18, 25), (3, 3.5), METAL, share=1.2),
    "board": Family(("chopping board", "cutting board", "chopping board"), (28, 44), (20, 30), (1.2, 2.6),
                    ("wood",), place="c", share=4),
}  # fmt: skip
