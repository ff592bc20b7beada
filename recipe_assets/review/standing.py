"""Which words stand where people speak one after the other and may take back what they said.

One rule for the answers in the `journal` and for the words in the `history`.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

Word = TypeVar("Word")


def standing(
    words: Iterable[Word], voice: Callable[[Word], Hashable], takes_back: Callable[[Word], bool]
) -> list[Word]:
    """The last word of each voice, unless that takes back what the voice said; in the order of the words.

    Args:
        words: in their order.
        voice: who speaks about what: a voice takes back its own words alone.
        takes_back: whether a word only takes back.
    """
    last: dict[Hashable, Word] = {}
    for word in words:
        last.pop(voice(word), None)  # so that the newest is the last one
        last[voice(word)] = word
    return [word for word in last.values() if not takes_back(word)]
