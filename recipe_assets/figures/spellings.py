"""The chart of raw words as they are spelled in the files, before the vocabulary groups them to keywords.

Which word became which keyword is found out elsewhere; here it is drawn. Keywords stand in `keywords`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from recipe_assets.figures.canvas import (
    BLUE,
    ORANGE,
    SKY,
    VERMILION,
    WIDTH,
    drawn,
    integer_axis,
    legend_below,
    name_rows,
    new_figure,
    say_nothing_to_show,
    write_counts,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KEYWORDS = 150
"""Keywords with rows of their own; what is beyond them becomes one row."""
VARIANTS = 6
"""Other spellings of a keyword that get a row of their own."""
UNKNOWN_WORDS = 25
"""Unknown words that get a row of their own."""
SPELLED = {
    "name": ("spelled as the vocabulary's name", BLUE),
    "variant": ("other case, spaces, \"_\" or \"-\"", SKY),
    "alias": ("alias in the vocabulary", ORANGE),
    "unknown": ("unknown to the vocabulary", VERMILION),
}  # fmt: skip
"""How a raw word came to its keyword: what the legend says, and its color."""


@drawn
def spelling_bars(spellings: pd.DataFrame) -> "Figure":
    """Photos per raw spelling, before grouping: a keyword's spellings stand together, unknown words apart; PNG.

    Args:
        spellings: one row per raw word: word, keyword (NA if unknown), how (a key of `SPELLED`), photos.
    """
    rows = _spelling_rows(spellings)
    figure = new_figure(WIDTH, max(2.2, 1.3 + 0.2 * len(rows)))
    axes = figure.subplots()
    if not rows:
        say_nothing_to_show(axes, "no photo has a keyword yet")
        return figure
    names, hows, counts, blocks = zip(*rows, strict=True)
    axes.barh(range(len(rows)), counts, 0.74, color=[SPELLED[how][1] for how in hows])
    _band(axes, blocks)
    name_rows(axes, names)
    for tick, how in zip(axes.get_yticklabels(), hows, strict=True):
        tick.set_color("black" if how == "name" else "#5a5a5a")
    integer_axis(axes, "photos")
    write_counts(axes, counts)
    legend_below(figure, list(SPELLED.values()), 2)
    return figure


SpellingRow = tuple[str, str, int, int]
"""Label, how it was found, photos, and the number of the block (a keyword, or the unknown words) it belongs to."""


def _spelling_rows(spellings: pd.DataFrame) -> list[SpellingRow]:
    rows: list[SpellingRow] = []
    known = spellings[spellings["keyword"].notna()]
    totals = known.groupby("keyword", sort=True)["photos"].sum().sort_values(ascending=False, kind="stable")
    for block, keyword in enumerate(totals.index[:KEYWORDS]):
        rows += _keyword_block(known[known["keyword"] == keyword], str(keyword), block)
    beyond = totals.iloc[KEYWORDS:]
    if len(beyond):
        rows.append((f"{len(beyond)} other keywords", "name", int(beyond.sum()), KEYWORDS))
    unknown = spellings[spellings["keyword"].isna()].sort_values("photos", ascending=False, kind="stable")
    return rows + _listed(unknown, "unknown", KEYWORDS + 1, UNKNOWN_WORDS, "other unknown words")


def _keyword_block(words: pd.DataFrame, keyword: str, block: int) -> list[SpellingRow]:
    """The keyword's own spelling first, even if no photo has it; then what else became it."""
    named = words["how"] == "name"
    others = words[~named].sort_values("photos", ascending=False, kind="stable")
    row = (keyword, "name", int(words.loc[named, "photos"].sum()), block)
    listed = [_listed(others[others["how"] == how], how, block, VARIANTS, "more") for how in ("variant", "alias")]
    return [row, *listed[0], *listed[1]]


def _listed(words: pd.DataFrame, how: str, block: int, most: int, rest: str) -> list[SpellingRow]:
    pairs = zip(words["word"].head(most), words["photos"].head(most), strict=True)
    rows = [(_visible(str(word)), how, int(photos), block) for word, photos in pairs]
    if len(words) > most:
        rows.append((f"{len(words) - most} {rest}", how, int(words["photos"].iloc[most:].sum()), block))
    return rows


def _visible(word: str) -> str:
    """A word whose spaces can be seen and counted."""
    return word.replace(" ", "\N{OPEN BOX}")


def _band(axes: "Axes", blocks: tuple[int, ...]) -> None:
    """A gray band behind every other block."""
    numbers = np.asarray(blocks)
    for order, block in enumerate(dict.fromkeys(blocks)):
        rows = np.flatnonzero(numbers == block)
        if order % 2 == 0:
            axes.axhspan(rows[0] - 0.5, rows[-1] + 0.5, color="#f2f2f2", zorder=0, linewidth=0)
