"""Which raw words stand in the photos, and what the vocabulary makes of each: the table before grouping.

What a photo's words decide is `labels`' subject; here every word is counted, also those that were passed over.
"""

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from recipe_assets.studio.labels import SOURCES
from recipe_assets.studio.vocabulary import Vocabulary, fold

COLUMNS = ["word", "keyword", "how", "photos"]


def raw_spellings(labelled: pd.DataFrame, vocabulary: Vocabulary) -> pd.DataFrame:
    """Count each raw word as it is written in the photos.

    Args:
        labelled: tables of `labels.standardize_shoot`; masks are left out.
        vocabulary: the studio's keywords.

    Returns:
        One row per distinct word, in order of the word: word, keyword (NA if the vocabulary does not know it), how
        ("name", "variant" of the name in case, spaces, "_" or "-", "alias", "unknown") and photos that have it. A
        keyword that no photo has gets one row under its own name with 0 photos.
    """
    photos = labelled[labelled["tag"].fillna("") != "mask"]
    found: Counter[str] = Counter()
    for cells in zip(*(photos[column] for column in SOURCES.values() if column in photos), strict=True):
        found.update({word.strip() for cell in cells for word in _words(cell)})
    rows = [(word, *_meaning(word, vocabulary), count) for word, count in sorted(found.items())]
    used = {keyword for _, keyword, _, _ in rows}
    rows += [(name, name, "name", 0) for name in vocabulary.names if name not in used]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype({"word": "string", "keyword": "string", "how": "string", "photos": "int64"})


def _words(cell: object) -> list[str]:
    return [str(word) for word in cell if str(word).strip()] if isinstance(cell, Iterable) else []


def _meaning(word: str, vocabulary: Vocabulary) -> tuple[str | None, str]:
    keyword = vocabulary.spellings.get(fold(word))
    if keyword is None:
        return None, "unknown"
    if word == keyword:
        return keyword, "name"
    return keyword, "variant" if fold(word) == fold(keyword) else "alias"
